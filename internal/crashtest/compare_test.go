package crashtest

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// older is how many of the older things are read again after each crash,
// besides everything that is new since the last one.
const older = 8

// compare reads what was acknowledged, at once after a start and before the
// customers are back: it is what was acknowledged, or something later.
func (w *world) compare(p *process) {
	w.t.Helper()
	c := w.harness
	c.direct = p.APIURL
	defer func() { c.direct = "" }()
	check := func(err error) {
		w.t.Helper()
		if err != nil {
			<-p.dead
			w.t.Fatalf("%s: the server does not answer after its start (seed %d): %v %s", w.name, w.seed, err, p.log.String())
		}
	}
	now, err := w.compareClock(c)
	check(err)
	check(w.compareTokens(c, now))
	persons, idents := w.all()
	for _, p := range w.sample(len(persons), &w.compared.persons) {
		check(w.comparePerson(c, persons[p]))
	}
	for _, i := range w.sample(len(idents), &w.compared.idents) {
		check(w.compareIdent(c, idents[i]))
	}
	hooks := w.subscriptions()
	for _, h := range w.sample(len(hooks), &w.compared.hooks) {
		check(w.compareHook(c, hooks[h]))
	}
	for _, h := range hooks { // what a scene left when it ended too early
		if h.owner == c.name && !h.always && !h.dropped && h.partner == c.partner {
			check(c.unsubscribe(h))
			h.dropped = true
		}
	}
}

// sample picks everything from the mark on and some before it, and moves the mark.
func (w *world) sample(n int, mark *int) (picked []int) {
	for range min(older, *mark) {
		picked = append(picked, w.chance.IntN(*mark))
	}
	for i := *mark; i < n; i++ {
		picked = append(picked, i)
	}
	*mark = max(0, n-2*customers) // the newest may still be on their way
	return picked
}

// compareClock: the clock never goes back behind an answer.
func (w *world) compareClock(c *client) (time.Time, error) {
	a, err := c.ask(request{method: "GET", path: "/sandbox/clock", open: true})
	if err != nil {
		return time.Time{}, err
	}
	if now := a.text("now"); now < w.clock {
		w.lose("the clock was at %s and is at %s", w.clock, now)
	}
	return time.Parse(time.RFC3339Nano, a.text("now"))
}

// compareTokens: what was issued since the last crash is good for an hour.
func (w *world) compareTokens(c *client, now time.Time) error {
	w.mu.Lock()
	tokens := w.tokens
	w.tokens = nil
	w.mu.Unlock()
	for _, t := range tokens {
		c.token = t.token
		a, err := c.send(c.direct, c.serial, request{method: "GET", path: "/v1/webhooks"})
		if err != nil {
			return err
		}
		after, err := time.Parse(time.RFC3339Nano, t.after)
		if a.status != http.StatusOK && err == nil && now.Sub(after) < 59*time.Minute {
			w.lose("a token that was issued after %s is refused at %s: %d %s", after, now, a.status, a.body)
		}
	}
	return nil
}

func (w *world) comparePerson(c *client, p *person) error {
	w.mu.Lock()
	id, fixed, phone, verified := p.id, p.fixed, p.phone, p.verified
	w.mu.Unlock()
	if id == "" || p.owner != c.partner {
		return nil
	}
	a, err := c.get("/v1/persons/" + id)
	if err != nil {
		return err
	}
	o := a.object()
	if a.status != http.StatusOK {
		w.lose("person %s was acknowledged, and GET says %d", id, a.status)
	}
	for name, value := range fixed {
		if o[name] != value {
			w.lose("person %s: %s is %v, acknowledged was %v", id, name, o[name], value)
		}
	}
	if (o["email"] == nil) != (o["job_title"] == nil) {
		w.lose("person %s is patched by half: %v, %v", id, o["email"], o["job_title"])
	}
	if err := w.compareTax(c, p); err != nil || phone == "" {
		return err
	}
	if a, err = c.get("/v1/persons/" + id + "/mobile_number"); err != nil {
		return err
	}
	if o := a.object(); o["number"] != phone || (verified && o["verified"] != true) {
		w.lose("person %s: the number is %v, acknowledged was %s, verified %t", id, o, phone, verified)
	}
	return nil
}

func (w *world) compareIdent(c *client, i *ident) error {
	w.mu.Lock()
	id, seen := i.id, append([]string(nil), i.seen...)
	w.mu.Unlock()
	if id == "" || i.person.owner != c.partner {
		return nil
	}
	a, err := c.get(i.path())
	if err != nil {
		return err
	}
	status := a.text("status")
	if a.status != http.StatusOK || !later(i.method, seen[len(seen)-1], status) {
		w.lose("identification %s was %s, and GET says %d %s", id, seen[len(seen)-1], a.status, status)
		return nil
	}
	w.note(func() { i.seen = append(i.seen, status) })
	if i.link != "" && a.text("url") != i.link {
		w.lose("identification %s: the link is %q, acknowledged was %q", id, a.text("url"), i.link)
	}
	if c.w.chance.IntN(4) == 0 {
		return c.look(i)
	}
	return nil
}

// later tells whether the method's table leads from one state to the other.
func later(m kyc.Method, from, to string) bool {
	reached := map[kyc.State]bool{kyc.State(from): true}
	for queue := []kyc.State{kyc.State(from)}; len(queue) > 0; queue = queue[1:] {
		for _, next := range rulesOf(m).Machine.Moves[queue[0]] {
			if !reached[next] {
				reached[next] = true
				queue = append(queue, next)
			}
		}
	}
	return reached[kyc.State(to)]
}

func (w *world) compareHook(c *client, h *hook) error {
	w.mu.Lock()
	x := *h
	w.mu.Unlock()
	if x.id == "" || x.partner != c.partner {
		return nil
	}
	a, err := c.get("/v1/webhooks/" + x.id)
	if err != nil {
		return err
	}
	var shown struct {
		EventType string `json:"event_type"`
		URL       string
	}
	if e := json.Unmarshal(a.body, &shown); e != nil {
		return c.unexpected("read a subscription", a)
	}
	there := a.status == http.StatusOK && shown.EventType == x.event && shown.URL == w.receiver.url+x.path
	if x.dropped && a.status != http.StatusNotFound || x.dropping == 0 && !there {
		w.lose("subscription %s: dropped %t, and GET says %d %s", x.path, x.dropped, a.status, a.body)
	}
	return nil
}
