package idnow

import (
	_ "embed" // the list of documents
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed with_address.json
var withAddressFile []byte

// withAddress is every ID document of the guides that shows its bearer's address: the 31 rows of S4 and S2, Appendix I.
var withAddress = mustWithAddress(withAddressFile)

// addressDocument is one of them. What a customer shows is known by type and country alone, so one listed document of a
// country speaks for all of that type.
type addressDocument struct {
	Document string `json:"document"`
	Type     string `json:"type"`
	Country  string `json:"country"`
}

// mustWithAddress reads a file that is part of the program, so a mistake in it is found by the first test.
func mustWithAddress(data []byte) []addressDocument {
	var all []addressDocument
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("idnow simulator: with_address.json: %v", err))
	}
	return all
}

// proofField is where the company says which proof of address the customer will show. The protocol leaves the meaning of
// the custom fields to the account; this is our account's.
const proofField = "custom1"

// noProof ends a call in which the customer has no proof of address at hand: no reason of the guide fits better, and
// another try helps.
const noProof = "OTHER_MISCELLANEOUS_TEMPORARY"

// needsProof says that the document shows no address and that no proof of it was announced. A customer who chose no
// document shows a German identity card.
func (ses *session) needsProof() bool {
	shown := ses.Document
	if shown == (document{}) || ses.Data[proofField] != "" {
		return false
	}
	return !slices.ContainsFunc(withAddress, func(d addressDocument) bool { return d.Type == shown.Type && d.Country == shown.Country })
}
