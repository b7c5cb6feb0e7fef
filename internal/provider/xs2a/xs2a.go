// Package xs2a is the adapter to the open-banking firm FinTecSystems: its XS2A
// API, version 1 (providers.md §3). The customer logs in to the bank in the firm's
// wizard and releases a transfer of one cent from the account that was named;
// the account snapshot says whose account it is. Everything the adapter is told is
// turned into our words in mapping.go; nothing of the firm's vocabulary goes further.
//
// It imports the port and the nouns, and shares no code with the simulator.
package xs2a

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Config is one account at the firm.
type Config struct {
	APIURL      string // an origin: https://api.xs2a.com
	APIKey      string // the password of the user "api"
	WizardURL   string // where customers go, an origin: https://wizard.xs2a.com
	InterfaceID string // how the wizard looks there; empty is the firm's own look
	Recipient   Recipient
	Cents       int // what the customer transfers, in cents; 0 means one
	// AcceptTest takes results of the firm's test mode, in which anybody logs in
	// as anybody: for sandboxes. Without it they are no results.
	AcceptTest bool
	HTTP       *http.Client
}

// Recipient is whose account the transfer goes to.
type Recipient struct{ Holder, IBAN, BIC string }

// Check says what is missing or wrong in the configuration.
func (c Config) Check() error {
	for name, raw := range map[string]string{"API URL": c.APIURL, "wizard URL": c.WizardURL} {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" {
			return errors.New("xs2a: the " + name + " must be an origin like https://api.xs2a.com")
		}
		if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
			return errors.New("xs2a: the " + name + " must use https; plain http is for this machine alone")
		}
	}
	if c.APIKey == "" {
		return errors.New("xs2a: the API key is needed")
	}
	if c.Recipient.Holder == "" || c.Recipient.IBAN == "" {
		return errors.New("xs2a: holder and IBAN of the account that takes the transfer are needed")
	}
	if _, ok := kyc.CheckIBAN(c.Recipient.IBAN); !ok {
		return errors.New("xs2a: the IBAN of the account that takes the transfer is structurally invalid")
	}
	if c.Cents < 0 || c.Cents > 100 {
		return errors.New("xs2a: the amount must be 1 to 100 cents")
	}
	return nil
}

// New returns the adapter of the account.
func New(c Config) provider.Adapter {
	c.APIURL, c.WizardURL = strings.TrimRight(c.APIURL, "/"), strings.TrimRight(c.WizardURL, "/")
	c.Cents = cmp.Or(c.Cents, 1)
	a := &account{Config: c}
	return provider.Adapter{Name: "xs2a", Starter: a, Poller: a, Receiver: receiver{}, Reader: a}
}

type account struct{ Config }

// Start implements provider.Starter. The firm knows no idempotency: each call opens
// a session of its own, and the one whose handle was kept counts. A session that
// nobody was given the link of harms nobody; it ends by itself.
func (a *account) Start(ctx context.Context, o provider.Order) (provider.Session, error) {
	if o.IBAN == "" || holder(o) == "" { // the firm would take any account then, of anybody
		return provider.Session{}, kyc.Fail(kyc.Invalid, "xs2a_error", "A bank login needs an IBAN and the name of the account's holder.")
	}
	body, err := json.Marshal(a.payment(o))
	if err != nil {
		return provider.Session{}, err
	}
	var answer struct {
		Transaction string `json:"transaction"`
		Key         string `json:"wizard_session_key"`
	}
	if err := a.call(ctx, request{method: http.MethodPost, path: "/v1/payments", body: body}, &answer); err != nil {
		return provider.Session{}, err
	}
	for _, word := range []string{answer.Transaction, answer.Key} {
		if word == "" || kyc.CheckText(word, maxWord) != "" {
			return provider.Session{}, garbage(errors.New("the answer to a new payment names no session"))
		}
	}
	query := url.Values{"wizard_session_key": {answer.Key}}
	if a.InterfaceID != "" {
		query.Set("interface_id", a.InterfaceID)
	}
	return provider.Session{Handle: answer.Transaction, URL: a.WizardURL + "/index.html?" + query.Encode()}, nil
}

// holder is the name that the account must have.
func holder(o provider.Order) string {
	return strings.TrimSpace(o.Person.Text("first_name").Reveal() + " " + o.Person.Text("last_name").Reveal())
}

// payment is the body of a new payment.
func (a *account) payment(o provider.Order) map[string]any {
	body := map[string]any{
		"amount":      json.Number(fmt.Sprintf("%d.%02d", a.Cents/100, a.Cents%100)),
		"currency_id": "EUR",
		// The id first: some banks keep no more than 35 characters.
		"purpose":          o.Identification + " Identifikation",
		"recipient_holder": a.Recipient.Holder, "recipient_iban": a.Recipient.IBAN,
		"sender_iban": o.IBAN, "sender_holder": holder(o),
		"metadata": map[string]string{"identification": o.Identification},
	}
	if a.Recipient.BIC != "" {
		body["recipient_bic"] = a.Recipient.BIC
	}
	if o.Language != "" {
		body["language"] = strings.ToLower(o.Language)
	}
	links := map[string]string{}
	for name, link := range map[string]string{"success_link": o.SuccessURL, "abort_link": o.FailureURL} {
		if link != "" {
			links[name] = link
		}
	}
	if len(links) > 0 {
		body["easy_onboarding"] = links
	}
	return body
}

// Poll implements provider.Poller: the session, and once it is over what it came to.
func (a *account) Poll(ctx context.Context, r provider.Ref) (provider.Finding, error) {
	if r.Handle == "" {
		return provider.Finding{}, provider.ErrNoResult
	}
	var e evidence
	tx := url.PathEscape(r.Handle)
	if err := a.get(ctx, "/v1/sessions/"+tx, &e.Session); err != nil {
		return provider.Finding{}, none(err)
	}
	s, err := readSession(r, e.Session)
	if err != nil {
		return provider.Finding{}, err
	}
	if !s.over() {
		return provider.Finding{}, provider.ErrNoResult
	}
	if s.Finished {
		if err := a.get(ctx, "/v1/payments/"+tx, &e.Payment); err != nil {
			return provider.Finding{}, none(err) // it comes in a moment
		}
		if e.Snapshot, e.Missing, err = a.snapshot(ctx, tx); err != nil {
			return provider.Finding{}, err
		}
	}
	if e.At, err = a.firstEvent(ctx, r.Handle); err != nil {
		return provider.Finding{}, err
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return provider.Finding{}, garbage(errors.New("an answer is not JSON"))
	}
	return a.Read(r.Identification, raw)
}

func (a *account) get(ctx context.Context, path string, into *json.RawMessage) error {
	return a.call(ctx, request{method: http.MethodGet, path: path}, into)
}

// none turns an unknown session into no result.
func none(err error) error {
	if kyc.IsKind(err, kyc.NotFound) {
		return provider.ErrNoResult
	}
	return err
}

// snapshot asks for the account snapshot, and says what is the matter if there is
// none. It keeps whose accounts they are; what was spent on them is none of
// our business.
func (a *account) snapshot(ctx context.Context, tx string) (kept json.RawMessage, missing string, err error) {
	var statements []struct {
		Account json.RawMessage `json:"account"`
	}
	err = a.call(ctx, request{method: http.MethodGet, path: "/v1/risks/" + tx + "/accountSnapshot?format=json2", limit: maxSnapshot}, &statements)
	var e *kyc.Error
	switch {
	case errors.Is(err, errGone):
		return nil, snapshotExpired, nil
	case errors.As(err, &e) && e.Kind == kyc.NotFound:
		return nil, snapshotFailed, nil
	case err != nil:
		return nil, "", err
	}
	if len(statements) > maxAccounts {
		return nil, "", garbage(errors.New("the account snapshot has too many accounts"))
	}
	kept, err = json.Marshal(statements)
	if err != nil {
		return nil, "", garbage(errors.New("the account snapshot is not JSON"))
	}
	return kept, "", nil
}

// firstEvent is when the firm logged the session's end: later events tell what
// became of the payment. Empty if it logged none.
func (a *account) firstEvent(ctx context.Context, tx string) (first string, err error) {
	var list struct {
		Data []struct {
			Transaction string `json:"transaction"`
			CreatedAt   string `json:"created_at"`
		} `json:"data"`
	}
	err = a.call(ctx, request{method: http.MethodGet, path: "/v1/events?transaction_id=" + url.QueryEscape(tx)}, &list)
	if err != nil && !kyc.IsKind(err, kyc.NotFound) {
		return "", err
	}
	var earliest time.Time
	for _, e := range list.Data {
		if e.Transaction != tx {
			continue
		}
		at, err := readTime(e.CreatedAt)
		if err != nil {
			return "", err
		}
		if first == "" || at.Before(earliest) {
			first, earliest = e.CreatedAt, at
		}
	}
	return first, nil
}

// receiver reads pushes. They carry no signature, so they are a hint only: who
// gets one asks the firm itself.
type receiver struct{}

// Receive implements provider.Receiver.
func (receiver) Receive(p provider.Push) (string, error) {
	var push struct {
		Data struct {
			Metadata struct {
				Identification string `json:"identification"`
			} `json:"metadata"`
		} `json:"data"`
	}
	id := &push.Data.Metadata.Identification
	if err := json.Unmarshal(p.Body, &push); err != nil || *id == "" || kyc.CheckText(*id, maxWord) != "" { // no database could look for it
		return "", kyc.Fail(kyc.Invalid, "invalid_json", "The push must be a JSON event with data.metadata.identification.")
	}
	return *id, nil
}
