package job_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/job"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/store/storetest"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// bench is a runner on a store with clocks that stand still until set.
type bench struct {
	t           *testing.T
	store       kyc.Store
	clock, wall *storetest.Clock
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, clock: storetest.NewClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), wall: storetest.NewClock(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))}
	var err error
	b.store, err = sqlstore.Open(t.Context(), testdb.SQLite(t), sqlstore.Options{Clock: b.clock, NewID: func(s string, _ int64) string { return id.Random(s) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	return b
}

func (b *bench) runner(h job.Handler) *job.Runner {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	return job.New(b.store, b.clock, b.wall, log, job.Group{Workers: 4, Handlers: map[kyc.JobKind]job.Handler{kyc.FetchResult: h}})
}

func (b *bench) add(key string, due time.Time) {
	b.t.Helper()
	b.tx(func(tx kyc.Tx) error { return tx.Jobs().Add(kyc.Job{Kind: kyc.FetchResult, Key: key, DueAt: due}) })
}

func (b *bench) tx(fn func(kyc.Tx) error) {
	b.t.Helper()
	if err := b.store.Tx(context.Background(), fn); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) due(r *job.Runner) int {
	b.t.Helper()
	n, err := r.RunDue(b.t.Context(), func(kyc.Tx) error { return nil })
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bench) find(key string) (j kyc.Job, ok bool) {
	b.t.Helper()
	err := b.store.View(b.t.Context(), func(v kyc.View) (err error) {
		j, ok, err = v.Jobs().Find(kyc.FetchResult, key)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return j, ok
}

// TestTrouble: an error or a panic puts the job off, ever longer.
func TestTrouble(t *testing.T) {
	b := newBench(t)
	r := b.runner(func(_ context.Context, j kyc.Job) error {
		if j.Key == "panics" {
			panic("boom")
		}
		return errors.New("broken")
	})
	for _, key := range []string{"panics", "fails"} {
		b.add(key, b.clock.Now())
	}
	for attempt, gap := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		if n := b.due(r); n != 2 {
			t.Fatalf("attempt %d: %d ran", attempt, n)
		}
		if n := b.due(r); n != 0 {
			t.Fatalf("attempt %d: %d ran before their time", attempt, n)
		}
		for _, key := range []string{"panics", "fails"} {
			if j, ok := b.find(key); !ok || j.Attempt != attempt+1 || !j.DueAt.Equal(b.clock.Now().Add(gap)) {
				t.Errorf("%s after attempt %d: %+v", key, attempt, j)
			}
		}
		b.clock.Set(b.clock.Now().Add(gap))
	}
}

// TestDeadRunner: what a runner took and never settled is run by another one
// when the lease has run out, in the machine's time.
func TestDeadRunner(t *testing.T) {
	b := newBench(t)
	b.add("a", b.clock.Now())
	ran := 0
	dead := b.runner(func(context.Context, kyc.Job) error { return nil }) // settles nothing, as if killed
	heir := b.runner(func(ctx context.Context, j kyc.Job) error {
		ran++
		return b.store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().Done(j) })
	})
	b.due(dead)
	if b.due(heir); ran != 0 {
		t.Fatal("it ran although the lease is good")
	}
	b.clock.Set(b.clock.Now().Add(24 * time.Hour)) // leases do not run on this clock
	if b.due(heir); ran != 0 {
		t.Fatal("the sandbox's clock ended a lease")
	}
	b.wall.Set(b.wall.Now().Add(kyc.JobLease))
	if b.due(heir); ran != 1 {
		t.Fatalf("it ran %d times after the lease", ran)
	}
	if _, ok := b.find("a"); ok {
		t.Error("it is still there")
	}
}

// TestRun runs jobs as they come, and stops cleanly in the middle of work.
func TestRun(t *testing.T) {
	b := newBench(t)
	var mu sync.Mutex
	done := map[string]int{}
	all := make(chan struct{})
	r := b.runner(func(ctx context.Context, j kyc.Job) error {
		err := b.store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().Done(j) })
		mu.Lock()
		defer mu.Unlock()
		if done[j.Key]++; len(done) == 100 {
			close(all)
		}
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	for n := range 100 {
		b.add(string(rune('0'+n)), b.clock.Now())
	}
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Error("not all jobs ran")
	}
	cancel()
	<-ended
	for key, n := range done {
		if n != 1 {
			t.Errorf("%s ran %d times", key, n)
		}
	}
}

// TestPause: nothing runs while the owner moves the clock, and what had begun
// has come to its end.
func TestPause(t *testing.T) {
	b := newBench(t)
	begun, release := make(chan struct{}), make(chan struct{})
	var ended bool
	r := b.runner(func(ctx context.Context, j kyc.Job) error {
		if j.Key == "slow" {
			close(begun)
			<-release
			ended = true
		}
		return b.store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().Done(j) })
	})
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); r.Run(ctx) }()
	b.add("slow", b.clock.Now())
	<-begun
	paused := make(chan struct{})
	go func() { r.Pause(); close(paused) }()
	close(release)
	<-paused
	if !ended {
		t.Error("Pause did not wait for what had begun")
	}
	b.add("later", b.clock.Now().Add(time.Hour))
	next, ok, err := r.NextDue(ctx)
	if err != nil || !ok || !next.Equal(b.clock.Now().Add(time.Hour)) {
		t.Errorf("NextDue: %s %t %v", next, ok, err)
	}
	b.clock.Set(next)
	if n := b.due(r); n != 1 {
		t.Errorf("%d ran by hand", n)
	}
	r.Resume()
	cancel()
	<-stopped
}
