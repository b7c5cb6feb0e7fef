package xs2a

import (
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestEndsOnce: of many who end a session at once, one does, and it is told once.
func TestEndsOnce(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Dir = t.TempDir() })
	tx, key := w.start(nil)
	for _, in := range []map[string]any{chooseTestBank, login("me", "1"), chooseFirst} {
		w.step(key, in)
	}
	tan := w.tan(tx)
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			if n%2 == 0 {
				w.step(key, tan)
			} else if err := w.server.SetResult(t.Context(), "id-1", "success"); err != nil && err != ErrEnded {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.server.RunDue(t.Context(), w.clock())
	if got := w.taken(); len(got) != 1 {
		t.Errorf("it was told %d times", len(got))
	}
	if events := w.call("GET", "/v1/events?transaction_id="+tx, "", 200); events["total"] != 1.0 {
		t.Errorf("%v", events)
	}
}

// TestDocumented: the page of the documentation has every PIN with its word, and no other.
func TestDocumented(t *testing.T) {
	data, err := os.ReadFile("../../../docs/sandbox-bank.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z]{5})` \\|[^|]*\\| ([^|]*) \\|").FindAllStringSubmatch(string(data), -1)
	for _, row := range rows {
		sc, known := pins[row[1]]
		word := sc.Ends
		if sc.Wrong {
			word = "max_login_tries"
		}
		if word == "" {
			word = "success"
		}
		if !known || !strings.Contains(row[2], word) {
			t.Errorf("%s: %s", row[1], row[2])
		}
	}
	if len(rows) != len(pins) {
		t.Errorf("%d PINs are documented, of %d", len(rows), len(pins))
	}
	if !validIBAN("DE35888888880000000004") || !strings.Contains(string(data), "DE35888888880000000004") {
		t.Error("the IBAN of a joint account")
	}
}
