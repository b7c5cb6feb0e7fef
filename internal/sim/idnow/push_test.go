package idnow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestPushRetries(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Dir = t.TempDir() })
	w.company.answer(500)
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	w.advance(3 * time.Minute)
	w.open() // the retries go on after a restart
	w.advance(48 * time.Hour)
	got := w.company.take()
	if len(got) != 24 {
		t.Fatalf("%d tries, want 24", len(got))
	}
	want := []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour, time.Hour}
	for i, pause := range want {
		if d := got[i+1].at.Sub(got[i].at); d != pause {
			t.Errorf("pause %d is %s, want %s", i, d, pause)
		}
	}
	if _, ok := w.server.NextDue(); ok {
		t.Error("something is still due after the last try")
	}
	w.company.answer(200)
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	w.advance(time.Hour)
	if n := len(w.company.take()); n != 1 {
		t.Errorf("%d pushes to a company that answers, want 1", n)
	}
}

func TestPushToNobody(t *testing.T) {
	w := newWorld(t, nil)
	w.company.server.Close()
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	w.advance(15 * time.Second)
	if at, ok := w.server.NextDue(); !ok || !at.Equal(testStart.Add(20*time.Second)) {
		t.Errorf("next try at %s, %t", at, ok)
	}
	silent := newWorld(t, func(cfg *Config) { cfg.PushURL = "" })
	silent.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	silent.advance(time.Minute)
	if _, ok := silent.server.NextDue(); ok {
		t.Error("a push is due without an address")
	}
}

func TestSetResult(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	if err := w.server.SetResult(t.Context(), "tx-1", "MYSTERY", "NEVER_HEARD_OF"); err != nil {
		t.Fatal(err)
	}
	if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != "MYSTERY" || got[0].body.Process.Reason != "NEVER_HEARD_OF" {
		t.Errorf("%v", got)
	}
	w.advance(time.Hour)
	if n := len(w.company.take()); n != 0 {
		t.Errorf("%d pushes of a session that was ended", n)
	}
	if err := w.server.SetResult(t.Context(), "none", "SUCCESS", ""); !errors.Is(err, ErrNoSession) {
		t.Errorf("unknown session: %v", err)
	}
	if err := w.server.SetResult(t.Context(), "tx-1", "lower case", ""); err == nil {
		t.Error("a result in lower case is accepted")
	}
}

func TestPushFaults(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Preliminary = true })
	for i, body := range []string{`{"duplicate":1}`, `{"drop":1}`, `{"reorder":true}`} {
		steer(t, w, "POST", "/pushes", body, 200)
		w.start(fmt.Sprintf("tx-%d", i), map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
		w.advance(time.Hour)
		want := []string{"[REVIEW_PENDING REVIEW_PENDING SUCCESS]", "[SUCCESS]", "[SUCCESS REVIEW_PENDING]"}[i]
		var got []string
		for _, p := range w.company.take() {
			got = append(got, p.body.Process.Result)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
	steer(t, w, "POST", "/pushes", `{"reorder":true}`, 200)
	w.start("alone", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	w.advance(time.Hour)
	if n := len(w.company.take()); n != 1 {
		t.Errorf("a held push that nothing overtakes: %d pushes, want 1", n)
	}
}

func TestRestart(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Dir, cfg.Preliminary = t.TempDir(), true })
	id := w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	w.start("tx-2", nil)
	v := w.visit("tx-2")
	v.callUpTo(stepTilt)
	due, _ := w.server.NextDue()
	w.open() // no Close before: as after kill -9
	if at, _ := w.server.NextDue(); !at.Equal(due) {
		t.Errorf("due at %s, before %s", at, due)
	}
	v = w.visit("tx-2")
	v.shows("tilt")
	if again := w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"}); again != id {
		t.Errorf("ident id %s, before %s", again, id)
	}
	w.advance(15 * time.Second)
	w.open()
	w.advance(10 * time.Minute)
	if n := len(w.company.take()); n != 2 {
		t.Errorf("%d pushes, want 2", n)
	}
}

func TestRunAndPause(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	w.server.Pause()
	go func() { done <- w.server.Run(ctx) }()
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	w.advance(time.Minute) // by the owner, while Run is paused
	if n := len(w.company.take()); n != 1 {
		t.Errorf("%d pushes, want 1", n)
	}
	w.server.Resume()
	w.start("tx-2", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	w.clock.set(w.clock.Now().Add(time.Minute)) // Run finds out within a second
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(w.company.take()) == 0 {
		select {
		case <-deadline:
			t.Fatal("Run has not sent the push")
		case <-tick.C:
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.server.Close(); err != nil {
		t.Error(err)
	}
}

func TestManyIdleSessionsCostNothing(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 2000 {
		if _, _, err := w.server.open(w.server.main, fmt.Sprintf("tx-%d", i), person{Data: erika()}); err != nil {
			t.Fatal(err)
		}
	}
	if allocs := testing.AllocsPerRun(100, func() { w.server.NextDue() }); allocs > 1 {
		t.Errorf("NextDue allocates %f times among idle sessions", allocs)
	}
}

// steer makes a call of the steering port and gives its answer.
func steer(t *testing.T, w *world, method, path, body string, want int) map[string]any {
	t.Helper()
	rec := record(w.server.Steering(), method, path, body)
	if rec.Code != want {
		t.Errorf("%s %s %s: %d %s, want %d", method, path, body, rec.Code, rec.Body, want)
	}
	var answer map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: %s", method, path, rec.Body)
	}
	return answer
}
