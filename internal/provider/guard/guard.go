// Package guard stands between the verbs and an account at a provider. It lets
// so many calls be under way at a time, stops calling a provider that fails
// again and again (a circuit breaker), and measures. It decorates the port, so
// neither adapters nor verbs know of it.
//
// All of it runs on the machine's time: it protects real lines and a real firm,
// and a sandbox's clock says nothing about these.
package guard

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Limits are those of one account. Zero values are the defaults.
type Limits struct {
	Concurrent int           // calls under way at a time; 0: DefaultConcurrent
	Failures   int           // failures within window that open the breaker; 0: DefaultFailures
	Pause      time.Duration // how long it stays open before a call tries again; 0: DefaultPause
}

// The defaults. A node's jobs make 20 calls at a time, so that some are left for partners who wait.
const (
	DefaultConcurrent = 32
	DefaultFailures   = 10
	DefaultPause      = 30 * time.Second
)

// window is how far back failures count, in steps of bucket.
const (
	window = time.Minute
	bucket = 10 * time.Second
)

// soon is when it is worth to ask again while others take all calls, or one of
// them is trying whether the provider is back.
const soon = time.Second

// Guards are the guards of all accounts.
type Guards struct {
	limits  Limits
	wall    kyc.Clock
	log     *slog.Logger
	metrics *metrics

	mu       sync.Mutex
	accounts map[string]*account
}

// New makes guards without an account yet, and registers their metrics.
func New(r prometheus.Registerer, wall kyc.Clock, log *slog.Logger, l Limits) *Guards {
	if l.Concurrent <= 0 {
		l.Concurrent = DefaultConcurrent
	}
	if l.Failures <= 0 {
		l.Failures = DefaultFailures
	}
	if l.Pause <= 0 {
		l.Pause = DefaultPause
	}
	g := &Guards{limits: l, wall: wall, log: log, accounts: map[string]*account{}}
	g.metrics = newMetrics(r, g)
	return g
}

// Guard decorates the adapter of the account. The name is for metrics and log;
// the same name twice is the same account, with the same limits used up.
// Receiving a push calls nobody and is not guarded.
func (g *Guards) Guard(name string, a provider.Adapter) provider.Adapter {
	x := g.account(name)
	if s := a.Starter; s != nil {
		a.Starter = starter{x, s}
	}
	if p := a.Poller; p != nil {
		a.Poller = poller{x, p}
	}
	if r := a.Archiver; r != nil {
		a.Archiver = archiver{x, r}
	}
	if t := a.Taker; t != nil {
		a.Taker = taker{x, t}
	}
	return a
}

// GuardSigning decorates an account at a signer.
func (g *Guards) GuardSigning(name string, s provider.Signing) provider.Signing {
	x := g.account(name)
	if s.Signer != nil {
		s.Signer = signer{x, s.Signer}
	}
	if s.Confirmer != nil {
		s.Confirmer = confirmer{x, s.Confirmer}
	}
	return s
}

func (g *Guards) account(name string) *account {
	g.mu.Lock()
	defer g.mu.Unlock()
	if x := g.accounts[name]; x != nil {
		return x
	}
	x := &account{Guards: g, name: name, slots: make(chan struct{}, g.limits.Concurrent)}
	x.breaker = gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name: name, Interval: window, BucketPeriod: bucket, Timeout: g.limits.Pause,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return int(c.TotalFailures) >= g.limits.Failures && c.TotalFailures > c.TotalSuccesses
		},
		OnStateChange: x.changed,
		IsSuccessful:  func(err error) bool { return !fails(outcomeOf(err)) },
		IsExcluded:    func(err error) bool { return outcomeOf(err) == givenUp },
	})
	g.accounts[name] = x
	return x
}

// account is one account's guard.
type account struct {
	*Guards
	name    string
	slots   chan struct{} // holds one for each call under way
	breaker *gobreaker.CircuitBreaker[any]

	mu     sync.Mutex
	opened time.Time // the last time
}

// changed is told by the breaker, which holds its lock meanwhile.
func (x *account) changed(_ string, _, to gobreaker.State) {
	switch to {
	case gobreaker.StateOpen:
		x.mu.Lock()
		x.opened = x.wall.Now()
		x.mu.Unlock()
		x.metrics.opened.WithLabelValues(x.name).Inc()
		x.log.Error("the provider fails again and again; it is not called for a while", "account", x.name, "pause", x.limits.Pause)
	case gobreaker.StateClosed:
		x.log.Warn("the provider answers again", "account", x.name)
	}
}

// call makes one call under the limits.
func call[T any](ctx context.Context, x *account, name string, do func() (T, error)) (result T, err error) {
	guarded := !provider.TimeIsMoved(ctx)                    // moved time meets the provider as it is
	if guarded && x.breaker.State() == gobreaker.StateOpen { // told before it waits for a slot
		x.metrics.count(x, name, notMade)
		return result, x.unavailable()
	}
	select {
	case x.slots <- struct{}{}:
		defer func() { <-x.slots }()
	case <-ctx.Done():
		x.metrics.count(x, name, notMade)
		return result, unavailable(soon, ctx.Err())
	}
	if !guarded {
		return measured(x, name, do)
	}
	_, err = x.breaker.Execute(func() (any, error) {
		var err error
		result, err = measured(x, name, do)
		return nil, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		x.metrics.count(x, name, notMade)
		return result, x.unavailable()
	}
	return result, err
}

func measured[T any](x *account, name string, do func() (T, error)) (T, error) {
	begun := x.wall.Now()
	result, err := do()
	x.metrics.seconds.WithLabelValues(x.name, name).Observe(x.wall.Now().Sub(begun).Seconds())
	x.metrics.count(x, name, outcomeOf(err))
	return result, err
}

// unavailable is the error while the breaker lets nothing through.
func (x *account) unavailable() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return unavailable(max(soon, x.opened.Add(x.limits.Pause).Sub(x.wall.Now())), nil)
}

func unavailable(after time.Duration, cause error) error {
	return &kyc.Error{
		Kind: kyc.Unavailable, Code: "service_unavailable", RetryAfter: after, Cause: cause,
		Detail: "The identification provider has trouble and is not called at the moment. The request is tried again by itself; ask again after Retry-After to join it.",
	}
}

type starter struct {
	*account
	provider.Starter
}

// Start implements provider.Starter.
func (s starter) Start(ctx context.Context, o provider.Order) (provider.Session, error) {
	return call(ctx, s.account, "start", func() (provider.Session, error) { return s.Starter.Start(ctx, o) })
}

type poller struct {
	*account
	provider.Poller
}

// Poll implements provider.Poller.
func (p poller) Poll(ctx context.Context, r provider.Ref) (provider.Finding, error) {
	return call(ctx, p.account, "poll", func() (provider.Finding, error) { return p.Poller.Poll(ctx, r) })
}

type archiver struct {
	*account
	provider.Archiver
}

// Archive implements provider.Archiver.
func (a archiver) Archive(ctx context.Context, identification string, into provider.Scratch) ([]provider.File, error) {
	return call(ctx, a.account, "archive", func() ([]provider.File, error) { return a.Archiver.Archive(ctx, identification, into) })
}

type taker struct {
	*account
	provider.Taker
}

// Take implements provider.Taker.
func (t taker) Take(ctx context.Context, o provider.Order, archive io.Reader, size int64) (string, error) {
	return call(ctx, t.account, "take", func() (string, error) { return t.Taker.Take(ctx, o, archive, size) })
}

type signer struct {
	*account
	provider.Signer
}

// Sign implements provider.Signer.
func (s signer) Sign(ctx context.Context, o provider.SigningOrder) (provider.SigningSession, error) {
	return call(ctx, s.account, "sign", func() (provider.SigningSession, error) { return s.Signer.Sign(ctx, o) })
}

// Ask implements provider.Signer.
func (s signer) Ask(ctx context.Context, handle string) (provider.Signature, error) {
	return call(ctx, s.account, "ask", func() (provider.Signature, error) { return s.Signer.Ask(ctx, handle) })
}

type confirmer struct {
	*account
	provider.Confirmer
}

// Confirm implements provider.Confirmer.
func (c confirmer) Confirm(ctx context.Context, handle, password string) error {
	_, err := call(ctx, c.account, "confirm", func() (struct{}, error) { return struct{}{}, c.Confirmer.Confirm(ctx, handle, password) })
	return err
}
