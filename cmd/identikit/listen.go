package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/listen"
)

type listenCmd struct {
	ForwardTo    string   `help:"Forward each event to this URL, signed anew." placeholder:"URL"`
	Events       []string `help:"Only these events; by default all that concern identifications and persons." placeholder:"EVENT,…"`
	Secret       string   `help:"What forwarded events are signed with; made anew and shown if it is not given." env:"IDENTIKIT_LISTEN_SECRET" placeholder:"SECRET"`
	APIURL       string   `name:"api-url" help:"The API's origin, instead of a sandbox on this machine." env:"IDENTIKIT_API_URL" placeholder:"URL"`
	ClientID     string   `help:"The partner's client id there." env:"IDENTIKIT_CLIENT_ID" placeholder:"ID"`
	ClientSecret string   `help:"Its client secret." env:"IDENTIKIT_CLIENT_SECRET" placeholder:"SECRET"`
	Addr         string   `help:"Where to listen for the API's calls." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	CallbackURL  string   `help:"How the API reaches that address: the https URL of a tunnel, say. A sandbox on this machine needs none." placeholder:"URL"`
	sandboxFlags
}

// Help implements kong.HelpProvider.
func (listenCmd) Help() string {
	return `Subscribes, prints each event, forwards it if asked to, and unsubscribes when it ends. What your receiver answers is
given back to the API, so that retries come as they would. Nothing is forwarded that is not signed by the API.

Example:
  identikit listen --forward-to http://localhost:3000/hooks --events IDENTIFICATION,PERSON_CHANGED`
}

// Run implements the subcommand.
func (c *listenCmd) Run(ctx context.Context) error {
	api, err := c.api()
	if err != nil {
		return err
	}
	for name, raw := range map[string]string{"--forward-to": c.ForwardTo, "--callback-url": c.CallbackURL} {
		if u, err := url.Parse(raw); raw != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			return fmt.Errorf("%s must be a URL like http://localhost:3000/hooks", name)
		}
	}
	secret := cmp.Or(c.Secret, id.Secret())
	events := c.Events
	if len(events) == 0 {
		events = kyc.KYCEventTypes
	}
	people := io.Writer(os.Stdout)
	if c.JSON {
		people = os.Stderr // standard output holds events alone
	}
	return listen.Listen(ctx, listen.Options{
		API: api, Events: events, ForwardTo: c.ForwardTo, Secret: secret, Addr: c.Addr, Callback: c.CallbackURL,
		Print: c.print,
		Say:   func(format string, args ...any) { fmt.Fprintf(people, format+"\n", args...) },
		Ready: func(string) {
			fmt.Fprintf(people, "listening to %s: %s\n", api.URL, strings.Join(events, ", "))
			if c.ForwardTo != "" {
				fmt.Fprintf(people, "forwarding to %s, signed with the secret %s\n", c.ForwardTo, secret)
			}
			fmt.Fprintln(people, "stop with Ctrl-C")
		},
	})
}

// api is the API of the flags, or that of the running sandbox.
func (c *listenCmd) api() (listen.API, error) {
	a := listen.API{URL: strings.TrimSuffix(c.APIURL, "/"), ClientID: c.ClientID, ClientSecret: c.ClientSecret}
	if a.URL != "" {
		if a.ClientID == "" || a.ClientSecret == "" {
			return a, errors.New("--api-url needs --client-id and --client-secret (or IDENTIKIT_CLIENT_ID and IDENTIKIT_CLIENT_SECRET)")
		}
		a.Client = &http.Client{Timeout: apiTimeout}
		return a, nil
	}
	r, err := c.ready()
	if err != nil {
		return a, err
	}
	a.URL, a.ClientID, a.ClientSecret = r.APIURL, cmp.Or(c.ClientID, r.Partner.ClientID), cmp.Or(c.ClientSecret, r.Partner.ClientSecret)
	client, err := clientFor(r)
	if err != nil {
		return a, err
	}
	a.Client = &http.Client{Transport: client.Transport, Timeout: apiTimeout}
	return a, nil
}

// apiTimeout is how long the API may take: it makes the verification callout meanwhile.
const apiTimeout = 40 * time.Second

// print prints an event: a line.
func (c *listenCmd) print(e listen.Event) {
	var body bytes.Buffer
	if json.Compact(&body, e.Body) != nil {
		body.Reset()
		body.WriteString("null") // no event of ours
	}
	forwarded := any(nil)
	if e.Forwarded != 0 {
		forwarded = e.Forwarded
	}
	if c.JSON {
		failure := any(nil)
		if e.Failure != "" {
			failure = e.Failure
		}
		_ = json.NewEncoder(os.Stdout).Encode(struct {
			Time         string          `json:"time"`
			Event        string          `json:"event"`
			Entity       string          `json:"entity"`
			Notification string          `json:"notification"`
			Attempt      string          `json:"attempt"`
			Body         json.RawMessage `json:"body"`
			Forwarded    any             `json:"forwarded"`
			Failure      any             `json:"failure"`
		}{kyc.FormatInstant(e.Time), e.Event, e.Entity, e.Notification, e.Attempt, body.Bytes(), forwarded, failure}) // whoever reads has gone
		return
	}
	outcome := ""
	switch {
	case e.Failure != "":
		outcome = "  → " + e.Failure
	case e.Forwarded != 0:
		outcome = fmt.Sprint("  → ", e.Forwarded)
	}
	fmt.Printf("%s  %s  %s  attempt %s%s  %s\n", kyc.FormatInstant(e.Time), e.Event, e.Entity, e.Attempt, outcome, body.Bytes())
}
