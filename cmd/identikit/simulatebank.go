package main

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/server"
	"github.com/identikit/identikit/internal/sim/ais"
	"github.com/identikit/identikit/internal/sim/fourthline"
	"github.com/identikit/identikit/internal/sim/xs2a"
)

// simulation are the flags of every simulator of Bankident.
type simulation struct {
	Data string `help:"Folder that keeps its state; empty keeps it in memory." placeholder:"DIR"`
	JSON bool   `name:"json" help:"Print for programs."`
	logFlags
}

// serve runs a simulator until ctx ends.
func (c *simulation) serve(ctx context.Context, run func(context.Context) error, facts []fact, listeners []server.Listener) error {
	if err := announce(c.JSON, facts); err != nil {
		return err
	}
	go func() { _ = run(ctx) }() // ends with ctx
	return server.Serve(ctx, c.logger(slog.LevelInfo), listeners...)
}

// orSecret is the secret, or a new one.
func orSecret(s string) string {
	if s == "" {
		return id.Secret()
	}
	return s
}

type simulateXs2aCmd struct {
	Addr     string `help:"Where its API listens; pages and steering take the ports after it, port 0 takes any." default:"127.0.0.1:8100" placeholder:"HOST:PORT"`
	APIKey   string `name:"api-key" help:"The account's key; empty makes one." placeholder:"KEY" env:"IDENTIKIT_XS2A_API_KEY"`
	PushURL  string `help:"Where events are posted." placeholder:"URL"`
	Greeting string `help:"On whose behalf its pages speak." default:"Example Bank"`
	simulation
}

// Help implements kong.HelpProvider.
func (simulateXs2aCmd) Help() string {
	return `Example:
  identikit simulate xs2a --push-url http://127.0.0.1:8080/inbound/xs2a/SECRET`
}

// Run implements the subcommand.
func (c *simulateXs2aCmd) Run(ctx context.Context) error {
	c.APIKey = orSecret(c.APIKey)
	sim, err := xs2a.New(xs2a.Config{
		APIKey: c.APIKey, PushURL: c.PushURL, Dir: c.Data, KnownIBAN: bank.Example, Logger: c.logger(slog.LevelInfo),
		Brand: func(string) string { return c.Greeting },
	})
	if err != nil {
		return err
	}
	defer sim.Close()
	listeners, urls, err := listenAll(c.Addr, role{"xs2a", sim.API()}, role{"wizard", sim.Wizard()}, role{"steering", sim.Steering()})
	if err != nil {
		return err
	}
	sim.SetURLs(urls[0], urls[1])
	return c.serve(ctx, sim.Run, []fact{
		{"api_url", urls[0]}, {"wizard_url", urls[1]}, {"steering_url", urls[2]}, {"api_key", c.APIKey},
	}, listeners)
}

type simulateAisCmd struct {
	Addr        string `help:"Where its API listens, by TLS; consent page and steering take the ports after it, port 0 takes any." default:"127.0.0.1:8110" placeholder:"HOST:PORT"`
	Customer    string `help:"The account." default:"identikit" placeholder:"NAME"`
	BridgeToken string `help:"What the bridge is shown; empty makes one." placeholder:"TOKEN" env:"IDENTIKIT_AIS_CONFIRM_TOKEN"`
	Data        string `help:"Folder of its state and of its certificates, which a server needs." required:"" placeholder:"DIR"`
	JSON        bool   `name:"json" help:"Print for programs."`
	logFlags
}

// Help implements kong.HelpProvider.
func (simulateAisCmd) Help() string {
	return `No text message leaves it: for the number +15550101 the one-time password is 212212.

Example:
  identikit simulate ais --data ais-data`
}

// Run implements the subcommand.
func (c *simulateAisCmd) Run(ctx context.Context) error {
	c.BridgeToken = orSecret(c.BridgeToken)
	sim, err := ais.New(ais.Config{Customer: c.Customer, BridgeToken: c.BridgeToken, Dir: c.Data, Logger: c.logger(slog.LevelInfo)})
	if err != nil {
		return err
	}
	defer sim.Close()
	listeners, urls, err := listenAll(c.Addr, role{"ais", sim.API()}, role{"consent", sim.ConsentAndBridge()}, role{"steering", sim.Steering()})
	if err != nil {
		return err
	}
	listeners[0].TLS = sim.ServerTLS()
	sim.SetConsentURL(urls[1])
	run := simulation{Data: c.Data, JSON: c.JSON, logFlags: c.logFlags}
	file := func(name string) string { return filepath.Join(c.Data, name+".pem") }
	return run.serve(ctx, sim.Run, []fact{
		{"url", server.Origin(listeners[0].Net, true) + "/AIS-Server/rs/v1.0"}, {"identity", c.Customer + ":" + ais.DefaultEntity},
		{"certificate", file("tls-client")}, {"key", file("tls-client-key")}, {"tls_ca", file("tls-root")}, {"ca", file("root")},
		{"confirm_url", urls[1] + "/confirm"}, {"confirm_token", c.BridgeToken}, {"steering_url", urls[2]},
	}, listeners)
}

type simulateFourthlineCmd struct {
	Addr         string `help:"Where its API listens; steering takes the port after it, port 0 takes any." default:"127.0.0.1:8120" placeholder:"HOST:PORT"`
	ClientID     string `name:"client-id" help:"The account; empty makes one." placeholder:"ID" env:"IDENTIKIT_FOURTHLINE_CLIENT_ID"`
	ClientSecret string `help:"Its secret; empty makes one." placeholder:"SECRET" env:"IDENTIKIT_FOURTHLINE_CLIENT_SECRET"`
	PushURL      string `help:"Where results are posted; the check's id is added." placeholder:"URL"`
	simulation
}

// Help implements kong.HelpProvider.
func (simulateFourthlineCmd) Help() string {
	return `Example:
  identikit simulate fourthline --push-url http://127.0.0.1:8080/inbound/fourthline/SECRET`
}

// Run implements the subcommand.
func (c *simulateFourthlineCmd) Run(ctx context.Context) error {
	c.ClientID, c.ClientSecret = orSecret(c.ClientID), orSecret(c.ClientSecret)
	sim, err := fourthline.New(fourthline.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, PushURL: c.PushURL, Dir: c.Data, Logger: c.logger(slog.LevelInfo),
	})
	if err != nil {
		return err
	}
	defer sim.Close()
	listeners, urls, err := listenAll(c.Addr, role{"fourthline", sim.API()}, role{"steering", sim.Steering()})
	if err != nil {
		return err
	}
	return c.serve(ctx, sim.Run, []fact{
		{"url", urls[0]}, {"steering_url", urls[1]}, {"client_id", c.ClientID}, {"client_secret", c.ClientSecret},
	}, listeners)
}
