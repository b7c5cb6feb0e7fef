package kyc

import "time"

// OriginationStatus says how far the origination of a contract has come.
type OriginationStatus string

// The statuses (partner-api.md §5.6). OriginationScreening is a name of the API
// alone: this server screens nobody.
const (
	OriginationTrigger    OriginationStatus = "identification_trigger_pending"
	OriginationSigning    OriginationStatus = "esign_pending"
	OriginationCompletion OriginationStatus = "identification_completion_pending"
	OriginationScreening  OriginationStatus = "screening_pending"
	OriginationCompleted  OriginationStatus = "completed"
	OriginationFailed     OriginationStatus = "failed"
	OriginationExpired    OriginationStatus = "expired"
)

// Origination is an identification in which the customer signs contracts, and
// how far the two of them have come.
type Origination struct {
	ID               string
	PartnerID        string
	PersonID         string
	IdentificationID string
	ESigningID       string
	Status           OriginationStatus
	Description      string // for people
	Contracts        []byte // which documents are signed, and where: sealed with the person's key
	CreatedAt        time.Time
	Version          int64
}

// AboutPerson says whose data this is.
func (o Origination) AboutPerson() string { return o.PersonID }

// descriptions is what partners read beside a status.
var descriptions = map[OriginationStatus]string{
	OriginationTrigger:    "The identification is being requested at the provider.",
	OriginationSigning:    "The customer has to be identified and to sign.",
	OriginationCompletion: "The customer is through; the provider reviews the result.",
	OriginationCompleted:  "The customer is identified and has signed.",
	OriginationFailed:     "The identification failed.",
	OriginationExpired:    "The link's lifetime ended before the customer had signed.",
}

// follows is the status for each state of the identification. What was aborted
// or canceled may be done again on the same link.
var follows = map[State]OriginationStatus{
	Created: OriginationTrigger, Pending: OriginationSigning, Aborted: OriginationSigning, Canceled: OriginationSigning,
	PendingSuccessful: OriginationCompletion, PendingFailed: OriginationCompletion,
	Successful: OriginationCompleted, Failed: OriginationFailed, Expired: OriginationExpired,
}

// Follow moves the origination after its identification; signed says whether the
// customer has signed. It tells whether anything changed.
func (o *Origination) Follow(state State, signed bool) bool {
	to := follows[state]
	description := descriptions[to]
	switch {
	case to == "":
		return false
	case to == OriginationCompleted && !signed:
		to, description = OriginationFailed, "The customer is identified, but has not signed."
	case o.Status == OriginationCompleted && state == Canceled:
		to, description = OriginationFailed, "A later review found the identification to be no good."
	}
	if to == o.Status {
		return false
	}
	o.Status, o.Description = to, description
	return true
}

// Refuse ends an origination that the provider does not take.
func (o *Origination) Refuse() {
	o.Status, o.Description = OriginationFailed, "The provider refused the identification or a document. Create a new one with corrected data."
}

// Begin sets the status of a new origination.
func (o *Origination) Begin() {
	o.Status, o.Description = OriginationTrigger, descriptions[OriginationTrigger]
}

// OriginationReader reads originations. Another partner's, and another person's,
// is NotFound.
type OriginationReader interface {
	Find(partnerID, personID, id string) (Origination, error)
	OfIdentification(identificationID string) (Origination, bool, error)
}

// Originations reads and writes originations. Update writes Status and
// Description, and refuses a stale Version.
type Originations interface {
	OriginationReader
	Insert(Origination) error
	Update(Origination) error
}
