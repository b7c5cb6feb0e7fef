// Package storetest is the contract of kyc.Store. Every store passes all of it;
// there are no flags to leave a part out. It names the only errors allowed.
package storetest

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Clock is a clock that stands still until it is set.
type Clock struct{ at atomic.Int64 }

// NewClock returns a clock that stands at t.
func NewClock(t time.Time) *Clock {
	c := &Clock{}
	c.Set(t)
	return c
}

// Now implements kyc.Clock.
func (c *Clock) Now() time.Time { return time.UnixMicro(c.at.Load()).UTC() }

// Set puts the clock to t.
func (c *Clock) Set(t time.Time) { c.at.Store(t.UnixMicro()) }

// Run holds the store that open makes to the contract, one fresh store per check.
func Run(t *testing.T, open func(t *testing.T, clock kyc.Clock, sequenced bool) kyc.Store) {
	checks := []struct {
		name string
		fn   func(*testing.T, kyc.Store, *Clock)
	}{
		{"RoundTrip", roundTrip}, {"AllOrNothing", allOrNothing}, {"OneOfManyMovesWins", oneOfManyMovesWins},
		{"ReadThenWrite", readThenWrite}, {"ReadsOwnWrites", readsOwnWrites}, {"OneFailureHurtsNobody", oneFailureHurtsNobody},
		{"Panic", panics}, {"LeaseOnceEach", leaseOnceEach}, {"LeaseRunsOut", leaseRunsOut}, {"AskedForAgain", askedForAgain},
		{"Lanes", lanes}, {"Parking", parking}, {"Except", except}, {"Sequences", sequences}, {"Attempts", attempts}, {"Isolation", isolation}, {"Succeeded", succeeded},
		{"Pages", pages}, {"DeleteSubscription", deleteSubscription}, {"ReplayOnce", replayOnce}, {"Deliveries", deliveries},
		{"Agreed", agreed}, {"Blanked", blanked}, {"BlankedOfBefore", blankedOfBefore}, {"ErasedOnce", erasedOnce},
		{"ChangeRequests", changeRequests}, {"MobileNumbers", mobileNumbers}, {"Messages", messages},
		{"TaxIdentifications", taxIdentifications}, {"Originations", originations}, {"Signings", signings}, {"Partners", partners}, {"Findings", findings},
		{"Documents", documents}, {"SameUploadOnce", sameUploadOnce},
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock(time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC))
			s := open(t, clock, c.name == "Sequences")
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			c.fn(t, s, clock)
		})
	}
}

func do(t *testing.T, s kyc.Store, fn func(kyc.Tx) error) {
	t.Helper()
	if err := s.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func see(t *testing.T, s kyc.Store, fn func(kyc.View) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func ident(id string) kyc.Identification {
	return kyc.Identification{ID: id, PartnerID: "p", PersonID: "anna", Method: kyc.MethodIDnow, State: kyc.Created, Address: "{}"}
}

func insert(t *testing.T, s kyc.Store, id string) kyc.Identification {
	t.Helper()
	do(t, s, func(tx kyc.Tx) error { return tx.Identifications().Insert(ident(id)) })
	var i kyc.Identification
	see(t, s, func(v kyc.View) (err error) { i, err = v.Identifications().Get(id); return err })
	return i
}

func roundTrip(t *testing.T, s kyc.Store, clock *Clock) {
	now := clock.Now()
	seconds := 0
	want := kyc.Identification{
		ID: "a", PartnerID: "p", PersonID: "anna", Method: kyc.MethodIDnow, State: kyc.Pending, Reference: "TST-ABCDE",
		URL: "https://x", Language: "DE", ProofOfAddressType: "GAS_BILL", ProofOfAddressIssuedAt: "2026-01-01", IBAN: "DE",
		TermsSignedAt: now, EstimatedWaitingTime: &seconds, FailureReason: "R", Address: `{"city":"Köln"}`, DeviceData: []byte{0, 255},
		CompletedAt: now, RequestedAt: now, LinkExpiresAt: now, LastFindingAt: now, CreatedAt: now, Version: 1,
		Handle: "h", StatusCode: "1000", ReferenceToken: "1234-5678", AuthorizationExpiresAt: now, ConfirmationExpiresAt: now.Add(time.Minute),
	}
	do(t, s, func(tx kyc.Tx) error {
		if !tx.Now().Equal(now) {
			t.Errorf("Now() = %s, want %s", tx.Now(), now)
		}
		return tx.Identifications().Insert(want)
	})
	var got kyc.Identification
	see(t, s, func(v kyc.View) (err error) { got, err = v.Identifications().Find("p", "anna", "a"); return err })
	if got.EstimatedWaitingTime == nil || *got.EstimatedWaitingTime != 0 {
		t.Errorf("an estimate of 0 came back as %v", got.EstimatedWaitingTime)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	attributes := kyc.Attributes{"first_name": "Žofia", "fatca_relevant": true, "n": int64(1 << 40), "list": []string{"DE", "FR"}}
	do(t, s, func(tx kyc.Tx) error {
		return tx.Persons().Insert(kyc.Person{ID: "anna", PartnerID: "p", Attributes: attributes, CreatedAt: now}, []byte("key"))
	})
	see(t, s, func(v kyc.View) error {
		p, err := v.Persons().Get("p", "anna")
		if err != nil {
			return err
		}
		list, _ := p.Attributes["list"].([]string)
		if p.Attributes["first_name"] != "Žofia" || p.Attributes["fatca_relevant"] != true || p.Attributes["n"] != int64(1<<40) || !slices.Equal(list, []string{"DE", "FR"}) {
			t.Errorf("attributes came back as %#v", p.Attributes.Reveal())
		}
		same, other := kyc.Person{Attributes: kyc.Attributes{"first_name": "žofia "}}, kyc.Person{}
		for key, want := range map[string]int{same.IdentityKey(): 1, other.IdentityKey(): 0} {
			if n, err := v.Persons().Identical("p", key, 10); n != want || err != nil {
				t.Errorf("%d identical persons, %v; want %d", n, err, want)
			}
		}
		key, err := v.Persons().Key("anna")
		if string(key) != "key" {
			t.Errorf("key %q", key)
		}
		return err
	})
}

func allOrNothing(t *testing.T, s kyc.Store, _ *Clock) {
	broken := errors.New("broken")
	err := s.Tx(t.Context(), func(tx kyc.Tx) error {
		if err := tx.Identifications().Insert(ident("a")); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	see(t, s, func(v kyc.View) error {
		if _, err := v.Identifications().Get("a"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("half a transaction stayed: %v", err)
		}
		return nil
	})
}

func oneOfManyMovesWins(t *testing.T, s kyc.Store, _ *Clock) {
	i := insert(t, s, "a")
	var wg sync.WaitGroup
	var won, lost atomic.Int32
	for range 16 {
		wg.Go(func() {
			moved := i
			moved.State = kyc.Pending
			err := s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.Identifications().Update(moved) })
			switch {
			case err == nil:
				won.Add(1)
			case kyc.IsKind(err, kyc.Conflict):
				lost.Add(1) // any other error, a lock time-out say, is a breach
			default:
				t.Errorf("not a conflict: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 15 {
		t.Fatalf("won %d, lost %d; want 1 and 15", won.Load(), lost.Load())
	}
}

func readThenWrite(t *testing.T, s kyc.Store, _ *Clock) {
	insert(t, s, "a")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := s.Tx(t.Context(), func(tx kyc.Tx) error {
				i, err := tx.Identifications().Get("a")
				if err != nil {
					return err
				}
				n := 0
				if i.EstimatedWaitingTime != nil {
					n = *i.EstimatedWaitingTime
				}
				n++
				i.EstimatedWaitingTime = &n
				return tx.Identifications().Update(i)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	see(t, s, func(v kyc.View) error {
		i, err := v.Identifications().Get("a")
		if err == nil && (*i.EstimatedWaitingTime != 20 || i.Version != 21) {
			t.Errorf("20 increments made %d, version %d", *i.EstimatedWaitingTime, i.Version)
		}
		return err
	})
}

func readsOwnWrites(t *testing.T, s kyc.Store, _ *Clock) {
	do(t, s, func(tx kyc.Tx) error {
		if err := tx.Settings().Put("k", "1"); err != nil {
			return err
		}
		if err := tx.Settings().Put("k", "2"); err != nil {
			return err
		}
		v, ok, err := tx.Settings().Get("k")
		if v != "2" || !ok {
			t.Errorf("read %q, %t", v, ok)
		}
		return err
	})
}

func oneFailureHurtsNobody(t *testing.T, s kyc.Store, _ *Clock) {
	var wg sync.WaitGroup
	broken := errors.New("broken")
	for n := range 60 {
		wg.Go(func() {
			id := string(rune('A'+n/26)) + string(rune('a'+n%26))
			err := s.Tx(t.Context(), func(tx kyc.Tx) error {
				if err := tx.Identifications().Insert(ident(id)); err != nil {
					return err
				}
				if n%3 == 0 {
					return broken
				}
				return nil
			})
			if n%3 == 0 != errors.Is(err, broken) {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	wg.Wait()
	see(t, s, func(v kyc.View) error {
		n, err := v.Identifications().Count(kyc.IdentificationFilter{PartnerID: "p"}, 1000)
		if n != 40 {
			t.Errorf("%d rows, want 40", n)
		}
		return err
	})
}

func panics(t *testing.T, s kyc.Store, _ *Clock) {
	err := s.Tx(t.Context(), func(tx kyc.Tx) error { panic("boom") })
	if err == nil {
		t.Fatal("a panic was not reported")
	}
	insert(t, s, "a") // and the store goes on
}

func sequences(t *testing.T, s kyc.Store, _ *Clock) {
	var got []string
	for range 2 {
		do(t, s, func(tx kyc.Tx) error {
			for _, suffix := range []string{"x", "y", "x"} {
				id, err := tx.NewID(suffix)
				if err != nil {
					return err
				}
				got = append(got, id)
			}
			return nil
		})
	}
	_ = s.Tx(t.Context(), func(tx kyc.Tx) error { // rolled back: uses up nothing
		_, err := tx.NewID("y")
		return errors.Join(err, errors.New("no"))
	})
	do(t, s, func(tx kyc.Tx) error {
		id, err := tx.NewID("y")
		got = append(got, id)
		return err
	})
	if want := []string{"1x", "1y", "2x", "3x", "2y", "4x", "3y"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func attempts(t *testing.T, s kyc.Store, _ *Clock) {
	counts := func(want int) {
		t.Helper()
		see(t, s, func(v kyc.View) error {
			n, err := v.History().Unsuccessful("anna")
			if n != want {
				t.Errorf("%d unsuccessful, want %d", n, want)
			}
			return err
		})
	}
	add := func(o kyc.Outcome, person, identification string) {
		t.Helper()
		do(t, s, func(tx kyc.Tx) error {
			return tx.History().Add(kyc.Entry{PartnerID: "p", PersonID: person, IdentificationID: identification, Outcome: o, Details: "{}"})
		})
	}
	counts(0)
	add(kyc.Unsuccessful, "anna", "a")
	add(kyc.NoOutcome, "anna", "a")
	add(kyc.Unsuccessful, "ben", "b")
	add(kyc.Unsuccessful, "anna", "c")
	counts(2)
	add(kyc.Success, "anna", "c")
	counts(0)
	add(kyc.Unsuccessful, "anna", "d")
	counts(1)
	see(t, s, func(v kyc.View) error {
		for id, want := range map[string]bool{"a": true, "e": false} {
			has, err := v.History().HasOutcome("anna", id)
			if err != nil || has != want {
				t.Errorf("HasOutcome(%s) = %t, %v", id, has, err)
			}
		}
		return nil
	})
}

func isolation(t *testing.T, s kyc.Store, _ *Clock) {
	insert(t, s, "a")
	see(t, s, func(v kyc.View) error {
		if _, err := v.Identifications().Find("other", "anna", "a"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("another partner sees it: %v", err)
		}
		if _, err := v.Identifications().Find("p", "ben", "a"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("under another person: %v", err)
		}
		list, err := v.Identifications().List(kyc.IdentificationFilter{PartnerID: "other"}, kyc.Page{Limit: 10})
		if len(list) != 0 {
			t.Errorf("another partner lists %d", len(list))
		}
		return err
	})
}

func pages(t *testing.T, s kyc.Store, c *Clock) {
	do(t, s, func(tx kyc.Tx) error {
		return tx.Persons().Insert(kyc.Person{ID: "anna", PartnerID: "p", Attributes: kyc.Attributes{}, CreatedAt: c.Now()}, []byte("key"))
	})
	for _, id := range []string{"c", "a", "b"} {
		insert(t, s, id)
	}
	ids := func(p kyc.Page) (got string) {
		see(t, s, func(v kyc.View) error {
			list, err := v.Identifications().List(kyc.IdentificationFilter{PartnerID: "p", PersonID: "anna"}, p)
			for _, i := range list {
				got += i.ID
			}
			return err
		})
		return got
	}
	for _, c := range []struct {
		page kyc.Page
		want string
	}{
		{kyc.Page{Limit: 10}, "cab"}, {kyc.Page{Limit: 10, Newest: true}, "bac"},
		{kyc.Page{Limit: 2}, "ca"}, {kyc.Page{Limit: 2, Offset: 2}, "b"}, {kyc.Page{Limit: 2, Offset: 4}, ""},
	} {
		if got := ids(c.page); got != c.want {
			t.Errorf("%+v: %s, want %s", c.page, got, c.want)
		}
	}
	see(t, s, func(v kyc.View) error {
		n, err := v.Identifications().Count(kyc.IdentificationFilter{PartnerID: "p"}, 2)
		if n != 2 || err != nil {
			t.Errorf("a count of at most 2 is %d %v", n, err)
		}
		n, err = v.Identifications().Count(kyc.IdentificationFilter{PartnerID: "other", PersonID: "anna"}, 9)
		if n != 0 {
			t.Errorf("another partner counts %d of the person's", n)
		}
		if err == nil {
			n, err = v.Identifications().Count(kyc.IdentificationFilter{PartnerID: "p", PersonID: "anna"}, 9)
			if n != 3 {
				t.Errorf("the person has %d", n)
			}
		}
		return err
	})
}

func replayOnce(t *testing.T, s kyc.Store, _ *Clock) {
	var wg sync.WaitGroup
	var made atomic.Int32
	for range 8 {
		wg.Go(func() {
			deed := false
			err := s.Tx(t.Context(), func(tx kyc.Tx) error {
				deed = false
				if _, ok, err := tx.Replays().Find("p", "k"); ok || err != nil {
					return err
				}
				deed = true
				return tx.Replays().Insert(kyc.Replay{PartnerID: "p", Key: "k", RequestHash: []byte{1}, Status: 201, Body: []byte("{}")})
			})
			if err != nil {
				t.Error(err)
			}
			if deed {
				made.Add(1)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("the deed was done %d times", made.Load())
	}
}

func deleteSubscription(t *testing.T, s kyc.Store, clock *Clock) {
	do(t, s, func(tx kyc.Tx) error {
		return errors.Join(
			tx.Subscriptions().Insert(kyc.Subscription{ID: "s", PartnerID: "p", EventType: "E", URL: "https://x", SealedSecret: []byte{1}}),
			tx.Outbox().Insert(kyc.Notification{ID: "n", PartnerID: "p", SubscriptionID: "s", Body: []byte("{}"), State: kyc.Queued}),
			tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: "n", Owner: "s", Lane: "s/e", Blocking: true, DueAt: clock.Now()}))
	})
	see(t, s, func(v kyc.View) error {
		n, sub, err := v.Outbox().ToSend("n")
		if n.ID != "n" || string(n.Body) != "{}" || sub.ID != "s" || sub.URL != "https://x" || len(sub.SealedSecret) != 1 {
			t.Errorf("to send are %+v %+v", n, sub)
		}
		return err
	})
	do(t, s, func(tx kyc.Tx) error { return tx.Subscriptions().Delete("s") })
	see(t, s, func(v kyc.View) error {
		if _, err := v.Subscriptions().Find("p", "s"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("still there: %v", err)
		}
		if _, err := v.Outbox().Get("n"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("still queued: %v", err)
		}
		_, ok, err := v.Jobs().Find(kyc.Deliver, "n")
		if ok {
			t.Error("the job is still there")
		}
		return err
	})
}
