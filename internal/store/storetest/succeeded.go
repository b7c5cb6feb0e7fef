package storetest

import (
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// succeeded: only what is successful now counts, and only the person's own.
func succeeded(t *testing.T, s kyc.Store, _ *Clock) {
	i := insert(t, s, "a")
	insert(t, s, "b")
	check := func(person string, want bool) {
		t.Helper()
		see(t, s, func(v kyc.View) error {
			got, err := v.Identifications().Succeeded(person)
			if got != want {
				t.Errorf("%s in state %s: %t, want %t", person, i.State, got, want)
			}
			if err != nil {
				return err
			}
			for method, among := range map[kyc.Method]bool{i.Method: want, kyc.MethodManual: false} {
				if got, err = v.Identifications().Succeeded(person, kyc.MethodBankPlus, method); got != among {
					t.Errorf("%s in state %s by %s: %t, want %t", person, i.State, method, got, among)
				}
			}
			return err
		})
	}
	check("anna", false)
	for _, move := range []struct {
		to   kyc.State
		want bool
	}{{kyc.Pending, false}, {kyc.Successful, true}, {kyc.Canceled, false}, {kyc.Successful, true}} {
		i.State = move.to
		do(t, s, func(tx kyc.Tx) error { return tx.Identifications().Update(i) })
		i.Version++
		check("anna", move.want)
		check("ben", false)
	}
}
