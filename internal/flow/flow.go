// Package flow holds the verbs: create, request, apply, expire, subscribe. Each
// is one transaction, in which its history, its notifications and its jobs are
// written too; a call to the outside world stands before or between
// transactions, never inside.
//
// It knows the nouns, the methods' tables and the port to providers; no wire,
// no SQL, no firm. Its callers are handlers, the job runner and the commands.
package flow

import (
	"context"
	"log/slog"
	"sync"
	"time"
	_ "time/tzdata" // the zones, on any machine

	"github.com/identikit/identikit/internal/blob"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/seal"
)

// Service is the verbs with what they work on.
type Service struct {
	Store  kyc.Store
	Clock  kyc.Clock // everything falls due on this one
	Wall   kyc.Clock // the machine's: leases, deadlines
	Master *seal.Master
	Blobs  blob.Store
	Log    *slog.Logger
	// Rules and Providers say which methods this build runs, and with whom.
	Rules     map[kyc.Method]method.Rules
	Providers map[kyc.Method]provider.Adapter
	// Signing is the account for identifications with contracts to sign; the zero one: there is none.
	Signing provider.Adapter
	// Accounts open partners' own accounts at a provider, for the methods that run on them.
	Accounts map[kyc.Method]Opener
	// DataChecker checks the identity data of bank_id, Signer signs what customers
	// of Bankident confirm, Register knows who was identified before, Banks are
	// those whose customers can log in.
	DataChecker provider.Adapter
	Signer      provider.Signing
	Register    Register
	Banks       bank.Banks
	Caller      Caller
	Texter      Texter // nil: no texts can be sent
	// Sandbox knows test-scenario persons and plain http to loopback.
	Sandbox bool
	// EraseAfter is how long a person who does not become a customer is kept; 0:
	// for ever.
	EraseAfter time.Duration
	// MaxIdentical is how many identical persons a sandbox takes of one partner; 0 is 1,000 (S4).
	MaxIdentical int
	// RequestDeadline is how long `request` waits for the provider.
	RequestDeadline time.Duration

	tokens tokenCache
	opened openAccounts
	starts sync.RWMutex // held for reading while a session is being started for a partner
}

// Caller makes the verification callout of a new subscription (webhook.Sender).
type Caller interface {
	// Verify calls the URL of the subscription. Its error is public.
	Verify(ctx context.Context, s kyc.Subscription, secret string) error
}

type requestIDKey struct{}

// WithRequestID marks what is done under ctx with the request's id, for the history.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Actors of the history.
const (
	byPartner  = "partner"
	byProvider = "provider"
	bySystem   = "system"
	byOperator = "operator"
)

// berlin is where the AML dates of the API are reckoned (rulings §2).
var berlin = mustLocation("Europe/Berlin")

func mustLocation(name string) *time.Location {
	l, err := time.LoadLocation(name) // embedded by the import of time/tzdata
	if err != nil {
		panic(err)
	}
	return l
}
