package walk

import (
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// expected is what the subscription must hear of each entity, in order.
func (w *walk) expected(s *subscription) map[string][]event {
	all := map[string][]event{}
	since := func(events []event) (list []event) {
		for _, e := range events {
			if e.at.After(s.createdAt) {
				list = append(list, e)
			}
		}
		return list
	}
	for _, p := range w.persons {
		if s.event == kyc.EventPersonChanged {
			var changes []event
			for _, e := range p.entries {
				if e.Event == "person_changed" {
					changes = append(changes, event{e.At, "{}"})
				}
			}
			all[p.id] = since(changes)
			continue
		}
		for _, i := range p.idents {
			all[i.id] = since(i.told)
		}
	}
	return all
}

// judgeSubscription: the webhooks tell the history's story in its order.
func (w *walk) judgeSubscription(s *subscription, strict bool) {
	attempts := w.log.of(s.id)
	said410 := slices.ContainsFunc(attempts, func(a attempt) bool { return a.answered == 410 })
	if s.gone > 0 {
		if !s.deleted && !said410 {
			w.wrong("subscription %s is gone and nobody deleted it", s.id)
		}
		if len(attempts) >= s.gone {
			w.wrong("subscription %s is gone and is still called: %+v", s.id, attempts[s.gone-1:])
		}
		return
	}
	if s.deleted || said410 {
		w.wrong("subscription %s should be gone", s.id)
	}
	exhausted := 0
	expected := w.expected(s)
	for entity, events := range expected {
		list := letters(attempts, s.event, entity)
		w.judgeLane(s, entity, list, events, strict)
		for _, l := range list {
			if l.last().number == maxDeliveries && !l.last().delivered() {
				exhausted++
				w.judgePause(s, l, attempts)
			}
		}
	}
	for entity := range w.erased {
		for _, l := range letters(attempts, s.event, entity) {
			if l.last().number == maxDeliveries && !l.last().delivered() {
				exhausted++
			}
		}
	}
	for _, a := range attempts {
		if expected[a.entity] == nil && !w.erased[a.entity] || a.event != s.event {
			w.wrong("subscription %s to %s was told of %s %s", s.id, s.event, a.event, a.entity)
		}
	}
	if s.paused && exhausted == 0 {
		w.wrong("subscription %s is paused and no notification has used its attempts", s.id)
	}
}

// judgePause: nothing delivered since the first attempt of a notification that
// has used all of its own pauses the subscription.
func (w *walk) judgePause(s *subscription, l *letter, attempts []attempt) {
	first := l.attempts[0].at
	alive := slices.ContainsFunc(attempts, func(a attempt) bool { return a.delivered() && !a.at.Before(first) })
	if !alive && !s.paused && !s.resumed {
		w.wrong("subscription %s should be paused: nothing was delivered since %s", s.id, instant(first))
	}
}

// judgeLane: what one subscription hears of one entity.
func (w *walk) judgeLane(s *subscription, entity string, list []*letter, events []event, strict bool) {
	if len(list) > len(events) {
		w.wrong("subscription %s was told %d events of %s; there were %d", s.id, len(list), entity, len(events))
		return
	}
	blocked := false
	for n, l := range list {
		w.judgeLetter(s, entity, l, events[n])
		last := l.last()
		blocked = blocked || (!last.settled() && last.number < holdingBack)
		due := last.at.Add(time.Duration(1.1*float64(gap(last.number))) + 2*time.Second)
		if !last.settled() && !s.paused && (strict || w.now.After(due)) {
			w.wrong("subscription %s: event %d of %s was answered %d at %s (attempt %d) and is not tried again", s.id, n, entity,
				last.answered, instant(last.at), last.number)
		}
		for _, earlier := range list[:n] {
			if !freed(earlier, l.arrived[0]) {
				w.wrong("subscription %s: event %d of %s came before an earlier one was delivered or had failed %d times", s.id, n, entity, holdingBack)
			}
		}
	}
	if len(list) < len(events) && !blocked && !s.paused {
		w.wrong("subscription %s was told %d events of %s and waits for %q", s.id, len(list), entity, events[len(list)].body)
	}
}

// freed tells whether a letter let others pass when the attempt at place came.
func freed(l *letter, place int) bool {
	for n, a := range l.attempts {
		if l.arrived[n] < place && (a.settled() || a.number >= holdingBack) {
			return true
		}
	}
	return false
}

// judgeLetter: one notification has one body, is tried in turn, not too soon,
// and never again once it was settled.
func (w *walk) judgeLetter(s *subscription, entity string, l *letter, e event) {
	for n, a := range l.attempts {
		if a.body != e.body {
			w.wrong("subscription %s was told of %s\n%s, and the history says\n%s", s.id, entity, a.body, e.body)
		}
		if a.number != n+1 {
			w.wrong("subscription %s: attempt %d of an event of %s came as the %d.", s.id, a.number, entity, n+1)
		}
		if n == 0 {
			continue
		}
		before := l.attempts[n-1]
		if before.settled() {
			w.wrong("subscription %s: an event of %s came again after it was answered %d", s.id, entity, before.answered)
		}
		soonest := before.at.Add(time.Duration(0.9*float64(gap(n))) - 2*time.Second)
		if a.at.Before(soonest) && !s.resumed {
			w.wrong("subscription %s: attempt %d for %s came at %s, after one at %s", s.id, a.number, entity, instant(a.at), instant(before.at))
		}
	}
}
