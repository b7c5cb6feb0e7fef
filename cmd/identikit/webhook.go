package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/webhook"
)

type webhookCmd struct {
	List       webhookListCmd       `cmd:"" help:"List the subscriptions, and say which are paused."`
	Deliveries webhookDeliveriesCmd `cmd:"" help:"Show what became of the notifications of a subscription."`
	Replay     webhookReplayCmd     `cmd:"" help:"Send a notification once more, now."`
	Resume     webhookResumeCmd     `cmd:"" help:"Let a paused subscription go on, after a verification callout."`
}

type webhookListCmd struct {
	ClientID string `name:"partner" help:"Only those of the partner with this client id." placeholder:"CLIENT_ID"`
	JSON     bool   `name:"json" help:"Print for programs: one JSON object on a line each."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (webhookListCmd) Help() string { return "Example:\n  identikit webhook list --json" }

// Run implements the subcommand.
func (c *webhookListCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		return store.View(ctx, func(v kyc.View) error {
			partners, err := c.partners(v)
			if err != nil {
				return err
			}
			for _, p := range partners {
				if err := c.print(v, p); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (c *webhookListCmd) partners(v kyc.View) ([]kyc.Partner, error) {
	if c.ClientID == "" {
		return v.Partners().List()
	}
	p, err := v.Partners().ByClientID(c.ClientID)
	return []kyc.Partner{p}, err
}

// pageOfRows is how much the commands read at a time.
const pageOfRows = 100

func (c *webhookListCmd) print(v kyc.View, p kyc.Partner) error {
	for page := (kyc.Page{Limit: pageOfRows}); ; page.Offset += pageOfRows {
		subs, err := v.Subscriptions().List(p.ID, page)
		if err != nil {
			return err
		}
		for _, s := range subs {
			if c.JSON {
				err = json.NewEncoder(os.Stdout).Encode(map[string]any{
					"id": s.ID, "client_id": p.ClientID, "event_type": s.EventType, "url": s.URL, "paused": s.Paused,
					"created_at": kyc.FormatInstant(s.CreatedAt),
				})
				if err != nil {
					return err
				}
				continue
			}
			state := "active"
			if s.Paused {
				state = "PAUSED"
			}
			fmt.Printf("%s  %s  %-34s  %s  %s\n", s.ID, state, s.EventType, s.URL, p.Name)
		}
		if len(subs) < pageOfRows {
			return nil
		}
	}
}

type webhookDeliveriesCmd struct {
	ID    string `arg:"" help:"The subscription's id."`
	State string `help:"Only those that were given up in this state: rejected or exhausted." enum:",rejected,exhausted" default:"" placeholder:"STATE"`
	Limit int    `help:"How many, the newest first." default:"20" placeholder:"N"`
	JSON  bool   `name:"json" help:"Print for programs: one JSON object on a line each."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (webhookDeliveriesCmd) Help() string {
	return "Bodies are not shown.\n\nExample:\n  identikit webhook deliveries 4c6f93d4c8d427927257e2ce734a5a10 --state exhausted"
}

// Run implements the subcommand.
func (c *webhookDeliveriesCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		return store.View(ctx, func(v kyc.View) error {
			sub, err := v.Subscriptions().Get(c.ID)
			if err != nil {
				return err
			}
			if sub.Paused && !c.JSON {
				fmt.Printf("This subscription is PAUSED. Let it go on: identikit webhook resume %s\n", sub.ID)
			}
			f := kyc.NotificationFilter{SubscriptionID: sub.ID, State: kyc.NotificationState(c.State)}
			for shown := 0; shown < c.Limit; shown += pageOfRows {
				page := kyc.Page{Offset: shown, Limit: min(pageOfRows, c.Limit-shown), Newest: true}
				records, err := flow.Deliveries(v, f, page)
				if err != nil {
					return err
				}
				for _, d := range records {
					if err := c.print(d); err != nil {
						return err
					}
				}
				if len(records) < page.Limit {
					return nil
				}
			}
			return nil
		})
	})
}

func (c *webhookDeliveriesCmd) print(d flow.DeliveryRecord) error {
	if c.JSON {
		attempts := make([]map[string]any, len(d.Made))
		for n, a := range d.Made {
			attempts[n] = map[string]any{
				"number": a.Number, "at": kyc.FormatInstant(a.At), "status": a.Status, "duration_ms": a.Duration.Milliseconds(),
				"failure": a.Failure, "answer": a.Answer,
			}
		}
		return json.NewEncoder(os.Stdout).Encode(map[string]any{
			"id": d.ID, "event_type": d.EventType, "entity_id": d.EntityID, "state": d.State, "created_at": kyc.FormatInstant(d.CreatedAt),
			"delivered_at": instantOrNil(d.DeliveredAt), "next_attempt_at": instantOrNil(d.NextAttemptAt), "attempts": attempts,
		})
	}
	next := ""
	if !d.NextAttemptAt.IsZero() {
		next = "  next attempt " + kyc.FormatInstant(d.NextAttemptAt)
	}
	fmt.Printf("%s  %-9s  %s  %s  created %s%s\n", d.ID, d.State, d.EventType, d.EntityID, kyc.FormatInstant(d.CreatedAt), next)
	for _, a := range d.Made {
		outcome := a.Failure
		if a.Status != 0 {
			outcome = strconv.Itoa(a.Status)
		}
		if a.Answer != "" {
			outcome += "  " + strconv.Quote(a.Answer) // foreign bytes must not steer the terminal
		}
		fmt.Printf("    attempt %-2d  %s  %s  %s\n", a.Number, kyc.FormatInstant(a.At), a.Duration.Round(time.Millisecond), outcome)
	}
	return nil
}

func instantOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return kyc.FormatInstant(t)
}

type webhookReplayCmd struct {
	ID   string `arg:"" help:"The notification's id, which its receiver knows as Solaris-Webhook-Id."`
	JSON bool   `name:"json" help:"Print for programs."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (webhookReplayCmd) Help() string {
	return `The running server sends the same bytes under the same id, as an attempt with the next number; there are no retries
after it, and a delivered notification stays delivered. Of one that is still queued the next attempt is brought forward.

Example:
  identikit webhook replay 0d7c2b8e5f4a4c1b9e3d6a7f8b9c0d1e`
}

// Run implements the subcommand.
func (c *webhookReplayCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		n, err := flow.Replay(ctx, store, c.ID)
		if err != nil || c.JSON {
			return report(err, c.JSON, map[string]any{"id": n.ID, "subscription_id": n.SubscriptionID, "attempt": n.Attempts + 1})
		}
		fmt.Printf("The running server sends it within a second, as attempt %d. See what became of it:\n  identikit webhook deliveries %s\n",
			n.Attempts+1, n.SubscriptionID)
		return nil
	})
}

type webhookResumeCmd struct {
	ID   string `arg:"" help:"The subscription's id."`
	JSON bool   `name:"json" help:"Print for programs."`
	dataFlags
	masterFlags
}

// Help implements kong.HelpProvider.
func (webhookResumeCmd) Help() string {
	return "A subscription is paused when a notification used all its attempts and nothing else was delivered meanwhile.\n\nExample:\n  identikit webhook resume 4c6f93d4c8d427927257e2ce734a5a10"
}

// Run implements the subcommand.
func (c *webhookResumeCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		fallback, err := c.sandboxKey(ctx, store)
		if err != nil {
			return err
		}
		master, err := c.masterFlags.open(fallback)
		if err != nil {
			return err
		}
		simulated, err := sandbox.Lives(ctx, store) // on PostgreSQL too; its receivers are on this machine
		if err != nil {
			return err
		}
		f := &flow.Service{Store: store, Clock: clock.Real{}, Wall: clock.Real{}, Master: master}
		f.Caller = &webhook.Sender{
			Flow: f, Client: webhook.Client(simulated, nil), Clock: clock.Real{}, Wall: clock.Real{}, Version: version,
		}
		return report(f.Resume(ctx, c.ID), c.JSON, map[string]any{"id": c.ID, "paused": false})
	})
}
