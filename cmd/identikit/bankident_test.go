package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestServeBankident runs the method bank on the server of production and on
// PostgreSQL: the bank's firm and the signer are simulators in processes of their
// own, the signer behind TLS that knows its customers by certificate; the register
// and the gateway for texts are the test's.
func TestServeBankident(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	secret, port, folder := strings.Repeat("b", 32), freePort(t), t.TempDir()
	api := "http://127.0.0.1:" + port
	texts := make(chan string, 8)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		texts <- string(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer gateway.Close()
	register := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer registered" {
			t.Errorf("the register was asked without its token: %v", err)
		}
		_ = json.NewEncoder(w).Encode(map[string]bool{"match": strings.Contains(string(body), `"Anna"`)})
	}))
	defer register.Close()
	simulator := func(args ...string) map[string]string {
		t.Helper()
		facts := map[string]string{}
		p := start(t, append([]string{"simulate"}, args...)...)
		p.await(func() bool { return json.Unmarshal(p.out.Bytes(), &facts) == nil })
		return facts
	}
	bank := simulator("xs2a", "--addr", "127.0.0.1:0", "--json", "--push-url", api+"/inbound/xs2a/"+secret)
	signer := simulator("ais", "--addr", "127.0.0.1:0", "--json", "--data", filepath.Join(folder, "ais"))

	key := make([]byte, 32)
	_, _ = rand.Read(key)
	keyFile := filepath.Join(folder, "master.key")
	must(os.WriteFile(keyFile, []byte(base64.StdEncoding.EncodeToString(key)), 0o600))
	database := testdb.Postgres(t)
	p := start(t, "serve", "--addr", "127.0.0.1:"+port, "--ops-addr", "127.0.0.1:0", "--database", database, "--documents", t.TempDir(),
		"--master-key-file", keyFile, "--idnow-company-id", "none", "--idnow-api-key", "none", "--idnow-push-secret", secret,
		"--sms-url", gateway.URL, "--register-url", register.URL, "--register-token", "registered", "--bank-push-secret", secret,
		"--xs2a-url", bank["api_url"], "--xs2a-wizard-url", bank["wizard_url"], "--xs2a-api-key", bank["api_key"], "--xs2a-accept-test",
		"--xs2a-holder", "My Bank", "--xs2a-iban", "DE62888888880012345678", "--xs2a-bic", "TESTDE88XXX",
		"--ais-url", signer["url"], "--ais-identity", signer["identity"], "--ais-cert", signer["certificate"], "--ais-key", signer["key"],
		"--ais-tls-ca", signer["tls_ca"], "--ais-ca", signer["ca"], "--ais-confirm-url", signer["confirm_url"], "--ais-confirm-token", signer["confirm_token"])
	p.await(func() bool { return strings.Contains(p.err.String(), "serves on") })
	var credentials sandbox.Credentials
	must(json.Unmarshal([]byte(output(t, "partner", "create", "--name", "My Bank", "--database", database, "--json")), &credentials))
	p.APIURL, p.Partner = api, credentials
	c, err := newClient(p)
	must(err)

	var o struct {
		ID, Status, URL string
		Documents       []struct {
			ID   string
			Type string `json:"document_type"`
		}
	}
	ready := func(name string) (base string) {
		t.Helper()
		customer, err := json.Marshal(testkit.Customer(name))
		must(err)
		must(c.call(201, "POST", "/v1/persons", string(customer), &o))
		person := "/v1/persons/" + o.ID
		must(c.call(201, "POST", person+"/mobile_number", `{"number":"+15550101"}`, nil))
		must(c.call(201, "POST", person+"/mobile_number/authorize", `{"number":"+15550101"}`, nil))
		code := regexp.MustCompile(`\d{6}`).FindString(strings.SplitN(<-texts, `"text"`, 2)[1])
		must(c.call(201, "POST", person+"/mobile_number/confirm", `{"number":"+15550101","token":"`+code+`"}`, nil))
		base = person + "/identifications"
		must(c.call(201, "POST", base, `{"method":"bank","iban":"DE89370400440532013000","terms_and_conditions_signed_at":"2020-01-01T00:00:00Z"}`, &o))
		return base + "/" + o.ID
	}
	stranger := ready("Berta")
	must(c.call(412, "PATCH", stranger+"/request", "", nil))
	must(c.call(400, "POST", stranger[:strings.LastIndex(stranger, "/")],
		`{"method":"bank","iban":"DE11010101010101010100","terms_and_conditions_signed_at":"2020-01-01T00:00:00Z"}`, nil)) // a sandbox's

	ident := ready("Anna")
	must(c.call(403, "POST", ident[:strings.LastIndex(ident, "/")], `{"method":"bank_id","iban":"DE89370400440532013000"}`, nil)) // nobody checks data here
	must(c.call(200, "PATCH", ident+"/request", "", &o))
	if o.Status != "pending" || !strings.HasPrefix(o.URL, bank["wizard_url"]) {
		t.Fatalf("%+v", o)
	}
	steering := &client{http: http.DefaultClient, api: bank["steering_url"]}
	must(steering.call(200, "POST", "/sessions/"+o.ID+"/result", `{"result":"success"}`, nil))
	p.await(func() bool { return c.call(200, "GET", ident, "", &o) == nil && o.Status == "authorization_required" })
	must(c.call(200, "PATCH", ident+"/authorize", "", &o))
	must(c.call(403, "PATCH", ident+"/confirm", `{"token":"000000"}`, nil))
	must(c.call(200, "PATCH", ident+"/confirm", `{"token":"212212"}`, &o)) // the simulator's for this number
	if o.Status != "confirmed" {
		t.Fatalf("%+v", o)
	}
	p.await(func() bool {
		return c.call(200, "GET", ident+"?include_documents=true", "", &o) == nil && o.Status == "successful"
	})
	if len(o.Documents) != 2 || o.Documents[1].Type != "SIGNED_QES_DOCUMENT" {
		t.Errorf("%+v", o.Documents)
	}
	p.stop()
	log := p.err.String() + p.out.String()
	for _, word := range []string{secret, bank["api_key"], signer["confirm_token"], "registered", "Anna", "212212", "DE89370400440532013000", "0532013000"} {
		if strings.Contains(log, word) {
			t.Errorf("%q stands in the log", word)
		}
	}
}

// TestServeRefusesBankident names what is wrong with its settings before anything starts.
func TestServeRefusesBankident(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "x.pem")
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	base := []string{"serve", "--database", "postgres://nobody@127.0.0.1:1/none", "--documents", folder, "--idnow-company-id", "x", "--idnow-api-key", "y",
		"--idnow-push-secret", strings.Repeat("s", 32), "--xs2a-api-key", "k"}
	bank := append(append([]string{}, base...), "--xs2a-wizard-url", "https://wizard.example", "--xs2a-holder", "B", "--xs2a-iban", "DE62888888880012345678")
	for want, args := range map[string][]string{
		"wizard URL":              base,
		"--bank-push-secret":      bank,
		"must be used together":   append(append([]string{}, bank...), "--ais-cert", file),
		"there is no certificate": append(append([]string{}, bank...), "--bank-push-secret", strings.Repeat("b", 32), "--ais-ca", file),
		"structurally invalid":    append(append([]string{}, bank...), "--bank-push-secret", strings.Repeat("b", 32), "--xs2a-iban", "DE00"),
		"customer:key-entity":     append(append([]string{}, bank...), "--bank-push-secret", strings.Repeat("b", 32), "--ais-identity", "x"),
	} {
		out, err := command(t, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v\n%s\nwant %q", args, err, out, want)
		}
	}
}
