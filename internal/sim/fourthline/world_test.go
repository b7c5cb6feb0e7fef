package fourthline

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is a simulator, its clock, and a company that is pushed to.
type world struct {
	*testing.T
	cfg           Config
	sim           *Server
	api, steering http.Handler
	bearer        string

	mu     sync.Mutex
	clock  time.Time
	pushes []string // path and body
	answer int      // to pushes
	told   chan struct{}
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, clock: noon, answer: 200, told: make(chan struct{}, 1000)}
	company := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pushes = append(w.pushes, r.URL.Path+" "+string(body))
		rw.WriteHeader(w.answer)
		w.told <- struct{}{}
	}))
	t.Cleanup(company.Close)
	w.cfg = Config{
		ClientID: "bank", ClientSecret: "secret", PushURL: company.URL + "/in/", Dir: t.TempDir(), Seed: []byte("seed"),
		Now:    func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.clock },
		Client: company.Client(), Logger: slog.New(slog.DiscardHandler),
	}
	w.restart()
	w.login()
	return w
}

// restart is what a kill leaves: the folder.
func (w *world) restart() {
	w.Helper()
	s, err := New(w.cfg)
	if err != nil {
		w.Fatal(err)
	}
	w.sim, w.api, w.steering = s, s.API(), s.Steering()
}

func (w *world) pass(d time.Duration) int {
	w.mu.Lock()
	w.clock = w.clock.Add(d)
	now := w.clock
	w.mu.Unlock()
	return w.sim.RunDue(w.Context(), now)
}

func (w *world) login() {
	w.Helper()
	status, answer := w.call(w.api, "POST", "/v1/oauth2/token", "grant_type=client_credentials&client_id=bank&client_secret=secret",
		"Content-Type", "application/x-www-form-urlencoded")
	if status != 200 || answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 {
		w.Fatalf("login: %d %v", status, answer)
	}
	w.bearer = answer["access_token"].(string)
}

// call makes one call; header is names and values in turn.
func (w *world) call(h http.Handler, method, path, body string, header ...string) (int, map[string]any) {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+w.bearer)
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	var answer map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		w.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	return rec.Code, answer
}

func (w *world) upload(reference string, archive []byte) (int, map[string]any) {
	w.Helper()
	return w.call(w.api, "POST", "/v1/verifications?clientReference="+reference, string(archive), "Content-Type", "application/zip")
}

// take hands an archive over that must be taken, and returns the verification's id.
func (w *world) take(reference string, archive []byte) string {
	w.Helper()
	status, answer := w.upload(reference, archive)
	if status != 201 || answer["status"] != "new" || answer["statusCode"] != nil || answer["clientReference"] != reference {
		w.Fatalf("upload: %d %v", status, answer)
	}
	return answer["verificationId"].(string)
}

// status is the firm's word and number, as "completed 1000".
func (w *world) status(id string) string {
	w.Helper()
	status, answer := w.call(w.api, "GET", "/v1/verifications/"+id, "")
	if status != 200 {
		w.Fatalf("%s: %d %v", id, status, answer)
	}
	return fmt.Sprint(answer["status"], " ", answer["statusCode"])
}

func (w *world) pushed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.pushes)
}

func sample(t testing.TB, change func(map[string]any)) []byte {
	t.Helper()
	zip, err := Sample(change)
	if err != nil {
		t.Fatal(err)
	}
	return zip
}

// set gives a member of the metadata, "document.number", a value; nil removes it.
func set(path string, value any) func(map[string]any) {
	return func(m map[string]any) {
		parent, child, nested := strings.Cut(path, ".")
		if nested {
			m, parent = m[parent].(map[string]any), child
		}
		if value == nil {
			delete(m, parent)
			return
		}
		m[parent] = value
	}
}
