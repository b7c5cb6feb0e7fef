package video

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/methodtest"
)

func TestMatrix(t *testing.T) { methodtest.Matrix(t, Rules) }

// TestAllowedMoves compares the table with rulings §3, "Allowed moves", state by state.
func TestAllowedMoves(t *testing.T) {
	ends := []kyc.State{kyc.PendingSuccessful, kyc.PendingFailed, kyc.Successful, kyc.Failed, kyc.Aborted, kyc.Canceled, kyc.Expired}
	methodtest.Moves(t, Machine, map[kyc.State][]kyc.State{
		kyc.Created:           {kyc.Pending},
		kyc.Pending:           ends,
		kyc.PendingSuccessful: {kyc.Successful, kyc.Canceled, kyc.Failed, kyc.PendingFailed},
		kyc.PendingFailed:     {kyc.Successful, kyc.Failed, kyc.Canceled},
		kyc.Aborted:           append([]kyc.State{kyc.Pending}, ends...),
		kyc.Canceled:          append([]kyc.State{kyc.Pending}, ends...),
		kyc.Successful:        {kyc.Canceled},
	})
}

func TestStates(t *testing.T) { methodtest.States(t, Machine, kyc.Failed, kyc.Expired) }

func TestWalk(t *testing.T) { methodtest.Walk(t, Machine) }

// TestTwice: once there is a result, a repetition of it changes nothing more. What
// comes after a success may be news of it.
func TestTwice(t *testing.T) { methodtest.Twice(t, Machine, kyc.Successful) }

func TestRulesCheck(t *testing.T) {
	methodtest.Required(t, Rules, "DE", false)
	want := []kyc.FieldError{{Field: "address.country", Message: "must be DE for the method idnow"}}
	if diff := cmp.Diff(want, Rules.Check(methodtest.Person(Rules, "AT"), false)); diff != "" {
		t.Errorf("a person who lives abroad: -want +got\n%s", diff)
	}
	if Rules.Signs() || Rules.Bank {
		t.Error("a call asks for no signature and no bank account")
	}
}
