package idnow_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/seal"
	sim "github.com/identikit/identikit/internal/sim/idnow"
)

// world is an adapter and the simulator that it speaks to over HTTP.
type world struct {
	provider.Adapter
	sim   *sim.Server
	clock *clock.Movable
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: clock.NewMovable(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}
	w.clock.Stop()
	var err error
	w.sim, err = sim.New(sim.Config{Account: sim.Account{CompanyID: "bank", APIKey: "key"}, Now: w.clock.Now, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	serve := func(h http.Handler) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	gateway := serve(w.sim.Gateway())
	w.sim.SetURLs(gateway, "https://go.example", "https://robot.example")
	w.Adapter = idnow.New(idnow.Config{
		GatewayURL: gateway, GoURL: "https://go.example", CompanyID: "bank", APIKey: "key", HTTP: &http.Client{}, Wall: w.clock,
	})
	return w
}

const ident = "6dc54352d6793a892e0702850d07b831cidt"

var anna = provider.Order{Identification: ident, Language: "DE", Person: kyc.Attributes{
	"first_name": "Anna", "last_name": "Müller", "birth_date": "1972-12-24", "nationality": "DE", "salutation": "MS", "title": "DR",
	"address.line_1": "Hauptstraße 1", "address.city": "Berlin", "address.postal_code": "10115", "address.country": "DE",
	"mobile_number": "+4915112345678", "email": "anna@example.org", "birth_city": "Köln", "birth_name": "Schmidt",
}}

func TestStart(t *testing.T) {
	w := newWorld(t)
	first, err := w.Starter.Start(t.Context(), anna)
	if err != nil {
		t.Fatal(err)
	}
	if first.URL != "https://go.example/bank/identifications/"+ident || !strings.HasPrefix(first.Reference, "TST-") || len(first.Reference) != 9 {
		t.Errorf("%+v", first)
	}
	if first.EstimatedWaiting == nil || *first.EstimatedWaiting != 60 {
		t.Errorf("estimated waiting time %v", first.EstimatedWaiting)
	}
	if err := w.sim.SetResult(t.Context(), ident, "SUCCESS", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Starter.Start(t.Context(), anna); !kyc.IsKind(err, kyc.Invalid) || !strings.Contains(err.Error(), `"EXISTING_IDENTIFICATION"`) {
		t.Errorf("a finished session: %v", err)
	}
}

func TestSuccess(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Starter.Start(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.SetResult(t.Context(), ident, "SUCCESS", ""); err != nil {
		t.Fatal(err)
	}
	f, err := w.Poller.Poll(t.Context(), provider.Ref{Identification: ident})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range f.Values {
		if v.Standing != provider.Confirmed || !strings.EqualFold(v.Value, anna.Person.Text(v.Path).Reveal()) {
			t.Errorf("%s: %s %q, sent %q", v.Path, v.Standing, v.Value, anna.Person.Text(v.Path).Reveal())
		}
	}
	if len(f.Values) < 10 || f.Paper.Number == "" || f.Paper.ValidUntil == "" || f.Phone != "+4915112345678" {
		t.Errorf("%d values, paper %q %q, phone %q", len(f.Values), f.Paper.Number, f.Paper.ValidUntil, string(f.Phone))
	}
	scratch, err := seal.NewScratch()
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	files, err := w.Archiver.Archive(t.Context(), ident, scratch)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range files {
		got = append(got, file.Name+" "+file.Type+" "+file.ContentType)
	}
	want := []string{
		"audiolog.wav OTHER audio/wav", "idbackside.jpg ID_DOCUMENT image/jpeg", "idfrontside.jpg ID_DOCUMENT image/jpeg", "userface.jpg PICTURE image/jpeg",
	}
	if !slices.Equal(got, want) || scratch.Size() == 0 {
		t.Errorf("files %v, want %v", got, want)
	}
}

func TestReceive(t *testing.T) {
	w := newWorld(t)
	got, err := w.Receiver.Receive(provider.Push{Body: []byte(`{"identificationprocess":{"result":"SUCCESS","transactionnumber":"` + ident + `"}}`)})
	if err != nil || got != ident {
		t.Errorf("%q, %v", got, err)
	}
	for _, body := range []string{``, `{}`, `[]`, `<html>`, `{"identificationprocess":{"transactionnumber":7}}`} {
		if _, err := w.Receiver.Receive(provider.Push{Body: []byte(body)}); !kyc.IsKind(err, kyc.Invalid) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	good := idnow.Config{GatewayURL: "https://gateway.idnow.de", GoURL: "https://go.idnow.de", CompanyID: "x", APIKey: "y"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []idnow.Config{
		{}, {GatewayURL: "gateway", GoURL: good.GoURL, CompanyID: "x", APIKey: "y"},
		{GatewayURL: good.GatewayURL, GoURL: "https://go.idnow.de/path", CompanyID: "x", APIKey: "y"},
		{GatewayURL: good.GatewayURL, GoURL: good.GoURL, APIKey: "y"},
	} {
		if bad.Check() == nil {
			t.Errorf("accepted: %+v", bad)
		}
	}
}

// TestNotJSON: an answer that is too large or no JSON is trouble, not a crash.
func TestNotJSON(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"large": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, bytes.NewReader(make([]byte, 9<<20))) },
		"empty": func(http.ResponseWriter, *http.Request) {},
		"500":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
	} {
		srv := httptest.NewServer(handler)
		a := idnow.New(idnow.Config{GatewayURL: srv.URL, GoURL: srv.URL, CompanyID: "x", APIKey: "y", HTTP: &http.Client{}, Wall: clock.Real{}})
		if _, err := a.Starter.Start(t.Context(), anna); !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%s: %v", name, err)
		}
		srv.Close()
	}
}
