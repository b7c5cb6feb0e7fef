// Package fourthline is the adapter to Fourthline, a firm that checks the customer's
// ID document and selfie from an archive that an app has made, the KYC ZIP
// (providers.md §4). What the firm says is turned into our words in mapping.go.
//
// It imports the port and the nouns, and shares no code with the simulator.
//
// The firm's older flow, which takes whole archives, is described in outline only.
// The calls made here are our reading of it:
//
//	POST /v1/oauth2/token                          client credentials → a bearer token of an hour
//	POST /v1/verifications?clientReference={ours}  the ZIP → 201 {verificationId}; 409 if the reference has one
//	GET  /v1/verifications?clientReference={ours}  → {verifications: [{verificationId, …}]}
//	GET  /v1/verifications/{id}                    → {verificationId, clientReference, status, statusCode, updatedAt}
package fourthline

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Config is one account at the firm.
type Config struct {
	URL          string // an origin: https://ENVIRONMENT.api.fourthline.com
	ClientID     string
	ClientSecret string
	HTTP         *http.Client
	Wall         kyc.Clock // the machine's time: age of the bearer token
}

// Check says what is missing or wrong in the configuration.
func (c Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return errors.New("fourthline: the URL must be an origin like https://production.api.fourthline.com")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return errors.New("fourthline: the URL must use https; plain http is for this machine alone")
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return errors.New("fourthline: the client id and the client secret are needed")
	}
	return nil
}

// New returns the adapter of the account.
func New(c Config) provider.Adapter {
	c.URL = strings.TrimRight(c.URL, "/")
	a := &account{Config: c}
	return provider.Adapter{Name: "fourthline", Taker: a, Poller: a, Receiver: receiver{}, Reader: reader{}}
}

// account holds the bearer token besides.
type account struct {
	Config
	logins sync.Mutex // held while a token is fetched
	mu     sync.Mutex
	token  string
	until  time.Time // the token is not used any more
}

// Take implements provider.Taker. Our id is the firm's client reference: who has
// been taken already is found by it, and nothing is sent again. The question also
// renews the token, since an archive that was refused for its token cannot be
// read a second time.
func (a *account) Take(ctx context.Context, o provider.Order, archive io.Reader, size int64) (string, error) {
	handle, err := a.find(ctx, o.Identification)
	if err != nil || handle != "" {
		return handle, err
	}
	handle, err = a.upload(ctx, o.Identification, archive, size)
	if !kyc.IsKind(err, kyc.Conflict) {
		return handle, err
	}
	if handle, err = a.find(ctx, o.Identification); err == nil && handle == "" { // somebody was faster
		err = garbage(errors.New("the verification exists, and cannot be found"))
	}
	return handle, err
}

// find asks for the verification of a reference; empty if there is none.
func (a *account) find(ctx context.Context, identification string) (handle string, err error) {
	var answer struct {
		Verifications []struct {
			ID        string `json:"verificationId"`
			Reference string `json:"clientReference"`
		} `json:"verifications"`
	}
	err = a.get(ctx, verifications+byReference(identification), &answer)
	switch {
	case kyc.IsKind(err, kyc.NotFound): // a list is there, if an empty one
		return "", garbage(err)
	case err != nil:
		return "", err
	case answer.Verifications == nil:
		return "", garbage(errors.New("the answer lists no verifications"))
	case len(answer.Verifications) == 0:
		return "", nil
	}
	v := answer.Verifications[0]
	if !validID(v.ID) || v.Reference != identification {
		return "", garbage(errors.New("the answer is about another verification"))
	}
	return v.ID, nil
}

const verifications = "/v1/verifications"

func byReference(identification string) string {
	return "?clientReference=" + url.QueryEscape(identification)
}

var idForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,100}$`)

// validID tells whether an id of the firm's can be kept and be part of a path.
func validID(s string) bool { return idForm.MatchString(s) }

// Poll implements provider.Poller.
func (a *account) Poll(ctx context.Context, r provider.Ref) (provider.Finding, error) {
	if !validID(r.Handle) { // nothing was taken
		return provider.Finding{}, provider.ErrNoResult
	}
	var raw json.RawMessage
	err := a.get(ctx, verifications+"/"+url.PathEscape(r.Handle), &raw)
	if kyc.IsKind(err, kyc.NotFound) {
		return provider.Finding{}, provider.ErrNoResult
	}
	if err != nil {
		return provider.Finding{}, err
	}
	return readStatus(r.Identification, raw)
}

// reader reads statuses that were kept.
type reader struct{}

// Read implements provider.Reader.
func (reader) Read(identification string, raw []byte) (provider.Finding, error) {
	return readStatus(identification, raw)
}

// receiver reads pushes. They carry no signature and no result: who gets one asks
// the firm.
type receiver struct{}

// ourID is the form of an identification's id.
var ourID = regexp.MustCompile(`^[0-9a-f]{32}cidt$`)

// Receive implements provider.Receiver. The firm appends the verification's id to
// the URL; ours is the client reference, in the body.
func (receiver) Receive(p provider.Push) (string, error) {
	var push struct {
		Reference string `json:"clientReference"`
	}
	if len(p.Body) > 0 && json.Unmarshal(p.Body, &push) != nil {
		push.Reference = ""
	}
	for _, id := range []string{push.Reference, p.Tail} {
		if ourID.MatchString(id) {
			return id, nil
		}
	}
	return "", kyc.Fail(kyc.Invalid, "invalid_json", "The push must be a JSON object with clientReference, the id of an identification.")
}
