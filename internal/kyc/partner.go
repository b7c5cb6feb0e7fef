package kyc

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Partner is a client of the API: a bank or a fintech. It sees its own data only.
type Partner struct {
	ID         string
	Name       string
	ClientID   string
	SecretHash []byte // SHA-256 of the client secret, which has 256 random bits
	// IdentSecretHash is the salted hash of the partner's identification secret, if it
	// has one: then every `request` must carry it (rulings §1, "secret").
	IdentSecretHash []byte
	Methods         []Method // the methods it may use; empty means all
	Greeting        string   // in whose name the agent greets; empty means Name
	SuccessURL      string   // where a customer goes back to; ReturnPlaceholder is replaced
	FailureURL      string
	// IDnowAccount is the partner's own account at the video provider, sealed with the
	// master key; empty: it has none. The method idnow_custom runs on it.
	IDnowAccount []byte
	CreatedAt    time.Time
}

// ReturnPlaceholder stands for the identification's id in a return URL.
const ReturnPlaceholder = "{identification}"

// ReturnURLs are where the customer of an identification goes back to; empty if the
// partner has no such place.
func (p Partner) ReturnURLs(identificationID string) (success, failure string) {
	fill := func(raw string) string {
		return strings.Replace(raw, ReturnPlaceholder, url.PathEscape(identificationID), 1)
	}
	return fill(p.SuccessURL), fill(p.FailureURL)
}

// May tells whether the partner may use the method.
func (p Partner) May(m Method) bool { return len(p.Methods) == 0 || slices.Contains(p.Methods, m) }

// CheckReturnURL tells what is wrong with a return URL: https or an app's own
// scheme, and at most one placeholder. Plain http is for loopback hosts alone.
func CheckReturnURL(raw string) error {
	if raw == "" {
		return nil
	}
	if strings.Count(raw, ReturnPlaceholder) > 1 {
		return Fail(Invalid, "validation_error", "the return URL may hold %s once", ReturnPlaceholder)
	}
	u, err := url.Parse(strings.ReplaceAll(raw, ReturnPlaceholder, "id"))
	if err != nil || u.Scheme == "" {
		return Fail(Invalid, "validation_error", "the return URL must be absolute, like https://bank.example/back?id=%s", ReturnPlaceholder)
	}
	switch u.Scheme {
	case "javascript", "data", "file", "vbscript", "blob", "about":
		return Fail(Invalid, "validation_error", "the return URL may not use the scheme %q: use https or your app's own scheme", u.Scheme)
	case "http":
		if host := u.Hostname(); host != "localhost" && host != "127.0.0.1" && host != "::1" {
			return Fail(Invalid, "validation_error", "the return URL must use https")
		}
	case "https":
		if u.Host == "" {
			return Fail(Invalid, "validation_error", "the return URL has no host")
		}
	}
	return nil
}

// Token is an access token. Only its hash is stored.
type Token struct {
	Hash      []byte
	PartnerID string
	ExpiresAt time.Time
}
