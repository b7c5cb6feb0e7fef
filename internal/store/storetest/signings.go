package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// signings: the newest attempt of an identification is found, and the one that is
// open; all of a number's count within their time.
func signings(t *testing.T, s kyc.Store, clock *Clock) {
	now := clock.Now()
	one := kyc.Signing{
		ID: "a", PartnerID: "p", PersonID: "anna", IdentificationID: "i", State: kyc.SigningAsked, Number: "+15550101", Token: "1234-5678",
		Facts: []byte{0, 255}, Tries: 2, PreparedAt: now, ExpiresAt: now.Add(time.Minute), AskedAt: now, CreatedAt: now, Version: 1,
	}
	two := one
	two.ID, two.Number, two.AskedAt = "b", "+15550102", now.Add(time.Second)
	latest := func(want kyc.Signing) {
		t.Helper()
		see(t, s, func(v kyc.View) error {
			got, ok, err := v.Signings().Latest("i")
			if !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%t %+v, want %+v", ok, got, want)
			}
			return err
		})
	}
	for _, n := range []kyc.Signing{one, two} {
		do(t, s, func(tx kyc.Tx) error { return tx.Signings().Insert(n) })
		latest(n)
	}
	see(t, s, func(v kyc.View) error {
		if n, ok, err := v.Signings().Open("i"); ok || err != nil {
			t.Errorf("none is open: %+v %v", n, err)
		}
		return nil
	})
	two.State, two.Facts, two.Tries, two.ExpiresAt = kyc.SigningOpen, []byte("h"), 3, now.Add(time.Hour)
	update := func() error {
		return s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.Signings().Update(two) })
	}
	if err := update(); err != nil {
		t.Fatal(err)
	}
	if err := update(); !kyc.IsKind(err, kyc.Conflict) {
		t.Errorf("a stale version: %v", err)
	}
	two.Version = 2
	latest(two)
	three := one
	three.ID = "c"
	do(t, s, func(tx kyc.Tx) error { return tx.Signings().Insert(three) })
	latest(three)
	see(t, s, func(v kyc.View) error {
		if got, ok, err := v.Signings().Open("i"); !ok || !reflect.DeepEqual(got, two) || err != nil {
			t.Errorf("%t %+v %v, want %+v", ok, got, err, two)
		}
		return nil
	})
	see(t, s, func(v kyc.View) error {
		got, err := v.Signings().Get("a")
		if err != nil || !reflect.DeepEqual(got, one) {
			t.Errorf("%+v %v", got, err)
		}
		if _, err := v.Signings().Get("x"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("an unknown one: %v", err)
		}
		if _, ok, err := v.Signings().Latest("j"); ok || err != nil {
			t.Errorf("of another identification: %t %v", ok, err)
		}
		for since, want := range map[time.Time]int{now.Add(-time.Second): 2, now: 0} {
			if n, err := v.Signings().SentTo("+15550101", "", since); n != want || err != nil {
				t.Errorf("since %s: %d %v, want %d", since, n, err, want)
			}
		}
		for person, want := range map[string]int{"anna": 2, "ben": 0} {
			if n, err := v.Signings().SentTo("+15550101", person, now.Add(-time.Second)); n != want || err != nil {
				t.Errorf("for %s: %d %v, want %d", person, n, err, want)
			}
		}
		return nil
	})
}
