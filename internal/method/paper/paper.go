// Package paper is what is known of ID documents beforehand: which ones each
// method accepts, and which show their bearer's address, so that no proof of
// address is needed. It knows no identification and no provider's words.
package paper

import (
	_ "embed" // the list of documents
	"encoding/json"
	"sync"

	"github.com/identikit/identikit/internal/kyc"
)

//go:embed supported_documents.json
var file []byte

// Accepted is one type of ID document and the countries whose documents of that
// type the provider accepts.
type Accepted struct {
	Type             string   `json:"type"`
	IssuingCountries []string `json:"issuing_countries"` // ISO 3166-1 alpha-2
}

// WithAddress is one ID document that shows its bearer's address (S4 and S2,
// Appendix I: the same 31 rows).
type WithAddress struct {
	Document string `json:"document"` // in the register of the Council of the EU, such as DEU-BO-02001
	Country  string `json:"country"`
	Type     string `json:"type"` // as in Accepted
}

// data is the data file.
var data = sync.OnceValue(func() (d struct {
	Source      string                    `json:"source"`
	Documents   map[kyc.Method][]Accepted `json:"documents"`
	WithAddress []WithAddress             `json:"with_address"`
}) {
	if err := json.Unmarshal(file, &d); err != nil {
		panic("paper: supported_documents.json: " + err.Error()) // a test reads it
	}
	return d
})

// Supported lists the documents that a method accepts; empty for methods without
// a list. idnow_custom is idnow on the partner's own account.
func Supported(m kyc.Method) []Accepted {
	if m == kyc.MethodIDnowCustom {
		m = kyc.MethodIDnow
	}
	return append([]Accepted{}, data().Documents[m]...)
}

// ThatShowAddress lists the documents with which no proof of address is needed, in
// the order of the guides.
func ThatShowAddress() []WithAddress { return data().WithAddress }
