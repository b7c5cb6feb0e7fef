package main

import (
	"context"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/webhook"
)

type webhookCmd struct {
	Resume webhookResumeCmd `cmd:"" help:"Let a paused subscription go on, after a verification callout."`
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
	fallback := ""
	if c.Database == "" {
		fallback = sandbox.MasterKeyFile(c.Data)
	}
	master, err := c.masterFlags.open(fallback)
	if err != nil {
		return err
	}
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
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
