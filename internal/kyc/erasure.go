package kyc

import (
	"encoding/json"
	"slices"
	"time"
)

// Subject is a person as erasure sees it: by id alone, erased or not. An erased
// person belongs to no partner any more; only the history knows to whom it did.
type Subject struct {
	Person
	Seq       int64     // grows in the order of creation
	ErasedAt  time.Time // zero while it is not
	KeepUntil time.Time // until when the law keeps the record; zero: nothing is kept
	Record    []byte    // what the law keeps, sealed with the person's key
}

// RetentionYears is how long the law keeps the record of a customer: five years
// from the end of the year in which the relationship ended (GwG § 8 (4)).
const RetentionYears = 5

// KeepUntil is the moment at which the record of a customer, whose relationship
// ended then, must be destroyed, in the time zone that the end comes in.
func KeepUntil(ended time.Time) time.Time {
	return time.Date(ended.Year()+RetentionYears+1, time.January, 1, 0, 0, 0, 0, ended.Location())
}

// LawfulFields are the person's fields that the law keeps: what GwG §§ 8, 11 (4)
// and 12 name, when it was agreed to, and what says how the risk was judged.
// Everything else goes at once.
var LawfulFields = []string{
	"title", "first_name", "last_name", "birth_name", "birth_date", "birth_city", "birth_country", "birth_province", "birth_post_code",
	"nationality", "address.line_1", "address.line_2", "address.postal_code", "address.city", "address.country", "address.state",
	"terms_conditions_signed_at", "data_terms_signed_at", "own_economic_interest_signed_at", "fatca_crs_confirmed_at",
	"aml_follow_up_date", "aml_confirmed_on", "flagged_by_compliance", "screening_progress", "risk_classification_status",
	"customer_vetting_status", "self_declared_as_pep", "purpose_of_account_opening", "legitimation_valid_until",
}

// Lawful are those of the attributes that the law keeps.
func (a Attributes) Lawful() Attributes {
	kept := Attributes{}
	for _, path := range LawfulFields {
		if a.Has(path) {
			kept[path] = a[path]
		}
	}
	return kept
}

// lawfulDetails are the members of a history line's details that the law keeps
// whole; valueDetails hold values by the path of a person's field.
var (
	lawfulDetails = []string{"method", "result", "reason", "changed_nothing", "event_type", "product_name", "document_id", "change_request", "identification"}
	valueDetails  = []string{"values", "changes", "as_sent"}
)

// LawfulDetails are the details of a history line as far as the law keeps them.
// What is not known to be kept is left out.
func LawfulDetails(details string) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(details), &all) != nil {
		return json.RawMessage(`{}`)
	}
	kept := map[string]json.RawMessage{}
	for _, name := range lawfulDetails {
		if v, ok := all[name]; ok {
			kept[name] = v
		}
	}
	for _, name := range valueDetails {
		var values map[string]json.RawMessage
		if json.Unmarshal(all[name], &values) != nil {
			continue
		}
		for path := range values {
			if !slices.Contains(LawfulFields, path) && !slices.Contains(consentTimes, path) {
				delete(values, path)
			}
		}
		if len(values) > 0 {
			kept[name], _ = json.Marshal(values) // raw JSON by text: cannot fail
		}
	}
	text, _ := json.Marshal(kept)
	return text
}

// consentTimes are times of consent that are no fields of a person.
var consentTimes = []string{"confirmed_at", "event_timestamp", "terms_and_conditions_signed_at"}

// ErasureReader reads what erasure goes by.
type ErasureReader interface {
	// Subject reads a person, whosever it is; within a Tx it stays as it is until
	// that ends. A person that never was is NotFound.
	Subject(personID string) (Subject, error)
	// Behind lists persons in the order of their creation, from the one after seq on.
	Behind(seq int64, limit int) ([]Subject, error)
	// Customer tells whether the person was ever identified successfully.
	Customer(personID string) (bool, error)
	// Forgotten tells whether there was such an identification and its person is erased.
	Forgotten(identificationID string) (bool, error)
	// Identifications and Documents list all of the person's, erased or not.
	Identifications(personID string) ([]Identification, error)
	Documents(personID string) ([]Document, error)
}

// Erasures erases. Both verbs are for a Subject that was read in the same Tx.
type Erasures interface {
	ErasureReader
	// Blank blanks everything about the person that can be read, in every table,
	// drops its jobs and what is queued about it, and takes it from its partner.
	// What is sealed with the person's key is left to Destroy.
	Blank(personID string) error
	// Keep stores the record that the law keeps.
	Keep(personID string, record []byte, until time.Time) error
	// Destroy removes the person's key and everything that was sealed with it. It
	// returns the names of the bytes in the blob store that nobody can read now.
	Destroy(personID string) (blobs []string, err error)
}
