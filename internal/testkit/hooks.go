package testkit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Hook is one notification as a receiver saw it.
type Hook struct {
	Header http.Header
	Body   []byte
}

// Status is the status that an IDENTIFICATION tells.
func (h Hook) Status() string {
	var body struct{ Status string }
	if json.Unmarshal(h.Body, &body) != nil {
		return ""
	}
	return body.Status
}

// Receiver is a partner's webhook receiver. It checks signatures itself, with
// no code of the sender's.
type Receiver struct {
	URL string

	t       testing.TB
	mu      sync.Mutex
	secrets map[string]string // by subscription
	hooks   []Hook
	answer  func(Hook) int
	came    chan struct{}
	held    chan struct{} // one for each verification callout that waits
	release chan struct{} // closed: callouts are answered
}

// NewReceiver starts a receiver that answers 200 until told otherwise.
func NewReceiver(t testing.TB) *Receiver {
	r := &Receiver{t: t, secrets: map[string]string{}, came: make(chan struct{}, 1), held: make(chan struct{}, 64), release: make(chan struct{})}
	close(r.release)
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	r.URL = srv.URL
	return r
}

// Answer sets what the receiver answers from now on; it may block.
func (r *Receiver) Answer(fn func(Hook) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = fn
}

// Hold lets verification callouts wait until Release.
func (r *Receiver) Hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release = make(chan struct{})
}

// Held waits until n more verification callouts wait.
func (r *Receiver) Held(n int) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for range n {
		select {
		case <-r.held:
		case <-deadline:
			r.t.Fatal("the callouts did not come")
		}
	}
}

// Release answers the callouts that wait.
func (r *Receiver) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.release)
}

// ServeHTTP takes a notification.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Errorf("receiver: %v", err)
	}
	h := Hook{req.Header, body}
	if req.Header.Get("Solaris-Webhook-Event-Type") == "WEBHOOK-SUBSCRIPTION" {
		if len(body) != 0 {
			r.t.Errorf("the verification callout has a body: %s", body)
		}
		r.mu.Lock()
		release := r.release
		r.mu.Unlock()
		select {
		case <-release:
		default:
			r.held <- struct{}{}
			<-release
		}
		return
	}
	r.mu.Lock()
	r.hooks = append(r.hooks, h)
	secret, answer := r.secrets[req.Header.Get("Solaris-Webhook-Subscription-Id")], r.answer
	r.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); req.Header.Get("Solaris-Webhook-Signature") != want {
		r.t.Errorf("signature %q, want %q", req.Header.Get("Solaris-Webhook-Signature"), want)
	}
	select {
	case r.came <- struct{}{}:
	default:
	}
	if answer != nil {
		w.WriteHeader(answer(h))
	}
}

// Subscribe subscribes the receiver and returns the subscription's id.
func (r *Receiver) Subscribe(l *Live, event string) string {
	l.T.Helper()
	o := l.Call(201, "POST", "/v1/webhooks", Object{"event_type": event, "url": r.URL + "/hooks"})
	r.Know(o["id"].(string), o["secret"].(string))
	return o["id"].(string)
}

// Know tells the receiver the secret of a subscription.
func (r *Receiver) Know(subscription, secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets[subscription] = secret
}

// Hooks returns what came so far.
func (r *Receiver) Hooks() []Hook {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Hook(nil), r.hooks...)
}

// Statuses returns the statuses that IDENTIFICATION told, for one entity or all.
func (r *Receiver) Statuses(entity string) (all []string) {
	for _, h := range r.Hooks() {
		if h.Header.Get("Solaris-Webhook-Event-Type") == "IDENTIFICATION" && (entity == "" || h.Header.Get("Solaris-Entity-Id") == entity) {
			all = append(all, h.Status())
		}
	}
	return all
}

// Wait waits until n notifications have come.
func (r *Receiver) Wait(n int) []Hook {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if hooks := r.Hooks(); len(hooks) >= n {
			return hooks
		}
		select {
		case <-r.came:
		case <-deadline:
			r.t.Fatalf("%d notifications came, want %d", len(r.Hooks()), n)
		}
	}
}
