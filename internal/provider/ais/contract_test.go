package ais_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/ais"
	"github.com/identikit/identikit/internal/provider/providertest"
	sim "github.com/identikit/identikit/internal/sim/ais"
)

// TestContract runs the contract of all signers.
func TestContract(t *testing.T) { providertest.RunSigning(t, newFirm) }

// firm implements providertest.SigningFirm.
type firm struct {
	w        providertest.World
	cfg      sim.Config
	signing  provider.Signing
	steering string
	stop     func()
	sim      *sim.Server
	api      atomic.Pointer[http.Handler]
	bridge   atomic.Pointer[http.Handler]
	steer    atomic.Pointer[http.Handler]

	mu    sync.Mutex
	texts map[string][]string
}

func newFirm(w providertest.World) providertest.SigningFirm {
	f := &firm{w: w, texts: map[string][]string{}}
	f.cfg = sim.Config{
		Customer: "bank", Plain: true, BridgeToken: "bridge-token", ConsentURL: "https://consent.example", Dir: w.T.TempDir(), Now: w.Now, Text: f.text,
	}
	f.start()
	w.T.Cleanup(func() { f.stop() })
	f.steering = w.Net.Serve("steering.example", latest(&f.steer))
	f.signing = ais.New(ais.Config{
		URL: w.Net.Serve("ais.example", latest(&f.api)) + "/AIS-Server/rs/v1.0", Identity: "bank:" + sim.DefaultEntity, Jurisdiction: "DE",
		TrustedCAs: f.sim.TrustedCAs(), ConfirmURL: w.Net.Serve("bridge.example", latest(&f.bridge)) + "/confirm", ConfirmToken: "bridge-token", HTTP: w.Net.Client,
	})
	return f
}

// latest is the handler of the simulator that runs now.
func latest(h *atomic.Pointer[http.Handler]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*h.Load()).ServeHTTP(w, r) })
}

func (f *firm) start() {
	s, err := sim.New(f.cfg)
	if err != nil {
		f.w.T.Fatal(err)
	}
	api, bridge, steer := s.API(), s.Bridge(), s.Steering()
	f.sim = s
	f.api.Store(&api)
	f.bridge.Store(&bridge)
	f.steer.Store(&steer)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	f.stop = func() {
		cancel()
		if err := <-done; err != nil {
			f.w.T.Errorf("the simulator: %v", err)
		}
		if err := s.Close(); err != nil {
			f.w.T.Errorf("the simulator: %v", err)
		}
	}
}

func (f *firm) Restart() {
	f.stop()
	f.start()
}

func (f *firm) text(_ context.Context, requestID, msisdn, text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if msisdn != "4915112345678" {
		f.w.T.Errorf("a text message goes to %s", msisdn)
	}
	f.texts[requestID] = append(f.texts[requestID], text)
	return nil
}

func (f *firm) Signing() provider.Signing { return f.signing }

func (f *firm) Order(id string) provider.SigningOrder { return order(id) }

func order(id string) provider.SigningOrder {
	return provider.SigningOrder{
		ID: id, Identification: "6dc54352d6793a892e0702850d07b831cidt", Phone: "+4915112345678", Language: "de",
		Message: "Vorgang 1234-5678 bei der Bank. Ihr Passwort:",
		Person:  kyc.Attributes{"first_name": "Anna Sophie", "last_name": `Muster, geb. "Möller" + Söhne`},
	}
}

func (f *firm) Texts(id string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.texts[id]
}

// Results are those of providers.md §2.5 that are about the attempt.
func (f *firm) Results() map[string]kyc.Event {
	return map[string]kyc.Event{
		"cancel": kyc.AttemptOver, "timeout": kyc.AttemptOver, "service": kyc.AttemptOver, "status": kyc.AttemptOver, "transport": kyc.AttemptOver,
		"InvalidOtp": kyc.AttemptOver, "InvalidPassword": kyc.AttemptOver, "SerialNumberMismatch": kyc.SigningFailed,
		"SignatureError": kyc.AttemptOver, "TimestampError": kyc.AttemptOver, "UnexpectedData": kyc.AttemptOver, "InsufficientData": kyc.AttemptOver,
	}
}

// Troubles are the others.
func (f *firm) Troubles() []string {
	return []string{
		"AuthenticationFailed", "UnknownCustomer", "UnknownServiceEntity", "UnsupportedDigestAlgorithm", "UnsupportedProfile",
		"CantServeTimely", "ServiceInactive", "GeneralError",
	}
}

func (f *firm) Refusals() map[string]kyc.Kind {
	all := map[string]kyc.Kind{
		"cancel": kyc.Invalid, "timeout": kyc.Invalid, "service": kyc.Invalid, "status": kyc.Invalid, "transport": kyc.BadGateway,
		"InvalidOtp": kyc.Invalid, "InvalidPassword": kyc.Invalid, "SerialNumberMismatch": kyc.Invalid,
		"SignatureError": kyc.BadGateway, "TimestampError": kyc.BadGateway, "UnexpectedData": kyc.Invalid, "InsufficientData": kyc.Invalid,
	}
	for _, word := range f.Troubles() {
		all[word] = kyc.BadGateway
	}
	return all
}

func (f *firm) End(id, word string) error {
	if word == providertest.Signed {
		word = "success"
	}
	return f.sim.SetResult(f.w.T.Context(), id, word)
}

func (f *firm) Refuse(word string) {
	f.call("POST", "/next", map[string]any{"outcome": word, "refuse": true})
}
func (f *firm) Late() { f.call("POST", "/next", map[string]any{"late": true}) }

func (f *firm) Flaws() []string {
	return []string{"other_digest", "other_name", "other_authority", "other_type", "other_timestamp", "no_timestamp", "weak_timestamp", "attached", "revoked", "no_revocation", "other_revocation", "cut_off"}
}

func (f *firm) Spoil(flaw string) { f.call("POST", "/next", map[string]any{"flaw": flaw}) }

func (f *firm) Misbehave(how providertest.Misbehaviour, calls int) {
	f.call("POST", "/faults", map[string]any{"mode": how, "count": calls, "delay": providertest.SlowBy.String()})
}

func (f *firm) Behave() { f.call("DELETE", "/faults", nil) }

func (f *firm) call(method, path string, body any) {
	f.w.T.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		f.w.T.Fatal(err)
	}
	req, err := http.NewRequestWithContext(f.w.T.Context(), method, f.steering+path, strings.NewReader(string(data)))
	if err != nil {
		f.w.T.Fatal(err)
	}
	resp, err := f.w.Net.Client.Do(req)
	if err != nil {
		f.w.T.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode > 299 {
		f.w.T.Fatalf("steering %s: %d", path, resp.StatusCode)
	}
}
