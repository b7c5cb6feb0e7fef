// Package server puts the parts of identikit together: store, verbs, runner,
// API, operations. The sandbox and production differ in what they hand in, and
// in nothing else. It decides nothing itself.
package server

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/identikit/identikit/internal/blob"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/job"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/autoident"
	"github.com/identikit/identikit/internal/method/video"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/guard"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/webhook"
)

// Config is what a server is made of.
type Config struct {
	Store     kyc.Store
	Blobs     blob.Store
	Master    *seal.Master
	Clock     kyc.Clock
	Log       *slog.Logger
	Version   string
	PublicURL string // the API's origin as clients see it; empty: as they call it
	MaxUpload int64  // bytes of the largest file that partners may upload; 0: the default of package httpapi

	MaxConcurrent  int            // calls of one partner at a time; 0: the default
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed

	EraseAfter time.Duration // how long who does not become a customer is kept; 0: for ever

	Provider        guard.Limits // of each account at a provider
	IDnow           idnow.Config
	IDnowAutoIdent  idnow.Config // the account for idnow_autoident; without a CompanyID the method is not available
	IDnowESign      idnow.Config // for identifications with contracts to sign; the zero one: there is none
	IDnowPushSecret string       // of all accounts at that firm: what they push is asked for again anyway

	Bankident *Bankident // nil: the methods bank and bank_id are not available

	Texter flow.Texter // nil: no texts can be sent to phones

	Sandbox httpapi.Sandbox // nil in production
	Roots   *x509.CertPool  // whom webhooks trust; nil: the system's
}

// Server is a server that is put together and not yet running.
type Server struct {
	Flow    *flow.Service
	Runner  *job.Runner
	API     http.Handler
	Ops     http.Handler
	Metrics *prometheus.Registry
}

// requestDeadline is how long a partner waits for the provider.
const requestDeadline = 25 * time.Second

// Workers of the groups: deliveries wait for receivers, archives take long, the others wait for providers.
const (
	deliverWorkers = 256
	otherWorkers   = 16
	archiveWorkers = 2
	checkWorkers   = 2 // a group of its own: one firm's slowness does not hold up the other's evidence
)

// New puts a server together.
func New(c Config) *Server {
	wall := clock.Real{}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	guards := guard.New(metrics, wall, c.Log, c.Provider)
	rules, adapters := methods(c, wall, guards)
	firm := adapters[kyc.MethodIDnow] // its receiver serves all accounts at the firm
	f := &flow.Service{
		Store: c.Store, Clock: c.Clock, Wall: wall, Master: c.Master, Blobs: c.Blobs, Log: c.Log,
		Rules: rules, Providers: adapters, Texter: c.Texter,
		Accounts: map[kyc.Method]flow.Opener{kyc.MethodIDnowCustom: func(partnerID string, settings []byte) (provider.Adapter, error) {
			shared := c.IDnow
			shared.Wall = wall
			a, err := idnow.Open(shared, settings)
			if err != nil {
				return a, err
			}
			return guards.Guard("idnow_custom/"+partnerID, a), nil
		}},
		Sandbox: c.Sandbox != nil, RequestDeadline: requestDeadline, EraseAfter: c.EraseAfter,
	}
	if c.IDnowESign.CompanyID != "" {
		c.IDnowESign.Wall = wall
		f.Signing = guards.Guard("idnow_esign", idnow.New(c.IDnowESign))
	}
	inbound := map[string]httpapi.Inbound{firm.Name: {Secret: c.IDnowPushSecret, Receiver: firm.Receiver}}
	c.bankident(f, guards, inbound)
	sender := &webhook.Sender{
		Flow: f, Client: webhook.Client(c.Sandbox != nil, c.Roots), Clock: c.Clock, Wall: wall, Version: c.Version,
		Attempts: webhook.NewMetrics(metrics),
	}
	f.Caller = sender
	runner := job.New(c.Store, c.Clock, wall, c.Log,
		job.Group{Workers: deliverWorkers, Handlers: map[kyc.JobKind]job.Handler{kyc.Deliver: sender.Deliver, kyc.ReplayDelivery: sender.Deliver}},
		job.Group{Workers: otherWorkers, Handlers: map[kyc.JobKind]job.Handler{
			kyc.StartSession: f.StartSession, kyc.FetchResult: f.FetchResult, kyc.PollResult: f.PollResult,
			kyc.Expire: f.Expire, kyc.SweepDocuments: f.SweepDocuments, kyc.SendMessage: f.SendMessage, kyc.PaperExpiry: f.PaperExpiry,
			kyc.EraseStale: f.EraseStale, kyc.ErasePerson: f.EraseStalePerson, kyc.DestroyRecord: f.DestroyRecord,
			kyc.AuthorizeSigning: f.AuthorizeSigning, kyc.ConfirmSigning: f.ConfirmSigning, kyc.CollectSigning: f.CollectSigning,
		}},
		job.Group{Workers: archiveWorkers, Handlers: map[kyc.JobKind]job.Handler{kyc.FetchEvidence: f.FetchEvidence}},
		job.Group{Workers: checkWorkers, Handlers: map[kyc.JobKind]job.Handler{kyc.SubmitData: f.SubmitData}})
	return &Server{
		Flow: f, Runner: runner, Metrics: metrics, Ops: ops(f, metrics),
		API: httpapi.New(httpapi.Config{
			Flow: f, Sandbox: c.Sandbox, PublicURL: c.PublicURL, MaxUpload: c.MaxUpload, Log: c.Log, Metrics: metrics,
			MaxConcurrent: c.MaxConcurrent, TrustedProxies: c.TrustedProxies,
			Inbound: inbound,
		}),
	}
}

// methods are those that the configuration has accounts for.
func methods(c Config, wall kyc.Clock, guards *guard.Guards) (map[kyc.Method]method.Rules, map[kyc.Method]provider.Adapter) {
	rules, adapters := map[kyc.Method]method.Rules{}, map[kyc.Method]provider.Adapter{}
	for _, m := range []struct {
		rules   method.Rules
		account idnow.Config
	}{{video.Rules, c.IDnow}, {autoident.Rules, c.IDnowAutoIdent}} {
		if m.account.CompanyID == "" {
			continue
		}
		m.account.Wall = wall
		rules[m.rules.Method] = m.rules
		adapters[m.rules.Method] = guards.Guard(string(m.rules.Method), idnow.New(m.account))
	}
	rules[kyc.MethodIDnowCustom] = video.CustomRules // on the accounts of those partners who have one
	return rules, adapters
}

// PushPath is where the provider posts its results: an unguessable path.
func PushPath(secret string) string { return "/inbound/idnow/" + secret }

// ops serves what operators and orchestrators ask: alive, ready, metrics.
func ops(f *flow.Service, metrics *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		err := f.Store.View(ctx, func(v kyc.View) error {
			_, _, err := v.Settings().Get("ready")
			return err
		})
		if err != nil {
			f.Log.Error("not ready", "error", err)
			answer(w, http.StatusServiceUnavailable, "the database does not answer\n")
			return
		}
		answer(w, http.StatusOK, "ready\n")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", id.UUID())
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a probe that has gone needs no answer
}
