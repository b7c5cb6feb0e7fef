package kyc

import "time"

// Entry is one line of the history: who changed what, when and why. Lines are
// never changed; erasure blanks Details.
type Entry struct {
	Seq              int64
	PartnerID        string
	PersonID         string
	IdentificationID string // empty for changes of the person
	At               time.Time
	Actor            string // "partner", "provider", "system", "operator"
	RequestID        string
	Event            string
	From, To         State
	Outcome          Outcome
	Details          string // JSON: values as sent, reasons that partners are not told
}

// Outcome says whether a change counts as an attempt (rulings §3, "Attempts").
type Outcome string

// The outcomes.
const (
	NoOutcome    Outcome = ""
	Unsuccessful Outcome = "unsuccessful"
	Success      Outcome = "successful"
)

// OutcomeOf says how reaching the state counts. An expiry counts only if the
// identification has no other counted outcome, which the caller knows.
func OutcomeOf(s State) Outcome {
	switch s {
	case Aborted, Canceled, Failed, Rejected, Expired:
		return Unsuccessful
	case Successful:
		return Success
	}
	return NoOutcome
}

// MaxUnsuccessful is how many unsuccessful attempts a person may have and still
// ask again; with one more, `request` answers 412 (S0).
const MaxUnsuccessful = 19
