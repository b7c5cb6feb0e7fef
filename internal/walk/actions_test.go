package walk

import (
	"fmt"
	"time"

	"pgregory.net/rapid"
)

// waits are how far the clock is moved, near ones more often.
var waits = []time.Duration{
	time.Second, 6 * time.Second, 11 * time.Second, 15 * time.Second, 75 * time.Second, 131 * time.Second, 5 * time.Minute,
	16 * time.Minute, 31 * time.Minute, 2 * time.Hour, 7 * time.Hour, 25 * time.Hour,
}

var farWaits = []time.Duration{3 * 24 * time.Hour, 6 * 24 * time.Hour, 14*24*time.Hour + time.Hour}

// action is something that can happen.
type action struct {
	name string
	do   func(*walk, *rapid.T)
}

// actions is what can happen. Rapid takes what comes first in the order of
// names more often, so the likelier ones stand first, the costly ones last.
var actions = []action{
	{"request", (*walk).requestAny},
	{"choose a result", (*walk).choose},
	{"identify", (*walk).identify},
	{"wait", func(w *walk, t *rapid.T) { w.move(pick(t, waits, "time")) }},
	{"together", (*walk).together},
	{"misanswer", (*walk).misanswer},
	{"lose a push", (*walk).losePush},
	{"request twice", (*walk).requestTwice},
	{"tell several results", (*walk).tellSeveral},
	{"overtake an answer", (*walk).overtake},
	{"trouble", (*walk).trouble},
	{"restart", (*walk).restart},
	{"repeat a push", (*walk).repeatPush},
	{"reorder pushes", (*walk).reorderPushes},
	{"visit the page", (*walk).visit},
	{"forge a push", (*walk).forgeAny},
	{"wait again", func(w *walk, t *rapid.T) { w.move(pick(t, waits, "time")) }},
	{"choose another result", (*walk).choose},
	{"subscribe", (*walk).subscribeAny},
	{"create a person", (*walk).createPerson},
	{"create an identification", (*walk).createIdentification},
	{"patch a person", (*walk).patchPerson},
	{"verify a number", (*walk).verify},
	{"request wrongly", (*walk).requestWrongly},
	{"create badly", (*walk).createBadly},
	{"read", (*walk).readAny},
	{"unsubscribe", (*walk).unsubscribe},
	{"resume", (*walk).resumeAny},
	{"break off many", (*walk).weary},
	{"wait long", func(w *walk, t *rapid.T) { w.move(pick(t, farWaits, "time")) }},
}

// steps is the actions as rapid wants them; the rules are checked between them.
func (w *walk) steps(actions []action) map[string]func(*rapid.T) {
	steps := map[string]func(*rapid.T){"": func(*rapid.T) { w.check(false) }}
	for n, a := range actions {
		steps[fmt.Sprintf("%02d %s", n, a.name)] = func(t *rapid.T) { a.do(w, t) }
	}
	return steps
}

// finish lets everything come to its end: then all of it must have been told,
// taken in and delivered, and what is final must stay so.
func (w *walk) finish() {
	w.steer("DELETE", "/faults", nil)
	for _, s := range w.there() {
		w.log.answer(s.id, 200, 0)
		if s.paused {
			w.resume(s)
		}
	}
	w.move(w.patience())
	w.check(true)
	w.finishBank()
	for _, i := range w.all() {
		w.compare(i)
	}
	for range 2 { // successful, canceled, failed
		for _, i := range w.started() {
			if !final(i.status()) {
				w.chooseFor(i, "FAILED", "")
			}
		}
		w.check(true)
	}
	for _, i := range w.started() {
		if !final(i.status()) {
			w.t.Fatalf("%s is %s in the end", i.id, i.status())
		}
		w.tell(i, pick(w.t, results, "last result"), "")
	}
	w.check(true)
	for _, s := range w.there() {
		w.must(204, "DELETE", "/v1/webhooks/"+s.id, nil)
	}
	w.log.forget()
}

// patience is how long it takes until everything that waits has been done: the
// last poll, the last retry, the evidence.
func (w *walk) patience() time.Duration {
	longest := mostPoll + 5*time.Minute
	for _, s := range w.there() {
		for entity := range w.expected(s) {
			for _, l := range letters(w.log.of(s.id), s.event, entity) {
				if last := l.last(); !last.settled() {
					due := last.at.Add(time.Duration(1.1*float64(gap(last.number))) + 2*time.Second)
					longest = max(longest, due.Sub(w.now))
				}
			}
		}
	}
	return longest
}
