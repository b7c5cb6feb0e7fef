package storetest

import (
	"reflect"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// taxIdentifications: a person has one for a country and one that is primary.
func taxIdentifications(t *testing.T, s kyc.Store, clock *Clock) {
	tax := func(id, person, country string, primary bool) kyc.TaxIdentification {
		return kyc.TaxIdentification{
			ID: id, PartnerID: "p", PersonID: person, Country: country, Primary: primary, ReasonNoTIN: "OTHER",
			Sealed: []byte{0, 255}, CreatedAt: clock.Now(), Version: 1,
		}
	}
	add := func(x kyc.TaxIdentification) error {
		return s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.TaxIdentifications().Insert(x) })
	}
	german, french := tax("a", "anna", "DE", true), tax("b", "anna", "FR", false)
	for _, x := range []kyc.TaxIdentification{german, french, tax("c", "ben", "DE", true)} {
		if err := add(x); err != nil {
			t.Fatal(err)
		}
	}
	for what, x := range map[string]kyc.TaxIdentification{
		"a second one of a country": tax("d", "anna", "DE", false), "a second primary one": tax("e", "anna", "IT", true), "the same id": tax("a", "berta", "DE", true),
	} {
		if err := add(x); !kyc.IsKind(err, kyc.Conflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	see(t, s, func(v kyc.View) error {
		got, err := v.TaxIdentifications().Find("p", "anna", "a")
		if err != nil || !reflect.DeepEqual(got, german) {
			t.Errorf("%+v %v", got, err)
		}
		for _, wrong := range [][3]string{{"q", "anna", "a"}, {"p", "ben", "a"}, {"p", "anna", "x"}} {
			if _, err := v.TaxIdentifications().Find(wrong[0], wrong[1], wrong[2]); !kyc.IsKind(err, kyc.NotFound) {
				t.Errorf("%v: %v", wrong, err)
			}
		}
		list, err := v.TaxIdentifications().List("p", "anna", kyc.Page{Offset: 1, Limit: 5})
		if err != nil || len(list) != 1 || list[0].ID != "b" {
			t.Errorf("%+v %v", list, err)
		}
		for partner, want := range map[string]int{"p": 2, "q": 0} {
			if n, err := v.TaxIdentifications().Count(partner, "anna", 10); err != nil || n != want {
				t.Errorf("%s has %d, want %d: %v", partner, n, want, err)
			}
		}
		return nil
	})
	// the primary one changes: first the old one, then the new one
	german.Primary, french.Primary, french.Sealed, french.ReasonNoTIN = false, true, []byte{7}, ""
	do(t, s, func(tx kyc.Tx) error {
		if err := tx.TaxIdentifications().Update(german); err != nil {
			return err
		}
		return tx.TaxIdentifications().Update(french)
	})
	if err := s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.TaxIdentifications().Update(french) }); !kyc.IsKind(err, kyc.Conflict) {
		t.Errorf("a stale version: %v", err)
	}
	german.Version, french.Version = 2, 2
	see(t, s, func(v kyc.View) error {
		all, err := v.TaxIdentifications().OfPerson("anna")
		if err != nil || !reflect.DeepEqual(all, []kyc.TaxIdentification{german, french}) {
			t.Errorf("%+v %v", all, err)
		}
		return nil
	})
}

// findings: they are listed in the order in which they came.
func findings(t *testing.T, s kyc.Store, clock *Clock) {
	for _, fingerprint := range []string{"z", "a", "m"} {
		do(t, s, func(tx kyc.Tx) error {
			return tx.Findings().Insert(kyc.FindingRecord{IdentificationID: "i", Fingerprint: fingerprint, At: clock.Now(), ReceivedAt: clock.Now(), Raw: []byte{1}})
		})
	}
	see(t, s, func(v kyc.View) error {
		for page, want := range map[kyc.Page]string{{Limit: 2}: "za", {Limit: 2, Offset: 2}: "m", {Limit: 2, Newest: true}: "ma"} {
			list, err := v.Findings().List("i", page)
			got := ""
			for _, f := range list {
				got += f.Fingerprint
			}
			if err != nil || got != want {
				t.Errorf("%+v: %s, want %s: %v", page, got, want, err)
			}
		}
		for ident, want := range map[string]int{"i": 3, "j": 0} {
			if n, err := v.Findings().Count(ident, 10); err != nil || n != want {
				t.Errorf("%s has %d, want %d: %v", ident, n, want, err)
			}
		}
		return nil
	})
}
