package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/store/sqlstore"
)

// build makes the server's program as a release is made, or with its profiles.
func build(ctx context.Context, shop *workshop, profile bool) (string, error) {
	path := shop.path("identikit")
	how := []string{"build", "-trimpath", "-ldflags", "-s -w"}
	if profile {
		how = append(how, "-tags", "profile")
	}
	cmd := exec.CommandContext(ctx, "go", append(how, "-o", path, "github.com/identikit/identikit/cmd/identikit")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// installation is a database with the files beside it: what a server runs on.
type installation struct {
	shop     *workshop
	binary   string
	data     string // the sandbox's folder, or the documents
	database string // of PostgreSQL; empty: SQLite in data
	serve    bool   // production, with the simulated provider in a process of its own
	flags    []string
	env      []string

	partner sandbox.Credentials // known once a server has run
}

// kind is the database that the installation is on.
func (i *installation) kind() string {
	if i.database != "" {
		return onPostgres
	}
	return onSQLite
}

// server is an installation that serves.
type server struct {
	*installation
	*process
	address  string // of the API, host:port
	steering string // of the simulated provider, in the sandbox
	started  time.Duration
	sim      *process // of production
}

// run starts the server and waits until it is ready.
func (i *installation) run(ctx context.Context) (*server, error) {
	if err := os.MkdirAll(i.data, 0o700); err != nil {
		return nil, err
	}
	if i.serve {
		return i.runServe(ctx)
	}
	return i.runSandbox(ctx)
}

// runSandbox runs the sandbox; it is ready when it says so.
func (i *installation) runSandbox(ctx context.Context) (*server, error) {
	facts := i.shop.path("facts-" + id.Secret())
	out, err := os.Create(facts)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	args := append([]string{"sandbox", "--addr", "127.0.0.1:0", "--data", i.data, "--json"}, i.flags...)
	if i.database != "" {
		args = append(args, "--database", i.database)
	}
	started := time.Now()
	p, err := i.start("sandbox", out, args...)
	if err != nil {
		return nil, err
	}
	var ready struct {
		sandbox.Ready
		SteeringURL string `json:"steering_url"`
	}
	err = p.await(ctx, "word that it is ready", time.Millisecond, func() bool {
		text, err := os.ReadFile(facts)
		return err == nil && json.Unmarshal(text, &ready) == nil
	})
	if err != nil {
		return nil, err
	}
	i.partner = ready.Partner
	return &server{
		installation: i, process: p, started: time.Since(started),
		address: strings.TrimPrefix(ready.APIURL, "http://"), steering: strings.TrimPrefix(ready.SteeringURL, "http://"),
	}, nil
}

func (i *installation) start(name string, out *os.File, args ...string) (*process, error) {
	cmd := exec.Command(i.binary, args...)
	cmd.Env = append(os.Environ(), i.env...)
	if out != nil {
		cmd.Stdout = out
	}
	return i.shop.start(name, cmd)
}

var serves = regexp.MustCompile(`serves on (\S+); health and metrics on (\S+)`)

// runServe runs production; it is ready when /readyz says so.
func (i *installation) runServe(ctx context.Context) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address, secret := "127.0.0.1:"+strconv.Itoa(port), id.Token()
	sim, account, err := i.runSimulator(ctx, "http://"+address+"/inbound/idnow/"+secret)
	if err != nil {
		return nil, err
	}
	if err := i.masterKey(); err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--addr", address, "--ops-addr", "127.0.0.1:0", "--database", i.database,
		"--documents", i.data, "--master-key-file", i.keyFile(), "--idnow-gateway-url", account.GatewayURL,
		"--idnow-go-url", account.GoURL, "--idnow-company-id", account.CompanyID, "--idnow-api-key", account.APIKey,
		"--idnow-push-secret", secret}, i.flags...)
	started := time.Now()
	p, err := i.start("serve", nil, args...)
	if err != nil {
		return nil, err
	}
	var ops string
	err = p.await(ctx, "readiness", time.Millisecond, func() bool {
		if ops == "" {
			text, err := os.ReadFile(p.log)
			found := serves.FindSubmatch(text)
			if err != nil || found == nil {
				return false
			}
			ops = string(found[2])
		}
		resp, err := http.Get("http://" + ops + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close() // only the status counts
		return resp.StatusCode == http.StatusOK
	})
	if err != nil {
		return nil, err
	}
	s := &server{installation: i, process: p, address: address, started: time.Since(started), sim: sim}
	if i.partner.ClientID == "" {
		out, err := exec.CommandContext(ctx, i.binary, "partner", "create", "--name", "Bench Bank", "--database", i.database, "--json").Output()
		if err != nil {
			return nil, fmt.Errorf("partner create: %w", err)
		}
		return s, json.Unmarshal(out, &i.partner)
	}
	return s, nil
}

// runSimulator runs the provider's simulator alone.
func (i *installation) runSimulator(ctx context.Context, push string) (*process, sandbox.IDnow, error) {
	var account sandbox.IDnow
	facts := i.shop.path("account-" + id.Secret())
	out, err := os.Create(facts)
	if err != nil {
		return nil, account, err
	}
	defer out.Close()
	p, err := i.start("simulate", out, "simulate", "idnow", "--addr", "127.0.0.1:0", "--json", "--push-url", push)
	if err != nil {
		return nil, account, err
	}
	return p, account, p.await(ctx, "account", 2*time.Millisecond, func() bool {
		text, err := os.ReadFile(facts)
		return err == nil && json.Unmarshal(text, &account) == nil
	})
}

// stop ends the server and its simulator.
func (s *server) stop() error {
	err := s.process.stop()
	if s.sim != nil && err == nil {
		err = s.sim.stop()
	}
	return err
}

func (i *installation) keyFile() string {
	if i.serve {
		return i.data + ".key"
	}
	return sandbox.MasterKeyFile(i.data)
}

// masterKey makes production's master key if there is none.
func (i *installation) masterKey() error {
	if _, err := os.Stat(i.keyFile()); err == nil {
		return nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return os.WriteFile(i.keyFile(), []byte(base64.StdEncoding.EncodeToString(key)), 0o600)
}

func (i *installation) master() (*seal.Master, error) {
	return seal.MasterFromFile(i.keyFile(), false)
}

// databaseURL is what the product's own store opens.
func (i *installation) databaseURL() string {
	if i.database != "" {
		return i.database
	}
	return sandbox.DatabaseFile(i.data)
}

// store opens the database beside the server, through the product's own code.
func (i *installation) store(ctx context.Context) (kyc.Store, error) {
	return sqlstore.Open(ctx, i.databaseURL(), sqlstore.Options{
		Clock: clock.Real{}, NewID: func(suffix string, _ int64) string { return id.Random(suffix) },
	})
}
