package ais_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/ais"
	sim "github.com/identikit/identikit/internal/sim/ais"
)

// simulator starts a simulator behind mutual TLS, and says how to reach it.
func simulator(t *testing.T) (*sim.Server, ais.Config) {
	t.Helper()
	s, err := sim.New(sim.Config{Customer: "bank", BridgeToken: "token", ConsentURL: "https://consent.example"})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewUnstartedServer(s.API())
	api.TLS, api.Config.ErrorLog = s.ServerTLS(), slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	api.StartTLS()
	t.Cleanup(api.Close)
	return s, ais.Config{
		URL: api.URL + "/AIS-Server/rs/v1.0/", Identity: "bank:" + sim.DefaultEntity, Jurisdiction: "DE",
		Certificate: s.ClientCertificate(), Roots: s.TLSRoots(), TrustedCAs: s.TrustedCAs(),
	}
}

func ordered(change func(*provider.SigningOrder)) provider.SigningOrder {
	o := order("order-1")
	o.Documents = []provider.Digest{{ID: "doc-1", SHA512: make([]byte, 64)}}
	if change != nil {
		change(&o)
	}
	return o
}

// TestMutualTLS: the certificate is the login, on both sides.
func TestMutualTLS(t *testing.T) {
	_, c := simulator(t)
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if s, err := ais.New(c).Signer.Sign(t.Context(), ordered(nil)); err != nil || s.ConsentURL == "" {
		t.Errorf("%+v, %v", s, err)
	}
	for name, change := range map[string]func(*ais.Config){
		"a server that nobody vouches for": func(c *ais.Config) { c.Roots = nil },
		"no certificate":                   func(c *ais.Config) { c.Certificate = tls.Certificate{} },
		"a certificate of another firm's": func(c *ais.Config) {
			other, err := sim.New(sim.Config{Customer: "bank"})
			if err != nil {
				t.Fatal(err)
			}
			c.Certificate = other.ClientCertificate()
		},
		"another customer":   func(c *ais.Config) { c.Identity = "other:" + sim.DefaultEntity },
		"another key entity": func(c *ais.Config) { c.Identity = "bank:Other" },
	} {
		changed := c
		change(&changed)
		if _, err := ais.New(changed).Signer.Sign(t.Context(), ordered(nil)); !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOrders: what no caller should ask for never reaches the firm.
func TestOrders(t *testing.T) {
	called := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the firm was called") }))
	t.Cleanup(called.Close)
	signer := ais.New(ais.Config{URL: called.URL, Identity: "bank:x", HTTP: called.Client()}).Signer
	for name, change := range map[string]func(*provider.SigningOrder){
		"no id": func(o *provider.SigningOrder) { o.ID = "" }, "no documents": func(o *provider.SigningOrder) { o.Documents = nil },
		"a short digest": func(o *provider.SigningOrder) { o.Documents[0].SHA512 = make([]byte, 32) }, "a document without id": func(o *provider.SigningOrder) { o.Documents[0].ID = "" },
		"a document twice": func(o *provider.SigningOrder) { o.Documents = append(o.Documents, o.Documents[0]) },
		"a long message":   func(o *provider.SigningOrder) { o.Message = strings.Repeat("ü", 121) }, "no message": func(o *provider.SigningOrder) { o.Message = "" },
		"a number of no country": func(o *provider.SigningOrder) { o.Phone = "015112345678" }, "no name": func(o *provider.SigningOrder) { delete(o.Person, "last_name") },
	} {
		if _, err := signer.Sign(t.Context(), ordered(change)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestBridge: the password goes in the body to the configured host alone, and
// is never told again; each answer of the bridge has its meaning.
func TestBridge(t *testing.T) {
	const password = "739201"
	s, c := simulator(t)
	if ais.New(c).Confirmer != nil {
		t.Error("there is a confirmer without a bridge")
	}
	status := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	bridge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent map[string]string
		if err != nil || json.Unmarshal(body, &sent) != nil || sent["password"] != password || sent["response_id"] == "" || len(sent) != 2 {
			t.Errorf("%s, %v", body, err)
		}
		if r.Header.Get("Authorization") != "Bearer token" || strings.Contains(r.URL.String(), password) || r.TLS != nil {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(status)
		io.WriteString(w, "the password was "+password)
	}))
	t.Cleanup(bridge.Close)
	c.ConfirmURL, c.ConfirmToken = bridge.URL+"/confirm", "token"
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	signing := ais.New(c)
	session, err := signing.Signer.Sign(t.Context(), ordered(nil))
	if err != nil {
		t.Fatal(err)
	}
	if r := s.SetResult(t.Context(), "order-1", "success"); r != nil {
		t.Fatal(r)
	}
	is := func(kind kyc.Kind) func(error) bool { return func(err error) bool { return kyc.IsKind(err, kind) } }
	for code, want := range map[int]func(error) bool{
		204: func(err error) bool { return err == nil }, 403: func(err error) bool { return errors.Is(err, provider.ErrWrongPassword) },
		404: func(err error) bool { return errors.Is(err, provider.ErrNoAttempt) }, 410: func(err error) bool { return errors.Is(err, provider.ErrNoAttempt) },
		401: is(kyc.BadGateway), 400: is(kyc.BadGateway), 500: is(kyc.BadGateway), 307: is(kyc.BadGateway), 302: is(kyc.BadGateway),
	} {
		status = code
		err := signing.Confirmer.Confirm(t.Context(), session.Handle, password)
		if !want(err) || err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("%d: %v", code, err)
		}
	}
	bridge.Close()
	if err := signing.Confirmer.Confirm(t.Context(), session.Handle, password); !kyc.IsKind(err, kyc.BadGateway) || strings.Contains(err.Error(), password) {
		t.Errorf("a bridge that is down: %v", err)
	}
	ended, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := signing.Confirmer.Confirm(ended, session.Handle, password); !kyc.IsKind(err, kyc.Timeout) {
		t.Errorf("too late: %v", err)
	}
}

// TestCheck: a configuration that could not work, or not safely, is refused when the server starts.
func TestCheck(t *testing.T) {
	_, good := simulator(t)
	for name, change := range map[string]func(*ais.Config){
		"no URL": func(c *ais.Config) { c.URL = "" }, "plain http": func(c *ais.Config) { c.URL = "http://ais.example/AIS-Server/rs/v1.0" },
		"no key entity": func(c *ais.Config) { c.Identity = "bank" }, "no customer": func(c *ais.Config) { c.Identity = ":x" }, "no country": func(c *ais.Config) { c.Jurisdiction = "Germany" },
		"no certificate": func(c *ais.Config) { c.Certificate = tls.Certificate{} }, "nobody trusted": func(c *ais.Config) { c.TrustedCAs = nil },
		"a bridge in the clear": func(c *ais.Config) { c.ConfirmURL, c.ConfirmToken = "http://bridge.example/", "x" }, "a bridge without a token": func(c *ais.Config) { c.ConfirmURL = "https://bridge.example/" },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), "ais: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	good.ConfirmURL, good.ConfirmToken = "https://bridge.example/confirm", "token"
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}
