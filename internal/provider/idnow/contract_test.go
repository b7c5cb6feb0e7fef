package idnow_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/video"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/provider/providertest"
	sim "github.com/identikit/identikit/internal/sim/idnow"
)

// TestContract runs the contract of all adapters.
func TestContract(t *testing.T) { providertest.Run(t, newFirm) }

// firm implements providertest.Firm.
type firm struct {
	w        providertest.World
	adapter  provider.Adapter
	sim      *sim.Server
	steering string
}

func newFirm(w providertest.World) providertest.Firm {
	s, err := sim.New(sim.Config{Account: sim.Account{CompanyID: "bank", APIKey: "key", PushURL: w.PushURL}, Now: w.Now, Strict: true, Client: w.Net.Client})
	if err != nil {
		w.T.Fatal(err)
	}
	gateway := w.Net.Serve("gateway.example", s.Gateway())
	s.SetURLs(gateway, "https://go.example", "https://robot.example")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.T.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.T.Errorf("the simulator: %v", err)
		}
	})
	return &firm{w: w, sim: s, steering: w.Net.Serve("steering.example", s.Steering()), adapter: idnow.New(idnow.Config{
		GatewayURL: gateway, GoURL: "https://go.example", CompanyID: "bank", APIKey: "key", HTTP: w.Net.Client, Wall: clock.Real{},
	})}
}

func (f *firm) Adapter() provider.Adapter { return f.adapter }

func (f *firm) Rules() method.Rules { return video.Rules }

func (f *firm) Order(identification string) provider.Order {
	o := anna
	o.Identification = identification
	return o
}

// Results are all results of providers.md §1.7.
func (f *firm) Results() map[string]kyc.Event {
	return map[string]kyc.Event{
		"ABORTED": kyc.AttemptAborted, "CANCELED": kyc.CanceledByReview, "REVIEW_PENDING": kyc.ReviewStarted, "CHECK_PENDING": kyc.NothingNew,
		"FRAUD_SUSPICION_PENDING": kyc.FraudSuspected, "FRAUD_SUSPICION_CONFIRMED": kyc.FailedForGood, "FAILED": kyc.FailedForGood,
		"SUCCESS": kyc.Succeeded, "SUCCESS_DATA_CHANGED": kyc.Succeeded,
	}
}

func (f *firm) End(result, reason, identification string) error {
	return f.sim.SetResult(f.w.T.Context(), identification, result, reason)
}

func (f *firm) Misbehave(how providertest.Misbehaviour, calls int) {
	f.steer("POST", "/faults", fmt.Sprintf(`{"mode":%q,"count":%d,"delay":%q}`, how, calls, providertest.SlowBy))
}

func (f *firm) Behave() { f.steer("DELETE", "/faults", "") }

func (f *firm) Push(p providertest.Pushes) {
	f.steer("POST", "/pushes", fmt.Sprintf(`{"duplicate":%d,"drop":%d,"reorder":%t}`, p.Twice, p.Lost, p.Overtaken))
}

func (f *firm) Forged(identification string) []byte {
	return []byte(`{"identificationprocess":{"result":"SUCCESS","transactionnumber":"` + identification + `","identificationtime":"2026-05-01T12:00:00Z"}}`)
}

func (f *firm) steer(method, path, body string) {
	f.w.T.Helper()
	req, err := http.NewRequestWithContext(f.w.T.Context(), method, f.steering+path, strings.NewReader(body))
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
