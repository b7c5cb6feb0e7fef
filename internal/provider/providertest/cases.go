package providertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/seal"
)

// cases are the contract, but for wrong clocks.
var cases = map[string]func(*desk){
	"StartTwice": startTwice, "Results": results, "UnknownWords": unknownWords, "NothingYet": nothingYet,
	"Duplicates":     pushes(Pushes{Twice: 9}, 0),
	"LostPush":       pushes(Pushes{Lost: 1}, 0),
	"LatePush":       pushes(Pushes{}, 5*time.Hour),
	"OvertakenPush":  pushes(Pushes{Overtaken: true}, 0),
	"ForgedPush":     forgedPush,
	"DownForAnHour":  downForAnHour,
	"Slow":           slow,
	"Nonsense":       nonsense,
	"Stumbles":       stumbles,
	"Refusal":        refusal,
	"TokenExpires":   tokenExpires,
	"ArchiveIsWhole": archiveIsWhole,
}

const one, two = "6dc54352d6793a892e0702850d07b831cidt", "0c1f4f0a3f5b4f0e8d3c2b1a09876543cidt"

// startTwice: the same identification twice, or sixteen times at once, is one session.
func startTwice(d *desk) {
	first, other := d.start(one), d.start(two)
	if overlap(first, other) {
		d.Errorf("two identifications have one session: %+v", first)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			s, err := d.begin(d.Context(), one)
			if err != nil || !d.same(s, first) {
				d.Errorf("again: %+v, %v; want %+v", s, err, first)
			}
		})
	}
	wg.Wait()
}

// results: every word of the firm's becomes the event that is ours, and the same
// result fetched twice is the same finding.
func results(d *desk) {
	d.start(one)
	seen := map[string]bool{}
	for word, event := range d.Firm.Results() {
		d.pass(time.Second)
		d.say(one, word, "A_REASON")
		f := d.poll(one)
		if f.Event != event || f.Result != word || f.Reason != d.reason(word, "A_REASON") || len(f.Raw) == 0 || f.Fingerprint == "" || seen[f.Fingerprint] {
			d.Errorf("%s: event %s, result %q, reason %q, fingerprint %q", word, f.Event, f.Result, f.Reason, f.Fingerprint)
		}
		seen[f.Fingerprint] = true
		if again := d.poll(one); again.Fingerprint != f.Fingerprint || !again.At.Equal(f.At) {
			d.Errorf("%s: fetched again it is another finding", word)
		}
		d.pass(time.Second)
		d.say(one, word, "A_REASON")
		if next := d.poll(one); seen[next.Fingerprint] || !next.At.After(f.At) {
			d.Errorf("%s: the next attempt, with the same end, is no other finding", word)
		}
	}
}

// unknownWords: a result that nobody knows is kept and changes nothing; a reason
// that nobody knows passes through.
func unknownWords(d *desk) {
	d.start(one)
	d.say(one, "TELEPORTED", "")
	if f := d.poll(one); f.Event != kyc.NotUnderstood || f.Result != "TELEPORTED" || len(f.Raw) == 0 {
		d.Errorf("an unknown result: %s %q", f.Event, f.Result)
	}
	for word, event := range d.Firm.Results() {
		d.pass(time.Second)
		d.say(one, word, "REASON_OF_TOMORROW")
		if f := d.poll(one); f.Event != event || f.Reason != d.reason(word, "REASON_OF_TOMORROW") {
			d.Errorf("%s with an unknown reason: %s %q", word, f.Event, f.Reason)
		}
	}
}

// nothingYet: no result is no error of anybody's.
func nothingYet(d *desk) {
	for _, when := range []string{"an unknown session", "a new session"} {
		if _, err := d.Adapter.Poller.Poll(d.Context(), d.ref(one)); !errors.Is(err, provider.ErrNoResult) {
			d.Errorf("%s: %v", when, err)
		}
		d.start(one)
	}
}

// pushes: whatever is done to pushes, the end is that of the ordered series, and
// no result moves anything twice.
func pushes(how Pushes, later time.Duration) func(*desk) {
	return func(d *desk) {
		d.start(one)
		d.start(two)
		files, want := map[string]*file{one: d.newFile(), two: d.newFile()}, d.newFile()
		d.Firm.Push(how)
		series := d.traits.Series
		for n, ev := range series {
			d.end(one, ev)
			d.end(two, ev) // it may overtake the other
			want.take(d.Firm.Rules().Machine, provider.Finding{Event: ev, Fingerprint: string(ev), At: time.Now()})
			if later == 0 || n == len(series)-1 { // else nobody reads before all are there
				d.pass(later + time.Minute)
				d.read(files)
			}
		}
		d.pass(time.Hour) // what was held back comes
		d.read(files)
		if later > 0 { // of all results only the last is still to be had
			want = d.newFile()
			want.take(d.Firm.Rules().Machine, provider.Finding{Event: series[len(series)-1]})
		}
		for _, id := range []string{one, two} {
			files[id].take(d.Firm.Rules().Machine, d.poll(id)) // the safety net for a push that never came
			if f := files[id]; f.state != want.state || f.moves > want.moves {
				d.Errorf("%s after %d moves, want %s after %d", f.state, f.moves, want.state, want.moves)
			}
		}
	}
}

// forgedPush: a push is a hint; what it claims did not happen.
func forgedPush(d *desk) {
	d.start(one)
	id, err := d.Adapter.Receiver.Receive(provider.Push{Body: d.Firm.Forged(one)})
	if err != nil || id != one {
		d.Fatalf("%q, %v", id, err)
	}
	if f, err := d.Adapter.Poller.Poll(d.Context(), d.ref(id)); !errors.Is(err, provider.ErrNoResult) {
		d.Errorf("what was forged came true: %s, %v", f.Event, err)
	}
	for _, body := range []string{"", "{}", "[]", "null", "<html>", "\x00", strings.Repeat("[", 10000), `{"a":` + strings.Repeat("1", 5000) + `}`} {
		if id, err := d.Adapter.Receiver.Receive(provider.Push{Body: []byte(body)}); !kyc.IsKind(err, kyc.Invalid) || id != "" {
			d.Errorf("%.20q is a push about %q, %v", body, id, err)
		}
	}
}

// downForAnHour: every call says so, and in the end there is one session.
func downForAnHour(d *desk) {
	first := d.startBoth()
	d.Firm.Misbehave(Down, 0)
	for range 12 {
		for name, call := range d.calls() {
			if err := call(d.Context()); !kyc.IsKind(err, kyc.BadGateway) {
				d.Errorf("%s: %v", name, err)
			}
		}
		d.pass(5 * time.Minute)
	}
	d.Firm.Behave()
	if again := d.start(two); !d.same(again, first) {
		d.Errorf("after an hour %+v, before %+v", again, first)
	}
	if f := d.poll(one); f.Event != d.traits.Good {
		d.Errorf("after an hour: %s", f.Event)
	}
}

// startBoth starts two sessions; the first of them succeeds, and the second is
// still open.
func (d *desk) startBoth() (second provider.Session) {
	d.Helper()
	d.start(one)
	d.end(one, d.traits.Good)
	return d.start(two)
}

// calls are the adapter's calls, each about a session that it makes sense for.
func (d *desk) calls() map[string]func(context.Context) error {
	calls := map[string]func(context.Context) error{
		"start": func(ctx context.Context) error {
			_, err := d.begin(ctx, two)
			return err
		},
		"poll": func(ctx context.Context) error {
			_, err := d.Adapter.Poller.Poll(ctx, d.ref(one))
			return err
		},
	}
	if d.Adapter.Archiver != nil {
		calls["archive"] = func(ctx context.Context) error {
			_, _, err := d.archive(ctx)
			return err
		}
	}
	return calls
}

// archive downloads the archive of the first identification and reads all of it.
func (d *desk) archive(ctx context.Context) (names []string, size int64, err error) {
	scratch, err := seal.NewScratch()
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	files, err := d.Adapter.Archiver.Archive(ctx, one, scratch)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range files {
		if strings.ContainsAny(f.Name, `/\`) || f.Type == "" || f.ContentType == "" {
			d.Errorf("%q is a %q, %q", f.Name, f.Type, f.ContentType)
		}
		r, err := f.Open()
		if err != nil {
			return nil, 0, err
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, r); err != nil || b.Len() == 0 {
			d.Errorf("%s: %d bytes, %v", f.Name, b.Len(), err)
		}
		if err := r.Close(); err != nil {
			d.Error(err)
		}
		names = append(names, f.Name)
	}
	return names, scratch.Size(), nil
}

// slow: the adapter gives up when it is told to, and by itself in a while; then
// it is a matter of time and not of anything else.
func slow(d *desk) {
	first := d.startBoth()
	d.Firm.Misbehave(Slow, 0)
	for name, call := range d.calls() {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(d.Context(), 10*time.Second)
		err := call(ctx)
		cancel()
		if took := time.Since(begun); !kyc.IsKind(err, kyc.Timeout) || took > 10*time.Second {
			d.Errorf("%s, with 10 s: %v after %s", name, err, took)
		}
		begun = time.Now()
		err = call(d.Context())
		if took := time.Since(begun); took > 80*time.Second || (err != nil && !kyc.IsKind(err, kyc.Timeout)) {
			d.Errorf("%s, left alone: %v after %s", name, err, took)
		}
	}
	d.Firm.Behave()
	if again := d.start(two); !d.same(again, first) {
		d.Errorf("afterwards %+v, before %+v", again, first)
	}
}

// nonsense: half an answer, a proxy's page and JSON of other types are trouble
// of the provider's, for every call, and leave nothing behind.
func nonsense(d *desk) {
	first := d.startBoth()
	for _, how := range []Misbehaviour{Half, HTML, Garbage, WrongTypes} {
		d.Firm.Misbehave(how, 0)
		for name, call := range d.calls() {
			if err := call(d.Context()); !kyc.IsKind(err, kyc.BadGateway) {
				d.Errorf("%s, %s: %v", how, name, err)
			}
		}
		d.Firm.Behave()
		if again := d.start(two); !d.same(again, first) {
			d.Errorf("after %s %+v, before %+v", how, again, first)
		}
		if f := d.poll(one); f.Event != d.traits.Good {
			d.Errorf("after %s: %s", how, f.Event)
		}
	}
}

// stumbles: what fails once is tried again, so that nobody notices.
func stumbles(d *desk) {
	for _, how := range []Misbehaviour{Down, Half, HTML} {
		d.Firm.Misbehave(how, 1)
		d.start(one)
	}
}

// refusal: the firm's no is no trouble, and is told with what it said.
func refusal(d *desk) {
	d.Firm.Misbehave(Refuses, 0)
	_, err := d.begin(d.Context(), one)
	var e *kyc.Error
	if !errors.As(err, &e) || e.Kind != kyc.Invalid || e.Code == "" || e.Detail == "" {
		d.Errorf("%v", err)
	}
}

// tokenExpires: after hours of silence sixteen calls at once work, and so does
// one that comes in the middle of a conversation.
func tokenExpires(d *desk) {
	d.start(one)
	d.end(one, d.traits.Good)
	d.poll(one)
	d.start(two)
	for range 3 {
		d.pass(3 * time.Hour)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := d.Adapter.Poller.Poll(d.Context(), d.ref(one)); err != nil {
					d.Errorf("poll: %v", err)
				}
			})
		}
		wg.Wait()
		d.pass(3 * time.Hour)
		for name, call := range d.calls() {
			if err := call(d.Context()); err != nil {
				d.Errorf("%s: %v", name, err)
			}
		}
	}
}

// archiveIsWhole: a success has an archive, if the firm has archives; downloaded
// twice it is the same.
func archiveIsWhole(d *desk) {
	d.start(one)
	d.end(one, d.traits.Good)
	if has := d.poll(one).HasArchive; has != (d.Adapter.Archiver != nil) {
		d.Errorf("the success has an archive: %t", has)
	}
	if d.Adapter.Archiver == nil {
		return
	}
	names, size, err := d.archive(d.Context())
	if err != nil || len(names) == 0 || size == 0 {
		d.Fatalf("%v, %d bytes, %v", names, size, err)
	}
	again, sameSize, err := d.archive(d.Context())
	if err != nil || !slices.Equal(names, again) || size != sameSize {
		d.Errorf("%v, %d bytes, then %v, %d bytes, %v", names, size, again, sameSize, err)
	}
}

// clockSkew: the firm's times are its own. Whatever its clock says, its results
// keep their order, and a login holds.
func clockSkew(d *desk) {
	d.start(one)
	files := map[string]*file{one: d.newFile()}
	want := d.newFile()
	for _, ev := range d.traits.Series[:slices.Index(d.traits.Series, d.traits.Good)+1] {
		d.pass(50 * time.Minute)
		d.end(one, ev)
		f := d.poll(one)
		if f.Event != ev || !f.At.After(files[one].last) {
			d.Errorf("%s at %s, after %s", f.Event, f.At, files[one].last)
		}
		files[one].take(d.Firm.Rules().Machine, f)
		want.take(d.Firm.Rules().Machine, provider.Finding{Event: ev, Fingerprint: string(ev), At: time.Now()})
	}
	if f := files[one]; f.state != want.state || f.moves != want.moves {
		d.Errorf("%s after %d moves, want %s after %d", f.state, f.moves, want.state, want.moves)
	}
}
