package storetest

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

var (
	wall  = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	kinds = []kyc.JobKind{kyc.Deliver, kyc.FetchResult}
)

func lease(t *testing.T, s kyc.Store, clock *Clock, wall time.Time, limit int) (leased []kyc.Job) {
	t.Helper()
	do(t, s, func(tx kyc.Tx) (err error) {
		leased, err = tx.Jobs().Lease(kyc.Due{Kinds: kinds, Wall: wall}, clock.Now(), wall.Add(time.Minute), limit)
		return err
	})
	return leased
}

func keys(js []kyc.Job) string {
	var all []string
	for _, j := range js {
		all = append(all, j.Key)
	}
	return strings.Join(all, ",")
}

func leaseOnceEach(t *testing.T, s kyc.Store, clock *Clock) {
	do(t, s, func(tx kyc.Tx) error {
		for n := range 40 {
			if err := tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: string(rune('0' + n)), DueAt: clock.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	var mu sync.Mutex
	var all []string
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				var leased []kyc.Job
				err := s.Tx(t.Context(), func(tx kyc.Tx) (err error) {
					leased, err = tx.Jobs().Lease(kyc.Due{Kinds: kinds, Wall: wall}, clock.Now(), wall.Add(time.Minute), 3)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				if len(leased) == 0 {
					return
				}
				mu.Lock()
				for _, j := range leased {
					all = append(all, j.Key)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	if distinct := slices.Compact(slices.Clone(all)); len(all) != 40 || len(distinct) != 40 {
		t.Errorf("%d leases of %d jobs; want 40 of 40", len(all), len(distinct))
	}
}

func leaseRunsOut(t *testing.T, s kyc.Store, clock *Clock) {
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: "a", DueAt: clock.Now()}) })
	if got := keys(lease(t, s, clock, wall, 9)); got != "a" {
		t.Fatalf("leased %q", got)
	}
	if got := keys(lease(t, s, clock, wall.Add(30*time.Second), 9)); got != "" {
		t.Fatalf("leased twice: %q", got)
	}
	if got := keys(lease(t, s, clock, wall.Add(time.Minute), 9)); got != "a" {
		t.Fatalf("not given again after the lease: %q", got)
	}
	stale := lease(t, s, clock, wall.Add(2*time.Minute), 9)[0]
	stale.LeaseUntil = wall.Add(time.Minute) // a holder that slept through its lease
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Done(stale) })
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().PutOff(stale, kyc.Never) })
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Wait(stale, kyc.Never) })
	if got := keys(lease(t, s, clock, wall.Add(2*time.Minute), 9)); got != "" {
		t.Fatalf("a stale holder let go of another's lease: %q", got)
	}
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().VoidLeases() })
	if got := keys(lease(t, s, clock, wall, 9)); got != "a" {
		t.Fatalf("not given again after voiding: %q", got)
	}
	do(t, s, func(tx kyc.Tx) error {
		_, ok, err := tx.Jobs().Take(kyc.Deliver, "a", wall, wall.Add(time.Minute))
		if ok {
			t.Error("took what is leased")
		}
		return err
	})
}

func askedForAgain(t *testing.T, s kyc.Store, clock *Clock) {
	add := func(due time.Time) {
		do(t, s, func(tx kyc.Tx) error {
			return tx.Jobs().Add(kyc.Job{Kind: kyc.FetchResult, Key: "a", DueAt: due})
		})
	}
	add(clock.Now().Add(time.Hour))
	add(clock.Now()) // brought forward
	running := lease(t, s, clock, wall, 9)
	if keys(running) != "a" {
		t.Fatalf("leased %q", keys(running))
	}
	add(clock.Now()) // asked for while it runs
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Done(running[0]) })
	again := lease(t, s, clock, wall, 9)
	if keys(again) != "a" {
		t.Fatalf("the second asking was lost: %q", keys(again))
	}
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().PutOff(again[0], clock.Now().Add(time.Hour)) })
	if got := keys(lease(t, s, clock, wall, 9)); got != "" {
		t.Fatalf("put off, yet leased: %q", got)
	}
	clock.Set(clock.Now().Add(time.Hour))
	last := lease(t, s, clock, wall, 9)
	if keys(last) != "a" || last[0].Attempt != 1 {
		t.Fatalf("leased %q, attempt %v", keys(last), last)
	}
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Wait(last[0], clock.Now().Add(time.Hour)) })
	if got := keys(lease(t, s, clock, wall, 9)); got != "" {
		t.Fatalf("it waits, yet leased: %q", got)
	}
	clock.Set(clock.Now().Add(time.Hour))
	last = lease(t, s, clock, wall, 9)
	if keys(last) != "a" || last[0].Attempt != 1 {
		t.Fatalf("after waiting leased %q, attempt %v", keys(last), last)
	}
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Done(last[0]) })
	see(t, s, func(v kyc.View) error {
		_, ok, err := v.Jobs().NextDue(kyc.Due{Kinds: kinds, Wall: wall})
		if ok {
			t.Error("done, yet due")
		}
		return err
	})
}

func lanes(t *testing.T, s kyc.Store, clock *Clock) {
	do(t, s, func(tx kyc.Tx) error {
		for _, j := range []struct{ key, lane string }{{"a1", "a"}, {"a2", "a"}, {"b1", "b"}, {"a3", "a"}} {
			err := tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: j.key, Lane: j.lane, Blocking: true, DueAt: clock.Now()})
			if err != nil {
				return err
			}
		}
		return nil
	})
	first := lease(t, s, clock, wall, 9)
	if keys(first) != "a1,b1" {
		t.Fatalf("leased %q, want the first of each lane", keys(first))
	}
	a1 := first[0]
	a1.Blocking = false // has failed often enough: the next one may go
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().PutOff(a1, clock.Now().Add(time.Hour)) })
	second := lease(t, s, clock, wall, 9)
	if keys(second) != "a2" {
		t.Fatalf("leased %q, want a2 alone", keys(second))
	}
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Done(second[0]) })
	if got := keys(lease(t, s, clock, wall, 9)); got != "a3" {
		t.Fatalf("leased %q, want a3", got)
	}
}

func except(t *testing.T, s kyc.Store, clock *Clock) {
	do(t, s, func(tx kyc.Tx) error {
		for _, owner := range []string{"a", "b", "c"} {
			if err := tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: owner, Owner: owner, DueAt: clock.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	q := kyc.Due{Kinds: kinds, Wall: wall, Except: []string{"a", "c"}}
	do(t, s, func(tx kyc.Tx) error {
		leased, err := tx.Jobs().Lease(q, clock.Now(), wall.Add(time.Minute), 9)
		if keys(leased) != "b" {
			t.Errorf("leased %q, want b", keys(leased))
		}
		return err
	})
	see(t, s, func(v kyc.View) error {
		_, ok, err := v.Jobs().NextDue(q)
		if ok {
			t.Error("an owner that is passed over is due")
		}
		return err
	})
}

func parking(t *testing.T, s kyc.Store, clock *Clock) {
	do(t, s, func(tx kyc.Tx) error {
		return tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: "a", Owner: "s", DueAt: clock.Now()})
	})
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Park("s", true) })
	if got := keys(lease(t, s, clock, wall, 9)); got != "" {
		t.Fatalf("parked, yet leased: %q", got)
	}
	do(t, s, func(tx kyc.Tx) error { return tx.Jobs().Park("s", false) })
	if got := keys(lease(t, s, clock, wall, 9)); got != "a" {
		t.Fatalf("not leased after parking: %q", got)
	}
}
