package kyc_test

import (
	"slices"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// TestVisibleReason goes through every method and state: "No reason can be
// disclosed for the final failed status" (S4) of the calls, Bankident tells it
// (rulings §3), and what is neither broken off nor over has none.
func TestVisibleReason(t *testing.T) {
	for _, method := range kyc.Methods {
		for _, state := range kyc.States {
			i := kyc.Identification{Method: method, State: state, FailureReason: "joint_account"}
			want := ""
			switch state {
			case kyc.Aborted, kyc.Canceled:
				want = "joint_account"
			case kyc.Failed, kyc.Expired:
				if method == "bank" || method == "bank_id" {
					want = "joint_account"
				}
			}
			if got := i.VisibleReason(); got != want {
				t.Errorf("%s, %s: got %q, want %q", method, state, got, want)
			}
		}
	}
	for _, none := range []kyc.Identification{
		{Method: kyc.MethodBank, State: kyc.Failed}, {Method: kyc.MethodIDnow, State: kyc.Aborted},
	} {
		if got := none.VisibleReason(); got != "" {
			t.Errorf("%s, %s without a reason shows %q", none.Method, none.State, got)
		}
	}
}

func TestUnderReview(t *testing.T) {
	want := []kyc.State{"confirmed", "pending_failed", "pending_successful", "processed"}
	var got []kyc.State
	for _, s := range kyc.States {
		if s.UnderReview() {
			got = append(got, s)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("a provider is at work in %v, want %v", got, want)
	}
}

func TestBankident(t *testing.T) {
	var got []kyc.Method
	for _, m := range kyc.Methods {
		if m.Bankident() {
			got = append(got, m)
		}
	}
	if want := []kyc.Method{"bank", "bank_id"}; !slices.Equal(got, want) {
		t.Errorf("a login to the bank begins %v, want %v", got, want)
	}
	if kyc.Method("").Bankident() || kyc.Method("BANK").Bankident() {
		t.Error("a word that is no method begins with a login to the bank")
	}
}
