// Package ais is the adapter to a firm that makes qualified electronic
// signatures: the All-in Signing Service, in JSON (providers.md §2), with a
// certificate made for each signing and the customer's consent by a one-time
// password. Its codes are turned into our words in mapping.go, and every
// signature is checked before it is believed (cms.go).
//
// The service takes the password on its own page alone. Who can hand it over
// otherwise runs a bridge: ADR 0011 describes its wire.
//
// It imports the port and the nouns, and shares no code with the simulator.
package ais

import (
	"context"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Config is one account at the firm.
type Config struct {
	URL          string          // base of the service: https://ais.swisscom.com/AIS-Server/rs/v1.0
	Identity     string          // ClaimedIdentity.Name: "customer:keyEntity"
	Jurisdiction string          // country in the signers' certificates, two letters
	Certificate  tls.Certificate // the customer's login: mutual TLS
	Roots        *x509.CertPool  // who vouches for the service's TLS server; nil: who the system trusts
	TrustedCAs   *x509.CertPool  // who vouches for the signers' certificates and the time stamps

	ConfirmURL   string // where the bridge takes passwords; empty: there is none
	ConfirmToken string // what is shown to it

	HTTP *http.Client // for both; nil: clients of its own, with the certificate for the service alone
}

// Check says what is missing or wrong in the configuration.
func (c Config) Check() error {
	customer, entity, both := strings.Cut(c.Identity, ":")
	switch {
	case !goodURL(c.URL):
		return errors.New("ais: the URL must be the base of the service, like https://ais.swisscom.com/AIS-Server/rs/v1.0; plain http is for this machine alone")
	case !both || customer == "" || entity == "" || kyc.CheckText(c.Identity, maxWord) != "":
		return errors.New("ais: the identity must be customer:key-entity, like bank:OnDemand-Advanced4.1-EU")
	case !kyc.KnownCountry(c.Jurisdiction):
		return errors.New("ais: the jurisdiction must be a country, like DE or CH")
	case len(c.Certificate.Certificate) == 0 && c.HTTP == nil:
		return errors.New("ais: the client certificate is needed: the service knows its customers by it")
	case c.TrustedCAs == nil:
		return errors.New("ais: the trusted authorities are needed: signatures are checked against them")
	case c.ConfirmURL != "" && !goodURL(c.ConfirmURL):
		return errors.New("ais: the confirm URL must use https; plain http is for this machine alone")
	case c.ConfirmURL != "" && (c.ConfirmToken == "" || kyc.CheckText(c.ConfirmToken, maxAddress) != ""):
		return errors.New("ais: the confirm URL needs a confirm token")
	}
	return nil
}

// goodURL tells whether a URL is one that may be called: nothing is sent in
// the clear, but on this machine. It holds none but the characters of a URL, so
// that it ends nothing where it is written into: a header, a page.
func goodURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || len(raw) > maxAddress || strings.ContainsFunc(raw, foreignToURLs) {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}

// foreignToURLs tells whether a character has no place in a URL (RFC 3986, 2).
func foreignToURLs(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}

// New returns the adapter of the account.
func New(c Config) provider.Signing {
	c.URL = strings.TrimRight(c.URL, "/")
	a := &account{Config: c, service: c.HTTP, bridge: c.HTTP}
	if c.HTTP == nil {
		a.service = &http.Client{Transport: transport(&tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.Certificate}, RootCAs: c.Roots})}
		a.bridge = &http.Client{Transport: transport(&tls.Config{MinVersion: tls.VersionTLS12})}
	}
	a.service, a.bridge = staying(a.service), staying(a.bridge)
	s := provider.Signing{Name: "ais", Signer: a}
	if c.ConfirmURL != "" {
		s.Confirmer = a
	}
	return s
}

func transport(c *tls.Config) http.RoundTripper {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: c, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: idleTimeout}
}

// staying gives a client that follows no redirect: digests, passwords and
// tokens go to the configured host alone.
func staying(c *http.Client) *http.Client {
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

type account struct {
	Config
	service, bridge *http.Client
}

// handle is what is known of an attempt to sign, to ask with. It holds no
// personal data: of the name only a hash, keyed with the order's id.
type handle struct {
	Order    string            `json:"order"`
	Response string            `json:"response"` // the newest async.ResponseID
	Consent  string            `json:"consent,omitempty"`
	Digests  map[string][]byte `json:"digests"`
	Subject  []byte            `json:"subject"`
}

func (h handle) encode() (string, error) {
	b, err := json.Marshal(h)
	return string(b), err
}

// openHandle reads a handle; that it is ours is not believed.
func openHandle(text string) (handle, error) {
	var h handle
	if err := json.Unmarshal([]byte(text), &h); err != nil || h.Order == "" || h.Response == "" || len(h.Digests) == 0 {
		return h, errors.New("ais: the handle of the signing cannot be read")
	}
	return h, nil
}

// Sign implements provider.Signer: POST /sign. It is called once: each call
// sends the customer another password.
func (a *account) Sign(ctx context.Context, o provider.SigningOrder) (provider.SigningSession, error) {
	if err := checkOrder(o); err != nil {
		return provider.SigningSession{}, err
	}
	s := subjectOf(o, a.Jurisdiction)
	h := handle{Order: o.ID, Subject: s.hash(o.ID), Digests: map[string][]byte{}}
	for _, d := range o.Documents {
		h.Digests[d.ID] = d.SHA512
	}
	got, _, err := a.post(ctx, "/sign", signRequest(o, s, a.Identity))
	if err != nil {
		return provider.SigningSession{}, err
	}
	if !got.pending() {
		return provider.SigningSession{}, got.refusal()
	}
	if err := h.take(got); err != nil {
		return provider.SigningSession{}, err
	}
	text, err := h.encode()
	return provider.SigningSession{Handle: text, ConsentURL: h.Consent}, err
}

// checkOrder refuses what no caller should ask for.
func checkOrder(o provider.SigningOrder) error {
	switch {
	case o.ID == "" || len(o.Documents) == 0:
		return errors.New("ais: an order needs an id and documents")
	case len([]rune(o.Message)) > maxMessage || o.Message == "":
		return errors.New("ais: the message must have 1 to 120 characters")
	}
	seen := map[string]bool{}
	for _, d := range o.Documents {
		if len(d.SHA512) != sha512.Size || d.ID == "" || seen[d.ID] {
			return errors.New("ais: a document needs an id of its own and its SHA-512")
		}
		seen[d.ID] = true
	}
	if phone, ok := kyc.NormalizePhone(o.Phone); !ok || phone != o.Phone {
		return errors.New("ais: the phone number must be E.164")
	}
	if o.Person.Text("first_name").Empty() || o.Person.Text("last_name").Empty() {
		return kyc.Fail(kyc.Invalid, "signing_error", "The signer needs the person's first and last name.")
	}
	return nil
}

// take keeps what a pending answer says: its response id is the one to ask with next.
func (h *handle) take(a answer) error {
	if id := a.requestID(); id != "" && id != h.Order {
		return garbage(errors.New("the answer is about another request"))
	}
	response, ok := a.responseID()
	if !ok {
		return garbage(errors.New("the answer is pending and has no response id"))
	}
	consent, ok := a.consentURL()
	if !ok {
		return garbage(errors.New("the consent URL is none that customers could be sent to"))
	}
	if h.Response = response; consent != "" {
		h.Consent = consent
	}
	return nil
}

// Ask implements provider.Signer: POST /pending.
func (a *account) Ask(ctx context.Context, text string) (provider.Signature, error) {
	h, err := openHandle(text)
	if err != nil {
		return provider.Signature{}, err
	}
	got, raw, err := a.post(ctx, "/pending", pendingRequest(h.Response, a.Identity))
	if err != nil {
		return provider.Signature{}, err
	}
	out := provider.Signature{Handle: text, ConsentURL: h.Consent, Raw: raw}
	switch {
	case got.pending():
		if err := h.take(got); err != nil {
			return provider.Signature{}, err
		}
		if out.Handle, err = h.encode(); err != nil {
			return provider.Signature{}, err
		}
		return provider.Signature{Handle: out.Handle, ConsentURL: h.Consent}, provider.ErrNoResult
	case got.success():
		out.Event, out.Result = kyc.DocumentsSigned, "Success"
		return out, a.readSignatures(&out, h, got)
	}
	out.Event, out.Result = got.meaning().event, got.result()
	if out.Event == "" {
		return provider.Signature{}, operatorTrouble(out.Result)
	}
	return out, nil
}
