package httpapi_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/method/video"
	provideridnow "github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/server"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// production is the server as `identikit serve` puts it together, with a
// provider that is not there, and no job runner.
func production(t *testing.T) *testkit.Live {
	t.Helper()
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, testdb.SQLite(t), sqlstore.Options{
		Clock: clock.Real{}, NewID: func(suffix string, _ int64) string { return id.Random(suffix) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	master, err := seal.MasterFromFile(filepath.Join(t.TempDir(), "master.key"), true)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	srv := httptest.NewServer(server.New(server.Config{
		Store: store, Blobs: blobs, Master: master, Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Version: "test",
		IDnow: provideridnow.Config{GatewayURL: gone.URL, GoURL: gone.URL, CompanyID: "test", APIKey: "key", HTTP: gone.Client()}, IDnowPushSecret: "push",
	}).API)
	t.Cleanup(srv.Close)
	contract, err := testkit.LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	p, secret, err := flow.CreatePartner(ctx, store, flow.NewPartner{Name: "Bank"})
	if err != nil {
		t.Fatal(err)
	}
	l := &testkit.Live{Ready: sandbox.Ready{APIURL: srv.URL}, T: t, Contract: contract}
	l.Token = l.TokenOf(p.ClientID, secret)
	return l
}

// TestProduction: what a sandbox allows is not there.
func TestProduction(t *testing.T) {
	t.Parallel()
	l := production(t)
	person := l.Person("Berta")
	var absent []string
	for _, r := range httpapi.Routes {
		if r.SandboxOnly() || strings.HasPrefix(r.Path, "/sandbox/") {
			absent = append(absent, r.Path)
			refused(t, l, 404, "not_found", r.Method, strings.NewReplacer("{person_id}", person, "{id}", "x").Replace(r.Path), object{})
		}
	}
	for _, path := range []string{"/sandbox/clock", "/sandbox/messages", "/v1/persons/{person_id}/update_for_development", "/v1/persons/{person_id}/test_id_document_update"} {
		if !slices.Contains(absent, path) {
			t.Errorf("%s is there in production", path)
		}
	}
	for _, url := range []string{"http://127.0.0.1:1/", "http://localhost/", "https://127.0.0.1:1/", "https://[::1]:1/", "https://10.0.0.1/", "https://169.254.169.254/latest"} {
		refused(t, l, 400, "unsafe_webhook_url", "POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": url})
	}
	r := refused(t, l, 400, "invalid_model", "POST", "/v1/persons", object{"first_name": "X-MANUALTEST-" + strings.Repeat("x", 38)})
	same(t, "sources", r.sources(), []string{"first_name"})

	base := "/v1/persons/" + l.Person("X-MANUALTEST-HAPPYPATH") + "/identifications"
	r = refused(t, l, 400, "invalid_model", "POST", base, object{"method": "idnow"})
	same(t, "a scenario's person is like any other", r.sources(), video.Rules.Required[2:])

	// The provider is out of reach: nothing half done, and asking again says so again.
	ident := create(l, l.Person("Antonia"))
	for range 2 {
		refused(t, l, 502, "bad_gateway", "PATCH", ident+"/request", nil)
		if s := l.Status(ident); s != "created" {
			t.Errorf("%s", s)
		}
	}
	if _, h, _ := l.Do("GET", "/v1/persons?page[size]=1", nil); len(links(t, l, h)) != 3 {
		t.Errorf("link %s", h.Get("link"))
	}
}
