package providertest

import (
	"errors"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// RunOnce runs the contract of adapters to firms whose sessions end once: each
// start opens a session of its own, the last one counts, and a word for the end is
// all that there is.
func RunOnce(t *testing.T, build func(World) Firm) {
	for name, c := range onceCases {
		t.Run(name, func(t *testing.T) { play(t, 0, build, c) })
	}
	for name, skew := range map[string]time.Duration{"FirmAhead": 3 * time.Hour, "FirmBehind": -3 * time.Hour} {
		t.Run(name, func(t *testing.T) { play(t, skew, build, inOrder) })
	}
}

var onceCases = map[string]func(*desk){
	"StartTwice": startsAnother, "Results": eachResult, "NothingYet": nothingYet,
	"Duplicates":    oncePushes(Pushes{Twice: 9}, 0),
	"LostPush":      oncePushes(Pushes{Lost: 1}, 0),
	"LatePush":      oncePushes(Pushes{}, 5*time.Hour),
	"OvertakenPush": oncePushes(Pushes{Overtaken: true}, 0),
	"ForgedPush":    forgedPush,
	"DownForAnHour": downForAnHour,
	"Slow":          slow,
	"Nonsense":      nonsense,
	"Refusal":       refusal,
}

// startsAnother: two starts are two sessions, and what the second comes to is not
// what the first does.
func startsAnother(d *desk) {
	first := d.start(one)
	second := d.start(one)
	if first.Handle == second.Handle || first.URL == second.URL {
		d.Errorf("started twice it is one session: %+v", first)
	}
	d.end(one, d.traits.Good)
	if f := d.poll(one); f.Event != d.traits.Good {
		d.Errorf("the second session: %s", f.Event)
	}
	stale := provider.Ref{Identification: one, Handle: first.Handle}
	if f, err := d.Adapter.Poller.Poll(d.Context(), stale); !errors.Is(err, provider.ErrNoResult) {
		d.Errorf("the first session: %s, %v", f.Event, err)
	}
}

// eachResult: every word of the firm's becomes the event that is ours; the same
// result fetched twice is the same finding, and read again it is so too.
func eachResult(d *desk) {
	seen := map[string]bool{}
	for word, event := range d.Firm.Results() {
		d.start(one)
		d.pass(time.Second)
		d.say(one, word, "")
		f := d.poll(one)
		if f.Event != event || f.Result == "" || len(f.Raw) == 0 || f.Fingerprint == "" || seen[f.Fingerprint] || f.At.IsZero() {
			d.Errorf("%s: event %s, result %q, fingerprint %q at %s", word, f.Event, f.Result, f.Fingerprint, f.At)
		}
		seen[f.Fingerprint] = true
		again, err := d.Adapter.Reader.Read(one, f.Raw)
		for what, g := range map[string]provider.Finding{"fetched": d.poll(one), "read": again} {
			if err != nil || g.Fingerprint != f.Fingerprint || !g.At.Equal(f.At) || g.Event != f.Event || g.Account != f.Account {
				d.Errorf("%s: %s again it is another finding: %v", word, what, err)
			}
		}
	}
}

// oncePushes: whatever is done to pushes, two sessions end as they ended, and each
// moves its identification once.
func oncePushes(how Pushes, later time.Duration) func(*desk) {
	return func(d *desk) {
		d.start(one)
		d.start(two)
		files := map[string]*file{one: d.newFile(), two: d.newFile()}
		d.Firm.Push(how)
		d.end(one, d.traits.Good)
		d.end(two, kyc.FailedForGood)
		d.pass(later + time.Minute)
		d.read(files)
		d.pass(time.Hour) // what was held back comes
		d.read(files)
		for id, ev := range map[string]kyc.Event{one: d.traits.Good, two: kyc.FailedForGood} {
			m := d.Firm.Rules().Machine
			files[id].take(m, d.poll(id)) // the safety net for a push that never came
			want, ok := m.Next(kyc.Pending, ev)
			if f := files[id]; !ok || f.state != want || f.moves != 1 {
				d.Errorf("%s after %d moves, want %s after 1", f.state, f.moves, want)
			}
		}
	}
}

// inOrder: the firm's times are its own. Whatever its clock says, what ended later
// is later.
func inOrder(d *desk) {
	var last time.Time
	for _, ev := range []kyc.Event{kyc.FailedForGood, d.traits.Good} {
		d.start(one)
		d.pass(20 * time.Minute)
		d.end(one, ev)
		f := d.poll(one)
		if f.Event != ev || !f.At.After(last) {
			d.Errorf("%s at %s, after %s", f.Event, f.At, last)
		}
		last = f.At
	}
}
