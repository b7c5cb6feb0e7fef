package kyc

import "time"

// Signing is one attempt to have an identification's documents signed: from the
// one-time password that the signer sends to the signatures, or to its end
// without them. An identification has one for each authorization; of these one at
// most is open, the newest that the signer took.
type Signing struct {
	ID               string
	PartnerID        string
	PersonID         string
	IdentificationID string
	State            SigningState
	Number           string    // E.164: where the one-time password goes
	Token            string    // what stands beside it: current_reference_token (S3)
	Facts            []byte    // what is signed, and the handle of the signer's adapter: sealed with the person's key
	Tries            int       // one-time passwords that were handed to the signer
	PreparedAt       time.Time // stands in the signature
	ExpiresAt        time.Time // of the one-time password
	AskedAt          time.Time // on the machine's clock
	CreatedAt        time.Time
	Version          int64
}

// SigningState is where an attempt to sign stands.
type SigningState string

// The states of an attempt to sign.
const (
	SigningAsked SigningState = "asked" // the signer is being asked, or nobody knows what became of that
	SigningOpen  SigningState = "open"  // the signer waits for the one-time password, or is at work
	SigningOver  SigningState = "over"  // nothing comes of it any more
	SigningDone  SigningState = "done"  // the signatures are there
)

// SigningReader reads attempts to sign.
type SigningReader interface {
	// Get finds one by its id.
	Get(id string) (Signing, error)
	// Latest is the newest of the identification; false if there is none.
	Latest(identificationID string) (Signing, bool, error)
	// Open is the one of the identification that is open; false if none is.
	Open(identificationID string) (Signing, bool, error)
	// SentTo counts those whose password went to the number, since a time of the
	// machine's: all of them, or those of one person.
	SentTo(number, personID string, since time.Time) (int, error)
}

// Signings reads and writes attempts to sign. Update stores State, Facts, Tries
// and ExpiresAt, and refuses a stale Version.
type Signings interface {
	SigningReader
	Insert(Signing) error
	Update(Signing) error
}
