package xs2a

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a simulator with its listeners, a company that takes pushes, and a clock.
type world struct {
	t            *testing.T
	server       *Server
	cfg          Config
	api, wizard  *httptest.Server
	steeringPort *httptest.Server
	mu           sync.Mutex
	now          time.Time
	pushed       []event
	status       int // what the company answers to a push, 200 if 0
}

var testStart = time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)

const pinnedIBAN = "DE62888888880012345678"

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, now: testStart}
	company := httptest.NewServer(http.HandlerFunc(w.takePush))
	t.Cleanup(company.Close)
	w.cfg = Config{APIKey: "secret-key", PushURL: company.URL + "/push", Seed: []byte("seed"), Now: w.clock, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&w.cfg)
	}
	w.open()
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) takePush(rw http.ResponseWriter, r *http.Request) {
	var e event
	err := json.NewDecoder(r.Body).Decode(&e)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	w.pushed = append(w.pushed, e)
	if w.status != 0 {
		rw.WriteHeader(w.status)
	}
}

func (w *world) answerPushes(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = status
}

// taken gives the pushes since the last call.
func (w *world) taken() []event {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.pushed
	w.pushed = nil
	return all
}

// open starts the simulator on the world's configuration; a second call is a restart.
func (w *world) open() {
	w.t.Helper()
	server, err := New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server = server
	w.api, w.wizard, w.steeringPort = httptest.NewServer(server.API()), httptest.NewServer(server.Wizard()), httptest.NewServer(server.Steering())
	for _, listener := range []*httptest.Server{w.api, w.wizard, w.steeringPort} {
		w.t.Cleanup(listener.Close)
	}
}

// advance moves the clock as its owner does: from one due time to the next.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	end := w.clock().Add(d)
	set := func(t time.Time) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now = t
	}
	for {
		at, ok := w.server.NextDue()
		if !ok || at.After(end) {
			break
		}
		if at.After(w.clock()) {
			set(at)
		}
		if w.server.RunDue(w.t.Context(), w.clock()) == 0 {
			w.t.Fatalf("something is due at %s and RunDue does nothing", at)
		}
	}
	set(end)
}

// request makes a call and returns status and body.
func (w *world) request(method, url, body string, header map[string]string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	if strings.HasPrefix(url, w.api.URL+"/v1/") && header == nil {
		req.SetBasicAuth("api", w.cfg.APIKey)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// call makes a call of the API that must be answered with the status, and returns the JSON of the answer.
func (w *world) call(method, path, body string, status int) map[string]any {
	w.t.Helper()
	got, answer := w.request(method, w.api.URL+path, body, nil)
	if got != status {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, got, answer, status)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(answer), &v); err != nil && answer != "" && !strings.HasPrefix(answer, "[") {
		w.t.Fatalf("%s: %v", answer, err)
	}
	return v
}

// anOrder is a payment of Erika Mustermann's; fields are set in it, nil takes one away.
func anOrder(fields map[string]any) string {
	o := map[string]any{
		"amount": 0.01, "currency_id": "EUR", "purpose": "id-1 Identifikation", "recipient_holder": "Identikit", "recipient_iban": "DE89370400440532013000",
		"sender_iban": pinnedIBAN, "sender_holder": "Erika Mustermann", "language": "en", "metadata": map[string]any{"identification": "id-1"},
		"easy_onboarding": map[string]any{"success_link": "https://example.org/good", "abort_link": "https://example.org/bad"},
	}
	for name, v := range fields {
		o[name] = v
		if v == nil {
			delete(o, name)
		}
	}
	body, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(body)
}

// start opens a payment.
func (w *world) start(fields map[string]any) (tx, key string) {
	w.t.Helper()
	answer := w.call("POST", "/v1/payments", anOrder(fields), 201)
	return answer["transaction"].(string), answer["wizard_session_key"].(string)
}

// step sends an input of the form protocol and returns the name of the form that follows, and the error if there is one.
func (w *world) step(key string, in map[string]any) (form, problem string, recoverable bool) {
	w.t.Helper()
	body := map[string]any{"key": key}
	for name, v := range in {
		body[name] = v
	}
	data, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	answer := w.call("POST", "/v1.1/wizard", string(data), 200)
	if e, ok := answer["error"].(map[string]any); ok {
		problem, recoverable = e["code"].(string), e["recoverable"].(bool)
	}
	return answer["form"].(map[string]any)["name"].(string), problem, recoverable
}

// The inputs of a happy path.
var (
	chooseTestBank = map[string]any{"country_id": "DE", "bank_code": "88888888"}
	chooseFirst    = map[string]any{"account": 0}
)

func login(user, pin string) map[string]any {
	return map[string]any{"USER_NAME": user, "USER_PIN": pin, "privacy_policy": true}
}

// tan is what the form shows.
func (w *world) tan(tx string) map[string]any {
	return map[string]any{"TAN": w.server.tan(w.server.session(tx))}
}

func (w *world) session(tx string) map[string]any {
	w.t.Helper()
	return w.call("GET", "/v1/sessions/"+tx, "", 200)
}
