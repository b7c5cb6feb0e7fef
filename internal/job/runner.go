// Package job runs what is due: it leases jobs, hands them to the function that
// their kind has, and puts them off when that fails. It knows kinds, not
// meanings; a handler settles its job in the transaction of its own effects.
// The lease running out is the recovery from a crash.
package job

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Handler does a job and settles it (Done or PutOff) in its own transaction. An
// error means that it is not settled: the runner puts it off.
type Handler func(ctx context.Context, j kyc.Job) error

// Group is a set of kinds that share workers.
type Group struct {
	Handlers map[kyc.JobKind]Handler
	Workers  int
}

// Runner runs the jobs of its groups.
type Runner struct {
	store  kyc.Store
	clock  kyc.Clock // on which jobs fall due
	wall   kyc.Clock // on which leases run
	log    *slog.Logger
	groups []*group
}

type group struct {
	Group
	kinds []kyc.JobKind
	wake  chan struct{}
	busy  sync.WaitGroup
	slots chan struct{}
	gate  sync.RWMutex // held for writing while paused

	mu     sync.Mutex
	owners map[string]int // how many jobs of an owner are running
}

// One owner (a receiver that does not answer, say) must not take all workers:
// so many jobs are taken at a time, and of an owner with perOwner running none.
const (
	perOwner  = 32
	atATime   = 32
	atOnce    = 64 // by hand: the owner waits for all of them
	errorRest = time.Second
	longNap   = time.Second
	shortNap  = 20 * time.Millisecond
)

// New makes a runner; nothing runs before Run or RunDue.
func New(store kyc.Store, clock, wall kyc.Clock, log *slog.Logger, groups ...Group) *Runner {
	r := &Runner{store: store, clock: clock, wall: wall, log: log}
	for _, g := range groups {
		x := &group{Group: g, wake: make(chan struct{}, 1), slots: make(chan struct{}, g.Workers), owners: map[string]int{}}
		for kind := range g.Handlers {
			x.kinds = append(x.kinds, kind)
		}
		r.groups = append(r.groups, x)
	}
	store.OnDue(r.Wake)
	return r
}

// Wake makes the runner look for work of the kinds at once; of all, if none is named.
func (r *Runner) Wake(kinds ...kyc.JobKind) {
	for _, g := range r.groups {
		if len(kinds) == 0 || slices.ContainsFunc(kinds, func(k kyc.JobKind) bool { return g.Handlers[k] != nil }) {
			g.rouse()
		}
	}
}

func (g *group) rouse() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, and then waits for what it has begun.
func (r *Runner) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, g := range r.groups {
		wg.Go(func() { r.loop(ctx, g) })
	}
	wg.Wait()
	for _, g := range r.groups {
		g.busy.Wait()
	}
}

func (r *Runner) loop(ctx context.Context, g *group) {
	for ctx.Err() == nil {
		started, nap, err := r.startSome(ctx, g)
		if started {
			continue
		}
		if err != nil {
			nap = errorRest
			if ctx.Err() == nil {
				r.log.Error("jobs: the database does not answer", "error", err)
			}
		}
		timer := time.NewTimer(nap)
		select {
		case <-ctx.Done():
		case <-g.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (r *Runner) next(ctx context.Context, g *group) (next time.Time, ok bool, err error) {
	err = r.store.View(ctx, func(v kyc.View) error {
		next, ok, err = v.Jobs().NextDue(r.due(g))
		return err
	})
	return next, ok, err
}

// due looks for jobs of the group, passing over owners that have enough running.
func (r *Runner) due(g *group) kyc.Due {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := kyc.Due{Kinds: g.kinds, Wall: r.wall.Now()}
	for owner, n := range g.owners {
		if n >= perOwner {
			q.Except = append(q.Except, owner)
		}
	}
	return q
}

func (g *group) count(owner string, by int) {
	if owner == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.owners[owner] += by; g.owners[owner] <= 0 {
		delete(g.owners, owner)
	}
}

// startSome leases a few jobs, as far as there are free workers, and starts
// them. If there are none it says how long there is nothing to do: at most a
// second, since other processes add work and the clock may jump.
func (r *Runner) startSome(ctx context.Context, g *group) (started bool, nap time.Duration, err error) {
	g.gate.RLock()
	defer g.gate.RUnlock()
	free := min(cap(g.slots)-len(g.slots), atATime)
	if free == 0 {
		return false, longNap, nil // a worker that becomes free wakes us
	}
	next, ok, err := r.next(ctx, g) // a read is cheaper than a transaction
	if err != nil || !ok {
		return false, longNap, err
	}
	if wait := next.Sub(r.clock.Now()); wait > 0 {
		return false, min(max(wait, time.Millisecond), longNap), nil
	}
	jobs, err := r.lease(ctx, g, free, func(kyc.Tx) error { return nil })
	for _, j := range jobs {
		g.slots <- struct{}{}
		g.count(j.Owner, 1)
		g.busy.Go(func() {
			r.do(context.WithoutCancel(ctx), g, j)
			g.count(j.Owner, -1)
			<-g.slots
			g.rouse()
		})
	}
	return len(jobs) > 0, shortNap, err // none: another node was quicker with these
}

func (r *Runner) lease(ctx context.Context, g *group, limit int, also func(kyc.Tx) error) (jobs []kyc.Job, err error) {
	err = r.store.Tx(ctx, func(tx kyc.Tx) error {
		if err := also(tx); err != nil {
			return err
		}
		q := r.due(g)
		jobs, err = tx.Jobs().Lease(q, r.clock.Now(), q.Wall.Add(kyc.JobLease), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// do runs one job. What fails is put off: 1 s, 2 s, … up to 10 minutes.
func (r *Runner) do(ctx context.Context, g *group, j kyc.Job) {
	ctx, cancel := context.WithTimeout(ctx, kyc.JobLease-10*time.Second)
	defer cancel()
	err := guarded(ctx, g.Handlers[j.Kind], j)
	if err == nil {
		return
	}
	r.log.Warn("job put off", "kind", j.Kind, "key", j.Key, "attempt", j.Attempt, "error", kyc.Brief(err))
	err = r.store.Tx(context.WithoutCancel(ctx), func(tx kyc.Tx) error {
		return tx.Jobs().PutOff(j, r.clock.Now().Add(kyc.Backoff(j.Attempt, time.Second, 10*time.Minute)))
	})
	if err != nil {
		r.log.Error("jobs: cannot put off; the lease will run out", "kind", j.Kind, "key", j.Key, "error", err)
	}
}

func guarded(ctx context.Context, h Handler, j kyc.Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return h(ctx, j)
}

// Pause stops Run from beginning anything and waits for what it has begun. It
// is for an owner who moves the clock and runs the jobs with RunDue meanwhile.
func (r *Runner) Pause() {
	for _, g := range r.groups {
		g.gate.Lock()
		g.busy.Wait()
	}
}

// Resume lets Run go on.
func (r *Runner) Resume() {
	for _, g := range r.groups {
		g.gate.Unlock()
	}
	r.Wake()
}

// RunDue runs some of what is due now, to its end, and returns how much that
// was; 0 means that nothing is due. also runs in the transaction that takes the
// jobs. The owner has paused the runner.
func (r *Runner) RunDue(ctx context.Context, also func(kyc.Tx) error) (int, error) {
	n := 0
	for _, g := range r.groups {
		next, ok, err := r.next(ctx, g)
		if err != nil {
			return n, err
		}
		if !ok || next.After(r.clock.Now()) {
			continue
		}
		jobs, err := r.lease(ctx, g, max(g.Workers, atOnce), also)
		if err != nil {
			return n, err
		}
		var wg sync.WaitGroup
		for _, j := range jobs {
			wg.Go(func() { r.do(ctx, g, j) })
		}
		wg.Wait()
		n += len(jobs)
	}
	return n, nil
}

// NextDue is when the next job could run.
func (r *Runner) NextDue(ctx context.Context) (next time.Time, ok bool, err error) {
	for _, g := range r.groups {
		t, some, e := r.next(ctx, g)
		if e != nil {
			return next, ok, e
		}
		if some && (!ok || t.Before(next)) {
			next, ok = t, true
		}
	}
	return next, ok, nil
}
