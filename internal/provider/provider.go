// Package provider is the port to the firms that identify people. An adapter is
// a struct of capabilities; a nil field is a plain "cannot". Adapters speak our
// words at their own border: an event of ours, a person's field by its path.
//
// It knows kyc and no firm, no database, no flow.
package provider

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Adapter is one account at one firm.
//
// Errors of all calls: kyc.Invalid when the firm refuses, with what it said;
// kyc.BadGateway when it is unreachable or speaks garbage; kyc.Timeout when it
// is too slow; kyc.Unavailable when it is not called at the moment (package
// guard, before every adapter); ErrNoResult where said.
type Adapter struct {
	Name     string
	Starter  Starter
	Poller   Poller
	Receiver Receiver
	Archiver Archiver
	Reader   Reader
	Taker    Taker
}

// Starter opens a session. The same identification twice gives the same session.
type Starter interface {
	Start(ctx context.Context, o Order) (Session, error)
}

// Order is what a firm needs to begin.
type Order struct {
	Identification string // our id, the firm's transaction number
	Language       string // "DE", "EN" or empty
	ProofOfAddress Proof
	Person         kyc.Attributes
	IBAN           string // of the account that the customer must log in to; empty unless a bank is asked
	// SuccessURL and FailureURL are where a bank login leads the customer back to; empty offers no way.
	SuccessURL, FailureURL string
	Contracts              []Contract // what the customer signs in the session; only accounts with e-signing take any
}

// Contract is a PDF file that the customer signs.
type Contract struct {
	Identifier string // of a-z, 0-9, - and _; one of each
	Places     []SignaturePlace
	Open       func() (io.ReadCloser, error)
}

// SignaturePlace is where a signature stands on a contract: points from the lower
// left corner of a page.
type SignaturePlace struct {
	Name                        string
	Page                        int // from 1
	Left, Bottom, Width, Height float64
}

// Proof is a proof of address that the customer will show; empty if none was
// announced.
type Proof struct {
	Type     string // of kyc.ProofOfAddressTypes
	IssuedOn string // YYYY-MM-DD
}

// Session is what the firm answers.
type Session struct {
	Reference        string
	Handle           string // see Ref
	URL              string
	EstimatedWaiting *int // seconds; nil when the firm does not say
}

// Ref is a session as the firm's adapter finds it again.
type Ref struct {
	Identification string
	Handle         string // what the adapter answered when it began; empty for firms that know our id
}

// Poller asks how a session stands. ErrNoResult: no attempt has ended yet.
type Poller interface {
	Poll(ctx context.Context, r Ref) (Finding, error)
}

// Taker takes the customer's identity data: the archive that a partner's app has
// made of pictures and data. The same identification twice is taken once.
type Taker interface {
	// Take reads an archive of so many bytes and returns the handle to poll with.
	Take(ctx context.Context, o Order, archive io.Reader, size int64) (handle string, err error)
}

// ErrNoResult says that the firm has nothing to tell yet.
var ErrNoResult = errors.New("provider: no result yet")

// Reader reads again what Finding.Raw kept.
type Reader interface {
	Read(identification string, raw []byte) (Finding, error)
}

// Receiver reads a call of the firm. It answers which identification it is
// about; what it claims is not believed but asked for again.
type Receiver interface {
	Receive(p Push) (identification string, err error)
}

// Push is a call of the firm.
type Push struct {
	Header http.Header
	Tail   string // what stands in the path after the secret, for firms that add an id there
	Body   []byte
}

// Archiver downloads what the firm kept of a finished session, as it is, into
// the scratch, and says which files in it become documents. They can be opened
// as long as the scratch is there.
type Archiver interface {
	Archive(ctx context.Context, identification string, into Scratch) ([]File, error)
}

// BadArchive says that an archive breaks the rules for archives, and how: none
// of it is kept. It is the cause of a kyc.BadGateway.
type BadArchive struct {
	Rule string // one of ours, as a word: "path_in_name"; never a name of the archive's
}

// Error implements error.
func (e *BadArchive) Error() string { return "the archive breaks a rule: " + e.Rule }

// Scratch is where an archive lies while it is read: it may be larger than what
// memory has to spare.
type Scratch interface {
	io.Writer // adds to the end
	io.ReaderAt
	Size() int64
	Reset() error // drops what was written
}

// Finding is a firm's result in our words.
type Finding struct {
	Event          kyc.Event
	Result, Reason string // the firm's own words
	At             time.Time
	Fingerprint    string // the same result twice has the same one
	Raw            []byte
	HasArchive     bool
	Signed         bool // the customer has signed what there was to sign
	Values         []Value
	Phone          string // the number that was checked in the call, E.164
	Paper          Paper
	Account        Account
	StatusCode     string // the provider_status_code of the API; empty for firms without one
}

// Account is the bank account that the customer logged in to, and the transfer
// that proves it.
type Account struct {
	Holder, IBAN, BIC, BankName string
	Joint                       bool   // it has more than one holder
	Transfer                    string // the number of the reference transfer
}

// Value is one field of the person as the firm saw it.
type Value struct {
	Path     string // of kyc.PersonFields
	Value    string
	Original string // what we had sent, when it differs
	Standing Standing
}

// Standing says how a value relates to what we had sent.
type Standing string

// The standings.
const (
	Confirmed Standing = "confirmed"
	Changed   Standing = "changed"
	New       Standing = "new"
)

// Paper is the ID document that was shown.
type Paper struct {
	Type                    string // IDCARD, PASSPORT, or another word of the firm's
	Country, Number, Issuer string
	IssuedOn, ValidUntil    string // YYYY-MM-DD
}

// File is one file of an archive that becomes a document.
type File struct {
	Name        string
	Type        string // of kyc.Document.Type
	ContentType string
	Open        func() (io.ReadCloser, error)
}
