package provider

import (
	"context"
	"errors"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Signing is one account at a firm that makes qualified electronic signatures.
// The errors of its calls are those of an Adapter.
type Signing struct {
	Name      string
	Signer    Signer
	Confirmer Confirmer // nil: customers confirm on the firm's own page alone
}

// Signer makes signatures in the customer's name, once the customer agrees.
type Signer interface {
	// Sign asks for signatures. The firm then sends the customer a one-time password.
	// Asked twice with the same id, the later one counts.
	Sign(ctx context.Context, o SigningOrder) (SigningSession, error)
	// Ask tells how it stands. ErrNoResult: the customer has not confirmed yet, or
	// the firm is not done; Signature.Handle is set then too, if it has changed.
	Ask(ctx context.Context, handle string) (Signature, error)
}

// SigningOrder is what a signer needs.
type SigningOrder struct {
	ID             string // of this attempt, our own
	Identification string
	Person         kyc.Attributes // in whose name the certificate is made
	Phone          string         // E.164; the one-time password goes there
	Language       string         // "de" or "en"
	Message        string         // what the customer reads beside the password, 120 characters at most
	Documents      []Digest
}

// Digest is what is signed of one document.
type Digest struct {
	ID     string // our own, unique in the order
	SHA512 []byte
}

// SigningSession is what the firm answers.
type SigningSession struct {
	Handle     string // the adapter's own, to ask and to confirm with
	ConsentURL string // the firm's page for the customer's consent, which may be framed; may come later
}

// Signature is how an attempt to sign stands, or what came of it.
type Signature struct {
	Handle     string // the newest one
	ConsentURL string // if there is one
	Event      kyc.Event
	Result     string // the firm's own words
	Raw        []byte // the firm's answer
	At         time.Time
	CMS        map[string][]byte // by Digest.ID: detached CMS signatures, DER
	Validation Validation
}

// Validation is what a reader needs to check the signatures years later (LTV), DER.
type Validation struct {
	Certificates, OCSPs, CRLs [][]byte
}

// Confirmer hands the one-time password of the customer to the signer: a bridge
// of its own, since signers take it on their own page alone (ADR 0011).
type Confirmer interface {
	// Confirm hands it over. ErrWrongPassword: the signer does not accept it, and
	// may be asked again; ErrNoAttempt: it is waiting for none (any more).
	Confirm(ctx context.Context, handle, password string) error
}

// The refusals of a Confirmer.
var (
	ErrWrongPassword = errors.New("provider: the signer does not accept the one-time password")
	ErrNoAttempt     = errors.New("provider: the signer waits for no one-time password")
)
