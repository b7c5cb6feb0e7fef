package fourthline

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

const ours = "6dc54352d6793a892e0702850d07b831cidt"

// fake is a firm that answers as a test wants.
type fake struct {
	*http.ServeMux
	logins atomic.Int32
	life   int
	found  func() []any // verifications of the reference
}

// newFake makes a firm that knows no verification yet, and an adapter to it. upload answers archives.
func newFake(t *testing.T, upload http.HandlerFunc) (*fake, provider.Adapter) {
	f := &fake{ServeMux: http.NewServeMux(), life: 3600, found: func() []any { return []any{} }}
	f.HandleFunc("POST /v1/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		f.logins.Add(1)
		if user, secret, _ := r.BasicAuth(); user != "bank" || secret != "a%2Fsecret" || r.FormValue("grant_type") != "client_credentials" {
			t.Errorf("login as %q with %q", user, secret)
		}
		answer(w, 200, map[string]any{"access_token": "token", "token_type": "bearer", "expires_in": f.life})
	})
	f.HandleFunc("GET /v1/verifications", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"verifications": f.found()})
	})
	f.HandleFunc("POST /v1/verifications", upload)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, New(Config{URL: srv.URL, ClientID: "bank", ClientSecret: "a/secret", HTTP: srv.Client(), Wall: clock.Real{}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func taken(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil || n != r.ContentLength {
		answer(w, 400, map[string]string{"code": "incomplete"})
		return
	}
	answer(w, 201, map[string]string{"verificationId": "v-1", "clientReference": ours})
}

func take(t *testing.T, a provider.Adapter, archive io.Reader, size int64) (string, error) {
	t.Helper()
	return a.Taker.Take(t.Context(), provider.Order{Identification: ours}, archive, size)
}

// TestTakeStreams: an archive larger than would be kept goes through in pieces.
func TestTakeStreams(t *testing.T) {
	const size = 64 << 20
	_, a := newFake(t, taken)
	pieces := &counting{Reader: io.LimitReader(zeros{}, size)}
	handle, err := take(t, a, pieces, size)
	if err != nil || handle != "v-1" || pieces.largest > 1<<20 {
		t.Errorf("%q, %v; read up to %d bytes at once", handle, err, pieces.largest)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type counting struct {
	io.Reader
	largest int
}

func (c *counting) Read(p []byte) (int, error) {
	c.largest = max(c.largest, len(p))
	return c.Reader.Read(p)
}

// TestTakeBlames: what is wrong with the archive is no fault of the firm's, and the other way round.
func TestTakeBlames(t *testing.T) {
	_, a := newFake(t, taken)
	broken := errors.New("disk on fire")
	var e *kyc.Error
	if _, err := take(t, a, iotest.ErrReader(broken), 10); !errors.Is(err, broken) || errors.As(err, &e) {
		t.Errorf("an archive that cannot be read: %v", err)
	}
	if _, err := take(t, a, strings.NewReader(""), 0); !kyc.IsKind(err, kyc.Invalid) {
		t.Errorf("an empty archive: %v", err)
	}
	if _, err := take(t, a, strings.NewReader("short"), 10); !kyc.IsKind(err, kyc.BadGateway) {
		t.Errorf("an archive that is shorter than it was: %v", err)
	}
	for name, upload := range map[string]http.HandlerFunc{
		"another's": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 201, map[string]string{"verificationId": "v-1", "clientReference": "other"})
		},
		"an id that is a path": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 201, map[string]string{"verificationId": "../v", "clientReference": ours})
		},
		"endless":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, 1<<20) },
		"not there": func(w http.ResponseWriter, _ *http.Request) { answer(w, 404, map[string]string{"code": "not_found"}) },
		"conflict without a verification": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 409, map[string]string{"code": "already_exists"})
		},
	} {
		_, a := newFake(t, upload)
		if _, err := take(t, a, strings.NewReader("zip"), 3); !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, a = newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 413, map[string]string{"code": "too_large", "message": "too\u0000large"})
	})
	if _, err := take(t, a, strings.NewReader("zip"), 3); !errors.As(err, &e) || e.Kind != kyc.Invalid || e.Detail != "Request to Fourthline failed: too_large: not_readable" {
		t.Errorf("a refusal: %v", err)
	}
}

// TestLoginRefused: credentials that lapsed are the operator's trouble. It is tried
// again, and says nothing about what a customer has sent.
func TestLoginRefused(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	}))
	t.Cleanup(srv.Close)
	a := New(Config{URL: srv.URL, ClientID: "bank", ClientSecret: "lapsed", HTTP: srv.Client(), Wall: clock.Real{}})
	if _, err := take(t, a, strings.NewReader("zip"), 3); !kyc.IsKind(err, kyc.BadGateway) {
		t.Errorf("%v", err)
	}
}

// TestTakeLosesRace: what another has handed over meanwhile is taken.
func TestTakeLosesRace(t *testing.T) {
	uploads := 0
	f, a := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		uploads++
		answer(w, 409, map[string]string{"code": "already_exists"})
	})
	f.found = func() []any {
		if uploads == 0 {
			return []any{}
		}
		return []any{map[string]string{"verificationId": "v-2", "clientReference": ours}}
	}
	for range 2 {
		if handle, err := take(t, a, strings.NewReader("zip"), 3); err != nil || handle != "v-2" {
			t.Errorf("%q, %v", handle, err)
		}
	}
	if uploads != 1 {
		t.Errorf("%d archives were sent", uploads)
	}
}

// TestTokenIsKept: one login is enough, until the token is about to lapse.
func TestTokenIsKept(t *testing.T) {
	for life, want := range map[int]int32{3600: 1, 86400: 1, 30: 6, 0: 6, -5: 6} {
		f, a := newFake(t, taken)
		f.life = life
		for range 3 {
			if _, err := take(t, a, bytes.NewReader([]byte("zip")), 3); err != nil {
				t.Fatal(err)
			}
		}
		if n := f.logins.Load(); n != want {
			t.Errorf("a token of %d s: %d logins, want %d", life, n, want)
		}
	}
}

// TestTokenWithoutEnd: no token is believed to be good for longer than an hour.
func TestTokenWithoutEnd(t *testing.T) {
	f, a := newFake(t, taken)
	f.life = 1 << 50
	if _, err := take(t, a, strings.NewReader("zip"), 3); err != nil {
		t.Fatal(err)
	}
	if until := a.Poller.(*account).until; until.After(clock.Real{}.Now().Add(time.Hour)) {
		t.Errorf("it is kept until %s", until)
	}
}

// TestTakeIsNotAllowed: a firm that does not let us in says nothing about the
// customer, whose identification must not fail for it.
func TestTakeIsNotAllowed(t *testing.T) {
	for path, statuses := range map[string][]int{"POST /v1/oauth2/token": {400, 401, 403}, "GET /v1/verifications": {401, 403}, "POST /v1/verifications": {401, 403}} {
		for _, status := range statuses {
			mux := http.NewServeMux()
			mux.HandleFunc("POST /v1/oauth2/token", func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 200, map[string]any{"access_token": "token", "token_type": "bearer", "expires_in": 3600})
			})
			mux.HandleFunc("GET /v1/verifications", func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 200, map[string]any{"verifications": []any{}})
			})
			mux.HandleFunc("POST /v1/verifications", taken)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method+" "+r.URL.Path == path {
					answer(w, status, map[string]string{"error": "invalid_client"})
					return
				}
				mux.ServeHTTP(w, r)
			}))
			a := New(Config{URL: srv.URL, ClientID: "bank", ClientSecret: "wrong", HTTP: srv.Client(), Wall: clock.Real{}})
			if _, err := take(t, a, strings.NewReader("zip"), 3); !kyc.IsKind(err, kyc.BadGateway) {
				t.Errorf("%s answers %d: %v", path, status, err)
			}
			srv.Close()
		}
	}
}
