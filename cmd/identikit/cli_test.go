package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
)

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestPartners makes and changes partners beside a running server.
func TestPartners(t *testing.T) {
	data := t.TempDir()
	p := startSandbox(t, data)
	var made sandbox.Credentials
	if err := json.Unmarshal([]byte(output(t, "partner", "create", "--name", "Second Bank", "--data", data, "--json")), &made); err != nil {
		t.Fatal(err)
	}
	other := &process{Ready: p.Ready}
	other.Partner = made
	c, err := newClient(other)
	if err != nil {
		t.Fatalf("the new partner is not known at once: %v", err)
	}
	if err := c.call(201, "POST", "/v1/persons", `{"first_name":"Anna","last_name":"Muster"}`, nil); err != nil {
		t.Error(err)
	}
	if list := output(t, "partner", "list", "--data", data); !strings.Contains(list, made.ClientID) || strings.Contains(list, made.ClientSecret) {
		t.Errorf("list:\n%s", list)
	}
	var rotated sandbox.Credentials
	if err := json.Unmarshal([]byte(output(t, "partner", "rotate-secret", made.ClientID, "--data", data, "--json")), &rotated); err != nil {
		t.Fatal(err)
	}
	if _, err := newClient(other); err == nil {
		t.Error("the old secret is still good")
	}
	other.Partner = rotated
	if _, err := newClient(other); err != nil {
		t.Error(err)
	}
	output(t, "partner", "set-secret", made.ClientID, "hush", "--data", data)
	output(t, "partner", "set", made.ClientID, "--greeting", "Zweite Bank", "--success-url", "zweite://kyc/{identification}", "--data", data)
	for _, bad := range []string{"javascript:alert(1)", "http://bank.example/", "/relative", "https://x/{identification}/{identification}"} {
		if out, err := command(t, "partner", "set", made.ClientID, "--success-url", bad, "--data", data).CombinedOutput(); err == nil {
			t.Errorf("%s was accepted: %s", bad, out)
		}
	}
	output(t, "partner", "set", made.ClientID, "--idnow-company-id", "sandboxbank", "--idnow-api-key", "hush-hush", "--data", data)
	if list := output(t, "partner", "list", "--data", data, "--json"); !strings.Contains(list, `"own_idnow_account":true`) || strings.Contains(list, "hush") {
		t.Errorf("list:\n%s", list)
	}
	for _, bad := range [][]string{
		{"--idnow-company-id", "x"}, {"--idnow-gateway-url", "https://x.example", "--idnow-go-url", "https://x.example"}, {"--idnow-company-id", "x", "--idnow-api-key", "k", "--clear-idnow-account"},
		{"--idnow-company-id", "x", "--idnow-api-key", "k", "--idnow-gateway-url", "http://x.example", "--idnow-go-url", "https://x.example"},
	} {
		if out, err := command(t, append([]string{"partner", "set", made.ClientID, "--data", data}, bad...)...).CombinedOutput(); err == nil {
			t.Errorf("%v was accepted: %s", bad, out)
		}
	}
	methods := func(want string, names ...string) {
		t.Helper()
		output(t, append([]string{"partner", "set", made.ClientID, "--data", data}, names...)...)
		if list := output(t, "partner", "list", "--data", data, "--json"); !strings.Contains(list, want) {
			t.Errorf("%v: %s is missing in\n%s", names, want, list)
		}
	}
	methods(`"methods":["bank","bank_id"]`, "--methods", "bank,bank_id")
	methods(`"methods":["bank","bank_id"]`, "--greeting", "Dritte Bank") // they stay
	methods(`"greeting":"Dritte Bank"`, "--methods", "all")
	if list := output(t, "partner", "list", "--data", data, "--json"); strings.Contains(list, "bank_id") {
		t.Errorf("list:\n%s", list)
	}
	if out, err := command(t, "partner", "set", made.ClientID, "--methods", "nonsense", "--data", data).CombinedOutput(); err == nil {
		t.Errorf("an unknown method was accepted: %s", out)
	}
	output(t, "partner", "set", made.ClientID, "--clear-idnow-account", "--data", data)
	if list := output(t, "partner", "list", "--data", data, "--json"); strings.Count(list, `"own_idnow_account":true`) != 1 { // the sandbox's own partner
		t.Errorf("list:\n%s", list)
	}
	if out, err := command(t, "partner", "create", "--name", "X", "--methods", "idnow,nonsense", "--data", data).CombinedOutput(); err == nil {
		t.Errorf("an unknown method was accepted: %s", out)
	}
}

// TestClockCommand moves a running sandbox's clock.
func TestClockCommand(t *testing.T) {
	data := t.TempDir()
	p := startSandbox(t, data, "--clock-start", "2030-01-01T00:00:00Z")
	if out := output(t, "clock", "advance", "24h", "--data", data); !strings.Contains(out, "now 2030-01-02T00:00:") {
		t.Errorf("%s", out)
	}
	if out := output(t, "clock", "to", "2031-01-01T00:00:00Z", "--data", data, "--json"); !strings.Contains(out, `"now":"2031-01-01T00:00:0`) {
		t.Errorf("%s", out)
	}
	if out, err := command(t, "clock", "to", "2030-06-01T00:00:00Z", "--data", data).CombinedOutput(); err == nil || !strings.Contains(string(out), "cannot go back") {
		t.Errorf("%v %s", err, out)
	}
	p.kill() // the clock does not go back by a crash either
	startSandbox(t, data, "--clock-start", "2030-01-01T00:00:00Z")
	if out := output(t, "clock", "show", "--data", data); !strings.Contains(out, "now 2031-01-01T00:00:") {
		t.Errorf("%s", out)
	}
}

// TestTLS speaks TLS on every listener, by the sandbox's own CA.
func TestTLS(t *testing.T) {
	p := startSandbox(t, t.TempDir(), "--tls")
	if p.CAFile == nil || !strings.HasPrefix(p.APIURL, "https://") {
		t.Fatalf("%+v", p.Ready)
	}
	pem, err := os.ReadFile(*p.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c := &client{api: p.APIURL, http: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}}
	if err := c.login(p.Partner); err != nil {
		t.Fatal(err)
	}
	var o struct{ ID, Status, URL string }
	for _, step := range []struct {
		want               int
		method, path, body string
	}{
		{201, "POST", "/v1/persons", `{"first_name":"X-AUTOTEST-HAPPYPATH","last_name":"M"}`},
		{201, "POST", "/v1/persons/ID/identifications", `{"method":"idnow"}`},
	} {
		if err := c.call(step.want, step.method, strings.Replace(step.path, "ID", o.ID, 1), step.body, &o); err != nil {
			t.Fatal(err)
		}
	}
	var list []struct {
		ID       string
		PersonID string `json:"person_id"`
	}
	if err := c.call(200, "GET", "/v1/identifications", "", &list); err != nil || len(list) != 1 {
		t.Fatal(err, list)
	}
	ident := "/v1/persons/" + list[0].PersonID + "/identifications/" + list[0].ID
	if err := c.call(200, "PATCH", ident+"/request", "", &o); err != nil { // gateway over TLS
		t.Fatal(err)
	}
	if err := c.call(200, "POST", "/sandbox/clock", `{"advance":"5m"}`, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.call(200, "GET", ident, "", &o); err != nil || o.Status != "successful" { // push over TLS
		t.Errorf("%v %+v", err, o)
	}
	resp, err := c.http.Get(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// TestOps finds health, readiness and metrics on a listener of their own.
func TestOps(t *testing.T) {
	p := startSandbox(t, t.TempDir(), "--json")
	var printed struct {
		OpsURL string `json:"ops_url"`
		APIURL string `json:"api_url"`
	}
	p.await(func() bool { return json.Unmarshal(p.out.Bytes(), &printed) == nil })
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "identikit_http_requests_total"} {
		if _, err := newClient(p); err != nil { // so that there is a request to count
			t.Fatal(err)
		}
		resp, err := http.Get(printed.OpsURL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, %v\n%s", path, resp.StatusCode, err, body)
		}
	}
	p.stop()
}

// TestWelcome pastes the five curl lines that a sandbox prints for people.
func TestWelcome(t *testing.T) {
	p := startSandbox(t, t.TempDir())
	p.await(func() bool { return strings.Contains(p.out.String(), "include_documents=true") })
	for _, port := range []string{p.SteeringURL, p.OpsURL} { // of the ready file
		if port == "" || !strings.Contains(p.out.String(), port) {
			t.Errorf("%q is not what was printed", port)
		}
	}
	var script []string
	for line := range strings.Lines(p.out.String()) {
		for _, begin := range []string{"  TOKEN=", "  PERSON=", "  IDENT=", "  curl "} {
			if strings.HasPrefix(line, begin) {
				script = append(script, line)
			}
		}
	}
	if len(script) != 5 {
		t.Fatalf("%d lines to paste, want 5:\n%s", len(script), p.out)
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c", strings.Join(script, "")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"status":"successful"`) || !strings.Contains(string(out), "KYC_REPORT") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestHelp: every command explains itself with an example.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{
		{"sandbox"}, {"serve"}, {"simulate", "idnow"}, {"simulate", "xs2a"}, {"simulate", "ais"}, {"simulate", "fourthline"}, {"partner", "create"}, {"partner", "list"}, {"partner", "rotate-secret"},
		{"partner", "set-secret"}, {"partner", "set"}, {"webhook", "resume"}, {"webhook", "list"}, {"webhook", "deliveries"}, {"webhook", "replay"}, {"listen"}, {"clock", "advance"}, {"clock", "to"}, {"clock", "show"}, {"migrate"},
	} {
		if out := output(t, append(args, "--help")...); !strings.Contains(out, "Example:") {
			t.Errorf("%v --help has no example:\n%s", args, out)
		}
	}
}

// TestConfigFile: a flag wins over the environment, which wins over the file.
func TestConfigFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := func(env string, args ...string) string {
		cmd := command(t, append([]string{"--config", file, "serve"}, args...)...)
		cmd.Env = append(os.Environ(), env)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Fatalf("it started: %s", out)
		}
		return string(out)
	}
	write(`{"database": "postgres://x@127.0.0.1:1/x", "documents": "/nowhere", "idnow_company_id": "x", "idnow-api-key": "y", "idnow-push-secret": "short"}`)
	good := strings.Repeat("s", 32)
	for want, out := range map[string]string{
		"32 characters":     said("A=b"),
		"master key":        said("IDENTIKIT_IDNOW_PUSH_SECRET=" + good),
		"must be an origin": said("IDENTIKIT_IDNOW_GO_URL=https://go.example", "--idnow-push-secret", good, "--idnow-go-url", "nowhere"),
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q, got %s", want, out)
		}
	}
	write(`{"idnow-compny-id": "x"}`)
	if out := said("A=b"); !strings.Contains(out, "idnow-compny-id") {
		t.Errorf("a misspelt setting went unseen: %s", out)
	}
}

// TestOneSandboxPerFolder: two must not share a folder, and a wrong folder is
// no new sandbox.
func TestOneSandboxPerFolder(t *testing.T) {
	data := t.TempDir()
	p := startSandbox(t, data)
	if out, err := command(t, "sandbox", "--addr", "127.0.0.1:0", "--data", data).CombinedOutput(); err == nil || !strings.Contains(string(out), "another sandbox") {
		t.Errorf("%v: %s", err, out)
	}
	p.kill()
	startSandbox(t, data).stop()
	if info, err := os.Stat(sandbox.DatabaseFile(data)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database: %v, %v", info, err)
	}
	wrong := filepath.Join(t.TempDir(), "typo")
	if out, err := command(t, "partner", "list", "--data", wrong).CombinedOutput(); err == nil || !strings.Contains(string(out), "no sandbox") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(wrong); !os.IsNotExist(err) {
		t.Error("the wrong folder was made")
	}
}

// TestStopWhileMoving: SIGTERM ends a long move of the clock where it is.
func TestStopWhileMoving(t *testing.T) {
	data := t.TempDir()
	p := startSandbox(t, data)
	c, err := newClient(p)
	if err != nil {
		t.Fatal(err)
	}
	var o struct{ ID string }
	for range 20 {
		if err := c.call(201, "POST", "/v1/persons", `{"first_name":"X-MANUALTEST-HAPPYPATH","last_name":"M"}`, &o); err != nil {
			t.Fatal(err)
		}
		person := "/v1/persons/" + o.ID
		if err := c.call(201, "POST", person+"/identifications", `{"method":"idnow"}`, &o); err != nil {
			t.Fatal(err)
		}
		if err := c.call(200, "PATCH", person+"/identifications/"+o.ID+"/request", "", nil); err != nil {
			t.Fatal(err)
		}
	}
	moved := make(chan error, 1)
	go func() { moved <- c.call(200, "POST", "/sandbox/clock", `{"advance":"87600h"}`, nil) }()
	before := output(t, "clock", "show", "--data", data)
	p.await(func() bool { return output(t, "clock", "show", "--data", data)[:14] != before[:14] }) // it is a day further
	p.stop()
	if err := <-moved; err == nil {
		t.Error("ten years were moved before the stop: this test tests nothing")
	}
}
