package kyc

import "time"

// Subscription asks for one type of event at one URL (partner-api.md §3.9).
type Subscription struct {
	ID           string
	PartnerID    string
	EventType    string
	URL          string
	SealedSecret []byte // the signing secret under the master key
	Paused       bool
	CreatedAt    time.Time
}

// NotificationState is where a notification stands.
type NotificationState string

// The states of a notification.
const (
	Queued    NotificationState = "queued"
	Delivered NotificationState = "delivered"
	Refused   NotificationState = "rejected"  // the receiver answered 422
	Exhausted NotificationState = "exhausted" // all attempts were used
)

// Notification is one event for one subscription. The body is a snapshot taken
// in the transaction of the change; these bytes are signed and sent, always.
type Notification struct {
	ID             string
	PartnerID      string
	SubscriptionID string
	EventType      string
	EntityID       string
	Body           []byte
	State          NotificationState
	Attempts       int // those that were replayed too
	FirstAttemptAt time.Time
	DeliveredAt    time.Time // the last time; zero: never
	CreatedAt      time.Time
}

// Attempt is one try to deliver a notification.
type Attempt struct {
	NotificationID string
	Number         int // from 1
	At             time.Time
	Duration       time.Duration
	Status         int    // the HTTP status; 0 when there was no answer
	Failure        string // why there was no answer
	Answer         string // the first bytes of the answer
}

// NotificationFilter narrows the list of a subscription's notifications. An
// empty State means all; only those that were given up, Refused and Exhausted,
// can be asked for alone: they are looked for, and they are few.
type NotificationFilter struct {
	SubscriptionID string
	State          NotificationState
}

// The events that identikit sends (partner-api.md §5.6).
const (
	EventOrigination              = "IDENTIFICATION_ORIGINATION"
	EventIdentification           = "IDENTIFICATION"
	EventPersonChanged            = "PERSON_CHANGED"
	EventMobileNumberCreated      = "PERSON_MOBILE_NUMBER_CREATED"
	EventMobileNumberDeleted      = "PERSON_MOBILE_NUMBER_DELETED"
	EventTaxIdentificationChanged = "PERSON_TAX_IDENTIFICATION_CHANGED"
	EventPersonDeleted            = "PERSON_DELETED"
	EventPaperExpiry              = "POTENTIAL_ACCOUNT_BLOCKING"
)
