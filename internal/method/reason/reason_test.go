package reason

import (
	"slices"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// TestCounts: 59 codes of S4 and 76 of S2, 132 different ones.
func TestCounts(t *testing.T) {
	if v, a, all := len(Of(kyc.MethodIDnow)), len(Of(kyc.MethodIDnowAutoident)), len(All()); v != 59 || a != 76 || all != 132 {
		t.Errorf("%d, %d and %d; want 59, 76 and 132", v, a, all)
	}
	counts := map[kyc.Method]int{}
	groups := map[Group]int{}
	for _, r := range All() {
		for _, m := range r.Methods {
			counts[m]++
		}
	}
	for _, r := range Of(kyc.MethodIDnowAutoident) {
		groups[r.Group]++
	}
	if counts[kyc.MethodIDnow] != 59 || counts[kyc.MethodIDnowAutoident] != 76 || len(counts) != 2 {
		t.Errorf("by method: %v", counts)
	}
	if groups[Aborted] != 20 || groups[Cancelled] != 41 || groups[Fraud] != 15 {
		t.Errorf("S2 has 20, 41 and 15 in its groups; got %v", groups)
	}
}

// TestRows looks at rows of each kind.
func TestRows(t *testing.T) {
	yes, no := true, false
	for _, want := range []Reason{
		{"TECH_PHOTO", "Poor photo quality. Person or ID document not sufficiently sharp and recognizable.", &no, &yes, Cancelled, []kyc.Method{"idnow"}},
		{"USER_LANGUAGE", "User speaks unsupported language.", &yes, &yes, Aborted, []kyc.Method{"idnow"}},
		{"TECH_INTERNAL_SERVER_ERROR", "An error occurred on server.", &no, &no, Aborted, []kyc.Method{"idnow"}},
		{"OTHER_MISCELLANEOUS_PERMANENT", "Other error, which is not covered by specific error. Cannot be solved.", &yes, nil, Cancelled, []kyc.Method{"idnow"}},
		{"ID_BLURRY", "Document is blurry and mandatory data cannot be read due to the blur.", nil, nil, Cancelled, []kyc.Method{"idnow_autoident"}},
		{"WARNING_SCAN", "Identification document is a facsimile.", nil, nil, Fraud, []kyc.Method{"idnow_autoident"}},
		{"ID_OTHER", "Any other ID related issue not covered by other reasons.", &no, &yes, Cancelled, []kyc.Method{"idnow", "idnow_autoident"}},
	} {
		n := slices.IndexFunc(All(), func(r Reason) bool { return r.Code == want.Code })
		if n < 0 {
			t.Errorf("there is no %s", want.Code)
			continue
		}
		got := All()[n]
		if got.Description != want.Description || !same(got.Permanent, want.Permanent) || !same(got.CausedByUser, want.CausedByUser) ||
			got.Group != want.Group || !slices.Equal(got.Methods, want.Methods) {
			t.Errorf("%s: got %+v, want %+v", want.Code, got, want)
		}
	}
}

func same(a, b *bool) bool { return a == b || a != nil && b != nil && *a == *b }

// TestEveryRow holds what is true of all of them.
func TestEveryRow(t *testing.T) {
	for _, m := range Guides {
		seen := map[string]bool{}
		if Source(m) == "" {
			t.Errorf("%s: the table does not say where it is from", m)
		}
		for _, r := range Of(m) {
			if seen[r.Code] {
				t.Errorf("%s: %s is there twice", m, r.Code)
			}
			seen[r.Code] = true
			if r.Description == "" || r.Code == "" {
				t.Errorf("%s: %+v lacks its words", m, r)
			}
			if !slices.Contains([]Group{Aborted, Cancelled, Fraud}, r.Group) || m == kyc.MethodIDnow && r.Group == Fraud {
				t.Errorf("%s: %s has the group %q", m, r.Code, r.Group)
			}
			if stated := r.Permanent != nil; stated != (m == kyc.MethodIDnow) {
				t.Errorf("%s: %s: S4 says of each whether it is permanent, S2 of none", m, r.Code)
			}
		}
	}
	for n, r := range All()[1:] {
		if r.Code <= All()[n].Code {
			t.Errorf("%s comes after %s", r.Code, All()[n].Code)
		}
	}
}
