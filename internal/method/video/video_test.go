package video

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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

// TestAllowedMoves compares the table with rulings §3, "Allowed moves", state by state.
func TestAllowedMoves(t *testing.T) {
	ends := []kyc.State{kyc.PendingSuccessful, kyc.PendingFailed, kyc.Successful, kyc.Failed, kyc.Aborted, kyc.Canceled, kyc.Expired}
	want := map[kyc.State][]kyc.State{
		kyc.Created:           {kyc.Pending},
		kyc.Pending:           ends,
		kyc.PendingSuccessful: {kyc.Successful, kyc.Canceled, kyc.Failed, kyc.PendingFailed},
		kyc.PendingFailed:     {kyc.Successful, kyc.Failed, kyc.Canceled},
		kyc.Aborted:           append([]kyc.State{kyc.Pending}, ends...),
		kyc.Canceled:          append([]kyc.State{kyc.Pending}, ends...),
		kyc.Successful:        {kyc.Canceled},
	}
	got := map[kyc.State][]kyc.State{}
	for s, row := range Machine.Moves {
		for _, to := range row {
			if !slices.Contains(got[s], to) {
				got[s] = append(got[s], to)
			}
		}
	}
	for _, moves := range []map[kyc.State][]kyc.State{want, got} {
		for _, targets := range moves {
			slices.Sort(targets)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the moves are not those of the rulings: -rulings +table\n%s", diff)
	}
}

func TestStates(t *testing.T) {
	for _, s := range Machine.States() {
		if !slices.Contains(kyc.States, s) {
			t.Errorf("the API knows no state %q", s)
		}
	}
	for s, row := range Machine.Moves {
		if len(row) == 0 {
			t.Errorf("the state %s has an empty row; a final state has none", s)
		}
		for ev := range row {
			if !slices.Contains(events, ev) {
				t.Errorf("the event %s of the state %s has no line in the matrix", ev, s)
			}
		}
	}
	for _, s := range []kyc.State{kyc.Failed, kyc.Expired} {
		if _, ok := Machine.Moves[s]; ok {
			t.Errorf("the state %s is final and must have no row", s)
		}
	}
}

// TestWalk lets anything happen, in any order.
func TestWalk(t *testing.T) {
	known := Machine.States()
	rapid.Check(t, func(t *rapid.T) {
		s, final := Machine.Start, false
		for _, ev := range rapid.SliceOfN(rapid.SampledFrom(events), 1, 60).Draw(t, "events") {
			to, moved := Machine.Next(s, ev)
			switch {
			case !moved:
				continue
			case final:
				t.Fatalf("%s is final, and %s led to %s", s, ev, to)
			case !slices.Contains(known, to):
				t.Fatalf("%s led from %s to %s, which the machine does not list", ev, s, to)
			case ev == kyc.NothingNew || ev == kyc.NotUnderstood:
				t.Fatalf("%s must change nothing, and led from %s to %s", ev, s, to)
			}
			s, final = to, to == kyc.Failed || to == kyc.Expired
		}
	})
}

// TestEndsTogether: once there is a result, a repetition of it changes nothing
// more. That is why a push may come twice.
func TestEndsTogether(t *testing.T) {
	for _, ev := range events {
		for _, s := range Machine.States() {
			to, ok := Machine.Next(s, ev)
			if !ok || ev == kyc.Requested || s == kyc.Successful {
				continue
			}
			if again, ok := Machine.Next(to, ev); ok && again != to && to != kyc.Successful {
				t.Errorf("%s in %s leads to %s, and once more to %s", ev, s, to, again)
			}
		}
	}
}

func TestRulesCheck(t *testing.T) {
	complete := func() kyc.Attributes {
		a := kyc.Attributes{}
		for _, path := range Rules.Required {
			a.Set(path, "x")
		}
		a.Set("address.country", "DE")
		return a
	}
	if broken := Rules.Check(complete(), false); len(broken) != 0 {
		t.Errorf("a complete person was refused: %v", broken)
	}
	for _, path := range Rules.Required {
		a := complete()
		delete(a, path)
		if diff := cmp.Diff([]kyc.FieldError{{Field: path, Message: "can't be blank"}}, Rules.Check(a, false)); diff != "" {
			t.Errorf("without %s: -want +got\n%s", path, diff)
		}
	}
	abroad := complete()
	abroad.Set("address.country", "AT")
	want := []kyc.FieldError{{Field: "address.country", Message: "must be DE for the method idnow"}}
	if diff := cmp.Diff(want, Rules.Check(abroad, false)); diff != "" {
		t.Errorf("a person who lives abroad: -want +got\n%s", diff)
	}
	if broken := Rules.Check(kyc.Attributes{}, false); len(broken) != len(Rules.Required) {
		t.Errorf("an empty person: got %d problems, want one for each of %d fields", len(broken), len(Rules.Required))
	}
}
