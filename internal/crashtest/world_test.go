package crashtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/store/sqlstore"
)

// customers is how many work at the same time.
const customers = 4

// world is one installation, its customers, and what they know of it. It lives
// through many deaths of its server.
type world struct {
	ledger
	t        *testing.T
	name     string // of the database
	seed     uint64
	chance   *rand.Rand
	programs programs
	data     string
	database string // a PostgreSQL URL; empty: SQLite in data
	tracing  bool   // every process is the build with points
	launches int

	gate     *gate
	receiver *receiver
	harness  *client // does not wait: the rounds' own
	audits   audits
	working  sync.WaitGroup
	ending   atomic.Bool
	lively   bool // the customers are at work
	compared struct{ persons, idents, hooks int }
}

// newWorld makes an installation that has not been started yet.
func newWorld(t *testing.T, name, url string, seed uint64) *world {
	t.Helper()
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, name: name, seed: seed, chance: rand.New(rand.NewPCG(seed, 1)), programs: p, data: t.TempDir(), gate: newGate(),
		ledger: ledger{acks: map[string]int{}, issued: map[string]bool{}, provoked: map[string]bool{}},
	}
	if strings.HasPrefix(url, "postgres") {
		w.database = url
	}
	w.receiver = newReceiver(w)
	return w
}

// lose reports something that a crash must not do. After some it counts only.
func (w *world) lose(format string, args ...any) {
	w.mu.Lock()
	w.losses++
	n := w.losses
	w.mu.Unlock()
	if n <= 40 {
		w.t.Errorf("%s: "+format, append([]any{w.name}, args...)...)
	}
}

// settle gives a first server what every later one must still have: the
// subscriptions that are always there.
func (w *world) settle(p *process) {
	w.t.Helper()
	w.partner = p.Partner
	w.harness = w.client("harness-0", false)
	w.gate.open(p.APIURL)
	for _, event := range []string{"IDENTIFICATION", "PERSON_CHANGED"} {
		h, err := w.harness.subscribe(event)
		if err != nil {
			w.t.Fatal(err)
		}
		h.always = true
	}
}

// employ lets the customers begin.
func (w *world) employ() {
	for n := range customers {
		c := &customer{client: w.client(fmt.Sprintf("customer-%d", n), true), chance: rand.New(rand.NewPCG(w.seed, uint64(n+2)))}
		w.working.Go(c.work)
	}
	w.lively = true
}

// bury stands at the grave: nobody speaks to the dead server any more, and its
// files have grown old.
func (w *world) bury() {
	w.t.Helper()
	n := 0
	if w.lively {
		n = customers
	}
	w.gate.close(n)
	w.age()
}

// age makes the files of documents older than the sweep's patience, which is
// reckoned on the machine's clock. Nothing must be running.
func (w *world) age() {
	w.t.Helper()
	old := time.Now().Add(-2 * time.Hour)
	err := filepath.Walk(filepath.Join(w.data, "documents"), func(path string, info os.FileInfo, err error) error {
		if os.IsNotExist(err) || (err == nil && info.IsDir()) {
			return nil
		}
		if err == nil {
			err = os.Chtimes(path, old, old)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// steer speaks to the simulated provider.
func (w *world) steer(p *process, method, path string, body, into any) error {
	c := w.client("steering", false)
	a, err := c.send(p.SteeringURL, 0, request{method: method, path: path, body: body, open: true})
	if err != nil {
		return err
	}
	if a.status != 200 {
		return c.unexpected(method+" "+path, a)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(a.body, into)
}

// random is a random time of the load before the kill.
func (w *world) random() time.Duration {
	return time.Duration(20+w.chance.IntN(180)) * time.Millisecond
}

// longAgo is when the files were made that a sweep must take.
var longAgo = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// put adds jobs that are due, as another node would.
func (w *world) put(jobs ...kyc.Job) error {
	return w.elsewhere(func(tx kyc.Tx) error {
		for _, j := range jobs {
			j.DueAt = longAgo
			if err := tx.Jobs().Add(j); err != nil {
				return err
			}
		}
		return nil
	})
}

// elsewhere runs a transaction as another node would.
func (w *world) elsewhere(fn func(kyc.Tx) error) error {
	address := w.database
	if address == "" {
		address = sandbox.DatabaseFile(w.data)
	}
	store, err := sqlstore.Open(w.t.Context(), address, sqlstore.Options{Clock: clock.Real{}})
	if err != nil {
		return err
	}
	return errors.Join(store.Tx(w.t.Context(), fn), store.Close())
}
