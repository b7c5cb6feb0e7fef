package idnow

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestManyAtOnce starts, reads, lists and steers from many sides while Run sends pushes; the race detector looks on.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Dir, cfg.Preliminary = t.TempDir(), true })
	w.call("GET", "", nil)
	ctx, cancel := context.WithCancel(t.Context())
	var runs sync.WaitGroup
	runs.Go(func() {
		if err := w.server.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			for j := range 10 {
				tx := fmt.Sprintf("tx-%d-%d", i, j)
				w.start(tx, map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
				w.start(tx, map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
				w.call("GET", "/identifications/"+tx, nil)
				w.call("GET", "/identifications?pending=true", nil)
				if j == 0 {
					if err := w.server.SetResult(ctx, tx, "ABORTED", "USER_NO_ID"); err != nil {
						t.Error(err)
					}
				}
				w.clock.set(w.clock.Now().Add(time.Second))
			}
		})
	}
	callers.Wait()
	w.server.Pause() // a push that is cut off in the middle would be sent again
	cancel()
	runs.Wait()
	w.advance(time.Hour)
	results, told := map[string]int{}, map[string]bool{}
	for _, p := range w.company.take() {
		key := p.body.Process.Tx + " " + p.body.Process.Result
		if told[key] {
			t.Errorf("%s was told twice", key)
		}
		told[key] = true
		results[p.body.Process.Result]++
	}
	// Those that were ended by hand may have come to their preliminary result before.
	if n := results["REVIEW_PENDING"]; n < 72 || n > 80 || results["SUCCESS"] != 72 || results["ABORTED"] != 8 {
		t.Errorf("pushed %v", results)
	}
	kept := len(w.server.all())
	w.open()
	if loaded := len(w.server.all()); kept != 80 || loaded != kept {
		t.Errorf("%d sessions kept, %d loaded", kept, loaded)
	}
}
