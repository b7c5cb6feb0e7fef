package main

import (
	"context"

	"github.com/identikit/identikit/internal/kyc"
)

type migrateCmd struct {
	JSON bool `name:"json" help:"Print for programs."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (migrateCmd) Help() string {
	return "Every command that opens a database does this first; here it is alone, for a deployment.\n\nExample:\n  identikit migrate --database postgres://identikit@db/identikit"
}

// Run implements the subcommand: opening the store migrates it.
func (c *migrateCmd) Run(ctx context.Context) error {
	return withNewStore(ctx, c.dataFlags, true, func(kyc.Store) error {
		return report(nil, c.JSON, map[string]any{"migrated": true})
	})
}
