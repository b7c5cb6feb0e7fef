package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // PostgreSQL for database/sql

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// The first drain warms up and tells how many notifications fill a round.
const (
	firstDrain = 300
	mostDrain  = 50_000
	leastDrain = 200 * time.Millisecond
)

// drains is an outbox that is drained round by round: each round has a
// subscription of its own, whose notifications wait until they are let go.
type drains struct {
	*server
	partner  *partner
	store    kyc.Store
	receiver *worker
	address  string // of the receiver
	db       *sql.DB
	sample   kyc.Notification // as the product wrote it
	waiting  []outbox
}

// outbox is a filled subscription.
type outbox struct {
	subscription
	size   int
	person string // whose change wakes the server
}

// subscription is one of the partner's, with what it was told of it.
type subscription struct {
	ID     string
	Secret string
	hook   string
}

// measureDeliveries drains a prefilled outbox. The server is the sandbox on both
// databases: production calls no receiver on this machine, and rightly so.
func measureDeliveries(ctx context.Context, b *bench, database string, r *databaseReport) error {
	i, err := b.install(ctx, database, "deliveries", false)
	if err != nil {
		return err
	}
	d, err := b.openDrains(ctx, i)
	if err != nil {
		return err
	}
	posts, err := b.shop.worker("baseline-posts")
	if err != nil {
		return err
	}
	bare := receiverOrder{Hook: "/bare", Secret: id.Token()}
	if _, err := ask[receipt](ctx, d.receiver, bare); err != nil {
		return err
	}
	order := postsOrder{
		URL: "http://" + d.address + bare.Hook, Secret: bare.Secret, Body: string(d.sample.Body),
		Clients: b.Connections, Warmup: b.warmup(), Duration: b.Round,
	}
	if err := d.fill(ctx, 1, firstDrain); err != nil {
		return err
	}
	first, err := d.drain(ctx)
	if err != nil {
		return err
	}
	long := max(b.Round, leastDrain)
	if err := d.fill(ctx, b.Rounds, min(max(int(first.rate()*long.Seconds()), firstDrain), mostDrain)); err != nil {
		return err
	}
	r.Deliveries, err = b.compare(ctx, "deliveries", targets[database]["deliveries"],
		func(ctx context.Context) (measurement, error) { return ask[measurement](ctx, posts, order) }, d.drain)
	if err != nil {
		return err
	}
	return errors.Join(posts.stop(), d.close())
}

// close stops the server and the receiver.
func (d *drains) close() error {
	return errors.Join(d.db.Close(), d.store.Close(), d.receiver.stop(), d.stop())
}

// openDrains starts the server and the receiver.
func (b *bench) openDrains(ctx context.Context, i *installation) (d *drains, err error) {
	d = &drains{}
	if d.server, err = i.run(ctx); err != nil {
		return nil, err
	}
	if d.partner, err = d.login(ctx); err != nil {
		return nil, err
	}
	if d.receiver, err = b.shop.worker("receiver"); err != nil {
		return nil, err
	}
	a, err := ask[receipt](ctx, d.receiver, receiverOrder{Hook: "/"})
	if err != nil {
		return nil, err
	}
	d.address = a.Address
	if d.db, err = i.sql(); err != nil {
		return nil, err
	}
	if d.store, err = i.store(ctx); err != nil {
		return nil, err
	}
	if err := d.makeSample(ctx); err != nil {
		return nil, err
	}
	_, err = d.subscribe(ctx, kyc.EventPersonChanged, "/wake")
	return d, err
}

// fill fills the outbox for some rounds.
func (d *drains) fill(ctx context.Context, rounds, size int) error {
	say("  filling in %d times %d notifications …", rounds, size)
	for range rounds {
		o := outbox{size: size}
		var err error
		if o.subscription, err = d.subscribe(ctx, kyc.EventIdentification, "/drain/"+id.Secret()); err != nil {
			return err
		}
		if err := d.prefill(ctx, o.subscription, size); err != nil {
			return err
		}
		var person struct{ ID string }
		if _, err := d.partner.call(ctx, 201, "POST", "/v1/persons", customer("Anna", "Wecker"), &person); err != nil {
			return err
		}
		o.person = person.ID
		d.waiting = append(d.waiting, o)
	}
	return nil
}

// makeSample lets the product write one notification and reads it back.
func (d *drains) makeSample(ctx context.Context) error {
	sub, err := d.subscribe(ctx, kyc.EventIdentification, "/sample")
	if err != nil {
		return err
	}
	var person, ident struct{ ID string }
	if _, err := d.partner.call(ctx, 201, "POST", "/v1/persons", customer("Anna", "Muster"), &person); err != nil {
		return err
	}
	if _, err := d.partner.call(ctx, 201, "POST", identificationsPath(person.ID), newIdentification, &ident); err != nil {
		return err
	}
	if _, err := ask[receipt](ctx, d.receiver, receiverOrder{Hook: "/sample", Await: 1}); err != nil {
		return err
	}
	err = d.store.View(ctx, func(v kyc.View) error {
		all, err := v.Outbox().List(kyc.NotificationFilter{SubscriptionID: sub.ID}, kyc.Page{Limit: 1})
		if err == nil && len(all) == 0 {
			err = errors.New("there is no notification of a new identification")
		}
		if err == nil {
			d.sample, err = v.Outbox().Get(all[0].ID) // with its body
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.partner.call(ctx, 204, "DELETE", "/v1/webhooks/"+sub.ID, "", nil)
	return err
}

// subscribe makes a subscription by the API and tells the receiver its secret.
func (d *drains) subscribe(ctx context.Context, event, hook string) (s subscription, err error) {
	body := fmt.Sprintf(`{"event_type":%q,"url":"http://%s%s"}`, event, d.address, hook)
	if _, err = d.partner.call(ctx, 201, "POST", "/v1/webhooks", body, &s); err != nil {
		return s, err
	}
	s.hook = hook
	_, err = ask[receipt](ctx, d.receiver, receiverOrder{Hook: hook, Secret: s.Secret})
	return s, err
}

// prefill stores n notifications of distinct entities, with their jobs, that
// wait as those of a paused subscription do.
func (d *drains) prefill(ctx context.Context, s subscription, n int) error {
	for ; n > 0; n -= min(n, perTx) {
		err := d.store.Tx(ctx, func(tx kyc.Tx) error {
			for range min(n, perTx) {
				x := d.sample
				x.ID, x.SubscriptionID, x.EntityID = id.Random(id.Plain), s.ID, id.Random(id.Identification)
				x.Body = bytes.ReplaceAll(x.Body, []byte(d.sample.EntityID), []byte(x.EntityID))
				x.State, x.Attempts, x.FirstAttemptAt, x.CreatedAt = kyc.Queued, 0, time.Time{}, tx.Now()
				if err := tx.Outbox().Insert(x); err != nil {
					return err
				}
				err := tx.Jobs().Add(kyc.Job{
					Kind: kyc.Deliver, Key: x.ID, Owner: s.ID, Lane: s.ID + "/" + x.EntityID, Blocking: true, DueAt: kyc.Never,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("prefill: %w", err)
		}
	}
	return nil
}

// drain lets the next subscription go and waits until the last of its
// notifications has arrived and is recorded. The time runs from the first arrival.
func (d *drains) drain(ctx context.Context) (m measurement, err error) {
	s, n := d.waiting[0], d.waiting[0].size
	d.waiting = d.waiting[1:]
	if err := d.store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().Park(s.ID, false) }); err != nil {
		return m, err
	}
	// The server looks for work that others let go once a second; a change of its own wakes it at once.
	if _, err := d.partner.call(ctx, 200, "PATCH", "/v1/persons/"+s.person, `{"email":"anna@example.com"}`, nil); err != nil {
		return m, err
	}
	got, err := ask[receipt](ctx, d.receiver, receiverOrder{Hook: s.hook, Await: n})
	if err != nil {
		return m, err
	}
	recorded, err := d.recorded(ctx, s.ID)
	if err != nil {
		return m, err
	}
	took, err := d.durations(ctx, s.ID)
	if err != nil {
		return m, err
	}
	if got, err = ask[receipt](ctx, d.receiver, receiverOrder{Hook: s.hook}); err != nil {
		return m, err
	}
	if len(took) != n || got.Distinct != n || got.Repeated > 0 || got.Forged > 0 {
		return m, fmt.Errorf("of %d notifications %d were recorded as delivered by one attempt; %d arrived, %d of them twice, %d with a wrong signature",
			n, len(took), got.Distinct, got.Repeated, got.Forged)
	}
	return measure(took, recorded.Sub(got.First)), nil
}

// recorded waits until no job of the subscription is left, and says when that was.
func (d *drains) recorded(ctx context.Context, owner string) (time.Time, error) {
	deadline := time.After(receiveTime)
	for {
		var left int
		if err := d.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM jobs WHERE owner = $1`, owner).Scan(&left); err != nil {
			return time.Time{}, err
		}
		if left == 0 {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-deadline:
			return time.Time{}, fmt.Errorf("%d deliveries are not recorded after %v", left, receiveTime)
		case <-time.After(time.Millisecond):
		}
	}
}

// durations are those of the only attempts of what was delivered, as the server
// recorded them.
func (d *drains) durations(ctx context.Context, owner string) (took []time.Duration, err error) {
	rows, err := d.db.QueryContext(ctx, `SELECT a.duration FROM notifications n JOIN attempts a ON a.notification_id = n.id
		WHERE n.subscription_id = $1 AND n.state = 'delivered' AND n.attempts = 1`, owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var us int64
		if err := rows.Scan(&us); err != nil {
			return nil, err
		}
		took = append(took, time.Duration(us)*time.Microsecond)
	}
	return took, rows.Err()
}

// sql opens the database for questions that the product never asks.
func (i *installation) sql() (*sql.DB, error) {
	if at := i.databaseURL(); strings.HasPrefix(at, "postgres") {
		return sql.Open("pgx", at)
	}
	query := url.Values{"_pragma": {"busy_timeout(10000)", "query_only(1)"}}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: i.databaseURL()}).EscapedPath()+"?"+query.Encode())
}
