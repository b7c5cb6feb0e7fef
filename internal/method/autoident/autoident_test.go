package autoident

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/methodtest"
)

func TestMatrix(t *testing.T) { methodtest.Matrix(t, Rules) }

// TestChains walks the three chains of S2, Appendix II: "Only the following
// transitions can occur".
func TestChains(t *testing.T) {
	for name, steps := range map[string]string{
		"case 1": "requested pending, succeeded successful",
		"case 2": "requested pending, canceled canceled, succeeded successful",
		"case 3": "requested pending, succeeded successful, failed canceled",
	} {
		t.Run(name, func(t *testing.T) { methodtest.Chain(t, Machine, steps) })
	}
}

// TestStates: every status that S2 lists can be reached, and the final ones are final.
func TestStates(t *testing.T) {
	methodtest.States(t, Machine, kyc.Failed, kyc.Expired)
	reached := Machine.States()
	for _, s := range []kyc.State{kyc.Created, kyc.Pending, kyc.PendingFailed, kyc.Successful, kyc.Aborted, kyc.Canceled, kyc.Failed} {
		if !slices.Contains(reached, s) {
			t.Errorf("S2 lists %s, and the table does not reach it", s)
		}
	}
}

func TestWalk(t *testing.T) { methodtest.Walk(t, Machine) }

// TestTwice: see the test of the same name of video.
func TestTwice(t *testing.T) { methodtest.Twice(t, Machine, kyc.Successful) }

// TestRulesCheck: who lives elsewhere or was never identified cannot use this
// method, which the error says of the method.
func TestRulesCheck(t *testing.T) {
	methodtest.Required(t, Rules, "DE", true)
	for _, c := range []struct {
		name    string
		country string
		before  bool
		want    string
	}{
		{"for the first time", "DE", false, "idnow_autoident is for persons who have a successful identification already"},
		{"abroad", "AT", true, "idnow_autoident is for persons whose address.country is DE"},
	} {
		want := []kyc.FieldError{{Field: "method", Message: c.want}}
		if diff := cmp.Diff(want, Rules.Check(methodtest.Person(Rules, c.country), c.before)); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}
