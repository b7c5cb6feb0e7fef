// Package sandbox is the whole world on one laptop: the server of production
// with simulated providers, a clock that can be moved, SQLite and a folder. It
// puts them together and moves time; how anything behaves is decided elsewhere.
package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/crash"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider/guard"
	provideridnow "github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/sandbox/inbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/server"
	"github.com/identikit/identikit/internal/sim/ais"
	"github.com/identikit/identikit/internal/sim/fourthline"
	"github.com/identikit/identikit/internal/sim/idnow"
	"github.com/identikit/identikit/internal/sim/xs2a"
	"github.com/identikit/identikit/internal/store/sqlstore"
)

// Options are the sandbox's settings. The zero value of each works, but for Data.
type Options struct {
	Addr         string // of the API; the other listeners take the next ports, or any with port 0
	Data         string // the folder that keeps everything
	Database     string // a PostgreSQL URL; empty: SQLite in Data
	TLS          bool   // with a CA of the sandbox's own
	CertFile     string // instead of the sandbox's own certificate
	KeyFile      string
	Seed         *int64 // the same ids and outcomes every time
	Preliminary  bool   // the provider sends preliminary results
	SameEvidence bool   // the provider draws its evidence once, for load tests
	MaxIdentical int    // how many identical persons a partner may have; 0: 1,000
	ClockStart   time.Time
	// MaxConcurrent and TrustedProxies are those of server.Config.
	MaxConcurrent  int
	Provider       guard.Limits // of each account at a provider
	TrustedProxies []netip.Prefix
	CommitDelay    time.Duration // makes every commit of SQLite slower, for measurements
	MaxUpload      int64         // bytes of the largest file that partners may upload; 0: the default
	EraseAfter     time.Duration // how long who does not become a customer is kept; 0: for ever
	Log            *slog.Logger
	Version        string
}

// World is a sandbox that has bound its listeners.
type World struct {
	Ready Ready

	opts     Options
	clockSet bool
	store    kyc.Store
	clock    *clock.Movable
	server   *server.Server
	sim      *idnow.Server
	bank     *xs2a.Server
	signer   *ais.Server
	checker  *fourthline.Server
	sims     []simulator       // all of them
	front    []server.Listener // for partners and operators
	back     []server.Listener // of the simulators: they close last
	moving   sync.Mutex
	stop     chan struct{} // closed when the world is to stop
	locked   *os.File
}

// Ready is what the ready file says (mode 0600).
type Ready struct {
	Version     string      `json:"version"`
	APIURL      string      `json:"api_url"`
	SandboxURL  string      `json:"sandbox_url"`
	OpsURL      string      `json:"ops_url"`
	SteeringURL string      `json:"steering_url"` // of the simulated provider, and of the bank's firms below it
	Partner     Credentials `json:"partner"`
	IDnow       IDnow       `json:"idnow"`
	Custom      IDnow       `json:"idnow_custom"` // the partner's own account
	AutoIdent   IDnow       `json:"idnow_autoident"`
	ESign       IDnow       `json:"idnow_esign"` // for contracts that are signed in the call
	Bank        Bank        `json:"xs2a"`
	Signer      Signer      `json:"ais"`
	Checker     Checker     `json:"fourthline"`
	CAFile      *string     `json:"ca_file"`
}

// Credentials are the sandbox's own partner's.
type Credentials struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// IDnow is a simulated account.
type IDnow struct {
	GatewayURL string `json:"gateway_url"`
	GoURL      string `json:"go_url"`
	RobotURL   string `json:"robot_url"`
	CompanyID  string `json:"company_id"`
	APIKey     string `json:"api_key"`
}

// simulator is a simulated firm, whose time a move of the clock walks through.
type simulator interface {
	Run(ctx context.Context) error
	Pause()
	Resume()
	NextDue() (time.Time, bool)
	RunDue(ctx context.Context, now time.Time) int
	Close() error
}

// The sandbox's accounts at the simulated provider: for video calls, for automatic
// identification, for calls with e-signing, and the partner's own (idnow_custom).
const (
	CompanyID          = "identikitsandbox"
	AutoIdentCompanyID = "identikitautosandbox"
	ESignCompanyID     = "identikitsignsandbox"
	PartnersCompanyID  = "sandboxbank"
)

// MasterKeyFile is where a sandbox keeps its master key.
func MasterKeyFile(data string) string { return filepath.Join(data, "master.key") }

// DatabaseFile is where a sandbox keeps its SQLite database.
func DatabaseFile(data string) string { return filepath.Join(data, "identikit.db") }

// Open binds the listeners and puts the world together.
func Open(ctx context.Context, o Options) (w *World, err error) {
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	w = &World{opts: o, clock: clock.NewMovable(clock.Real{}.Now()), stop: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := w.lock(); err != nil {
		return w, err
	}
	master, err := seal.MasterFromFile(MasterKeyFile(o.Data), true)
	if err != nil {
		return w, err
	}
	if err := w.openStore(ctx); err != nil {
		return w, err
	}
	facts, err := w.facts(ctx, master)
	if err != nil {
		return w, err
	}
	if err := w.setClock(ctx); err != nil {
		return w, err
	}
	w.clockSet = true
	if err := w.store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().VoidLeases() }); err != nil {
		return w, err
	}
	return w, w.build(ctx, master, facts)
}

func (w *World) openStore(ctx context.Context) error {
	opts := sqlstore.Options{
		Clock: w.clock, NewID: func(suffix string, _ int64) string { return id.Random(suffix) }, CommitDelay: w.opts.CommitDelay,
	}
	if w.opts.Seed != nil {
		seed := seedBytes(*w.opts.Seed)
		opts.Sequenced = true
		opts.NewID = func(suffix string, n int64) string { return id.Seeded(seed, suffix, n) }
	}
	url := w.opts.Database
	if url == "" {
		url = DatabaseFile(w.opts.Data)
	}
	store, err := sqlstore.Open(ctx, url, opts)
	if err != nil {
		return err
	}
	w.store = crash.Store(store)
	return nil
}

func seedBytes(n int64) []byte { return []byte("identikit sandbox " + strconv.FormatInt(n, 10)) }

// build binds the listeners and puts server and simulator together.
func (w *World) build(ctx context.Context, master *seal.Master, f facts) error {
	tlsConfig, roots, caFile, err := w.certificates()
	if err != nil {
		return err
	}
	nets, err := w.bind()
	if err != nil {
		return err
	}
	origin := func(name string) string { return server.Origin(nets[name], tlsConfig != nil) }
	blobs, err := dir.Open(filepath.Join(w.opts.Data, "documents"))
	if err != nil {
		return err
	}
	account := func(company, key string) IDnow {
		return IDnow{GatewayURL: origin("gateway"), GoURL: origin("go"), RobotURL: origin("robot"), CompanyID: company, APIKey: key}
	}
	w.Ready = Ready{
		Version: w.opts.Version, APIURL: origin("api"), SandboxURL: origin("api") + "/sandbox", Partner: f.partner,
		IDnow: account(CompanyID, f.apiKey), AutoIdent: account(AutoIdentCompanyID, f.keyOf(AutoIdentCompanyID)),
		ESign: account(ESignCompanyID, f.keyOf(ESignCompanyID)), Custom: account(PartnersCompanyID, f.keyOf(PartnersCompanyID)),
		CAFile: caFile, OpsURL: origin("ops"), SteeringURL: origin("steering"),
	}
	if err := w.buildSimulator(f, roots); err != nil {
		return err
	}
	bankident, err := w.buildBankident(f, roots, origin)
	if err != nil {
		return err
	}
	w.server = server.New(server.Config{
		Store: w.store, Blobs: crash.Blobs(blobs), Master: master, Clock: w.clock, Log: w.opts.Log, Version: w.opts.Version,
		Provider:      w.opts.Provider,
		MaxConcurrent: w.opts.MaxConcurrent, TrustedProxies: w.opts.TrustedProxies,
		PublicURL: w.Ready.APIURL, EraseAfter: w.opts.EraseAfter, MaxUpload: w.opts.MaxUpload, Sandbox: w, Roots: roots, Texter: inbox.Phone{}, IDnowPushSecret: f.pushSecret,
		IDnow: adapterOf(w.Ready.IDnow, roots), IDnowAutoIdent: adapterOf(w.Ready.AutoIdent, roots),
		IDnowESign: adapterOf(w.Ready.ESign, roots), Bankident: bankident,
	})
	w.server.Flow.MaxIdentical = w.opts.MaxIdentical
	if err := w.server.Flow.ScheduleSweep(ctx); err != nil {
		return err
	}
	if err := w.server.Flow.ScheduleErasure(ctx); err != nil {
		return err
	}
	listeners := func(handlers map[string]http.Handler) (all []server.Listener) {
		for name, handler := range handlers {
			all = append(all, server.Listener{Name: name, Net: nets[name], Handler: handler, TLS: tlsConfig})
		}
		return all
	}
	w.front = listeners(map[string]http.Handler{"api": w.server.API, "ops": w.server.Ops})
	w.back = listeners(map[string]http.Handler{
		"gateway": w.sim.Gateway(), "go": w.sim.Go(), "robot": w.sim.Robot(), "steering": w.steering(),
		"xs2a": w.bank.API(), "wizard": w.bank.Wizard(), "consent": w.signer.ConsentAndBridge(), "fourthline": w.checker.API(),
	})
	w.back = append(w.back, server.Listener{Name: "ais", Net: nets["ais"], Handler: w.signer.API(), TLS: w.signer.ServerTLS()})
	return nil
}

// adapterOf is how the server reaches an account.
func adapterOf(a IDnow, roots *x509.CertPool) provideridnow.Config {
	return provideridnow.Config{GatewayURL: a.GatewayURL, GoURL: a.GoURL, CompanyID: a.CompanyID, APIKey: a.APIKey, HTTP: httpClient(roots)}
}

func (w *World) buildSimulator(f facts, roots *x509.CertPool) (err error) {
	push := w.Ready.APIURL + server.PushPath(f.pushSecret)
	w.sim, err = idnow.New(idnow.Config{
		Account: idnow.Account{
			CompanyID: CompanyID, CompanyName: "identikit sandbox", APIKey: f.apiKey, Prefix: "TST",
			PushURL: push,
		},
		More: []idnow.Account{
			{
				CompanyID: AutoIdentCompanyID, CompanyName: "identikit sandbox, automatic", APIKey: w.Ready.AutoIdent.APIKey, Prefix: "TS2",
				Kind: idnow.AutoIdent, PushURL: push,
			},
			{
				CompanyID: ESignCompanyID, CompanyName: "identikit sandbox, e-signing", APIKey: w.Ready.ESign.APIKey, Prefix: "TS3",
				ESign: true, PushURL: push,
			},
			{CompanyID: PartnersCompanyID, CompanyName: "Sandbox Bank", APIKey: w.Ready.Custom.APIKey, Prefix: "TS4", PushURL: push},
		},
		GatewayURL: w.Ready.IDnow.GatewayURL, GoURL: w.Ready.IDnow.GoURL, RobotURL: w.Ready.IDnow.RobotURL,
		Dir: filepath.Join(w.opts.Data, "simulators", "idnow"), Seed: f.simSeed, Now: w.clock.Now,
		Preliminary: w.opts.Preliminary, SameEvidence: w.opts.SameEvidence, Strict: true, Client: httpClient(roots), Brand: w.brand, Logger: w.opts.Log,
	})
	if err == nil {
		w.sims = append(w.sims, w.sim)
	}
	return err
}

// httpClient is for our own listeners and the simulators'.
func httpClient(roots *x509.CertPool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 64,
		IdleConnTimeout: 90 * time.Second,
	}}
}

// brand tells the simulator in whose name to greet, as the real firm's staff
// would set it up for an account.
func (w *World) brand(transactionNumber string) (b idnow.Branding) {
	err := w.store.View(context.Background(), func(v kyc.View) error {
		i, err := v.Identifications().Get(transactionNumber)
		if err != nil {
			return err
		}
		p, err := v.Partners().Get(i.PartnerID)
		b = idnow.Branding{Name: p.Greeting, SuccessURL: p.SuccessURL, FailureURL: p.FailureURL}
		if b.Name == "" {
			b.Name = p.Name
		}
		return err
	})
	if err != nil {
		return idnow.Branding{Name: "identikit sandbox"} // a session that somebody started at the gateway directly
	}
	return b
}

// names of the listeners, in the order of their ports.
var names = []string{"api", "ops", "gateway", "go", "robot", "steering", "xs2a", "wizard", "ais", "consent", "fourthline"}

// bind binds all listeners: the API's port and the following ones, or, with
// port 0, those of the last time if they are still free.
func (w *World) bind() (map[string]net.Listener, error) {
	host, portText, err := net.SplitHostPort(w.opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("--addr must be HOST:PORT, like 127.0.0.1:8080: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("--addr must end in a port number: %w", err)
	}
	last := w.lastPorts()
	nets := map[string]net.Listener{}
	for n, name := range names {
		wanted := port + n
		if port == 0 {
			wanted = last[name]
		}
		l, err := server.Listen(name, net.JoinHostPort(host, strconv.Itoa(wanted)))
		if err != nil && port == 0 {
			l, err = server.Listen(name, net.JoinHostPort(host, "0"))
		}
		if err != nil {
			return nil, errors.Join(err, closeAll(nets))
		}
		nets[name] = l
	}
	return nets, w.keepPorts(nets)
}

func closeAll(nets map[string]net.Listener) (err error) {
	for _, l := range nets {
		err = errors.Join(err, l.Close())
	}
	return err
}

// Run serves until ctx ends. ready is called once everything serves. At the end
// a move of the clock stops where it is, then the API, then the runner, and the
// simulators last: nobody finds the provider gone who is still at work.
func (w *World) Run(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	behind, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	var simulators, runner sync.WaitGroup
	simulators.Go(func() { cancel(server.Serve(behind, w.opts.Log, w.back...)) })
	for _, sim := range w.sims {
		simulators.Go(func() {
			if err := sim.Run(behind); err != nil && behind.Err() == nil {
				cancel(fmt.Errorf("a simulator stopped: %w", err))
			}
		})
	}
	runner.Go(func() { w.server.Runner.Run(ctx) })
	context.AfterFunc(ctx, func() { close(w.stop) })
	err := ready()
	if err == nil {
		err = server.Serve(ctx, w.opts.Log, w.front...)
	}
	cancel(err)
	runner.Wait()
	leave()
	simulators.Wait()
	return err
}

// Close keeps the clock and closes what Open opened.
func (w *World) Close() (err error) {
	for _, sim := range w.sims {
		err = errors.Join(err, sim.Close())
	}
	if w.clockSet { // before that it is the machine's clock, not the sandbox's
		err = errors.Join(err, w.keepClock(context.Background()))
	}
	if w.store != nil {
		err = errors.Join(err, w.store.Close())
	}
	if w.locked != nil {
		err = errors.Join(err, w.locked.Close())
	}
	return err
}

// inboxPage is how many messages the inbox shows at a time.
const inboxPage = 50

// Pages implements httpapi.Sandbox: the inbox of all phones.
func (w *World) Pages() http.Handler {
	return inbox.Handler(func(ctx context.Context, page int) (shown []inbox.Message, older bool, err error) {
		err = w.store.View(ctx, func(v kyc.View) error {
			list, err := w.server.Flow.Messages(v, "", kyc.Page{Offset: (page - 1) * inboxPage, Limit: inboxPage + 1, Newest: true})
			for _, m := range list[:min(len(list), inboxPage)] {
				shown = append(shown, inbox.Message{Number: m.Number, Text: m.Text, PersonID: m.PersonID, At: m.CreatedAt})
			}
			older = len(list) > inboxPage
			return err
		})
		return shown, older, err
	}, func(err error) { w.opts.Log.Error("the inbox cannot be shown", "error", kyc.Brief(err)) })
}

// ErrNoSession is answered when the simulator does not know the identification.
var ErrNoSession = kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
	"The simulator has no session for this identification. Request it first.")

// ChooseResult implements httpapi.Sandbox. It answers when the result was taken in.
func (w *World) ChooseResult(ctx context.Context, identification, result, reason string) error {
	if chosen, err := w.chooseBankResult(ctx, identification, result); chosen || err != nil {
		return err
	}
	err := w.sim.SetResult(ctx, identification, result, reason)
	if errors.Is(err, idnow.ErrNoSession) {
		return ErrNoSession
	}
	if err != nil {
		return err
	}
	return w.settled(ctx, identification)
}

// settled waits until the result that was pushed is taken in.
func (w *World) settled(ctx context.Context, identification string) error {
	_, err := w.done(ctx, kyc.FetchResult, identification) // what takes longer goes on by itself
	return err
}

// done waits until the job is done; false if that takes too long, or will.
func (w *World) done(ctx context.Context, kind kyc.JobKind, identification string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var j kyc.Job
		var waiting bool
		err := w.store.View(ctx, func(v kyc.View) (err error) {
			j, waiting, err = v.Jobs().Find(kind, identification)
			return err
		})
		if ctx.Err() != nil || waiting && j.DueAt.Sub(w.clock.Now()) > settleTime {
			return false, nil
		}
		if err != nil || !waiting {
			return err == nil, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// settleTime is how long the choice of a result waits for what comes of it.
var settleTime = 10 * time.Second
