package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
)

// deeds are calls of each sort, by when they are sent again.
var deeds = map[string]func(*client.Client) error{
	"GET":     func(c *client.Client) error { _, err := c.Person(background, "p"); return err },
	"POST":    func(c *client.Client) error { _, err := c.CreatePerson(background, client.PersonData{}); return err },
	"request": func(c *client.Client) error { _, err := c.RequestIdentification(background, "p", "i"); return err },
	"PATCH": func(c *client.Client) error {
		_, _, err := c.PatchPerson(background, "p", client.PersonPatch{})
		return err
	},
	"DELETE":  func(c *client.Client) error { return c.DeleteWebhook(background, "w") },
	"webhook": func(c *client.Client) error { _, err := c.CreateWebhook(background, "X", "y"); return err },
	"clock":   func(c *client.Client) error { _, err := c.Sandbox().Advance(background, 1); return err },
}

// TestRepeats: what is sent again, and what is not, for each sort of trouble.
func TestRepeats(t *testing.T) {
	t.Parallel()
	const cut = 0 // the connection, before an answer
	for deed, call := range deeds {
		for _, c := range []struct {
			status int
			always bool // sent again whatever the deed is
			never  bool
		}{{429, true, false}, {503, true, false}, {502, false, false}, {504, false, false}, {cut, false, false}, {500, false, true}, {409, false, true}, {400, false, true}} {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				if c.status == cut {
					panic(http.ErrAbortHandler)
				}
				reply(w, c.status, `{}`)
			})
			client := s.client()
			client.Hurry()
			err := call(client)
			want := 1
			if !c.never && (c.always || deed == "GET" || deed == "POST" || deed == "request") {
				want = 4
			}
			if got := len(s.calls()); err == nil || got != want {
				t.Errorf("%s, %d: sent %d times, want %d; %v", deed, c.status, got, want, err)
			}
			keys := map[string]bool{}
			for _, r := range s.calls() {
				keys[r.Header.Get("Idempotency-Key")] = true
			}
			if len(keys) != 1 || keys[""] != (deed != "POST") {
				t.Errorf("%s: keys %v", deed, keys)
			}
		}
	}
}

// TestRepeatSucceeds: trouble that passes is not noticed.
func TestRepeatSucceeds(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, nth int) {
		switch nth {
		case 0:
			w.Header().Set("Retry-After", "7")
			reply(w, 429, `{}`)
		case 1:
			panic(http.ErrAbortHandler)
		default:
			reply(w, 201, `{"id":"p"}`)
		}
	})
	c := s.client()
	waits := c.Hurry()
	if p, err := c.CreatePerson(background, client.PersonData{FirstName: "Antonia"}); err != nil || p.ID != "p" {
		t.Errorf("%+v %v", p, err)
	}
	if len(*waits) != 2 || (*waits)[0] != 7*time.Second || (*waits)[1] < 250*time.Millisecond || (*waits)[1] > 500*time.Millisecond {
		t.Errorf("waited %v", *waits)
	}
	for n, body := range s.bodies {
		if body != `{"first_name":"Antonia"}` {
			t.Errorf("%d: %s", n, body)
		}
	}
}

// TestNoPatience: long waits and short deadlines are the caller's business.
func TestNoPatience(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Retry-After", "3600")
		reply(w, 429, `{"code":"too_many_requests","detail":"Too many codes."}`)
	})
	_, err := s.client().Person(background, "p")
	if e := asError(t, err); e.RetryAfter != time.Hour || e.Code != client.CodeTooManyRequests || len(s.calls()) != 1 {
		t.Errorf("%+v, sent %d times", e, len(s.calls()))
	}

	s = serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Retry-After", "20")
		reply(w, 503, ``)
	})
	ctx, cancel := context.WithTimeout(background, 15*time.Second)
	defer cancel()
	if _, err := s.client().Person(ctx, "p"); asError(t, err).Status != 503 || len(s.calls()) != 1 {
		t.Errorf("%v, sent %d times", err, len(s.calls()))
	}

	s = serve(t, always(503, ``))
	if _, err := s.client(func(c *client.Config) { c.Retries = -1 }).Person(background, "p"); err == nil || len(s.calls()) != 1 {
		t.Errorf("%v, sent %d times", err, len(s.calls()))
	}

	ctx, cancel = context.WithCancel(background)
	s = serve(t, func(w http.ResponseWriter, r *http.Request, _ int) { cancel(); <-r.Context().Done() })
	if _, err := s.client().Person(ctx, "p"); !errors.Is(err, context.Canceled) || len(s.calls()) != 1 {
		t.Errorf("%v, sent %d times", err, len(s.calls()))
	}
}

// TestOneToken: many goroutines share one fetch and one token.
func TestOneToken(t *testing.T) {
	t.Parallel()
	s := serve(t, always(200, `{"id":"p"}`))
	c := s.client()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.Person(background, "p"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.tokens != 1 {
		t.Errorf("%d tokens", s.tokens)
	}
}

// TestTokenEnds: one that is about to end is renewed before it is used.
func TestTokenEnds(t *testing.T) {
	t.Parallel()
	s := serve(t, always(200, `{"id":"p"}`))
	s.life = 0
	c := s.client()
	for range 3 {
		if _, err := c.Person(background, "p"); err != nil {
			t.Fatal(err)
		}
	}
	if last := s.calls()[2].Header.Get("Authorization"); s.tokens != 3 || last != "Bearer t3" {
		t.Errorf("%d tokens, %s", s.tokens, last)
	}
}

// TestTokenRefused: a token that the server does not know any more is replaced,
// once; then the answer counts.
func TestTokenRefused(t *testing.T) {
	t.Parallel()
	const unknown = `{"errors":[{"status":401,"code":"invalid_token","detail":"no"}]}`
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Header.Get("Authorization") != "Bearer t2" {
			reply(w, 401, unknown)
			return
		}
		reply(w, 200, `{"id":"p"}`)
	})
	c := s.client()
	if _, _, err := c.PatchPerson(background, "p", client.PersonPatch{Email: "a@example.com"}); err != nil {
		t.Error(err)
	}
	if s.tokens != 2 || len(s.calls()) != 2 || s.bodies[1] != `{"email":"a@example.com"}` {
		t.Errorf("%d tokens, %v", s.tokens, s.bodies)
	}

	s = serve(t, always(401, unknown))
	if _, err := s.client().Person(background, "p"); asError(t, err).Code != client.CodeInvalidToken || len(s.calls()) != 2 {
		t.Errorf("%v, sent %d times", err, len(s.calls()))
	}
}

// TestNoToken: the reason why there is none is told, and nothing of the secret.
func TestNoToken(t *testing.T) {
	t.Parallel()
	s := serve(t, always(200, `{}`))
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"refused":  {401, `{"error":"invalid_client","error_description":"client_id or client_secret is wrong"}`},
		"no token": {200, `{"expires_in":3599}`},
		"a page":   {200, `<html>`},
	} {
		auth := serve(t, always(c.status, c.body))
		cl := s.client(func(cfg *client.Config) { cfg.TokenURL = auth.URL + "/token" })
		_, err := cl.Person(background, "p")
		if err == nil || !strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", name, err)
		}
		if name == "refused" && !client.IsCode(err, client.CodeInvalidClient) {
			t.Errorf("%v", err)
		}
	}
	if n := len(s.calls()); n != 0 {
		t.Errorf("%d calls without a token", n)
	}
}

// TestTokenOutlivesItsCaller: whoever gives up waiting spoils it for nobody.
func TestTokenOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	asked, goOn := make(chan struct{}), make(chan struct{})
	auth := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		close(asked)
		<-goOn
		reply(w, 200, `{"access_token":"t1","expires_in":3599}`)
	})
	s := serve(t, always(200, `{"id":"p"}`))
	c := s.client(func(cfg *client.Config) { cfg.TokenURL = auth.URL + "/token" })
	ctx, cancel := context.WithCancel(background)
	gaveUp := make(chan error)
	go func() { _, err := c.Person(ctx, "p"); gaveUp <- err }()
	<-asked
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	close(goOn)
	if _, err := c.Person(background, "p"); err != nil || len(auth.calls()) != 1 {
		t.Errorf("who waited: %v, %d fetches", err, len(auth.calls()))
	}
}
