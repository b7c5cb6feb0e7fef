package autoident

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/identikit/identikit/internal/kyc"
)

var update = flag.Bool("update", false, "write testdata/matrix.golden anew")

// events is everything that can happen; the matrix has a line for each.
var events = []kyc.Event{
	kyc.Requested, kyc.ReviewStarted, kyc.FraudSuspected, kyc.Succeeded, kyc.FailedForGood,
	kyc.AttemptAborted, kyc.CanceledByReview, kyc.DeadlinePassed, kyc.NothingNew, kyc.NotUnderstood,
}

// TestMatrix shows what every event does in every state. A change of the table
// is a change of this file, so that a reader of the change sees all of it.
func TestMatrix(t *testing.T) {
	const golden = "testdata/matrix.golden"
	got := matrix()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the table has changed (run with -update if it should): -golden +table\n%s", diff)
	}
}

func matrix() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "What every event does in every state of the method %s. A dash: it changes nothing.\n", Rules.Method)
	for _, s := range Machine.States() {
		note := ""
		switch {
		case s == Machine.Start:
			note = " (start)"
		case len(Machine.Moves[s]) == 0:
			note = " (final)"
		}
		fmt.Fprintf(&b, "\n%s%s\n", s, note)
		for _, ev := range events {
			to, ok := Machine.Next(s, ev)
			if !ok {
				to = "-"
			}
			fmt.Fprintf(&b, "  %-17s %s\n", ev, to)
		}
	}
	return b.Bytes()
}

// TestChains walks the three chains of S2, Appendix II: "Only the following
// transitions can occur".
func TestChains(t *testing.T) {
	for name, chain := range map[string]struct {
		events []kyc.Event
		states []kyc.State
	}{
		"case 1": {[]kyc.Event{kyc.Requested, kyc.Succeeded}, []kyc.State{kyc.Pending, kyc.Successful}},
		"case 2": {[]kyc.Event{kyc.Requested, kyc.CanceledByReview, kyc.Succeeded}, []kyc.State{kyc.Pending, kyc.Canceled, kyc.Successful}},
		"case 3": {[]kyc.Event{kyc.Requested, kyc.Succeeded, kyc.FailedForGood}, []kyc.State{kyc.Pending, kyc.Successful, kyc.Canceled}},
	} {
		s := Machine.Start
		for n, ev := range chain.events {
			to, ok := Machine.Next(s, ev)
			if !ok || to != chain.states[n] {
				t.Fatalf("%s: %s in %s leads to %q, want %s", name, ev, s, to, chain.states[n])
			}
			s = to
		}
	}
}

// TestStates: every status that S2 lists can be reached, and the final ones are final.
func TestStates(t *testing.T) {
	reached := Machine.States()
	for _, s := range []kyc.State{kyc.Created, kyc.Pending, kyc.PendingFailed, kyc.Successful, kyc.Aborted, kyc.Canceled, kyc.Failed} {
		if !slices.Contains(reached, s) {
			t.Errorf("S2 lists %s, and the table does not reach it", s)
		}
	}
	for _, s := range []kyc.State{kyc.Failed, kyc.Expired} {
		if len(Machine.Moves[s]) > 0 {
			t.Errorf("%s is final and has moves", s)
		}
	}
	for s, row := range Machine.Moves {
		if !slices.Contains(kyc.States, s) {
			t.Errorf("the API knows no state %q", s)
		}
		for ev := range row {
			if !slices.Contains(events, ev) {
				t.Errorf("the event %s of the state %s has no line in the matrix", ev, s)
			}
		}
	}
}

// TestRulesCheck: who lives elsewhere or was never identified cannot use this
// method, which the error says of the method.
func TestRulesCheck(t *testing.T) {
	complete := kyc.Attributes{}
	for _, path := range Rules.Required {
		complete.Set(path, "x")
	}
	complete.Set("address.country", "DE")
	abroad := complete.Clone()
	abroad.Set("address.country", "AT")
	for _, c := range []struct {
		name   string
		person kyc.Attributes
		before bool
		want   []kyc.FieldError
	}{
		{"identified before", complete, true, nil},
		{"for the first time", complete, false, []kyc.FieldError{{Field: "method", Message: "idnow_autoident is for persons who have a successful identification already"}}},
		{"abroad", abroad, true, []kyc.FieldError{{Field: "method", Message: "idnow_autoident is for persons whose address.country is DE"}}},
	} {
		if diff := cmp.Diff(c.want, Rules.Check(c.person, c.before)); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
	if broken := Rules.Check(kyc.Attributes{}, true); len(broken) != len(Rules.Required) {
		t.Errorf("an empty person: %v", broken)
	}
}
