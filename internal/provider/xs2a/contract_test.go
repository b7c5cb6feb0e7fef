package xs2a_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/providertest"
	"github.com/identikit/identikit/internal/provider/xs2a"
	sim "github.com/identikit/identikit/internal/sim/xs2a"
)

// TestContract runs the contract of adapters to firms whose sessions end once.
func TestContract(t *testing.T) { providertest.RunOnce(t, newFirm) }

// firm implements providertest.Firm.
type firm struct {
	w        providertest.World
	adapter  provider.Adapter
	sim      *sim.Server
	steering string
}

func newFirm(w providertest.World) providertest.Firm {
	s, err := sim.New(sim.Config{APIKey: "key", PushURL: w.PushURL, Now: w.Now, Client: w.Net.Client})
	if err != nil {
		w.T.Fatal(err)
	}
	api := w.Net.Serve("api.example", s.API())
	s.SetURLs(api, "https://wizard.example")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.T.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.T.Errorf("the simulator: %v", err)
		}
	})
	return &firm{w: w, sim: s, steering: w.Net.Serve("steering.example", s.Steering()), adapter: xs2a.New(config(api, w.Net.Client))}
}

// Traits implements providertest.Traited.
func (f *firm) Traits() providertest.Traits {
	return providertest.Traits{Anew: true, Good: kyc.BankConfirmed}
}

func (f *firm) Adapter() provider.Adapter { return f.adapter }

func (f *firm) Rules() method.Rules { return bank.Rules }

func (f *firm) Order(identification string) provider.Order {
	o := anna
	o.Identification = identification
	return o
}

// Results are all words of last_error (providers.md §3), and the successes of the wizard.
func (f *firm) Results() map[string]kyc.Event {
	all := map[string]kyc.Event{
		"success": kyc.BankConfirmed, "joint_account": kyc.BankConfirmed,
		"snapshot_expired": kyc.FailedForGood, "snapshot_failed": kyc.FailedForGood,
	}
	for _, word := range lastErrors {
		all[word] = kyc.FailedForGood
	}
	all["session_expired"] = kyc.DeadlinePassed
	return all
}

func (f *firm) End(result, _, identification string) error {
	return f.sim.SetResult(f.w.T.Context(), identification, result)
}

func (f *firm) Misbehave(how providertest.Misbehaviour, calls int) {
	f.steer("POST", "/faults", fmt.Sprintf(`{"mode":%q,"count":%d,"delay":%q}`, how, calls, providertest.SlowBy))
}

func (f *firm) Behave() { f.steer("DELETE", "/faults", "") }

func (f *firm) Push(p providertest.Pushes) {
	f.steer("POST", "/pushes", fmt.Sprintf(`{"duplicate":%d,"drop":%d,"reorder":%t}`, p.Twice, p.Lost, p.Overtaken))
}

func (f *firm) Forged(identification string) []byte {
	return []byte(`{"id":"e","type":"transaction.created","data":{"metadata":{"identification":"` + identification + `"}},"object":"xs2a_event"}`)
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
