package crashtest

import (
	"flag"
	"fmt"
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
	runs := []*run{{tally: tally{name: "sqlite"}}, {tally: tally{name: "postgres"}}}
	t.Run("on", func(t *testing.T) {
		for n, r := range runs {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel() // each waits for its disk
				*r = run{t: t, seed: s + uint64(n), known: known, left: *rounds, tally: tally{name: r.name, met: map[string]bool{}}}
				r.all()
			})
		}
	})
	for _, r := range runs {
		t.Log(r.String())
	}
}

// tally is what a run has done.
type tally struct {
	name                                    string
	random, named                           int
	met                                     map[string]bool // named points
	acknowledged, notifications, deliveries int
	losses                                  int
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

// String is the line that is printed in the end.
func (r *run) String() string {
	return fmt.Sprintf("%s: %d rounds: %d kills at random, %d at %d of %d named points; %d acknowledged writes, %d notifications delivered in %d calls; losses: %d",
		r.name, r.random+r.named, r.random, r.named, len(r.met), len(r.known.scenes), r.acknowledged, r.notifications, r.deliveries, r.losses)
}

// all goes through worlds until there are no rounds left, and, if every point is
// wanted, no points.
func (r *run) all() {
	for r.left > 0 || (*every && len(r.todo) > 0) {
		r.begin()
		for n := 0; n < perWorld && (r.left > 0 || (*every && len(r.todo) > 0)); n++ {
			if r.w.lost() > 0 {
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
