package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/identikit/identikit/internal/sandbox"
)

type clockCmd struct {
	Advance clockAdvanceCmd `cmd:"" help:"Move the clock forward; everything that falls due happens on the way."`
	To      clockToCmd      `cmd:"" help:"Move the clock to a time."`
	Show    clockShowCmd    `cmd:"" help:"Show what time it is."`
}

// sandboxFlags find the running sandbox.
type sandboxFlags struct {
	Data      string `help:"The sandbox's data folder, which says where it serves." default:"identikit-data" placeholder:"DIR"`
	ReadyFile string `help:"Its ready file instead." placeholder:"PATH"`
	JSON      bool   `name:"json" help:"Print for programs."`
}

type clockAdvanceCmd struct {
	Duration string `arg:"" help:"How far, like 90s, 15m or 24h."`
	sandboxFlags
}

// Help implements kong.HelpProvider.
func (clockAdvanceCmd) Help() string { return "Example:\n  identikit clock advance 24h" }

// Run implements the subcommand.
func (c *clockAdvanceCmd) Run(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, map[string]string{"advance": c.Duration})
}

type clockToCmd struct {
	Time string `arg:"" help:"A time of RFC 3339, like 2027-01-31T12:00:00Z."`
	sandboxFlags
}

// Help implements kong.HelpProvider.
func (clockToCmd) Help() string { return "Example:\n  identikit clock to 2027-01-31T12:00:00Z" }

// Run implements the subcommand.
func (c *clockToCmd) Run(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, map[string]string{"to": c.Time})
}

type clockShowCmd struct{ sandboxFlags }

// Help implements kong.HelpProvider.
func (clockShowCmd) Help() string { return "Example:\n  identikit clock show --json" }

// Run implements the subcommand.
func (c *clockShowCmd) Run(ctx context.Context) error { return c.call(ctx, http.MethodGet, nil) }

// call asks the running sandbox and prints its answer.
func (f sandboxFlags) call(ctx context.Context, method string, body any) error {
	r, err := f.ready()
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.SandboxURL+"/clock", bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client, err := clientFor(r)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the sandbox does not answer; is it running? %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var e struct{ Detail string }
		if err := json.Unmarshal(answer, &e); err != nil || e.Detail == "" {
			return fmt.Errorf("the sandbox answered %s", resp.Status)
		}
		return errors.New(e.Detail)
	}
	if f.JSON {
		_, err = fmt.Println(string(answer))
		return err
	}
	var clock struct {
		Now   string
		Fired *int
	}
	if err := json.Unmarshal(answer, &clock); err != nil {
		return err
	}
	fmt.Println("now", clock.Now)
	if clock.Fired != nil {
		fmt.Println("done on the way:", *clock.Fired)
	}
	return nil
}

func (f sandboxFlags) ready() (r sandbox.Ready, err error) {
	path := f.ReadyFile
	if path == "" {
		path = readyFile(f.Data)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return r, fmt.Errorf("no sandbox has run with this data folder (--data): %w", err)
	}
	return r, json.Unmarshal(text, &r)
}

// clientFor trusts the sandbox's own CA, if it has one.
func clientFor(r sandbox.Ready) (*http.Client, error) {
	if r.CAFile == nil {
		return http.DefaultClient, nil
	}
	text, err := os.ReadFile(*r.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", *r.CAFile)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}, nil
}
