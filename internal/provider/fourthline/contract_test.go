package fourthline_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/bankid"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/fourthline"
	"github.com/identikit/identikit/internal/provider/providertest"
	sim "github.com/identikit/identikit/internal/sim/fourthline"
)

// TestContract runs the contract of all adapters.
func TestContract(t *testing.T) { providertest.Run(t, newFirm) }

// firm implements providertest.Firm.
type firm struct {
	w        providertest.World
	adapter  provider.Adapter
	steering string
}

func newFirm(w providertest.World) providertest.Firm {
	s, err := sim.New(sim.Config{ClientID: "bank", ClientSecret: "a secret/+", PushURL: w.PushURL, Now: w.Now, Client: w.Net.Client, Dir: w.T.TempDir()})
	if err != nil {
		w.T.Fatal(err)
	}
	api := w.Net.Serve("api.example", s.API())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.T.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.T.Errorf("the simulator: %v", err)
		}
	})
	return &firm{w: w, steering: w.Net.Serve("steering.example", s.Steering()), adapter: fourthline.New(fourthline.Config{
		URL: api + "/", ClientID: "bank", ClientSecret: "a secret/+", HTTP: w.Net.Client, Wall: clock.Real{},
	})}
}

func (f *firm) Adapter() provider.Adapter { return f.adapter }

func (f *firm) Rules() method.Rules { return bankid.Rules }

func (f *firm) Order(identification string) provider.Order {
	return provider.Order{Identification: identification}
}

// ends are results of every range of providers.md §4.
var ends = map[string]kyc.Event{
	"completed 1000": kyc.DataAccepted, "completed 100": kyc.DataAccepted, "completed 141": kyc.DataAccepted,
	"invalid_data 1001": kyc.FailedForGood, "invalid_data 1036": kyc.FailedForGood, "inconsistent_data 2001": kyc.FailedForGood,
	"inconsistent_data 3999": kyc.FailedForGood, "completed 4000": kyc.DataRejected, "completed 5000": kyc.DataRejected,
	"archived": kyc.NotUnderstood, "completed 5001": kyc.NotUnderstood, "invalid_data 1000": kyc.NotUnderstood,
}

func (f *firm) Results() map[string]kyc.Event { return ends }

// Traits implements providertest.Traited.
func (f *firm) Traits() providertest.Traits {
	return providertest.Traits{
		Archive: func(string) []byte {
			zip, err := sim.Sample(nil)
			if err != nil {
				f.w.T.Fatal(err)
			}
			return zip
		},
		Reason: func(result string) string {
			switch word, _, _ := strings.Cut(result, " "); {
			case ends[result] != kyc.FailedForGood:
				return ""
			case word == "invalid_data":
				return kyc.ReasonInvalidData
			}
			return kyc.ReasonInconsistentData
		},
		Begin:  kyc.Processed,
		Good:   kyc.DataAccepted,
		Series: []kyc.Event{kyc.NotUnderstood, kyc.DataAccepted},
	}
}

func (f *firm) End(result, _, identification string) error {
	status, code := result, 0
	if _, err := fmt.Sscanf(result, "%s %d", &status, &code); err != nil && code != 0 {
		return err
	}
	f.steer("POST", "/verifications/"+identification+"/result", fmt.Sprintf(`{"status":%q,"code":%d}`, status, code))
	return nil
}

func (f *firm) Misbehave(how providertest.Misbehaviour, calls int) {
	f.steer("POST", "/faults", fmt.Sprintf(`{"mode":%q,"count":%d,"delay":%q}`, how, calls, providertest.SlowBy))
}

func (f *firm) Behave() { f.steer("DELETE", "/faults", "") }

func (f *firm) Push(p providertest.Pushes) {
	f.steer("POST", "/pushes", fmt.Sprintf(`{"duplicate":%d,"drop":%d,"reorder":%t}`, p.Twice, p.Lost, p.Overtaken))
}

func (f *firm) Forged(identification string) []byte {
	return []byte(`{"clientReference":"` + identification + `","status":"completed","statusCode":1000}`)
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
