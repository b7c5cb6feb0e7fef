package guard_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/guard"
)

// firm is a provider that does as it is told.
type firm struct {
	mu    sync.Mutex
	err   error
	calls int
	hold  chan struct{} // every call waits for it, if there is one
	under int
	most  int
}

func (f *firm) call() error {
	f.mu.Lock()
	f.calls++
	f.under++
	f.most = max(f.most, f.under)
	err, hold := f.err, f.hold
	f.mu.Unlock()
	if hold != nil {
		<-hold
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.under--
	return err
}

func (f *firm) Start(context.Context, provider.Order) (provider.Session, error) {
	return provider.Session{Reference: "TST"}, f.call()
}

func (f *firm) Poll(context.Context, provider.Ref) (provider.Finding, error) {
	return provider.Finding{Result: "SUCCESS"}, f.call()
}

func (f *firm) Archive(context.Context, string, provider.Scratch) ([]provider.File, error) {
	return nil, f.call()
}

func (f *firm) Confirm(context.Context, string, string) error { return f.call() }

func (f *firm) adapter() provider.Adapter {
	return provider.Adapter{Name: "firm", Starter: f, Poller: f, Archiver: f}
}

var (
	down = kyc.Fail(kyc.BadGateway, "bad_gateway", "down")
	slow = kyc.Fail(kyc.Timeout, "gateway_timeout", "slow")
)

type scene struct {
	*firm
	provider.Adapter
	guards  *guard.Guards
	metrics *prometheus.Registry
	log     *bytes.Buffer
}

// play runs f with time of its own.
func play(t *testing.T, l guard.Limits, f func(t *testing.T, s scene)) {
	synctest.Test(t, func(t *testing.T) {
		s := scene{firm: &firm{}, metrics: prometheus.NewRegistry(), log: &bytes.Buffer{}}
		s.guards = guard.New(s.metrics, clock.Real{}, slog.New(slog.NewTextHandler(s.log, nil)), l)
		s.Adapter = s.guards.Guard("firm", s.firm.adapter())
		f(t, s)
	})
}

func (s scene) start(ctx context.Context) error {
	_, err := s.Starter.Start(ctx, provider.Order{})
	return err
}

// notCalled tells whether err is the refusal to call, and after how long to ask again.
func notCalled(err error) (time.Duration, bool) {
	var e *kyc.Error
	if errors.As(err, &e) && e.Kind == kyc.Unavailable && e.Code == "service_unavailable" {
		return e.RetryAfter, true
	}
	return 0, false
}

func (s scene) metric(t *testing.T, name, want string) {
	t.Helper()
	if err := testutil.GatherAndCompare(s.metrics, strings.NewReader(want), name); err != nil {
		t.Error(err)
	}
}

// TestBreaker: failures open it, it lets one call try after the pause, and a
// success closes it.
func TestBreaker(t *testing.T) {
	play(t, guard.Limits{}, func(t *testing.T, s scene) {
		s.err = down
		for n := range guard.DefaultFailures {
			if n == 5 {
				s.err = slow // that speaks against the provider, too
			}
			if err := s.start(t.Context()); !errors.Is(err, s.err) {
				t.Fatalf("failure %d: %v", n, err)
			}
		}
		for _, call := range []func() error{
			func() error { return s.start(t.Context()) },
			func() error { _, err := s.Poller.Poll(t.Context(), provider.Ref{Identification: "a"}); return err },
			func() error { _, err := s.Archiver.Archive(t.Context(), "a", nil); return err },
		} {
			if after, not := notCalled(call()); !not || after != guard.DefaultPause {
				t.Errorf("open: %v, %t", after, not)
			}
		}
		if s.calls != guard.DefaultFailures {
			t.Errorf("%d calls were made, want %d", s.calls, guard.DefaultFailures)
		}
		time.Sleep(20 * time.Second)
		if after, not := notCalled(s.start(t.Context())); !not || after != 10*time.Second {
			t.Errorf("later: %v, %t", after, not)
		}
		s.metric(t, "identikit_provider_breaker_state", `
			# HELP identikit_provider_breaker_state The breaker of an account: 0 closed, 1 trying one call, 2 open.
			# TYPE identikit_provider_breaker_state gauge
			identikit_provider_breaker_state{account="firm"} 2
		`)
		time.Sleep(11 * time.Second)
		if err := s.start(t.Context()); !errors.Is(err, slow) { // it tries, in vain
			t.Errorf("half-open: %v", err)
		}
		if _, not := notCalled(s.start(t.Context())); !not {
			t.Error("it closed after a failure")
		}
		s.err = nil
		time.Sleep(guard.DefaultPause + time.Second)
		for range 3 {
			if err := s.start(t.Context()); err != nil {
				t.Errorf("the provider is back: %v", err)
			}
		}
		s.metric(t, "identikit_provider_breaker_opened_total", `
			# HELP identikit_provider_breaker_opened_total How often the breaker of an account opened.
			# TYPE identikit_provider_breaker_opened_total counter
			identikit_provider_breaker_opened_total{account="firm"} 2
		`)
		s.metric(t, "identikit_provider_calls_total", `
			# HELP identikit_provider_calls_total Calls to an account at a provider by what became of them.
			# TYPE identikit_provider_calls_total counter
			identikit_provider_calls_total{account="firm",call="archive",outcome="not_made"} 1
			identikit_provider_calls_total{account="firm",call="poll",outcome="not_made"} 1
			identikit_provider_calls_total{account="firm",call="start",outcome="answered"} 3
			identikit_provider_calls_total{account="firm",call="start",outcome="failed"} 5
			identikit_provider_calls_total{account="firm",call="start",outcome="not_made"} 3
			identikit_provider_calls_total{account="firm",call="start",outcome="too_slow"} 6
		`)
		if log := s.log.String(); strings.Count(log, "fails again and again") != 2 || strings.Count(log, "answers again") != 1 {
			t.Errorf("the log says\n%s", log)
		}
	})
}

// TestOneCallTries: while one call tries whether the provider is back, no other does.
func TestOneCallTries(t *testing.T) {
	play(t, guard.Limits{Failures: 1, Pause: time.Minute}, func(t *testing.T, s scene) {
		s.err = down
		_ = s.start(t.Context())
		time.Sleep(61 * time.Second)
		s.err, s.hold = nil, make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.start(t.Context()); err != nil {
				t.Errorf("the try: %v", err)
			}
		})
		synctest.Wait()
		if after, not := notCalled(s.start(t.Context())); !not || after != time.Second {
			t.Errorf("beside the try: %v, %t", after, not)
		}
		close(s.hold)
		wg.Wait()
		if err := s.start(t.Context()); err != nil || s.calls != 3 {
			t.Errorf("after the try: %v, %d calls", err, s.calls)
		}
	})
}

// TestWhatDoesNotOpen: a provider that answers is not shut off, whatever it
// says; neither is one that fails now and then, or long ago.
func TestWhatDoesNotOpen(t *testing.T) {
	bad := &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Cause: &provider.BadArchive{Rule: "too_large"}}
	gone := &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Cause: context.Canceled}
	for name, c := range map[string]struct {
		errs  []error
		pause time.Duration
	}{
		"refusals":       {[]error{kyc.Fail(kyc.Invalid, "idnow_error", "no")}, 0},
		"nothing yet":    {[]error{provider.ErrNoResult}, 0},
		"a bad archive":  {[]error{bad}, 0},
		"given up by us": {[]error{gone}, 0},
		"now and then":   {[]error{nil, down}, 0},
		"seldom":         {[]error{down}, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, guard.Limits{}, func(t *testing.T, s scene) {
				for n := range 100 {
					s.err = c.errs[n%len(c.errs)]
					if err := s.start(t.Context()); !errors.Is(err, s.err) {
						t.Fatalf("call %d: %v", n, err)
					}
					time.Sleep(c.pause)
				}
			})
		})
	}
}

// TestGuessesDoNotOpen: who guesses passwords does not shut the signer off for others.
func TestGuessesDoNotOpen(t *testing.T) {
	play(t, guard.Limits{}, func(t *testing.T, s scene) {
		c := s.guards.GuardSigning("signer", provider.Signing{Confirmer: s.firm}).Confirmer
		for n := range 100 {
			s.err = []error{provider.ErrWrongPassword, provider.ErrNoAttempt}[n%2]
			if err := c.Confirm(t.Context(), "handle", "000000"); !errors.Is(err, s.err) {
				t.Fatalf("guess %d: %v", n, err)
			}
		}
	})
}

// TestConcurrent: so many calls are under way and no more; who waits too long is
// told so, and nothing is counted against the provider.
func TestConcurrent(t *testing.T) {
	play(t, guard.Limits{Concurrent: 3, Failures: 1}, func(t *testing.T, s scene) {
		again := s.guards.Guard("firm", s.firm.adapter()) // the same account
		s.hold = make(chan struct{})
		var wg sync.WaitGroup
		for n := range 10 {
			wg.Go(func() {
				poller := s.Poller
				if n%2 == 0 {
					poller = again.Poller
				}
				if _, err := poller.Poll(t.Context(), provider.Ref{Identification: "a"}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		s.metric(t, "identikit_provider_calls_in_flight", `
			# HELP identikit_provider_calls_in_flight Calls to an account that are under way.
			# TYPE identikit_provider_calls_in_flight gauge
			identikit_provider_calls_in_flight{account="firm"} 3
		`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, not := notCalled(s.start(ctx)); !not {
			t.Error("it got in")
		}
		other := &firm{}
		if _, err := s.guards.Guard("other", other.adapter()).Poller.Poll(t.Context(), provider.Ref{Identification: "a"}); err != nil || other.calls != 1 {
			t.Errorf("another account: %v", err)
		}
		close(s.hold)
		wg.Wait()
		if s.most != 3 || s.calls != 10 {
			t.Errorf("%d at a time, %d calls", s.most, s.calls)
		}
	})
}

// TestMovedTime: a clock that is moved meets the provider as it is, and what it
// meets changes nothing for others.
func TestMovedTime(t *testing.T) {
	play(t, guard.Limits{Failures: 2}, func(t *testing.T, s scene) {
		moved := provider.InMovedTime(t.Context())
		s.err = down
		for range 9 {
			if err := s.start(moved); !errors.Is(err, down) {
				t.Errorf("moved: %v", err)
			}
		}
		for range 2 {
			if err := s.start(t.Context()); !errors.Is(err, down) {
				t.Errorf("others: %v", err)
			}
		}
		s.err = nil
		if err := s.start(moved); err != nil {
			t.Errorf("moved, while it is open: %v", err)
		}
		if _, not := notCalled(s.start(t.Context())); !not {
			t.Error("others, while it is open")
		}
	})
}

// TestNilStaysNil: what a provider cannot do it cannot do guarded either.
func TestNilStaysNil(t *testing.T) {
	play(t, guard.Limits{}, func(t *testing.T, s scene) {
		a := s.guards.Guard("less", provider.Adapter{Name: "less", Poller: s.firm})
		if a.Starter != nil || a.Archiver != nil || a.Receiver != nil || a.Poller == nil || a.Name != "less" {
			t.Errorf("%+v", a)
		}
	})
}
