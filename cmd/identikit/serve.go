package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/crash"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/server"
	"github.com/identikit/identikit/internal/sms"
)

type serveCmd struct {
	Addr      string `help:"Where the API listens." default:":8080" env:"IDENTIKIT_ADDR" placeholder:"HOST:PORT"`
	OpsAddr   string `help:"Where /healthz, /readyz and /metrics listen." default:"127.0.0.1:8081" env:"IDENTIKIT_OPS_ADDR" placeholder:"HOST:PORT"`
	Database  string `help:"The PostgreSQL database." required:"" env:"IDENTIKIT_DATABASE" placeholder:"URL"`
	Documents string `help:"Folder for sealed documents; all nodes share it." required:"" env:"IDENTIKIT_DOCUMENTS" placeholder:"DIR"`
	PublicURL string `help:"The API's origin as clients see it." env:"IDENTIKIT_PUBLIC_URL" placeholder:"URL"`
	TLSCert   string `name:"tls-cert" help:"Speak TLS with this certificate (PEM)." env:"IDENTIKIT_TLS_CERT" placeholder:"FILE" and:"tls"`
	TLSKey    string `name:"tls-key" help:"Its key (PEM)." env:"IDENTIKIT_TLS_KEY" placeholder:"FILE" and:"tls"`

	MaxUpload byteSize `help:"The largest file that partners may upload." default:"100MiB" env:"IDENTIKIT_MAX_UPLOAD" placeholder:"SIZE"`

	IdnowGatewayURL string `help:"The provider's company API." default:"https://gateway.idnow.de" env:"IDENTIKIT_IDNOW_GATEWAY_URL" placeholder:"URL"`
	IdnowGoURL      string `help:"Where the provider receives customers." default:"https://go.idnow.de" env:"IDENTIKIT_IDNOW_GO_URL" placeholder:"URL"`
	IdnowCompanyID  string `help:"The account at the provider." required:"" env:"IDENTIKIT_IDNOW_COMPANY_ID" placeholder:"ID"`
	IdnowAPIKey     string `help:"Its API key." required:"" env:"IDENTIKIT_IDNOW_API_KEY" placeholder:"KEY"`
	IdnowPushSecret string `help:"The unguessable end of the path for the provider's pushes, /inbound/idnow/SECRET: 32 characters at least." required:"" env:"IDENTIKIT_IDNOW_PUSH_SECRET" placeholder:"SECRET"`

	IdnowAutoidentCompanyID string `help:"The account for the method idnow_autoident; without one the method is not available." env:"IDENTIKIT_IDNOW_AUTOIDENT_COMPANY_ID" placeholder:"ID" and:"autoident"`
	IdnowAutoidentAPIKey    string `help:"Its API key." env:"IDENTIKIT_IDNOW_AUTOIDENT_API_KEY" placeholder:"KEY" and:"autoident"`
	IdnowEsignCompanyID     string `help:"The account for identifications in which contracts are signed; without one there are none." env:"IDENTIKIT_IDNOW_ESIGN_COMPANY_ID" placeholder:"ID" and:"esign"`
	IdnowEsignAPIKey        string `help:"Its API key." env:"IDENTIKIT_IDNOW_ESIGN_API_KEY" placeholder:"KEY" and:"esign"`

	SmsURL   string `help:"The gateway for text messages: see docs/operating.md. Without one no phone number can be confirmed." env:"IDENTIKIT_SMS_URL" placeholder:"URL"`
	SmsToken string `help:"Sent to it as a bearer token." env:"IDENTIKIT_SMS_TOKEN" placeholder:"TOKEN"`
	SmsFrom  string `help:"The sender that phones show." env:"IDENTIKIT_SMS_FROM" placeholder:"NAME"`

	bankidentFlags
	limitFlags
	eraseFlags
	masterFlags
	logFlags
}

// Help implements kong.HelpProvider.
func (serveCmd) Help() string {
	return `Secrets are better given by the environment than by flags, which others on the machine can see.

Example:
  IDENTIKIT_DATABASE=postgres://identikit@db/identikit IDENTIKIT_MASTER_KEY_FILE=/run/secrets/master.key \
  IDENTIKIT_IDNOW_COMPANY_ID=mybank IDENTIKIT_IDNOW_API_KEY=… IDENTIKIT_IDNOW_PUSH_SECRET=… \
  identikit serve --documents /var/lib/identikit`
}

// check says what is wrong with the settings before anything starts.
func (c *serveCmd) check() error {
	if err := c.eraseFlags.check(); err != nil {
		return err
	}
	if len(c.IdnowPushSecret) < 32 {
		return fmt.Errorf("--idnow-push-secret must have 32 characters at least; make one with `openssl rand -hex 32`")
	}
	if c.SmsURL != "" {
		if err := c.texts().Check(); err != nil {
			return err
		}
	}
	if c.IdnowAutoidentCompanyID != "" {
		if err := c.idnow(c.IdnowAutoidentCompanyID, c.IdnowAutoidentAPIKey).Check(); err != nil {
			return err
		}
	}
	if c.IdnowEsignCompanyID != "" {
		if err := c.idnow(c.IdnowEsignCompanyID, c.IdnowEsignAPIKey).Check(); err != nil {
			return err
		}
	}
	return c.idnow(c.IdnowCompanyID, c.IdnowAPIKey).Check()
}

// idnow is one account at the provider.
func (c *serveCmd) idnow(company, key string) idnow.Config {
	return idnow.Config{
		GatewayURL: c.IdnowGatewayURL, GoURL: c.IdnowGoURL, CompanyID: company, APIKey: key,
		HTTP: firmClient(),
	}
}

// texts is the gateway for text messages.
func (c *serveCmd) texts() sms.Gateway {
	return sms.Gateway{URL: c.SmsURL, Token: c.SmsToken, From: c.SmsFrom, Agent: "identikit/" + version, Client: &http.Client{
		CheckRedirect: noRedirect, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second},
	}}
}

// Run implements the subcommand.
func (c *serveCmd) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	bankident, err := c.bankident()
	if err != nil {
		return err
	}
	master, err := c.masterFlags.open("")
	if err != nil {
		return err
	}
	boundMemory()
	log := c.logger(slog.LevelInfo)
	store, err := openStore(ctx, c.Database)
	if err != nil {
		return err
	}
	defer store.Close()
	blobs, err := dir.Open(c.Documents)
	if err != nil {
		return err
	}
	var texter flow.Texter // none, unless there is a gateway
	if c.SmsURL != "" {
		texter = c.texts()
	}
	s := server.New(server.Config{
		Texter: texter, Bankident: bankident,
		Store: store, Blobs: crash.Blobs(blobs), Master: master, Clock: clock.Real{}, Log: log, Version: version, PublicURL: c.PublicURL,
		MaxUpload:     int64(c.MaxUpload),
		MaxConcurrent: c.MaxConcurrent, Provider: c.provider(), TrustedProxies: c.TrustedProxies,
		EraseAfter:      c.EraseAfter,
		IDnowPushSecret: c.IdnowPushSecret,
		IDnow:           c.idnow(c.IdnowCompanyID, c.IdnowAPIKey),
		IDnowAutoIdent:  c.idnow(c.IdnowAutoidentCompanyID, c.IdnowAutoidentAPIKey),
		IDnowESign:      c.idnow(c.IdnowEsignCompanyID, c.IdnowEsignAPIKey),
	})
	if err := s.Flow.ScheduleSweep(ctx); err != nil {
		return err
	}
	if err := s.Flow.ScheduleErasure(ctx); err != nil {
		return err
	}
	listeners, err := c.listen(s)
	if err != nil {
		return err
	}
	stop, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Runner.Run(stop)
	}()
	fmt.Fprintf(os.Stderr, "identikit %s serves on %s; health and metrics on %s\n", version, listeners[0].Net.Addr(), listeners[1].Net.Addr())
	err = server.Serve(ctx, log, listeners...)
	cancel()
	<-done
	return err
}

// boundMemory lets garbage be collected sooner when there is much of it. What is
// in use at a time is bounded elsewhere; without this it could lie about twice.
func boundMemory() {
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(96 << 20)
	}
}

// noRedirect makes a redirect an answer: it would carry the API key elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (c *serveCmd) listen(s *server.Server) ([]server.Listener, error) {
	var encrypted *tls.Config
	if c.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		encrypted = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	api, err := server.Listen("API", c.Addr)
	if err != nil {
		return nil, err
	}
	ops, err := server.Listen("operations", c.OpsAddr)
	if err != nil {
		return nil, err
	}
	return []server.Listener{{Name: "API", Net: api, Handler: s.API, TLS: encrypted}, {Name: "operations", Net: ops, Handler: s.Ops}}, nil
}
