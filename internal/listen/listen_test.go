package listen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/listen"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/webhook"
)

// ear is a Listen that runs in a test.
type ear struct {
	t      *testing.T
	url    string
	events chan listen.Event
	end    func() error

	mu   sync.Mutex
	said []string
}

func (e *ear) saidAny(word string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Contains(strings.Join(e.said, "\n"), word)
}

func (e *ear) next() listen.Event {
	e.t.Helper()
	select {
	case got := <-e.events:
		return got
	case <-time.After(20 * time.Second):
		e.t.Fatal("no event came")
	}
	return listen.Event{}
}

func apiOf(l *testkit.Live) listen.API {
	return listen.API{URL: l.APIURL, ClientID: l.Partner.ClientID, ClientSecret: l.Partner.ClientSecret, Client: http.DefaultClient}
}

const secret = "0123456789abcdef0123456789abcdef"

func start(t *testing.T, l *testkit.Live, forwardTo string, events ...string) *ear {
	t.Helper()
	e := &ear{t: t, events: make(chan listen.Event, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- listen.Listen(ctx, listen.Options{
			API: apiOf(l), Events: events, ForwardTo: forwardTo, Secret: secret, Addr: "127.0.0.1:0",
			Print: func(x listen.Event) { e.events <- x }, Ready: func(url string) { ready <- url },
			Say: func(format string, args ...any) {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.said = append(e.said, fmt.Sprintf(format, args...))
			},
		})
	}()
	select {
	case e.url = <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	e.end = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = e.end() })
	return e
}

// TestListen: events come, proved, to the receiver with a signature of its own
// secret; its answer decides what the API does; at the end nothing is left.
func TestListen(t *testing.T) {
	l := testkit.Start(t, "")
	var mu sync.Mutex
	status, seen := 503, 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Solaris-Webhook-Signature") != webhook.Sign(secret, body) || r.Header.Get("Solaris-Webhook-Event-Type") != "IDENTIFICATION" ||
			r.URL.Path != "/hooks" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v %s %s %v", err, r.URL, body, r.Header)
		}
		mu.Lock()
		defer mu.Unlock()
		seen++
		w.WriteHeader(status)
		fmt.Fprint(w, "as the receiver says")
	}))
	defer receiver.Close()
	e := start(t, l, receiver.URL+"/hooks", "IDENTIFICATION", "PERSON_CHANGED")
	subs := l.Array("/v1/webhooks")
	if len(subs) != 2 {
		t.Fatalf("%v", subs)
	}
	person := l.Person("Anna")
	ident := l.Call(201, "POST", "/v1/persons/"+person+"/identifications", testkit.Object{"method": "idnow"})["id"].(string)
	first := e.next()
	if first.Event != "IDENTIFICATION" || first.Entity != ident || first.Attempt != "1" || first.Forwarded != 503 || !strings.Contains(string(first.Body), `"created"`) || first.Time.IsZero() {
		t.Errorf("%+v %s", first, first.Body)
	}
	mu.Lock()
	status = 204
	mu.Unlock()
	l.Advance("7s")
	if second := e.next(); second.Attempt != "2" || second.Forwarded != 204 || second.Notification != first.Notification {
		t.Errorf("%+v", second)
	}
	deliveries := l.Array("/v1/webhooks/" + subs[0]["id"].(string) + "/deliveries")
	attempts := deliveries[0]["attempts"].([]any)
	if answer := attempts[0].(testkit.Object)["answer"]; deliveries[0]["state"] != "delivered" || answer != "as the receiver says" {
		t.Errorf("%v", deliveries)
	}
	forged(t, e, subs[0]["id"].(string))
	if err := e.end(); err != nil {
		t.Error(err)
	}
	if left := l.Array("/v1/webhooks"); len(left) != 0 || seen != 2 {
		t.Errorf("%d calls, left: %v", seen, left)
	}
	if _, err := http.Post(e.url, "application/json", strings.NewReader("{}")); err == nil {
		t.Error("it still listens")
	}
}

// forged: nobody but the API can make it print or forward.
func forged(t *testing.T, e *ear, sub string) {
	t.Helper()
	for _, c := range []struct {
		method, url, sub, body string
		status                 int
	}{
		{"POST", e.url, sub, "{}", 401}, {"POST", e.url, "", "{}", 404}, {"GET", e.url, sub, "", 404}, {"POST", e.url + "x", sub, "{}", 404},
		{"POST", e.url, sub, strings.Repeat("x", 1<<20+1), 413},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Solaris-Webhook-Subscription-Id", c.sub)
		req.Header.Set("Solaris-Webhook-Signature", "sha256=00")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.url, resp.StatusCode, c.status)
		}
	}
	if len(e.events) != 0 || !e.saidAny("wrong signature") {
		t.Errorf("%d events came of it", len(e.events))
	}
}

// TestListenAlone answers 200 to everything; a receiver that does not answer is
// said to, and is retried.
func TestListenAlone(t *testing.T) {
	l := testkit.Start(t, "")
	alone := start(t, l, "", "IDENTIFICATION")
	gone := httptest.NewServer(nil)
	gone.Close()
	deaf := start(t, l, gone.URL, "IDENTIFICATION")
	l.Call(201, "POST", "/v1/persons/"+l.Person("Anna")+"/identifications", testkit.Object{"method": "idnow"})
	if e := alone.next(); e.Forwarded != 0 || e.Failure != "" {
		t.Errorf("%+v", e)
	}
	if e := deaf.next(); e.Forwarded != 0 || e.Failure != "the receiver does not answer" {
		t.Errorf("%+v", e)
	}
	l.Advance("1ms") // waits until the attempts are written
	states := map[any]int{}
	for _, sub := range l.Array("/v1/webhooks") {
		states[l.Array("/v1/webhooks/" + sub["id"].(string) + "/deliveries")[0]["state"]]++
	}
	if states["delivered"] != 1 || states["queued"] != 1 {
		t.Errorf("%v", states)
	}
}

// TestListenFails: what fails half-way leaves nothing behind, and says why.
func TestListenFails(t *testing.T) {
	l := testkit.Start(t, "")
	fail := func(api listen.API, callback string, events ...string) error {
		return listen.Listen(t.Context(), listen.Options{API: api, Events: events, Addr: "127.0.0.1:0", Callback: callback, Secret: secret})
	}
	good := apiOf(l)
	wrong, nowhere := good, good
	wrong.ClientSecret = "wrong"
	nowhere.URL = "http://127.0.0.1:1"
	for want, err := range map[string]error{
		"not an event type":   fail(good, "", "IDENTIFICATION", "NONSENSE"),
		"must use https":      fail(good, "http://bank.example", "IDENTIFICATION"),
		"client secret":       fail(wrong, "", "IDENTIFICATION"),
		"is it running?":      fail(nowhere, "", "IDENTIFICATION"),
		"cannot listen on 1:": listen.Listen(t.Context(), listen.Options{API: good, Addr: "1:1:1"}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if left := l.Array("/v1/webhooks"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	// The answer to a subscription is lost: it is found and removed all the same.
	lossy := good
	lossy.Client = &http.Client{Transport: losing{}}
	if err := fail(lossy, "", "IDENTIFICATION"); err == nil {
		t.Error("it went well")
	}
	if left := l.Array("/v1/webhooks"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	// The API is gone at the end: what is left is named.
	e := start(t, l, "", "IDENTIFICATION")
	id := l.Array("/v1/webhooks")[0]["id"].(string)
	var err error
	l.Restarting(func() { err = e.end() })
	if err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("%v", err)
	}
}

// losing loses the answers to subscriptions.
type losing struct{}

func (losing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && r.Method == "POST" && r.URL.Path == "/v1/webhooks" {
		resp.Body.Close()
		return nil, errors.New("the connection broke")
	}
	return resp, err
}

// TestListenIsNotLedAway: an API that points elsewhere is not followed there
// with the secret.
func TestListenIsNotLedAway(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	api := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer api.Close()
	err := listen.Listen(t.Context(), listen.Options{
		API:  listen.API{URL: api.URL, ClientID: "bank", ClientSecret: "s3cr3t", Client: http.DefaultClient},
		Addr: "127.0.0.1:0", Events: []string{"IDENTIFICATION"}, Secret: secret,
	})
	if err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("%v", err)
	}
}
