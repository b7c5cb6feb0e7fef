package storetest

import (
	"reflect"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// originations: an identification has one at most; partners see their own.
func originations(t *testing.T, s kyc.Store, clock *Clock) {
	want := kyc.Origination{
		ID: "a", PartnerID: "p", PersonID: "anna", IdentificationID: "i", ESigningID: "e", Status: kyc.OriginationTrigger,
		Description: "d", Contracts: []byte{0, 255}, CreatedAt: clock.Now(), Version: 1,
	}
	add := func(o kyc.Origination) error {
		return s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.Originations().Insert(o) })
	}
	if err := add(want); err != nil {
		t.Fatal(err)
	}
	second := want
	second.ID = "b"
	if err := add(second); !kyc.IsKind(err, kyc.Conflict) {
		t.Errorf("a second one of the identification: %v", err)
	}
	update := func(o kyc.Origination) error {
		return s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.Originations().Update(o) })
	}
	want.Status, want.Description = kyc.OriginationSigning, "signing"
	if err := update(want); err != nil {
		t.Fatal(err)
	}
	if err := update(want); !kyc.IsKind(err, kyc.Conflict) {
		t.Errorf("a stale version: %v", err)
	}
	want.Version = 2
	see(t, s, func(v kyc.View) error {
		got, err := v.Originations().Find("p", "anna", "a")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v", got, err)
		}
		for _, wrong := range [][3]string{{"q", "anna", "a"}, {"p", "ben", "a"}, {"p", "anna", "x"}} {
			if _, err := v.Originations().Find(wrong[0], wrong[1], wrong[2]); !kyc.IsKind(err, kyc.NotFound) {
				t.Errorf("%v: %v", wrong, err)
			}
		}
		got, ok, err := v.Originations().OfIdentification("i")
		if err != nil || !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %t %v", got, ok, err)
		}
		if _, ok, err := v.Originations().OfIdentification("j"); ok || err != nil {
			t.Errorf("of another identification: %t %v", ok, err)
		}
		return nil
	})
}

// partners: what an operator sets of a partner stays, its own account too.
func partners(t *testing.T, s kyc.Store, clock *Clock) {
	want := kyc.Partner{
		ID: "own", Name: "Bank", ClientID: "own-client", SecretHash: []byte{1}, IdentSecretHash: []byte{2}, Methods: []kyc.Method{kyc.MethodIDnowCustom},
		Greeting: "g", SuccessURL: "s", FailureURL: "f", IDnowAccount: []byte{0, 255}, CreatedAt: clock.Now(),
	}
	check := func() {
		t.Helper()
		see(t, s, func(v kyc.View) error {
			got, err := v.Partners().Get("own")
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, want %+v: %v", got, want, err)
			}
			return nil
		})
	}
	if err := s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.Partners().Insert(want) }); err != nil {
		t.Fatal(err)
	}
	check()
	want.Greeting, want.IDnowAccount = "h", nil
	if err := s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.Partners().Update(want) }); err != nil {
		t.Fatal(err)
	}
	check()
}
