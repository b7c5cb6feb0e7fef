package kyc

import (
	"time"

	"github.com/identikit/identikit/internal/pii"
)

// TaxIdentification is the number by which a country's tax office knows a person,
// or why there is none. A person has one for a country at most; the first is
// primary, and later whichever was said to be so last (partner-api.md §3.1, T1–T4).
type TaxIdentification struct {
	ID          string
	PartnerID   string
	PersonID    string
	Country     string // ISO 3166-1 alpha-2, or XK
	Primary     bool
	ReasonNoTIN string // of ReasonsNoTIN; empty when there is a number
	CreatedAt   time.Time
	Version     int64

	Sealed []byte // the two below, with the person's key: a store keeps these bytes alone
	// Number and ReasonDescription are there after the seal was opened.
	Number            pii.String // as it was sent, with what parts its groups
	ReasonDescription pii.String
}

// OtherReason is the reason that must be described; HaveTaxID is what old clients
// say when there is a number: no reason at all.
const (
	OtherReason = "OTHER"
	HaveTaxID   = "HAVE_TAX_ID"
)

// ReasonsNoTIN lists why a person may have no number.
var ReasonsNoTIN = []string{"NOT_ASSIGNED_BY_COUNTRY", "NOT_ASSIGNED_YET", OtherReason}

// TaxIdentificationReader reads tax identifications. Another partner's, and
// another person's, is NotFound. None of them is opened.
type TaxIdentificationReader interface {
	Find(partnerID, personID, id string) (TaxIdentification, error)
	OfPerson(personID string) ([]TaxIdentification, error)
	List(partnerID, personID string, p Page) ([]TaxIdentification, error)
	Count(partnerID, personID string, atMost int) (int, error)
}

// TaxIdentifications reads and writes tax identifications. Update writes Primary,
// ReasonNoTIN and Sealed, and refuses a stale Version.
type TaxIdentifications interface {
	TaxIdentificationReader
	Insert(TaxIdentification) error
	Update(TaxIdentification) error
}
