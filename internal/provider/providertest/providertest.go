// Package providertest is the contract of an adapter: what every provider.Adapter
// must do against its simulator, which misbehaves in every way. Each case has a
// network in memory and time of its own (testing/synctest), so that a provider
// can be down for an hour, or slow by 29 seconds, at no cost.
//
// It knows the port, the nouns and no firm: an adapter's test implements Firm.
package providertest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/provider"
)

// Firm is an adapter and the simulator that it speaks to.
type Firm interface {
	Adapter() provider.Adapter
	Rules() method.Rules // of a method that the firm does
	// Order is a good order for the identification.
	Order(identification string) provider.Order
	// Results are all words that the firm has for a result.
	Results() map[string]kyc.Event
	// End gives the session a result, in the firm's words or in any.
	End(result, reason, identification string) error
	// Misbehave makes so many of its next calls fail; 0: all. Behave ends that.
	Misbehave(how Misbehaviour, calls int)
	Behave()
	// Push says what is done to the next pushes.
	Push(Pushes)
	// Forged is a push that claims a success.
	Forged(identification string) []byte
}

// Traited is a Firm that differs from one that starts sessions.
type Traited interface{ Traits() Traits }

// Traits are how a firm differs. Zero members mean: as every other.
type Traits struct {
	// Archive is what the firm's Taker takes; the adapter then needs no Starter.
	Archive func(identification string) []byte
	// Reason is what a result says of itself, for firms whose results carry no reason.
	Reason func(result string) string
	Anew   bool        // each start opens a session of its own
	Begin  kyc.State   // where an identification stands when the firm is asked; Pending
	Good   kyc.Event   // the good end; Succeeded
	Series []kyc.Event // results that follow each other, with the good end among them
}

func traitsOf(f Firm) Traits {
	t := Traits{}
	if own, ok := f.(Traited); ok {
		t = own.Traits()
	}
	t.Begin, t.Good = cmp.Or(t.Begin, kyc.Pending), cmp.Or(t.Good, kyc.Succeeded)
	if t.Series == nil { // as a customer and a review make them
		t.Series = []kyc.Event{kyc.AttemptAborted, kyc.CanceledByReview, kyc.Succeeded, kyc.FailedForGood}
	}
	return t
}

// Pushes is what is done to the next pushes: so many are sent twice or lost; the
// next one is overtaken.
type Pushes struct {
	Twice, Lost int
	Overtaken   bool
}

// Misbehaviour is what a provider's API does instead of its work.
type Misbehaviour string

// The misbehaviours.
const (
	Down       Misbehaviour = "down"        // it hangs up
	Slow       Misbehaviour = "slow"        // it answers after 29 seconds
	Half       Misbehaviour = "half"        // it does its work and hangs up in the middle of the answer
	HTML       Misbehaviour = "html"        // as a proxy before it
	Garbage    Misbehaviour = "garbage"     // bytes that are nothing
	WrongTypes Misbehaviour = "wrong_types" // JSON whose members have other types
	Refuses    Misbehaviour = "refuse"      // it says no, in its own way
)

// SlowBy is how late an answer is that is Slow.
const SlowBy = 29 * time.Second

// World is what a Firm is built in.
type World struct {
	T       *testing.T
	Net     *Net
	PushURL string           // where the simulator sends its pushes
	Now     func() time.Time // of the simulator, which may be wrong
}

// Run runs the contract. build makes the adapter and its simulator in the world;
// what it starts ends with the world's test.
func Run(t *testing.T, build func(World) Firm) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, 0, build, c)
		})
	}
	for name, skew := range map[string]time.Duration{"FirmAhead": 3 * time.Hour, "FirmBehind": -3 * time.Hour} {
		t.Run(name, func(t *testing.T) { play(t, skew, build, clockSkew) })
	}
}

// today is when a world begins: that of synctest is in the year 2000.
var today = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func play(t *testing.T, skew time.Duration, build func(World) Firm, c func(*desk)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(today))
		d := &desk{T: t, handles: map[string]string{}}
		n := newNet(t)
		push := n.Serve("us.example", http.HandlerFunc(d.pushed))
		d.Firm = build(World{T: t, Net: n, PushURL: push + "/push", Now: func() time.Time { return time.Now().Add(skew) }})
		d.Adapter, d.traits = d.Firm.Adapter(), traitsOf(d.Firm)
		c(d)
	})
}

// desk is who uses the adapter: it takes findings in as package flow does.
type desk struct {
	*testing.T
	Firm    Firm
	Adapter provider.Adapter
	traits  Traits

	mu    sync.Mutex
	inbox []provider.Push // that wait to be read

	handles map[string]string // of the sessions that were started
}

// ref is the session as the adapter finds it again.
func (d *desk) ref(identification string) provider.Ref {
	return provider.Ref{Identification: identification, Handle: d.handles[identification]}
}

func (d *desk) pushed(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.Errorf("a push breaks off: %v", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	tail := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/push"), "/")
	d.inbox = append(d.inbox, provider.Push{Header: r.Header, Tail: tail, Body: body})
	w.WriteHeader(http.StatusOK)
}

// pass lets time pass, and what falls due in it happen.
func (d *desk) pass(t time.Duration) {
	time.Sleep(t)
	synctest.Wait()
}

// start starts a session that must start.
func (d *desk) start(identification string) provider.Session {
	d.Helper()
	s, err := d.begin(d.Context(), identification)
	if err != nil {
		d.Fatalf("start: %v", err)
	}
	if s.URL == "" && d.Adapter.Starter != nil || s.Reference == "" && s.Handle == "" {
		d.Fatalf("start: %+v", s)
	}
	d.handles[identification] = s.Handle
	return s
}

// begin starts a session, or hands the identity data over: whatever the adapter can.
func (d *desk) begin(ctx context.Context, identification string) (provider.Session, error) {
	o := d.Firm.Order(identification)
	if d.Adapter.Starter != nil {
		return d.Adapter.Starter.Start(ctx, o)
	}
	archive := d.traits.Archive(identification)
	handle, err := d.Adapter.Taker.Take(ctx, o, bytes.NewReader(archive), int64(len(archive)))
	return provider.Session{Handle: handle}, err
}

// same tells whether two sessions of one identification are as they must be: one,
// or each of its own.
func (d *desk) same(a, b provider.Session) bool {
	if d.traits.Anew {
		return !overlap(a, b)
	}
	return a.Reference == b.Reference && a.Handle == b.Handle && a.URL == b.URL
}

// overlap tells whether two sessions have anything in common.
func overlap(a, b provider.Session) bool {
	return a.Reference != "" && a.Reference == b.Reference || a.Handle != "" && a.Handle == b.Handle || a.URL != "" && a.URL == b.URL
}

// reason is what a finding must say as its reason when the firm was given one.
func (d *desk) reason(result, given string) string {
	if d.traits.Reason != nil {
		return d.traits.Reason(result)
	}
	return given
}

// poll asks for a result that must be there.
func (d *desk) poll(identification string) provider.Finding {
	d.Helper()
	f, err := d.Adapter.Poller.Poll(d.Context(), d.ref(identification))
	if err != nil {
		d.Fatalf("poll: %v", err)
	}
	return f
}

// end ends the session with a result of the event.
func (d *desk) end(identification string, ev kyc.Event) {
	d.Helper()
	for result, event := range d.Firm.Results() {
		if event == ev {
			d.say(identification, result, "")
			return
		}
	}
	d.Fatalf("the firm has no result for %s", ev)
}

func (d *desk) say(identification, result, reason string) {
	d.Helper()
	if err := d.Firm.End(result, reason, identification); err != nil {
		d.Fatalf("%s: %v", result, err)
	}
}

// file is what is known of one identification.
type file struct {
	state kyc.State
	last  time.Time
	known map[string]bool
	moves int
}

// take takes a finding in as flow does: once, and nothing older than what is known.
func (f *file) take(m kyc.Machine, found provider.Finding) {
	to, ok := m.Next(f.state, found.Event)
	if ok && !f.known[found.Fingerprint] && !found.At.Before(f.last) {
		f.state, f.last = to, found.At
		f.moves++
	}
	f.known[found.Fingerprint] = true
}

// read reads the pushes that came, asks the firm about each and takes in what it
// says. It returns how many came.
func (d *desk) read(files map[string]*file) int {
	d.Helper()
	synctest.Wait()
	d.mu.Lock()
	pushes := d.inbox
	d.inbox = nil
	d.mu.Unlock()
	for _, p := range pushes {
		id, err := d.Adapter.Receiver.Receive(p)
		if err != nil || files[id] == nil {
			d.Fatalf("a push of the firm's own: %q, %v", id, err)
		}
		files[id].take(d.Firm.Rules().Machine, d.poll(id))
	}
	return len(pushes)
}

func (d *desk) newFile() *file { return &file{state: d.traits.Begin, known: map[string]bool{}} }
