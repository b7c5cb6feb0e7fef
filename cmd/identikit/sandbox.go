package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/identikit/identikit/internal/sandbox"
)

type sandboxCmd struct {
	Addr               string        `help:"Where the API listens. The other listeners take the ports after it; port 0 takes any." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data               string        `help:"Folder that keeps everything." default:"identikit-data" placeholder:"DIR"`
	Database           string        `help:"PostgreSQL instead of SQLite in the data folder." placeholder:"URL"`
	ReadyFile          string        `help:"Write URLs and credentials here (JSON, mode 0600) once everything serves." placeholder:"PATH"`
	TLS                bool          `name:"tls" help:"Speak TLS, with a CA of the sandbox's own."`
	TLSCert            string        `name:"tls-cert" help:"Speak TLS with this certificate (PEM)." placeholder:"FILE" and:"tls"`
	TLSKey             string        `name:"tls-key" help:"Its key (PEM)." placeholder:"FILE" and:"tls"`
	Seed               *int64        `help:"The same ids and outcomes every time; secrets stay random." placeholder:"N"`
	PreliminaryResults bool          `help:"The provider sends preliminary results too."`
	SameEvidence       bool          `help:"The provider draws its evidence once and gives it to everybody: for load tests."`
	MaxIdentical       int           `help:"How many identical persons are taken." default:"1000" placeholder:"N"`
	ClockStart         time.Time     `help:"Where the clock of a new data folder begins, like 2026-01-31T12:00:00Z." placeholder:"TIME"`
	MaxUpload          byteSize      `help:"The largest file that partners may upload." default:"100MiB" env:"IDENTIKIT_MAX_UPLOAD" placeholder:"SIZE"`
	CommitDelay        time.Duration `help:"Make every commit of SQLite slower: for measurements." hidden:""`
	JSON               bool          `name:"json" help:"Print for programs: one JSON object once everything serves."`
	limitFlags
	eraseFlags
	logFlags
}

// Help implements kong.HelpProvider.
func (sandboxCmd) Help() string {
	return `Example:
  identikit sandbox --addr 127.0.0.1:0 --ready-file ready.json --seed 7`
}

// Run implements the subcommand.
func (c *sandboxCmd) Run(ctx context.Context) error {
	if err := c.eraseFlags.check(); err != nil {
		return err
	}
	w, err := sandbox.Open(ctx, sandbox.Options{
		Addr: c.Addr, Data: c.Data, Database: c.Database, TLS: c.TLS || c.TLSCert != "", CertFile: c.TLSCert, KeyFile: c.TLSKey,
		Seed: c.Seed, Preliminary: c.PreliminaryResults, SameEvidence: c.SameEvidence, MaxIdentical: c.MaxIdentical, ClockStart: c.ClockStart,
		CommitDelay: c.CommitDelay, MaxUpload: int64(c.MaxUpload), MaxConcurrent: c.MaxConcurrent, Provider: c.provider(), TrustedProxies: c.TrustedProxies, EraseAfter: c.EraseAfter, Log: c.logger(slog.LevelWarn), Version: version,
	})
	if err != nil {
		return err
	}
	runErr := w.Run(ctx, func() error { return c.announce(w.Ready) })
	if err := w.Close(); runErr == nil {
		runErr = err
	}
	return runErr
}

// announce says that everything serves: to the ready file, to the data folder
// (for `identikit clock`), and to people or programs.
func (c *sandboxCmd) announce(r sandbox.Ready) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	for _, path := range []string{filepath.Join(c.Data, readyName), c.ReadyFile} {
		if path == "" {
			continue
		}
		if err := sandbox.WriteFile(path, text); err != nil {
			return fmt.Errorf("the ready file: %w", err)
		}
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	welcome(os.Stdout, r, c.Data)
	return nil
}

// readyName is the ready file that every sandbox keeps in its data folder.
const readyName = "ready.json"

func welcome(w io.Writer, r sandbox.Ready, data string) {
	ca := ""
	if r.CAFile != nil {
		ca = " --cacert " + *r.CAFile
	}
	fmt.Fprintf(w, `
identikit %[1]s sandbox: everything here is simulated, nothing leaves this machine.

  API              %[2]s   (described at %[2]s/docs)
  client_id        %[3]s
  client_secret    %[4]s
  customer pages   %[5]s
  text messages    %[2]s/sandbox/inbox
  health, metrics  %[6]s
  steering         %[9]s   (make the simulated provider misbehave)
  data             %[7]s   (stop with Ctrl-C; it goes on where it stopped)

A customer is identified by video in five lines:

  TOKEN=$(curl -s%[8]s -u %[3]s:%[4]s -d grant_type=client_credentials -d scope=partners %[2]s/oauth2/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  PERSON=$(curl -s%[8]s -H "Authorization: Bearer $TOKEN" -d '{"first_name":"X-AUTOTEST-HAPPYPATH","last_name":"Muster"}' -H 'Content-Type: application/json' %[2]s/v1/persons | sed 's/^{"id":"\([^"]*\)".*/\1/')
  IDENT=$(curl -s%[8]s -H "Authorization: Bearer $TOKEN" -d '{"method":"idnow"}' -H 'Content-Type: application/json' %[2]s/v1/persons/$PERSON/identifications | sed 's/^{"id":"\([^"]*\)".*/\1/')
  curl -s%[8]s -H "Authorization: Bearer $TOKEN" -X PATCH %[2]s/v1/persons/$PERSON/identifications/$IDENT/request && curl -s%[8]s -d '{"advance":"5m"}' -H 'Content-Type: application/json' %[2]s/sandbox/clock
  curl -s%[8]s -H "Authorization: Bearer $TOKEN" "%[2]s/v1/persons/$PERSON/identifications/$IDENT?include_documents=true"

`, version, r.APIURL, r.Partner.ClientID, r.Partner.ClientSecret, r.IDnow.GoURL, r.OpsURL, data, ca, r.SteeringURL)
}
