package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
)

// sharedContract is one for the whole test binary, so that it can tell what was seen.
var sharedContract = sync.OnceValues(LoadContract)

// Live is a running sandbox on free ports and a partner who speaks to it. Every
// answer is held against the description of the API.
type Live struct {
	sandbox.Ready
	T        testing.TB
	Contract *Contract
	Token    string
	Options  sandbox.Options

	stop func()
}

// Start runs a sandbox in a folder of its own, on the database at dbURL (empty:
// SQLite in the folder), until the test ends.
func Start(t testing.TB, dbURL string, change ...func(*sandbox.Options)) *Live {
	t.Helper()
	o := sandbox.Options{
		Addr: "127.0.0.1:0", Data: t.TempDir(), Version: "test",
		Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if strings.HasPrefix(dbURL, "postgres") {
		o.Database = dbURL
	}
	for _, fn := range change {
		fn(&o)
	}
	c, err := sharedContract()
	if err != nil {
		t.Fatal(err)
	}
	l := &Live{T: t, Contract: c, Options: o}
	l.open()
	t.Cleanup(func() { l.stop() })
	return l
}

// testLog shows the server's warnings when a test fails.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	if os.Getenv("IDENTIKIT_TEST_LOG") != "" {
		return os.Stderr.Write(b)
	}
	return len(b), nil
}

func (l *Live) open() {
	l.T.Helper()
	w, err := sandbox.Open(context.Background(), l.Options)
	if err != nil {
		l.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done, ready := make(chan error, 1), make(chan struct{})
	go func() { done <- w.Run(ctx, func() error { close(ready); return nil }) }()
	select {
	case <-ready:
	case err := <-done:
		l.T.Fatalf("the sandbox stopped: %v", err)
	}
	l.Ready = w.Ready
	l.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			l.T.Errorf("the sandbox stopped: %v", err)
		}
		if err := w.Close(); err != nil {
			l.T.Errorf("close the sandbox: %v", err)
		}
	})
	l.Token = l.TokenOf(l.Partner.ClientID, l.Partner.ClientSecret)
}

// Restart stops the sandbox and starts it again on the same data.
func (l *Live) Restart() {
	l.T.Helper()
	l.Restarting(func() {})
}

// Restarting does something while the sandbox is stopped.
func (l *Live) Restarting(between func()) {
	l.T.Helper()
	l.stop()
	between()
	http.DefaultClient.CloseIdleConnections() // they end at the server that is gone
	token := l.Token
	l.open()
	l.Token = token // the old one is still good
}

// TokenOf gets an access token for a partner.
func (l *Live) TokenOf(clientID, secret string) string {
	l.T.Helper()
	req := l.request("POST", "/oauth2/token", strings.NewReader(url.Values{
		"grant_type": {"client_credentials"}, "scope": {"partners"},
	}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(clientID, secret)
	status, _, body := l.Send(req)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != 200 || answer.AccessToken == "" {
		l.T.Fatalf("no token: %d %s", status, body)
	}
	return answer.AccessToken
}

func (l *Live) request(method, path string, body io.Reader) *http.Request {
	l.T.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, l.APIURL+path, body)
	if err != nil {
		l.T.Fatal(err)
	}
	return req
}

// Send sends a request as it is and checks the answer against the contract.
func (l *Live) Send(req *http.Request) (int, http.Header, []byte) {
	l.T.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.T.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		l.T.Fatal(err)
	}
	if err := l.Contract.Check(req, resp.StatusCode, resp.Header, b); err != nil {
		l.T.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	return resp.StatusCode, resp.Header, b
}

// Do sends a body (a string as it is, anything else as JSON, nil none) with the
// partner's token.
func (l *Live) Do(method, path string, body any) (int, http.Header, []byte) {
	l.T.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			l.T.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req := l.request(method, path, r)
	req.Header.Set("Authorization", "Bearer "+l.Token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return l.Send(req)
}

// Object is a decoded JSON object.
type Object = map[string]any

// Call is Do for an answer that must have the status and be an object.
func (l *Live) Call(want int, method, path string, body any) Object {
	l.T.Helper()
	status, _, b := l.Do(method, path, body)
	if status != want {
		l.T.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, b)
	}
	var o Object
	if len(b) > 0 {
		if err := json.Unmarshal(b, &o); err != nil {
			l.T.Fatalf("%s %s: %v: %s", method, path, err, b)
		}
	}
	return o
}

// Array is Do for an answer that must be 200 and an array.
func (l *Live) Array(path string) []Object {
	l.T.Helper()
	status, _, b := l.Do("GET", path, nil)
	var a []Object
	if err := json.Unmarshal(b, &a); err != nil || status != 200 {
		l.T.Fatalf("GET %s: %d %s", path, status, b)
	}
	return a
}

// Person makes a person with the first name and returns its id. A name without
// a scenario gets everything that a video identification needs.
func (l *Live) Person(firstName string) string {
	l.T.Helper()
	body := Object{"first_name": firstName, "last_name": "Muster"}
	if !strings.HasPrefix(firstName, "X-") {
		body = Customer(firstName)
	}
	return l.Call(201, "POST", "/v1/persons", body)["id"].(string)
}

// Customer is a request for a person who can be identified by video.
func Customer(firstName string) Object {
	return Object{
		"first_name": firstName, "last_name": "Muster", "birth_date": "1972-12-24", "birth_city": "Köln", "nationality": "DE",
		"address":       Object{"line_1": "Hauptstraße 1", "postal_code": "10115", "city": "Berlin", "country": "DE", "state": "BE"},
		"mobile_number": "+4915112345678", "terms_conditions_signed_at": "2019-01-01T00:00:00Z",
		"data_terms_signed_at": "2019-01-01T00:00:00Z", "salutation": "MS",
	}
}

// Identify makes a person, creates and requests an identification, and returns
// its path.
func (l *Live) Identify(firstName string) string {
	l.T.Helper()
	base := "/v1/persons/" + l.Person(firstName) + "/identifications"
	path := base + "/" + l.Call(201, "POST", base, Object{"method": "idnow"})["id"].(string)
	l.Call(200, "PATCH", path+"/request", nil)
	return path
}

// Advance moves the clock and returns how much was done. Tokens age on that
// clock, so the partner gets a new one.
func (l *Live) Advance(d string) int {
	l.T.Helper()
	fired := int(l.Call(200, "POST", "/sandbox/clock", Object{"advance": d})["fired"].(float64))
	l.Token = l.TokenOf(l.Partner.ClientID, l.Partner.ClientSecret)
	return fired
}

// Status is the status of the identification at the path.
func (l *Live) Status(path string) string {
	l.T.Helper()
	return l.Call(200, "GET", path, nil)["status"].(string)
}
