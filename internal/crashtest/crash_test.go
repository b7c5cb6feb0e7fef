package crashtest

import (
	"flag"
	"fmt"
	"maps"
	"testing"
	"time"
)

var (
	rounds = flag.Int("crash.rounds", 20, "how often the server is killed on each database")
	every  = flag.Bool("crash.every", false, "kill at every named point on each database, whatever the rounds")
	seed   = flag.Uint64("crash.seed", 0, "the seed of an earlier run; 0: another one each time")
)

// perWorld is after how many rounds an installation is brought to its end and
// another one begun.
const perWorld = 25

// TestCrash kills the server and compares: half of the rounds at random, half
// of them at named points.
func TestCrash(t *testing.T) {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano()) % 1_000_000
	}
	t.Logf("seed %d", s)
	known := explore(t)
	var total tally
	for n, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, name, s+uint64(n), known)
			r.all()
			t.Log(r.tally.String())
			total.add(r.tally)
		})
	}
	t.Log("all: " + total.String())
}

// tally is what a run has done.
type tally struct {
	name                                    string
	random, named                           int
	met                                     map[string]bool
	acknowledged, notifications, deliveries int
	losses                                  int
	known                                   int
}

func (a *tally) add(b tally) {
	a.random, a.named, a.losses = a.random+b.random, a.named+b.named, a.losses+b.losses
	a.acknowledged, a.notifications, a.deliveries = a.acknowledged+b.acknowledged, a.notifications+b.notifications, a.deliveries+b.deliveries
	if a.met == nil {
		a.met = map[string]bool{}
	}
	maps.Copy(a.met, b.met)
	a.known = b.known
	a.name = "both"
}

func (a *tally) String() string {
	return fmt.Sprintf("%s: %d rounds: %d kills at random, %d at named points (%d of %d points); %d acknowledged writes, %d notifications delivered in %d calls; losses: %d",
		a.name, a.random+a.named, a.random, a.named, len(a.met), a.known, a.acknowledged, a.notifications, a.deliveries, a.losses)
}

// run is the rounds on one database.
type run struct {
	tally
	t     *testing.T
	seed  uint64
	known atlas
	todo  []string // named points to come
	left  int      // rounds to come
	w     *world
	p     *process // alive, between the rounds
}

func newRun(t *testing.T, name string, seed uint64, known atlas) *run {
	r := &run{t: t, seed: seed, known: known, left: *rounds, tally: tally{name: name, met: map[string]bool{}, known: len(known.scenes)}}
	return r
}

// all goes through worlds until there are no rounds left, and, if every point is
// wanted, no points.
func (r *run) all() {
	for r.left > 0 || len(r.todo) > 0 {
		r.begin()
		for n := 0; n < perWorld && (r.left > 0 || (*every && len(r.todo) > 0)); n++ {
			if r.w.losses > 0 {
				break // what follows from a loss says nothing
			}
			if n%2 == 0 || len(r.todo) == 0 {
				r.atRandom()
			} else {
				point := r.todo[0]
				r.todo = r.todo[1:]
				r.atPoint(point)
			}
		}
		r.w.finish(r.p)
		r.count()
		if r.t.Failed() {
			r.t.Logf("%s: seed %d", r.name, r.seed)
			return
		}
		r.seed += 1000
	}
}
