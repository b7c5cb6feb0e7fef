package walk

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestWalks lets everything happen in any order, on both databases. What it
// says of a failure is the shortest walk to it that rapid has found.
func TestWalks(t *testing.T) {
	unlessAsked(t, "rapid.checks", "RAPID_CHECKS", "6")
	walks(t, actions, begin)
}

// walks takes walks of these actions, on both databases.
func walks(t *testing.T, actions []action, begin func(*rapid.T, *world) *walk) {
	testdb.Each(t, func(t *testing.T, url string) {
		var w *world
		end := func() {
			if w != nil {
				w.close()
			}
			w = nil
		}
		defer end()
		spoiled := false
		rapid.Check(t, func(rt *rapid.T) {
			if spoiled { // no walk finds what one that failed has left behind
				end()
				if strings.HasPrefix(url, "postgres") {
					url = testdb.Postgres(t)
				}
			}
			if w == nil {
				w = open(t, url)
			}
			spoiled = true
			w.tb.now.Store(rt)
			wk := begin(rt, w)
			rt.Repeat(wk.steps(actions))
			wk.finish()
			w.tb.now.Store(nil)
			spoiled = false
		})
	})
}

// unlessAsked gives a flag of rapid's a value for this test, unless somebody
// chose one.
func unlessAsked(t *testing.T, name, env, value string) {
	t.Helper()
	if _, inEnv := os.LookupEnv(env); inEnv || chosen()[name] {
		return
	}
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set(name, before); err != nil {
			t.Error(err)
		}
	})
}

// chosen are the flags that somebody gave: asked once, since what unlessAsked sets
// counts as given afterwards.
var chosen = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { all[f.Name] = true })
	return all
})

// world is a running sandbox in which walks follow one another, each with a
// partner of its own.
type world struct {
	tb       *through
	live     *testkit.Live
	receiver *testkit.Receiver
	log      *deliveries
	store    kyc.Store // a second look at the same data
}

func open(t *testing.T, url string) *world {
	w := &world{tb: &through{TB: t}, log: &deliveries{answers: map[string]*answering{}}}
	seed := int64(1)
	w.live = testkit.Start(w.tb, url, func(o *sandbox.Options) {
		o.Seed = &seed
		o.Provider.Failures = math.MaxInt32 // a breaker would open by the machine's time, of which the model knows nothing
	})
	w.receiver = testkit.NewReceiver(w.tb)
	w.receiver.Answer(w.log.take)
	if w.live.Options.Database == "" {
		url = sandbox.DatabaseFile(w.live.Options.Data)
	}
	var err error
	w.store, err = sqlstore.Open(t.Context(), url, sqlstore.Options{
		Clock: clock.Real{}, NewID: func(suffix string, _ int64) string { return id.Random(suffix) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.tb.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) close() {
	w.tb.now.Store(nil)
	for n := len(w.tb.cleanups) - 1; n >= 0; n-- {
		w.tb.cleanups[n]()
	}
}

// through is the test as the kit sees it: what fails there fails the walk that
// is under way, so that rapid can shorten it; and the world ends when it says.
type through struct {
	testing.TB
	now      atomic.Pointer[rapid.T]
	cleanups []func()
}

func (t *through) reporter() interface {
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
} {
	if rt := t.now.Load(); rt != nil {
		return rt
	}
	return t.TB
}

func (t *through) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }
func (t *through) Helper()                           {}
func (t *through) Error(args ...any)                 { t.reporter().Errorf("%s", fmt.Sprint(args...)) }
func (t *through) Errorf(format string, args ...any) { t.reporter().Errorf(format, args...) }
func (t *through) Fatal(args ...any)                 { t.reporter().Fatalf("%s", fmt.Sprint(args...)) }
func (t *through) Fatalf(format string, args ...any) { t.reporter().Fatalf(format, args...) }
