package kyc

import (
	"slices"
	"time"
)

// State is where an identification stands: the status of the API.
type State string

// The states that an identification can have (S0, S3, and the three newer ones).
const (
	Created                State = "created"
	Pending                State = "pending"
	IdentificationDataReq  State = "identification_data_required"
	AuthorizationRequired  State = "authorization_required"
	ConfirmationRequired   State = "confirmation_required"
	Confirmed              State = "confirmed"
	Signed                 State = "signed"
	Processed              State = "processed"
	PendingSuccessful      State = "pending_successful"
	PendingFailed          State = "pending_failed"
	PreSuccessful          State = "pre_successful"
	PendingAccountCreation State = "pending_account_creation"
	PendingRefTransfer     State = "pending_ref_transfer"
	Successful             State = "successful"
	Aborted                State = "aborted"
	Canceled               State = "canceled"
	Failed                 State = "failed"
	Rejected               State = "rejected"
	Expired                State = "expired"
)

// UnderReview tells whether the customer's part is over and a provider is still at work.
func (s State) UnderReview() bool {
	return s == PendingSuccessful || s == PendingFailed || s == Processed || s == Confirmed
}

// States lists every state, in the order of the references.
var States = []State{
	Aborted, AuthorizationRequired, ConfirmationRequired, Confirmed, Created, Canceled, Expired, Failed,
	IdentificationDataReq, Pending, PendingSuccessful, PendingFailed, Processed, Rejected, Successful, Signed,
	PreSuccessful, PendingAccountCreation, PendingRefTransfer,
}

// Event is what can happen to an identification, in our own words.
type Event string

// The events that methods know. A provider's word is turned into one of them
// at its border.
const (
	Requested        Event = "requested"        // the provider accepted the session
	ReviewStarted    Event = "review_started"   // the call went well, a second look follows
	FraudSuspected   Event = "fraud_suspected"  // suspicion arose, a review follows
	Succeeded        Event = "succeeded"        // identified
	FailedForGood    Event = "failed"           // rejected for good
	AttemptAborted   Event = "attempt_aborted"  // this attempt was broken off
	CanceledByReview Event = "canceled"         // the provider threw the result out
	DeadlinePassed   Event = "deadline_passed"  // the link is too old
	BankConfirmed    Event = "bank_confirmed"   // the customer's bank has confirmed who the account's holder is
	DataReceived     Event = "data_received"    // identity data came and goes to the firm that checks it
	DataAccepted     Event = "data_accepted"    // that firm accepts them
	DataRejected     Event = "data_rejected"    // that firm found fraud in them
	Authorized       Event = "authorized"       // a signature was asked for, a one-time password is on its way
	SignConfirmed    Event = "confirmed"        // the customer gave that password
	DocumentsSigned  Event = "signed"           // the signatures are there
	SigningFailed    Event = "signing_failed"   // the signer will not sign
	AttemptOver      Event = "attempt_over"     // this attempt to sign is over without a signature; another may follow
	NothingNew       Event = "nothing_new"      // the provider has not decided anything
	NotUnderstood    Event = "result_not_known" // a result we have no word for: kept, changes nothing
)

// Machine is the rule book of one method. It is data, so that the diagrams, the
// golden tests and the checks are all drawn from this one place.
type Machine struct {
	Start State
	Moves map[State]map[Event]State // a state with no row is final
}

// Next says where the event leads from s; false means that it is not possible.
func (m Machine) Next(s State, ev Event) (State, bool) {
	to, ok := m.Moves[s][ev]
	return to, ok
}

// From lists the states in which the event is possible, sorted.
func (m Machine) From(ev Event) []State {
	var states []State
	for s, row := range m.Moves {
		if _, ok := row[ev]; ok {
			states = append(states, s)
		}
	}
	slices.Sort(states)
	return states
}

// States lists every state that the machine knows, sorted.
func (m Machine) States() []State {
	states := []State{m.Start}
	for s, row := range m.Moves {
		states = append(states, s)
		for _, to := range row {
			states = append(states, to)
		}
	}
	slices.Sort(states)
	return slices.Compact(states)
}

// Clock tells the time. All of identikit reads one clock, given in.
type Clock interface {
	Now() time.Time
}
