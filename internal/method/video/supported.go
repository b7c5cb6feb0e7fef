package video

import (
	_ "embed" // the list of documents
	"encoding/json"
	"sync"
)

//go:embed supported_documents.json
var supportedDocuments []byte

// SupportedDocument is one type of ID document and the countries whose
// documents of that type the provider accepts.
type SupportedDocument struct {
	Type             string   `json:"type"`
	IssuingCountries []string `json:"issuing_countries"`
}

// AddressDocument is one ID document that shows its bearer's address, so that
// no proof of address is needed (S4, Appendix I).
type AddressDocument struct {
	Document string `json:"document"`
	Country  string `json:"country"`
	Type     string `json:"type"`
}

// Supported is the data file: which documents are accepted, which show an address.
type Supported struct {
	Source      string              `json:"source"`
	Documents   []SupportedDocument `json:"documents"`
	WithAddress []AddressDocument   `json:"with_address"`
}

// SupportedDocuments returns the data file.
var SupportedDocuments = sync.OnceValue(func() (s Supported) {
	if err := json.Unmarshal(supportedDocuments, &s); err != nil {
		panic("video: supported_documents.json: " + err.Error()) // a test reads it
	}
	return s
})
