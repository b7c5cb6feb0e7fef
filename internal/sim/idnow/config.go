package idnow

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Branding is how the pages present the company to one customer.
type Branding struct {
	// Name is on whose behalf the agent greets, such as "Example Bank".
	Name string
	// SuccessURL and FailureURL are where the customer may go when the call is over; "" offers no way. One
	// "{identification}" in them is replaced by the transaction number.
	SuccessURL, FailureURL string
}

// Config is what a Server is made of. CompanyID and APIKey of each account must be set; every other field works at its
// zero value.
type Config struct {
	Account           // the main one: it has what was kept before there were several
	More    []Account // others, on the same hosts

	GatewayURL, GoURL, RobotURL string // public origins of the three listeners, without a path

	Dir  string           // folder of the state; "" keeps it in memory
	Seed []byte           // decides ident ids and delays
	Now  func() time.Time // the clock, which may be moved forward; nil is real time

	Preliminary bool // send preliminary results too
	Strict      bool // answer 400 to fields of /start that the protocol does not know

	ReviewMin, ReviewMax time.Duration // how long a review takes; 60 s to 120 s if both are zero
	SessionLength        time.Duration // how long a robot's call takes; 10 s if zero
	SameEvidence         bool          // draw the evidence once and give it to everybody: for load tests

	Client *http.Client                            // sends pushes; nil is a client of its own
	Brand  func(transactionNumber string) Branding // nil greets in CompanyName and offers no way back
	Logger *slog.Logger                            // nil is the default logger; no personal data is written to it
}

// Times that the firm's documents give.
const (
	linkLifetime   = 14 * 24 * time.Hour // of the customer's link, from the first /start
	attemptTimeout = 30 * time.Minute    // from the customer's start on the page to TECH_TIMEOUT
	tokenLifetime  = time.Hour           // of a login token, from its last use
)

// estimatedWaiting is what the company root and the waiting room promise, in seconds.
const estimatedWaiting = 60

func (c Config) withDefaults() (Config, error) {
	c.More = slices.Clone(c.More)
	for _, a := range append([]*Account{&c.Account}, pointers(c.More)...) {
		if !validTransaction.MatchString(a.CompanyID) || a.APIKey == "" {
			return c, errors.New("idnow simulator: CompanyID and APIKey of each account must be set")
		}
		a.CompanyName = cmp.Or(a.CompanyName, a.CompanyID)
		a.Prefix = cmp.Or(a.Prefix, "TST")
	}
	if c.Now == nil {
		c.Now = simkit.Now
	}
	if c.ReviewMin == 0 && c.ReviewMax == 0 {
		c.ReviewMin, c.ReviewMax = time.Minute, 2*time.Minute
	}
	if c.ReviewMin < 0 || c.ReviewMax < c.ReviewMin {
		return c, errors.New("idnow simulator: ReviewMax is before ReviewMin")
	}
	c.SessionLength = cmp.Or(c.SessionLength, 10*time.Second)
	c.Client = cmp.Or(c.Client, &http.Client{})
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Brand == nil {
		c.Brand = func(string) Branding { return Branding{} }
	}
	return c, nil
}

func pointers(all []Account) (each []*Account) {
	for i := range all {
		each = append(each, &all[i])
	}
	return each
}
