package crashtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/testkit/testdb"
)

// begin makes a new installation, kills it at some points of its first start,
// and lets the customers in.
func (r *run) begin() {
	r.t.Helper()
	url := testdb.SQLite(r.t)
	if r.name == "postgres" {
		url = testdb.Postgres(r.t)
	}
	r.w = newWorld(r.t, r.name, url, r.seed)
	for _, point := range r.birthPoints() {
		p := r.w.launch(point)
		if p.serves(r.t) {
			r.t.Errorf("%s: the point %q of the first start was not met", r.name, point)
		}
		r.died(p)
		r.w.age()
	}
	r.p = r.w.start()
	r.w.settle(r.p)
	r.w.employ()
}

// birthPoints takes those points of the first start that are to come next, in
// their order.
func (r *run) birthPoints() (points []string) {
	if r.todo == nil {
		r.todo = r.known.points()
		chance := rand.New(rand.NewPCG(r.seed, 99))
		chance.Shuffle(len(r.todo), func(i, j int) { r.todo[i], r.todo[j] = r.todo[j], r.todo[i] })
		if !*every {
			r.todo = r.todo[:min(len(r.todo), r.left/2)]
		}
	}
	for _, point := range r.known.birth {
		if n := slices.Index(r.todo, point); n >= 0 {
			r.todo = slices.Delete(r.todo, n, n+1)
			points = append(points, point)
		}
	}
	return points
}

// died makes sure that the process, or a command beside it, died at its point,
// and counts it.
func (r *run) died(p *process) bool {
	p.kill()
	if !killed(p.cmd.ProcessState) {
		r.w.lose("the program ended by itself: %s\n%s", p.cmd.ProcessState, p.log.String())
	}
	if !p.killedItself() {
		return false
	}
	r.named, r.left = r.named+1, r.left-1
	r.met[p.name()] = true
	return true
}

// again starts the program after its death and compares.
func (r *run) again() {
	r.t.Helper()
	r.w.bury()
	r.p = r.w.start()
	r.w.compare(r.p)
	r.w.audit()
	r.w.resumeBankident(r.p)
}

// atRandom kills the program that is shipped, under load.
func (r *run) atRandom() {
	r.t.Helper()
	began := time.Now()
	r.w.gate.open(r.p.APIURL)
	select {
	case <-time.After(r.w.random()):
	case <-r.p.dead:
		r.w.lose("the program ended by itself: %s", r.p.log.String())
	}
	r.p.kill()
	r.random, r.left = r.random+1, r.left-1
	r.again()
	r.t.Logf("round %d: at random: %s", r.random+r.named, time.Since(began).Round(time.Millisecond))
}

// grace is how long the load may take to pass a point that a scene has passed by.
const grace = time.Second

// atPoint kills the program at a named point, in a scene that is known to pass
// it, under load. What is not met is tried again.
func (r *run) atPoint(point string) {
	r.t.Helper()
	began, names := time.Now(), r.known.scenesOf(point)
	for try := range 3 {
		name, nth := names[r.w.chance.IntN(len(names))], 1
		if try == 0 {
			nth += r.w.chance.IntN(min(5, r.known.scenes[point][name]))
		}
		r.p.kill() // it stands idle: the gate is closed
		p := r.w.launch(fmt.Sprintf("%s#%d", point, nth))
		if p.serves(r.t) {
			r.w.gate.open(p.APIURL)
			r.play(name, p)
		}
		met := r.died(p)
		r.again()
		if met || r.w.lost() > 0 {
			r.t.Logf("round %d: %s, in the scene %q: %s", r.random+r.named, point, name, time.Since(began).Round(time.Millisecond))
			return
		}
	}
	r.t.Errorf("%s: the point %q was not met in %v (seed %d)", r.name, point, names, r.seed)
}

// play plays the scene until something dies.
func (r *run) play(name string, p *process) {
	r.t.Helper()
	n := slices.IndexFunc(scenes, func(s scene) bool { return s.name == name })
	err := scenes[n].play(&stage{r.w.harness, p})
	if err != nil && !isDeath(err) {
		r.w.lose("the scene %q: %v", name, err)
	}
	if err != nil {
		return
	}
	select {
	case <-p.dead:
	case <-time.After(grace):
	}
}

// count adds up what the world has seen.
func (r *run) count() {
	r.acknowledged += r.w.acknowledged()
	r.losses += r.w.lost()
	seen := map[string]bool{}
	for _, c := range r.w.receiver.received() {
		r.deliveries++
		seen[c.id] = seen[c.id] || c.accepted
	}
	for _, accepted := range seen {
		if accepted {
			r.notifications++
		}
	}
}
