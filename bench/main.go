// Command bench measures identikit beside baselines of the same run: how much of
// what the machine, the database and net/http can do is left for partners.
//
// The server under test is the built binary in a process of its own; the load
// client and the baselines are further processes: this program, started anew as
// one of its workers. It may look at all of the product, to fill its database,
// and nothing of the product knows it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Run    options   `cmd:"" default:"withargs" help:"Measure."`
	Worker workerCmd `cmd:"" hidden:""`
}

// options are the settings of a run.
type options struct {
	Quick    bool     `help:"All ratios with short rounds in half a minute, without start and growth."`
	Out      string   `help:"Where the JSON report goes." default:"bench-report.json" placeholder:"FILE"`
	Markdown string   `help:"Write the table in Markdown too: between the marks of a page that has them, like docs/performance.md." placeholder:"FILE"`
	Plot     string   `help:"Write the plot of the growth, as SVG." placeholder:"FILE"`
	Profile  string   `help:"Measure nothing; write CPU and allocation profiles of the server into this folder." placeholder:"DIR"`
	Only     []string `help:"Only these: ${figures}." placeholder:"FIGURE,…"`
	Database string   `help:"Only this database: sqlite or postgres." enum:",sqlite,postgres" default:""`
	Rounds   int      `help:"How many rounds the medians are of." default:"5"`
	Binary   string   `help:"Measure this identikit; otherwise it is built." placeholder:"FILE"`
	Postgres string   `help:"Use this server instead of a throw-away one." placeholder:"URL"`
	Dir      string   `help:"Where the databases under test are made: it decides which disk is measured." placeholder:"DIR"`

	Round time.Duration `help:"How long a round is: 3s, or 100ms with --quick." placeholder:"DURATION"`

	// What tests make smaller.
	Connections int   `hidden:"" default:"32"`                  // clients that ask at once
	Stored      int   `hidden:"" default:"10000"`               // identifications, when one is read
	StoredStart int   `hidden:"" default:"100000"`              // when the start is measured
	Sizes       []int `hidden:"" default:"1000,100000,1000000"` // when the growth is measured
}

// Help implements kong.HelpProvider.
func (options) Help() string {
	return `Example:
  go run ./bench --quick --out report.json
  go run ./bench --only read,create --database sqlite
  go run ./bench --markdown docs/performance.md --plot docs/growth.svg
  go run ./bench --only create --profile profiles`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run parses the arguments and runs the subcommand.
func run(ctx context.Context, args []string) error {
	var c cli
	parser, err := kong.New(&c, kong.Name("bench"), kong.Description("Measures identikit beside baselines of the same run."),
		kong.Vars{"figures": strings.Join(figureNames, ", ")}, kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return parsed.Run()
}

// Validate implements the check of kong.
func (o options) Validate() error {
	for _, name := range o.Only {
		if !slices.Contains(figureNames, name) {
			return fmt.Errorf("--only knows %s, not %q", strings.Join(figureNames, ", "), name)
		}
	}
	if o.Rounds < 1 || len(o.Sizes) == 0 {
		return errors.New("--rounds must be 1 at least")
	}
	return nil
}

// Run implements the subcommand.
func (o options) Run(ctx context.Context) error {
	report, err := measureAll(ctx, o)
	if err != nil || o.Profile != "" {
		return err
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.Out, append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Print(report.table())
	if o.Markdown != "" {
		if err := writeTable(o.Markdown, report.markdown()); err != nil {
			return err
		}
	}
	if o.Plot != "" {
		return os.WriteFile(o.Plot, []byte(report.plot()), 0o644)
	}
	return nil
}

// began is when the program was started.
var began = time.Now()

// say tells on standard error what is being done, and since when.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...)
}
