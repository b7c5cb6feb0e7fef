package kyc

import "time"

// ConsentTypes lists what a customer may say to a consent or to terms
// (partner-api.md §3.1, D1; kyc-flows.md §14).
var ConsentTypes = []string{"APPROVED", "REJECTED"}

// DeviceConsent is what a customer said to having their device watched.
type DeviceConsent struct {
	ID          string
	PersonID    string
	EventType   string // one of ConsentTypes
	ConfirmedAt time.Time
	CreatedAt   time.Time
}

// DeviceActivity is something that a customer did on a watched device.
type DeviceActivity struct {
	ID           string
	PersonID     string
	ActivityType string // a code like APP_START
	DeviceData   []byte // sealed with the person's key, never parsed
	CreatedAt    time.Time
}

// TermsProducts lists what terms and conditions are for (kyc-flows.md §14).
var TermsProducts = []string{"DIGITAL_BANKING", "OVERDRAFT", "VIACASH", "SECURITIES_BROKERAGE", "IDENTIFICATION_FOURTHLINE"}

// TermsEvent is what a customer said to a document of terms and conditions.
type TermsEvent struct {
	ID               string
	DocumentID       string // …tcdc: the partner's, not ours
	EventType        string // one of ConsentTypes
	ProductName      string // one of TermsProducts
	SignedBy         string // a person's id
	SignedOnBehalfOf string // whom they signed for; empty: themselves
	EventAt          time.Time
	CreatedAt        time.Time
}

// AboutPerson says whose data this is.
func (e TermsEvent) AboutPerson() string { return e.SignedBy }

// ConsentReader reads what customers agreed to. A missing one is NotFound.
type ConsentReader interface {
	Device(personID, id string) (DeviceConsent, error)
	Language(personID string) (string, error) // two letters, or empty
}

// Consents reads and writes what customers agreed to, and what goes with it.
type Consents interface {
	ConsentReader
	InsertDevice(DeviceConsent) error
	UpdateDevice(DeviceConsent) error
	InsertActivity(DeviceActivity) error
	InsertTerms(TermsEvent) error
	PutLanguage(personID, language string) error // in which the person is written to
}
