// Package idnow is the adapter to the video-identification firm IDnow: its
// gateway API, version 1 (providers.md §1). Everything it is told is turned
// into our words in mapping.go; nothing of the firm's vocabulary goes further.
//
// It imports the port and the nouns, and shares no code with the simulator.
package idnow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Config is one account at the firm.
type Config struct {
	GatewayURL string // the company API, an origin: https://gateway.idnow.de
	GoURL      string // where customers go, an origin: https://go.idnow.de
	CompanyID  string
	APIKey     string
	HTTP       *http.Client
	Wall       kyc.Clock // the machine's time: ages of the login token and the estimate
}

// Check says what is missing or wrong in the configuration.
func (c Config) Check() error {
	for name, raw := range map[string]string{"gateway URL": c.GatewayURL, "go URL": c.GoURL} {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" {
			return errors.New("idnow: the " + name + " must be an origin like https://gateway.idnow.de")
		}
		if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
			return errors.New("idnow: the " + name + " must use https; plain http is for this machine alone")
		}
	}
	if c.CompanyID == "" || c.APIKey == "" {
		return errors.New("idnow: the company id and the API key are needed")
	}
	return nil
}

// New returns the adapter of the account.
func New(c Config) provider.Adapter {
	c.GatewayURL, c.GoURL = strings.TrimRight(c.GatewayURL, "/"), strings.TrimRight(c.GoURL, "/")
	a := &account{Config: c, archives: make(chan struct{}, 2)}
	return provider.Adapter{Name: "idnow", Starter: a, Poller: a, Receiver: receiver{}, Archiver: a, Reader: reader{}}
}

// account holds the login token and the last estimate besides.
type account struct {
	Config
	archives   chan struct{}
	logins     sync.Mutex // held while logging in
	mu         sync.Mutex
	token      string
	estimate   *int
	estimateAt time.Time
}

// estimateAge is how long a waiting time is good for: the firm itself reckons
// it over ten minutes.
const estimateAge = 10 * time.Second

// maxEstimate is the longest wait that is believed, in seconds: a week.
const maxEstimate = 7 * 24 * 3600

// Start implements provider.Starter. The transaction number is our id, which
// makes a second call for it harmless.
func (a *account) Start(ctx context.Context, o provider.Order) (provider.Session, error) {
	for _, c := range o.Contracts { // before the session: it gets a document of each definition
		if err := a.define(ctx, c); err != nil {
			return provider.Session{}, err
		}
	}
	body, err := json.Marshal(creation(o))
	if err != nil {
		return provider.Session{}, err
	}
	var answer struct {
		ID string `json:"id"`
	}
	r := request{method: http.MethodPost, path: "/identifications/" + url.PathEscape(o.Identification) + "/start", body: body, byKey: true}
	if err := a.call(ctx, r, &answer); err != nil {
		return provider.Session{}, err
	}
	if answer.ID == "" || kyc.CheckText(answer.ID, maxWord) != "" {
		return provider.Session{}, garbage(errors.New("the answer to /start names no id"))
	}
	for _, c := range o.Contracts {
		if err := a.upload(ctx, o.Identification, c); err != nil {
			return provider.Session{}, err
		}
	}
	return provider.Session{
		Reference:        answer.ID,
		URL:              a.GoURL + "/" + url.PathEscape(a.CompanyID) + "/identifications/" + url.PathEscape(o.Identification),
		EstimatedWaiting: a.waiting(ctx),
	}, nil
}

// waiting asks how long customers wait for an agent. Not knowing it hinders
// nobody: the session has been started, so trouble here gives no estimate.
func (a *account) waiting(ctx context.Context) *int {
	a.mu.Lock()
	estimate, age := a.estimate, a.Wall.Now().Sub(a.estimateAt)
	a.mu.Unlock()
	if estimate != nil && age < estimateAge {
		return estimate
	}
	var company struct {
		EstimatedWaitingTime *int `json:"estimatedWaitingTime"`
	}
	if err := a.call(ctx, request{method: http.MethodGet}, &company); err != nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.estimate, a.estimateAt = company.EstimatedWaitingTime, a.Wall.Now()
	if n := a.estimate; n != nil && (*n < 0 || *n > maxEstimate) {
		a.estimate = nil // no time that anybody waits
	}
	return a.estimate
}

// Poll implements provider.Poller: endpoint 9, the bare result.
func (a *account) Poll(ctx context.Context, r provider.Ref) (provider.Finding, error) {
	identification := r.Identification
	var raw json.RawMessage
	err := a.call(ctx, request{method: http.MethodGet, path: "/identifications/" + url.PathEscape(identification)}, &raw)
	if kyc.IsKind(err, kyc.NotFound) {
		return provider.Finding{}, provider.ErrNoResult
	}
	if err != nil {
		return provider.Finding{}, err
	}
	return readResult(identification, raw)
}

// Archive implements provider.Archiver: endpoint 10, the ZIP.
func (a *account) Archive(ctx context.Context, identification string, into provider.Scratch) ([]provider.File, error) {
	select {
	case a.archives <- struct{}{}: // few at a time: each takes much room
		defer func() { <-a.archives }()
	case <-ctx.Done():
		return nil, slow(ctx.Err())
	}
	err := a.call(ctx, request{
		method: http.MethodGet, path: "/identifications/" + url.PathEscape(identification) + ".zip", into: into, timeout: archiveTimeout,
	}, nil)
	if err != nil {
		return nil, err
	}
	files, err := unpack(identification, into, into.Size())
	if err != nil {
		return nil, garbage(err)
	}
	return files, nil
}

// reader reads results that were kept.
type reader struct{}

// Read implements provider.Reader.
func (reader) Read(identification string, raw []byte) (provider.Finding, error) {
	return readResult(identification, raw)
}

// receiver reads pushes. They carry no signature, so they are a hint only: who
// gets one asks the firm itself (providers.md §1.10).
type receiver struct{}

// Receive implements provider.Receiver.
func (receiver) Receive(p provider.Push) (string, error) {
	var push struct {
		Process struct {
			TransactionNumber string `json:"transactionnumber"`
		} `json:"identificationprocess"`
	}
	tx := &push.Process.TransactionNumber
	if err := json.Unmarshal(p.Body, &push); err != nil || *tx == "" || kyc.CheckText(*tx, maxWord) != "" { // no database could look for it
		return "", kyc.Fail(kyc.Invalid, "invalid_json", "The push must be a JSON result with identificationprocess.transactionnumber.")
	}
	return *tx, nil
}
