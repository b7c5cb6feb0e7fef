// Package methodtest is what the tests of all methods have in common: what must
// hold of every table, and the golden matrix that shows it. It knows no method.
package methodtest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
)

var update = flag.Bool("update", false, "write testdata/matrix.golden anew")

// Events is everything that can happen, in the order of package kyc; a matrix has
// a line for each.
var Events = []kyc.Event{
	kyc.Requested, kyc.ReviewStarted, kyc.FraudSuspected, kyc.Succeeded, kyc.FailedForGood,
	kyc.AttemptAborted, kyc.CanceledByReview, kyc.DeadlinePassed,
	kyc.BankConfirmed, kyc.DataReceived, kyc.DataAccepted, kyc.DataRejected,
	kyc.Authorized, kyc.SignConfirmed, kyc.DocumentsSigned, kyc.SigningFailed, kyc.AttemptOver,
	kyc.NothingNew, kyc.NotUnderstood,
}

// Matrix compares the table with testdata/matrix.golden: what every event does in
// every state. A change of the table is a change of that file, so that a reader
// of the change sees all of it.
func Matrix(t *testing.T, r method.Rules) {
	t.Helper()
	const golden = "testdata/matrix.golden"
	got := matrix(r)
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

func matrix(r method.Rules) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "What every event does in every state of the method %s. A dash: it changes nothing.\n", r.Method)
	for _, s := range r.Machine.States() {
		note := ""
		switch {
		case s == r.Machine.Start:
			note = " (start)"
		case final(r.Machine, s):
			note = " (final)"
		}
		fmt.Fprintf(&b, "\n%s%s\n", s, note)
		for _, ev := range Events {
			to, ok := r.Machine.Next(s, ev)
			if !ok {
				to = "-"
			}
			fmt.Fprintf(&b, "  %-17s %s\n", ev, to)
		}
	}
	return b.Bytes()
}

func final(m kyc.Machine, s kyc.State) bool { return len(m.Moves[s]) == 0 }

// Moves compares the table with the moves that a source allows: where each state
// may lead, in any order, whatever the event.
func Moves(t *testing.T, m kyc.Machine, want map[kyc.State][]kyc.State) {
	t.Helper()
	got := map[kyc.State][]kyc.State{}
	for s, row := range m.Moves {
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
		t.Errorf("the moves are not those of the source: -source +table\n%s", diff)
	}
}

// Chain walks from the start through the steps, "requested pending, succeeded
// successful", each an event and the state that it must lead to, and says where it ends.
func Chain(t *testing.T, m kyc.Machine, steps string) kyc.State {
	t.Helper()
	s := m.Start
	for step := range strings.SplitSeq(steps, ", ") {
		ev, want, _ := strings.Cut(step, " ")
		to, ok := m.Next(s, kyc.Event(ev))
		if !ok || to != kyc.State(want) {
			t.Fatalf("%s in %s leads to %q, want %s", ev, s, to, want)
		}
		s = to
	}
	return s
}

// States checks what must hold of the states of every table. finals are those
// out of which nothing leads, in any order.
func States(t *testing.T, m kyc.Machine, finals ...kyc.State) {
	t.Helper()
	var got []kyc.State
	for _, s := range m.States() {
		if !slices.Contains(kyc.States, s) {
			t.Errorf("the API knows no state %q", s)
		}
		if final(m, s) {
			got = append(got, s)
		}
		if row, ok := m.Moves[s]; ok && len(row) == 0 {
			t.Errorf("the state %s has an empty row; a final state has none", s)
		}
		for ev := range m.Moves[s] {
			if !slices.Contains(Events, ev) {
				t.Errorf("the event %s of the state %s has no line in the matrix", ev, s)
			}
		}
		if !slices.Contains(reach(m, m.Start), s) {
			t.Errorf("nothing leads to the state %s", s)
		}
		waits := s != m.Start && s != kyc.Successful && !final(m, s) && !s.UnderReview()
		if _, ok := m.Next(s, kyc.DeadlinePassed); ok != waits {
			t.Errorf("a deadline in %s: got %v, want %v, for it waits for the customer or the partner, or does not", s, ok, waits)
		}
	}
	slices.Sort(finals)
	if diff := cmp.Diff(finals, got); diff != "" {
		t.Errorf("the final states: -want +table\n%s", diff)
	}
}

// reach lists the states to which there is a way.
func reach(m kyc.Machine, from kyc.State) []kyc.State {
	states := []kyc.State{from}
	for n := 0; n < len(states); n++ {
		for _, to := range m.Moves[states[n]] {
			if !slices.Contains(states, to) {
				states = append(states, to)
			}
		}
	}
	return states
}

// Walk lets anything happen, in any order.
func Walk(t *testing.T, m kyc.Machine) {
	t.Helper()
	known := m.States()
	rapid.Check(t, func(t *rapid.T) {
		s := m.Start
		for _, ev := range rapid.SliceOfN(rapid.SampledFrom(Events), 1, 60).Draw(t, "events") {
			to, moved := m.Next(s, ev)
			switch {
			case !moved:
				continue
			case s == kyc.Failed || s == kyc.Rejected || s == kyc.Expired:
				t.Fatalf("%s is final, and %s led to %s", s, ev, to)
			case !slices.Contains(known, to):
				t.Fatalf("%s led from %s to %s, which the machine does not list", ev, s, to)
			case ev == kyc.NothingNew || ev == kyc.NotUnderstood:
				t.Fatalf("%s must change nothing, and led from %s to %s", ev, s, to)
			}
			s = to
		}
	})
}

// Twice checks that an event that comes once more changes nothing more, which is
// why a result may come twice. except names states whose own moves are left out.
func Twice(t *testing.T, m kyc.Machine, except ...kyc.State) {
	t.Helper()
	for _, ev := range Events {
		for _, s := range m.States() {
			to, ok := m.Next(s, ev)
			if !ok || slices.Contains(except, s) || slices.Contains(except, to) {
				continue
			}
			if again, ok := m.Next(to, ev); ok && again != to {
				t.Errorf("%s in %s leads to %s, and once more to %s", ev, s, to, again)
			}
		}
	}
}

// Person has everything that the method asks for, and lives in the country.
func Person(r method.Rules, country string) kyc.Attributes {
	a := kyc.Attributes{}
	for _, path := range r.Required {
		a.Set(path, "x")
	}
	a.Set("address.country", country)
	return a
}

// Required checks that the method names every field that a person lacks, and
// refuses nobody who has them all.
func Required(t *testing.T, r method.Rules, country string, before bool) {
	t.Helper()
	if broken := r.Check(Person(r, country), before); len(broken) != 0 {
		t.Errorf("a complete person was refused: %v", broken)
	}
	for _, path := range r.Required {
		a := Person(r, country)
		delete(a, path)
		if diff := cmp.Diff([]kyc.FieldError{{Field: path, Message: "can't be blank"}}, r.Check(a, before)); diff != "" {
			t.Errorf("without %s: -want +got\n%s", path, diff)
		}
	}
	if broken := r.Check(kyc.Attributes{}, before); len(broken) != len(r.Required) {
		t.Errorf("an empty person: got %d problems, want one for each of %d fields", len(broken), len(r.Required))
	}
}
