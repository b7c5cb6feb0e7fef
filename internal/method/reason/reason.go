// Package reason is the catalogue of failure reasons: every code of the guides
// with what it means and what may be done about it. It knows the documents, and
// no identification: an unknown reason of a provider is passed through all the same.
package reason

import (
	_ "embed" // the catalogue
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/identikit/identikit/internal/kyc"
)

//go:generate go run ../reasondoc -out ../../../docs/reasons.md

// Group is how an attempt ends with a reason, spelt as S2 spells it.
type Group string

// The groups.
const (
	Aborted   Group = "ABORTED"                   // the customer or the agent gave up: aborted
	Cancelled Group = "CANCELLED"                 // a review found it wanting: canceled
	Fraud     Group = "FRAUD_SUSPICION_CONFIRMED" // failed; partners are never told the reason
)

// Reason is one row of a guide's table, or of several that have the same code.
type Reason struct {
	Code        string `json:"code"`
	Description string `json:"description"` // the guide's own words
	// Permanent says that trying again does not help, CausedByUser that it lies with
	// the customer; nil where the guide does not say.
	Permanent    *bool        `json:"permanent"`
	CausedByUser *bool        `json:"caused_by_user"`
	Group        Group        `json:"group"`
	Methods      []kyc.Method `json:"methods"`
}

// Guides are the methods whose guides have a table of their own, in the order in
// which a code of several is described. idnow_custom is idnow on the partner's own
// account, and has its reasons.
var Guides = []kyc.Method{kyc.MethodIDnow, kyc.MethodIDnowAutoident}

//go:embed catalogue.json
var catalogue []byte

// table is a guide's table.
type table struct {
	Source  string
	Reasons []Reason
}

// tables is the data file: S4's table under idnow, S2's under idnow_autoident.
var tables = sync.OnceValue(func() (t map[kyc.Method]table) {
	if err := json.Unmarshal(catalogue, &t); err != nil {
		panic("reason: catalogue.json: " + err.Error()) // a test reads it
	}
	for m := range t {
		for n := range t[m].Reasons {
			t[m].Reasons[n].Methods = []kyc.Method{m}
		}
	}
	return t
})

// Of is the table of a method's guide, in its order; nil for other methods.
func Of(m kyc.Method) []Reason { return tables()[m].Reasons }

// Source says where the table of a method's guide stands.
func Source(m kyc.Method) string { return tables()[m].Source }

// All is the whole catalogue, sorted by code, each code once. A code of both
// guides keeps S4's words, which say more, and S2's group, since S4 has none.
var All = sync.OnceValue(func() []Reason {
	var all []Reason
	for _, m := range Guides {
		for _, r := range Of(m) {
			n := slices.IndexFunc(all, func(known Reason) bool { return known.Code == r.Code })
			if n < 0 {
				all = append(all, r)
				continue
			}
			all[n].Group = r.Group
			all[n].Methods = slices.Concat(all[n].Methods, r.Methods)
		}
	}
	slices.SortFunc(all, func(a, b Reason) int { return strings.Compare(a.Code, b.Code) })
	return all
})
