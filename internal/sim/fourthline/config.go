package fourthline

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Config is what a Server is made of. ClientID and ClientSecret must be set; every other field works at its zero value.
type Config struct {
	ClientID, ClientSecret string

	PushURL string           // where webhooks go: an URL, to which / and the verification's id are added; "" sends none
	Dir     string           // folder of the state; "" keeps it in memory
	Seed    []byte           // decides the verifications' ids
	Now     func() time.Time // the clock, which may be moved forward; nil is real time
	Check   time.Duration    // how long a check takes; 30 s if zero

	Client *http.Client // sends webhooks; nil is a client of its own
	Logger *slog.Logger // nil is the default logger; no personal data is written to it
}

// longCheck is how long a check takes that somebody has to look at.
const longCheck = 24 * time.Hour

func (c Config) withDefaults() (Config, error) {
	if c.ClientID == "" || c.ClientSecret == "" {
		return c, errors.New("fourthline simulator: ClientID and ClientSecret must be set")
	}
	if c.Check < 0 {
		return c, errors.New("fourthline simulator: Check is less than nothing")
	}
	c.PushURL = strings.TrimRight(c.PushURL, "/")
	if c.Now == nil {
		c.Now = simkit.Now
	}
	c.Check = cmp.Or(c.Check, 30*time.Second)
	c.Client = cmp.Or(c.Client, &http.Client{})
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c, nil
}
