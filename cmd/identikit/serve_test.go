package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestServe runs the server of production on PostgreSQL, with the simulator in
// a process of its own in the provider's place.
func TestServe(t *testing.T) {
	database := testdb.Postgres(t)
	secret := strings.Repeat("s", 32)
	port := freePort(t)
	api := "http://127.0.0.1:" + port
	var account struct {
		GatewayURL  string `json:"gateway_url"`
		GoURL       string `json:"go_url"`
		SteeringURL string `json:"steering_url"`
		CompanyID   string `json:"company_id"`
		APIKey      string `json:"api_key"`

		AutoIdentCompanyID string `json:"autoident_company_id"`
		AutoIdentAPIKey    string `json:"autoident_api_key"`
	}
	sim := start(t, "simulate", "idnow", "--addr", "127.0.0.1:0", "--json", "--push-url", api+"/inbound/idnow/"+secret)
	sim.await(func() bool { return json.Unmarshal(sim.out.Bytes(), &account) == nil })

	key := make([]byte, 32)
	_, _ = rand.Read(key)
	keyFile := filepath.Join(t.TempDir(), "master.key")
	if err := os.WriteFile(keyFile, []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{}
	p = start(t, "serve", "--addr", "127.0.0.1:"+port, "--ops-addr", "127.0.0.1:0", "--database", database,
		"--documents", t.TempDir(), "--master-key-file", keyFile, "--idnow-gateway-url", account.GatewayURL,
		"--idnow-go-url", account.GoURL, "--idnow-company-id", account.CompanyID, "--idnow-api-key", account.APIKey,
		"--idnow-autoident-company-id", account.AutoIdentCompanyID, "--idnow-autoident-api-key", account.AutoIdentAPIKey,
		"--idnow-push-secret", secret)
	p.await(func() bool { return strings.Contains(p.err.String(), "serves on") })
	var credentials sandbox.Credentials
	text := output(t, "partner", "create", "--name", "My Bank", "--database", database, "--json")
	if err := json.Unmarshal([]byte(text), &credentials); err != nil {
		t.Fatal(err)
	}
	p.APIURL, p.Partner = api, credentials
	c, err := newClient(p)
	if err != nil {
		t.Fatal(err)
	}
	var o struct{ ID, Status, URL string }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	customer, err := json.Marshal(testkit.Customer("Anna"))
	must(err)
	must(c.call(201, "POST", "/v1/persons", string(customer), &o))
	base := "/v1/persons/" + o.ID + "/identifications"
	must(c.call(201, "POST", base, `{"method":"idnow"}`, &o))
	ident := base + "/" + o.ID
	must(c.call(200, "PATCH", ident+"/request", "", &o))
	if o.Status != "pending" || !strings.HasPrefix(o.URL, account.GoURL) {
		t.Fatalf("%+v", o)
	}
	steering := &client{http: http.DefaultClient, api: account.SteeringURL}
	must(steering.call(200, "POST", "/sessions/"+o.ID+"/result", `{"result":"SUCCESS"}`, nil))
	p.await(func() bool { return c.call(200, "GET", ident, "", &o) == nil && o.Status == "successful" })

	// Once identified, the customer is identified anew by the other account.
	must(c.call(201, "POST", base, `{"method":"idnow_autoident"}`, &o))
	ident = base + "/" + o.ID
	must(c.call(200, "PATCH", ident+"/request", "", &o))
	if !strings.HasPrefix(o.URL, account.GoURL+"/"+account.AutoIdentCompanyID+"/") {
		t.Fatalf("%+v", o)
	}
	must(steering.call(200, "POST", "/sessions/"+o.ID+"/result", `{"result":"SUCCESS"}`, nil))
	p.await(func() bool { return c.call(200, "GET", ident, "", &o) == nil && o.Status == "successful" })

	must(c.call(404, "GET", "/sandbox/clock", "", nil))
	must(c.call(404, "POST", "/sandbox/clock", `{"advance":"1h"}`, nil))
	scenario := `{"first_name":"X-AUTOTEST-HAPPYPATH","last_name":"Muster"}`
	must(c.call(201, "POST", "/v1/persons", scenario, &o))
	must(c.call(400, "POST", "/v1/persons/"+o.ID+"/identifications", `{"method":"idnow"}`, nil)) // no scenarios in production
	must(c.call(400, "POST", "/v1/webhooks", `{"event_type":"IDENTIFICATION","url":"http://127.0.0.1:1/"}`, nil))
	must(c.call(400, "POST", "/v1/webhooks", `{"event_type":"IDENTIFICATION","url":"https://127.0.0.1:1/"}`, nil))
	p.stop()
	if log := p.err.String() + p.out.String(); strings.Contains(log, secret) || strings.Contains(log, account.APIKey) || strings.Contains(log, "Anna") {
		t.Error("a secret or a name stands in the log")
	}
}

// TestServeRefuses names what is missing before anything starts.
func TestServeRefuses(t *testing.T) {
	full := []string{"serve", "--addr", "127.0.0.1:0", "--database", "postgres://nobody@127.0.0.1:1/none", "--documents", t.TempDir(),
		"--idnow-company-id", "x", "--idnow-api-key", "y", "--idnow-push-secret", strings.Repeat("s", 32)}
	for want, args := range map[string][]string{
		"master key":            full,
		"must not be negative":  append(append([]string{}, full...), "--max-concurrent=-1"),
		"--trusted-proxies":     append(append([]string{}, full...), "--trusted-proxies", "10.0.0.0/8,somewhere"),
		"must be used together": append(append([]string{}, full...), "--idnow-autoident-company-id", "x"),
		"32 characters":         append(append([]string{}, full...), "--idnow-push-secret", "short"),
		"must be an origin":     append(append([]string{}, full...), "--idnow-go-url", "go.idnow.de"),
		"set both, or neither":  append(append([]string{}, full...), "--register-url", "https://register.example/"),
		"--ais-confirm-url":     append(append([]string{}, full...), "--ais-confirm-token", "x"),
		"--database":            {"serve"},
		"32 bytes in base64":    append(append([]string{}, full...), "--master-key", "c2hvcnQ="),
	} {
		out, err := command(t, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v\n%s\nwant %q", args, err, out, want)
		}
	}
}
