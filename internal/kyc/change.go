package kyc

import "time"

// ChangeKind says what a change request is about.
type ChangeKind string

// The kinds of change that wait for the customer's consent (partner-api.md §3.2).
const (
	ChangePerson            ChangeKind = "person"             // new values of fields that have one
	ChangeTaxIdentification ChangeKind = "tax_identification" // another number, say
	RemoveMobileNumber      ChangeKind = "mobile_number"      // the number that was confirmed
)

// ChangeStatus is where a change request stands.
type ChangeStatus string

// The statuses of a change request (partner-api.md §3.2).
const (
	ChangeAuthorizationRequired ChangeStatus = "AUTHORIZATION_REQUIRED"
	ChangeConfirmationRequired  ChangeStatus = "CONFIRMATION_REQUIRED"
	ChangeCompleted             ChangeStatus = "COMPLETED"
	ChangeFailed                ChangeStatus = "FAILED"
)

// ChangeEvent is what can happen to a change request.
type ChangeEvent string

// The events of a change request.
const (
	ChangeAuthorized ChangeEvent = "authorized" // a TAN was sent; again is another one
	ChangeConfirmed  ChangeEvent = "confirmed"  // the TAN was right
	ChangeRefused    ChangeEvent = "refused"    // wrong TANs too often, or nothing is left to change
)

// ChangeMoves is the rule book of change requests; a status with no row is final.
var ChangeMoves = map[ChangeStatus]map[ChangeEvent]ChangeStatus{
	ChangeAuthorizationRequired: {ChangeAuthorized: ChangeConfirmationRequired},
	ChangeConfirmationRequired: {
		ChangeAuthorized: ChangeConfirmationRequired,
		ChangeConfirmed:  ChangeCompleted,
		ChangeRefused:    ChangeFailed,
	},
}

// ChangeLifetime is how old a change request may become (rulings §2).
const ChangeLifetime = 5 * time.Minute

// ChangeRequest is a change that waits until the customer has confirmed it by a
// number that only their phone was told.
type ChangeRequest struct {
	ID        string
	PartnerID string
	PersonID  string
	Kind      ChangeKind
	TargetID  string // what is to be changed: a person, a mobile number, a tax identification
	Change    []byte // JSON of its kind, sealed with the person's key; nil once it is settled
	Device    []byte // device_data of the confirmation, sealed
	Status    ChangeStatus
	OTP       OTP
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// AboutPerson says whose data this is.
func (r ChangeRequest) AboutPerson() string { return r.PersonID }

// OTP is a one-time password that was sent to a phone.
type OTP struct {
	Sealed    []byte // with the person's key; nil: there is none
	Wrong     int    // how often another one was given
	ExpiresAt time.Time
}

// OTPTries is how many wrong ones a one-time password survives (rulings §3).
const OTPTries = 5

// A phone survives WrongPasswords wrong ones within WrongWithin, over all the
// one-time passwords that it is sent. Without that, whoever asks for ever new
// ones could guess for ever.
const (
	WrongPasswords = 50
	WrongWithin    = 24 * time.Hour
)

// MobileNumber is the phone by which a person confirms things. Each has one at
// most; the field mobile_number of a person is another thing (partner-api.md §3.1).
type MobileNumber struct {
	ID        string
	PartnerID string
	PersonID  string
	Number    string // E.164
	Verified  bool
	Device    []byte // device_data of the creation, sealed
	OTP       OTP

	Wrong      int       // one-time passwords that were wrong: this number's, and those of changes
	WrongSince time.Time // the first of them, on the machine's clock

	CreatedAt time.Time
	Version   int64
}

// TooManyWrong tells how long no one-time password is taken any more; zero if one is.
func (m MobileNumber) TooManyWrong(wall time.Time) time.Duration {
	if m.Wrong < WrongPasswords {
		return 0
	}
	return max(0, m.WrongSince.Add(WrongWithin).Sub(wall))
}

// CountWrong counts a wrong one-time password.
func (m *MobileNumber) CountWrong(wall time.Time) {
	if m.Wrong == 0 || wall.Sub(m.WrongSince) >= WrongWithin {
		m.Wrong, m.WrongSince = 0, wall
	}
	m.Wrong++
}

// UncountWrong takes one back that was counted before it was looked at.
func (m *MobileNumber) UncountWrong() { m.Wrong = max(0, m.Wrong-1) }

// Message is a text for a phone.
type Message struct {
	ID        string
	PartnerID string
	PersonID  string
	Number    string // E.164
	Sealed    []byte // the text, sealed with the person's key
	State     MessageState
	CreatedAt time.Time
	QueuedAt  time.Time // CreatedAt on the machine's clock, on which rates are reckoned
	ExpiresAt time.Time // not sent after this
	SentAt    time.Time
}

// MessageState is where a message stands.
type MessageState string

// The states of a message.
const (
	MessageQueued  MessageState = "queued"
	MessageSent    MessageState = "sent"    // the gateway took it
	MessageRefused MessageState = "refused" // the gateway will not take it
	MessageExpired MessageState = "expired" // it could not be sent in time
)

// MessagesPerHour is how many messages a number gets in an hour (partner-api.md §2.6).
const MessagesPerHour = 60

// ChangeRequestReader reads change requests. Another partner's is NotFound.
type ChangeRequestReader interface {
	Find(partnerID, id string) (ChangeRequest, error)
}

// ChangeRequests reads and writes change requests. Update refuses a stale Version.
type ChangeRequests interface {
	ChangeRequestReader
	Insert(ChangeRequest) error
	Update(ChangeRequest) error
	Purge(createdBefore time.Time) error // removes them
}

// MobileNumberReader reads mobile numbers.
type MobileNumberReader interface {
	OfPerson(personID string) (m MobileNumber, ok bool, err error)
}

// MobileNumbers reads and writes mobile numbers. Insert of a second one of a
// person is a Conflict; Update refuses a stale Version.
type MobileNumbers interface {
	MobileNumberReader
	Insert(MobileNumber) error
	Update(MobileNumber) error
	Delete(personID string) error
}

// MessageReader reads messages.
type MessageReader interface {
	Get(id string) (Message, error)
	// List and Count are of one number, or of all if none is named.
	List(number string, p Page) ([]Message, error)
	Count(number string, atMost int) (int, error)
	// SentTo counts what was queued for the number since a time of the machine's
	// clock: all of it, or what is for one person. Within a Tx nobody else counts the
	// same number's before that ends.
	SentTo(number, personID string, since time.Time) (int, error)
}

// Messages reads and writes messages.
type Messages interface {
	MessageReader
	Insert(Message) error
	Settle(id string, state MessageState, at time.Time) error
	Purge(createdBefore time.Time) error
}
