package xs2a

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Config is what a Server is made of. APIKey must be set; every other field works at its zero value.
type Config struct {
	APIKey            string // the password of the user "api"
	APIURL, WizardURL string // public origins of the two listeners, without a path
	PushURL           string // where events are pushed; "" pushes none

	Dir  string           // folder of the state; "" keeps it in memory
	Seed []byte           // decides transactions, keys and TANs
	Now  func() time.Time // the clock, which may be moved forward; nil is real time

	// KnownIBAN says which IBANs are taken although their check digits are wrong, for documents whose examples are; nil: none.
	KnownIBAN func(iban string) bool

	Client *http.Client                           // sends pushes; nil is a client of its own
	Brand  func(identification string) (n string) // on whose behalf the pages speak; nil, or "", names nobody
	Logger *slog.Logger                           // nil is the default logger; no personal data is written to it
}

// idleTime is how long a session waits for the customer's input.
const idleTime = 30 * time.Minute

func (c Config) withDefaults() (Config, error) {
	if c.APIKey == "" {
		return c, errors.New("xs2a simulator: APIKey must be set")
	}
	if c.Now == nil {
		c.Now = simkit.Now
	}
	if c.KnownIBAN == nil {
		c.KnownIBAN = func(string) bool { return false }
	}
	if c.Brand == nil {
		c.Brand = func(string) string { return "" }
	}
	c.Client = cmp.Or(c.Client, &http.Client{})
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c, nil
}
