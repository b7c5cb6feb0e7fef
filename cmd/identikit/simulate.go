package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/server"
	"github.com/identikit/identikit/internal/sim/idnow"
)

type simulateCmd struct {
	Idnow      simulateIdnowCmd      `cmd:"" name:"idnow" help:"Run the simulator of IDnow: gateway, customer pages, robots, steering."`
	Xs2a       simulateXs2aCmd       `cmd:"" name:"xs2a" help:"Run the simulator of the firm for bank logins: API, customer pages, steering."`
	Ais        simulateAisCmd        `cmd:"" name:"ais" help:"Run the simulator of the signer: API, consent page and bridge, steering."`
	Fourthline simulateFourthlineCmd `cmd:"" name:"fourthline" help:"Run the simulator of the firm that checks identity data: API, steering."`
}

type simulateIdnowCmd struct {
	Addr               string `help:"Where the gateway listens; pages, robots and steering take the ports after it, port 0 takes any." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	Data               string `help:"Folder that keeps its sessions; empty keeps them in memory." placeholder:"DIR"`
	CompanyID          string `help:"The account." default:"identikitsandbox" placeholder:"ID"`
	APIKey             string `help:"Its API key; empty makes one." placeholder:"KEY" env:"IDENTIKIT_IDNOW_API_KEY"`
	AutoidentCompanyID string `help:"The account for automatic identification." default:"identikitautosandbox" placeholder:"ID"`
	AutoidentAPIKey    string `help:"Its API key; empty makes one." placeholder:"KEY" env:"IDENTIKIT_IDNOW_AUTOIDENT_API_KEY"`
	PushURL            string `help:"Where results are posted." placeholder:"URL"`
	Greeting           string `help:"In whose name the agent greets." default:"Example Bank"`
	SuccessURL         string `help:"Where the customer goes back to; {identification} is replaced." placeholder:"URL"`
	FailureURL         string `help:"The same after a failure." placeholder:"URL"`
	PreliminaryResults bool   `help:"Send preliminary results too."`
	Lenient            bool   `help:"Accept unknown fields."`
	SameEvidence       bool   `help:"Draw the evidence once and give it to everybody: for load tests."`
	JSON               bool   `name:"json" help:"Print for programs."`
	logFlags
}

// Help implements kong.HelpProvider.
func (simulateIdnowCmd) Help() string {
	return `Example:
  identikit simulate idnow --push-url http://127.0.0.1:8080/inbound/idnow/SECRET`
}

// Run implements the subcommand.
func (c *simulateIdnowCmd) Run(ctx context.Context) error {
	if c.APIKey == "" {
		c.APIKey = id.Secret()
	}
	if c.AutoidentAPIKey == "" {
		c.AutoidentAPIKey = id.Secret()
	}
	brand := idnow.Branding{Name: c.Greeting, SuccessURL: c.SuccessURL, FailureURL: c.FailureURL}
	sim, err := idnow.New(idnow.Config{
		Account: idnow.Account{CompanyID: c.CompanyID, CompanyName: c.Greeting, APIKey: c.APIKey, Prefix: "TST", PushURL: c.PushURL}, Dir: c.Data,
		More: []idnow.Account{{
			CompanyID: c.AutoidentCompanyID, CompanyName: c.Greeting, APIKey: c.AutoidentAPIKey, Prefix: "TS2", Kind: idnow.AutoIdent, PushURL: c.PushURL,
		}},
		Preliminary: c.PreliminaryResults, SameEvidence: c.SameEvidence, Strict: !c.Lenient, Logger: c.logger(slog.LevelInfo),
		Brand: func(string) idnow.Branding { return brand },
	})
	if err != nil {
		return err
	}
	defer sim.Close()
	listeners, urls, err := listenAll(c.Addr, role{"gateway", sim.Gateway()}, role{"go", sim.Go()}, role{"robot", sim.Robot()}, role{"steering", sim.Steering()})
	if err != nil {
		return err
	}
	sim.SetURLs(urls[0], urls[1], urls[2])
	if err := c.announce(urls); err != nil {
		return err
	}
	go func() { _ = sim.Run(ctx) }() // ends with ctx
	return server.Serve(ctx, c.logger(slog.LevelInfo), listeners...)
}

func (c *simulateIdnowCmd) announce(urls []string) error {
	return announce(c.JSON, []fact{
		{"gateway_url", urls[0]}, {"go_url", urls[1]}, {"robot_url", urls[2]}, {"steering_url", urls[3]}, {"company_id", c.CompanyID},
		{"api_key", c.APIKey}, {"autoident_company_id", c.AutoidentCompanyID}, {"autoident_api_key", c.AutoidentAPIKey},
	})
}

// role is a host of a simulated firm.
type role struct {
	name    string
	handler http.Handler
}

// listenAll binds a port for each role, from the address on.
func listenAll(addr string, roles ...role) (all []server.Listener, urls []string, err error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, fmt.Errorf("--addr must be HOST:PORT: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, nil, fmt.Errorf("--addr must end in a port number: %w", err)
	}
	for n, r := range roles {
		next := port
		if port != 0 {
			next += n
		}
		l, err := server.Listen(r.name, net.JoinHostPort(host, strconv.Itoa(next)))
		if err != nil {
			return nil, nil, err
		}
		urls = append(urls, server.Origin(l, false))
		all = append(all, server.Listener{Name: r.name, Net: l, Handler: r.handler})
	}
	return all, urls, nil
}

// fact is what somebody needs to know of a simulator.
type fact struct{ name, value string }

// announce prints the facts, for people or for programs.
func announce(asJSON bool, facts []fact) error {
	if asJSON {
		all := map[string]string{}
		for _, f := range facts {
			all[f.name] = f.value
		}
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	for _, f := range facts {
		fmt.Printf("%-20s %s\n", f.name, f.value)
	}
	return nil
}
