package ais

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Config is what a Server is made of. Customer must be set; every other field works at its zero value.
type Config struct {
	Customer string   // the first part of ClaimedIdentity.Name, and the name in the customer's TLS certificate
	Entities []string // the second parts that it may use; DefaultEntity if there is none

	ConsentURL     string   // public origin of the consent pages, without a path; SetConsentURL may say it later
	FrameAncestors string   // who may show the consent page in a frame, as CSP says it; "*" if empty: S3 frames it anywhere
	Hosts          []string // names and addresses in the TLS server's certificate besides localhost, 127.0.0.1 and ::1
	Plain          bool     // the API is served without TLS: anybody is the customer
	BridgeToken    string   // what callers of Bridge show; "" lets nobody in

	// Text sends a text message. An error ends the request with StepUp/transport. nil sends nothing.
	Text func(ctx context.Context, requestID, msisdn, text string) error

	Dir    string           // folder of the state; "" keeps it in memory
	Seed   []byte           // decides transaction ids and serial numbers; never a password or a token
	Now    func() time.Time // the clock, which may be moved forward; nil is real time
	Logger *slog.Logger     // nil is the default logger; no personal data is written to it
}

// DefaultEntity is the key entity for qualified signatures in the EU.
const DefaultEntity = "OnDemand-Advanced4.1-EU"

// Times and numbers of a step-up.
const (
	passwordLifetime = 10 * time.Minute // the real firm's page lives as long
	signingTime      = 2 * time.Second  // from the right password to the signature
	passwordTries    = 5
	certificateLife  = time.Hour // of a customer's certificate: it is made for one signing
)

// testNumber always gets testPassword (kyc-flows.md §6.6).
const testNumber, testPassword = "15550101", "212212"

func (c Config) withDefaults() (Config, error) {
	if c.Customer == "" || strings.ContainsAny(c.Customer, ": \t\r\n") {
		return c, errors.New("ais simulator: Customer must be set, and hold neither colon nor space")
	}
	if strings.ContainsAny(c.FrameAncestors, ";,\r\n") {
		return c, errors.New("ais simulator: FrameAncestors must be a list of origins with spaces between them")
	}
	if len(c.Entities) == 0 {
		c.Entities = []string{DefaultEntity}
	}
	c.FrameAncestors = cmp.Or(c.FrameAncestors, "*")
	if c.Now == nil {
		c.Now = simkit.Now
	}
	if c.Text == nil {
		c.Text = func(context.Context, string, string, string) error { return nil }
	}
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c, nil
}
