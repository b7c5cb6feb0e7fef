package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/server"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// inProcess is the API's handler on a database of its own, with a partner, a
// person and an identification: what a fuzz target sends requests to. It has no
// listener, no runner and no way to the network.
type inProcess struct {
	handler  http.Handler
	store    kyc.Store
	contract *testkit.Contract

	clientID, secret, token string
	person, identification  string
	pushPath                string
	served                  int
}

// pair is one handler, made anew after some thousand requests so that its
// database stays small, and the same on PostgreSQL when nothing is fuzzed: the
// corpus is a test of both databases.
type pair struct {
	root    string // of what is made anew
	sandbox bool
	mu      sync.Mutex
	all     []*inProcess
}

const servesAtMost = 4000

func newPair(f testing.TB, sandbox bool) *pair {
	p := &pair{root: f.TempDir(), sandbox: sandbox}
	p.all = []*inProcess{p.open(f, testdb.SQLite(f))}
	if !fuzzing("test.fuzz") && !fuzzing("test.fuzzworker") {
		p.all = append(p.all, p.open(f, testdb.Postgres(f)))
	}
	f.Cleanup(func() {
		for _, s := range p.all {
			if err := s.store.Close(); err != nil {
				f.Error(err)
			}
		}
	})
	return p
}

func fuzzing(name string) bool {
	set := flag.Lookup(name)
	return set != nil && set.Value.String() != "" && set.Value.String() != "false"
}

// each runs the check on each database.
func (p *pair) each(t *testing.T, check func(t *testing.T, s *inProcess)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.all {
		if s.served++; s.served > servesAtMost && len(p.all) == 1 {
			if err := s.store.Close(); err != nil {
				t.Fatal(err)
			}
			folder, err := os.MkdirTemp(p.root, "")
			if err != nil {
				t.Fatal(err)
			}
			s = p.open(t, filepath.Join(folder, "identikit.db"))
			p.all[i] = s
		}
		check(t, s)
	}
}

func (p *pair) open(t testing.TB, url string) *inProcess {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	store, err := sqlstore.Open(ctx, url, sqlstore.Options{
		Clock: clock.Real{}, NewID: func(suffix string, _ int64) string { return id.Random(suffix) },
	})
	must(err)
	master, err := seal.NewMaster(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	must(err)
	folder, err := os.MkdirTemp(p.root, "")
	must(err)
	blobs, err := dir.Open(folder)
	must(err)
	contract, err := testkit.LoadContract()
	must(err)
	s := &inProcess{store: store, contract: contract}
	push := strings.Repeat("p", 32)
	config := server.Config{
		Store: store, Blobs: blobs, Master: master, Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Version: "test",
		PublicURL: "https://api.example", IDnowPushSecret: push,
		IDnow: idnow.Config{
			GatewayURL: "https://gateway.example", GoURL: "https://go.example", CompanyID: "bank", APIKey: "key",
			HTTP: &http.Client{Transport: firm{}},
		},
	}
	if p.sandbox {
		config.Sandbox = stillWorld{}
	}
	made := server.New(config)
	made.Flow.Caller = willing{}
	s.handler, s.pushPath = made.API, server.PushPath(push)
	partner, secret, err := flow.CreatePartner(ctx, store, flow.NewPartner{Name: "Bank"})
	must(err)
	s.clientID, s.secret = partner.ClientID, secret
	s.token, err = made.Flow.IssueToken(ctx, partner.ClientID, secret)
	must(err)
	customer, err := json.Marshal(testkit.Customer("Anna"))
	must(err)
	s.person = s.make(t, "/v1/persons", string(customer))
	s.identification = s.make(t, "/v1/persons/"+s.person+"/identifications", `{"method":"idnow"}`)
	return s
}

func (s *inProcess) make(t testing.TB, path, body string) string {
	t.Helper()
	a := s.send(t, "POST", path, body)
	var o struct{ ID string }
	if err := json.Unmarshal(a.body, &o); err != nil || a.status != http.StatusCreated {
		t.Fatalf("POST %s: %d %s", path, a.status, a.body)
	}
	return o.ID
}

// firm is a provider that starts every session.
type firm struct{}

func (firm) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"id":"TST-ABCDE","authToken":"t","estimatedWaitingTime":60}`)),
	}, nil
}

// willing is a receiver that answers every verification callout.
type willing struct{}

func (willing) Verify(context.Context, kyc.Subscription, string) error { return nil }

// stillWorld is a sandbox whose clock can be moved and stays where it is.
type stillWorld struct{}

func (stillWorld) Pages() http.Handler { return http.NotFoundHandler() }
func (stillWorld) Now() time.Time      { return time.Date(2031, 8, 31, 12, 0, 0, 0, time.UTC) }

func (stillWorld) MoveTo(context.Context, time.Time) (int, error) { return 0, nil }

func (stillWorld) ChooseResult(context.Context, string, string, string) error { return nil }

// recorder is an answer that may have a deadline, like that of a connection.
type recorder struct{ *httptest.ResponseRecorder }

func (recorder) SetReadDeadline(time.Time) error  { return nil }
func (recorder) SetWriteDeadline(time.Time) error { return nil }

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request with the partner's token and JSON, unless the headers,
// pairs of name and value, say otherwise; it judges the answer.
func (s *inProcess) send(t testing.TB, method, target, body string, headers ...string) answer {
	t.Helper()
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	return s.serve(t, req)
}

var requestIDs = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// serve judges every answer: the description of the API holds, a failure is the
// error body with a known code and never the server's own, nothing is malformed.
func (s *inProcess) serve(t testing.TB, req *http.Request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder{rec}, req)
	a := answer{rec.Code, rec.Result().Header, rec.Body.Bytes()}
	if err := s.contract.Check(req, a.status, a.header, a.body); err != nil {
		t.Errorf("%s %q: %v", req.Method, req.URL, err)
	}
	if a.status >= 500 {
		t.Errorf("%s %q: %d %s", req.Method, req.URL, a.status, a.body)
	}
	for name, values := range a.header {
		for _, v := range values {
			if strings.ContainsFunc(v, unicode.IsControl) || !utf8.ValidString(v) {
				t.Errorf("the header %s is %q", name, v)
			}
		}
	}
	if got := a.header.Get("X-Request-Id"); !requestIDs.MatchString(got) {
		t.Errorf("X-Request-Id is %q", got)
	}
	if req.Method == http.MethodHead {
		return a
	}
	if a.status >= 400 {
		for _, e := range readRefusal(t, a.status, a.body).Errors {
			if e.Title == "" {
				t.Errorf("the code %q has no title", e.Code)
			}
		}
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		clean(t, a.body)
	}
	return a
}

// clean makes sure that a JSON answer holds no text that a column could not.
func clean(t testing.TB, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil || !utf8.Valid(body) {
		t.Errorf("no JSON: %v %q", err, body)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if strings.ContainsFunc(v, unicode.IsControl) {
				t.Errorf("a text holds control characters: %q", v)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(value)
}
