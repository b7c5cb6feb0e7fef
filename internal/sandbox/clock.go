package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// clockSetting holds two times: the sandbox's, and the machine's at that moment.
const clockSetting = "sandbox_clock"

// setClock puts the clock where it would stand had the sandbox never stopped,
// and never back. A new sandbox begins at --clock-start.
func (w *World) setClock(ctx context.Context) error {
	var text string
	var known bool
	err := w.store.View(ctx, func(v kyc.View) (err error) {
		text, known, err = v.Settings().Get(clockSetting)
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case known:
		var at, wall time.Time
		if at, wall, err = readClock(text); err != nil {
			return err
		}
		w.clock.Start(at.Add(max(0, clock.Real{}.Now().Sub(wall))))
	case !w.opts.ClockStart.IsZero():
		w.clock.Start(w.opts.ClockStart)
	}
	return w.keepClock(ctx)
}

// Time says where the clock of a sandbox's database stands, whether it runs or
// not; false if the database is no sandbox's.
func Time(ctx context.Context, store kyc.Store) (now time.Time, ok bool, err error) {
	err = store.View(ctx, func(v kyc.View) error {
		text, known, err := v.Settings().Get(clockSetting)
		if err != nil || !known {
			return err
		}
		at, wall, err := readClock(text)
		now, ok = at.Add(max(0, clock.Real{}.Now().Sub(wall))), err == nil
		return err
	})
	return now, ok, err
}

func readClock(text string) (at, wall time.Time, err error) {
	if len(text) < 2*len(clockForm) {
		return at, wall, errClock
	}
	if at, err = time.Parse(clockForm, text[:len(clockForm)]); err != nil {
		return at, wall, errClock
	}
	if wall, err = time.Parse(clockForm, text[len(text)-len(clockForm):]); err != nil {
		return at, wall, errClock
	}
	return at, wall, nil
}

const clockForm = "2006-01-02T15:04:05.000000Z"

var errClock = kyc.Fail(kyc.Internal, "generic_error", "the stored clock cannot be read")

// keepClock stores where the clock stands.
func (w *World) keepClock(ctx context.Context) error {
	return w.store.Tx(ctx, w.putClock)
}

func (w *World) putClock(tx kyc.Tx) error {
	return tx.Settings().Put(clockSetting,
		w.clock.Now().UTC().Format(clockForm)+" "+clock.Real{}.Now().Format(clockForm))
}

// Now implements httpapi.Sandbox.
func (w *World) Now() time.Time { return w.clock.Now() }

// MoveTo implements httpapi.Sandbox. It walks from one due time to the next: at
// each the clock stands still until the jobs and the simulators have nothing
// left to do there. A client that hangs up does not stop it half-way.
func (w *World) MoveTo(ctx context.Context, to time.Time) (fired int, err error) {
	ctx = provider.InMovedTime(context.WithoutCancel(ctx))
	w.moving.Lock()
	defer w.moving.Unlock()
	w.server.Runner.Pause()
	defer w.server.Runner.Resume()
	for _, sim := range w.sims {
		sim.Pause()
		defer sim.Resume()
	}
	w.server.Flow.WaitForStarts()
	now := w.clock.Stop()
	defer w.clock.Go()
	for stuck := 0; ; {
		select {
		case <-w.stop:
			return fired, errors.Join(errStopping, w.keepClock(ctx))
		default:
		}
		n, err := w.doDue(ctx)
		fired += n
		if err != nil {
			return fired, err
		}
		next, ok, err := w.nextDue(ctx)
		switch {
		case err != nil:
			return fired, err
		case ok && !next.After(now):
			if stuck++; n > 0 {
				stuck = 0
			}
			if stuck > maxStuck {
				return fired, fmt.Errorf("sandbox: something is due at %s and cannot be done; the log says why", now.Format(time.RFC3339))
			}
			continue
		case !now.Before(to):
			return fired, w.keepClock(ctx)
		case !ok || next.After(to):
			next = to
		}
		if next.After(now) {
			now = next
			if err := w.clock.Set(now); err != nil {
				return fired, err
			}
		}
	}
}

var errStopping = errors.New("sandbox: it is stopping; the clock stays where it is")

// maxStuck is how often something may be found due and not be done: others may
// have taken it, or added it just now.
const maxStuck = 100

// doDue does some of what is due at this instant. The clock is stored with it:
// a crash must not take it back behind what has happened.
func (w *World) doDue(ctx context.Context) (int, error) {
	jobs, err := w.server.Runner.RunDue(ctx, w.putClock)
	if err != nil {
		return jobs, err
	}
	for _, sim := range w.sims {
		next, ok := sim.NextDue()
		if !ok || next.After(w.clock.Now()) {
			continue
		}
		if err := w.keepClock(ctx); err != nil {
			return jobs, err
		}
		jobs += sim.RunDue(ctx, w.clock.Now())
	}
	return jobs, nil
}

func (w *World) nextDue(ctx context.Context) (time.Time, bool, error) {
	next, ok, err := w.server.Runner.NextDue(ctx)
	for _, sim := range w.sims {
		if t, some := sim.NextDue(); some && (!ok || t.Before(next)) {
			next, ok = t, true
		}
	}
	return next, ok, err
}
