// Command identikit is an open identification (KYC) server: `sandbox` is the
// whole world on one laptop, `serve` the same server in production.
//
// This package holds flags and wiring, one file per subcommand, and decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker for releases.
var version = "dev"

// cli is the command line.
type cli struct {
	Sandbox  sandboxCmd       `cmd:"" help:"Run everything on this machine: the API, simulated providers, a clock that can be moved."`
	Serve    serveCmd         `cmd:"" help:"Run the server in production, with a real provider."`
	Simulate simulateCmd      `cmd:"" help:"Run a provider's simulator alone."`
	Partner  partnerCmd       `cmd:"" help:"Make and change partners, the clients of the API."`
	Person   personCmd        `cmd:"" help:"Erase persons, and read what is known of them for auditors."`
	Webhook  webhookCmd       `cmd:"" help:"Look after webhook subscriptions."`
	Listen   listenCmd        `cmd:"" help:"See events on this machine as they come, and forward them to a receiver that you write."`
	Clock    clockCmd         `cmd:"" help:"Move the clock of a running sandbox."`
	Migrate  migrateCmd       `cmd:"" help:"Bring the database's schema up to date."`
	Version  kong.VersionFlag `help:"Print the version."`
	Config   kong.ConfigFlag  `help:"Read settings from this JSON file; flags and environment win." placeholder:"FILE"`
}

// floor is never touched, so it takes no memory; but it counts as heap, so that
// the collector of a small server runs every 11 MB and not every 4 MB.
var floor = make([]byte, 8<<20)

func main() {
	defer runtime.KeepAlive(floor)
	serveProfiles()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "identikit:", err)
		os.Exit(1)
	}
}

// explain is what --help says of a flag: with its default, which a placeholder
// would hide, and its variable.
func explain(v *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(v)
	if v.Flag == nil || v.Flag.PlaceHolder == "" || v.Default == "" {
		return text
	}
	return text + " Default: " + v.Default + "."
}

// run parses the arguments and runs the subcommand.
func run(ctx context.Context, args []string) error {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("identikit"),
		kong.Description("An open identification (KYC) server. Try: identikit sandbox"),
		kong.Vars{"version": version},
		kong.Configuration(configFile),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.UsageOnError(),
		kong.ValueFormatter(explain),
	)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		var wrong *kong.ParseError
		if errors.As(err, &wrong) {
			_ = wrong.Context.PrintUsage(true) // help beside the error
		}
		return err
	}
	return parsed.Run()
}
