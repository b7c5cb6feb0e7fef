package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/identikit/identikit/client"
)

// server is a partner API of one answer at a time, to try the client on what a
// true one seldom does.
type server struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	tokens int
	life   int // of a token, seconds
	seen   []*http.Request
	bodies []string
	answer func(w http.ResponseWriter, r *http.Request, nth int)
}

// serve starts a server. The answer is told how many calls there were before.
func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, nth int)) *server {
	s := &server{t: t, life: 3599, answer: answer}
	s.Server = httptest.NewServer(s)
	s.Config.SetKeepAlivesEnabled(false) // on a used connection Go's transport repeats what it may, by itself
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP gives out tokens named t1, t2, …, and the answer to all else.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	if r.URL.Path == "/oauth2/token" {
		defer s.mu.Unlock()
		s.tokens++
		id, secret, _ := r.BasicAuth()
		if id != "bank" || secret != "s3cr3t%2Fx" || string(body) != "grant_type=client_credentials&scope=partners" {
			s.t.Errorf("%s %s %s", id, secret, body)
		}
		fmt.Fprintf(w, `{"access_token":"t%d","expires_in":%d,"scope":"partners","token_type":"bearer"}`, s.tokens, s.life)
		return
	}
	nth := len(s.seen)
	s.seen, s.bodies = append(s.seen, r), append(s.bodies, string(body))
	s.mu.Unlock()
	s.answer(w, r, nth)
}

// calls are the requests that came, but for tokens.
func (s *server) calls() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// client is one for the server.
func (s *server) client(change ...func(*client.Config)) *client.Client {
	s.t.Helper()
	cfg := client.Config{BaseURL: s.URL + "/", ClientID: "bank", ClientSecret: "s3cr3t/x"}
	for _, fn := range change {
		fn(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// always answers with the status and the body.
func always(status int, body string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { reply(w, status, body) }
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Request-Id", "req-1")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that has gone is part of some tests
}

// asError takes the error for one of the API.
func asError(t *testing.T, err error) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("no error of the API: %v", err)
	}
	return e
}

var background = context.Background()
