package idnow

import (
	"bytes"
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
	t                       *testing.T
	server                  *Server
	cfg                     Config
	gateway, goPages, robot *httptest.Server
	company                 *company
	clock                   *clock
	token                   string
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// company takes pushes.
type company struct {
	mu     sync.Mutex
	pushed []pushed
	status int // what it answers, 200 if 0
	clock  *clock
	server *httptest.Server
}

type pushed struct {
	at   time.Time
	body result
	raw  string
}

func (c *company) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	p := pushed{at: c.clock.Now(), raw: string(raw)}
	if err != nil || json.Unmarshal(raw, &p.body) != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	c.pushed = append(c.pushed, p)
	if c.status != 0 {
		w.WriteHeader(c.status)
	}
}

func (c *company) answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// take gives the pushes since the last call.
func (c *company) take() []pushed {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.pushed
	c.pushed = nil
	return all
}

var testStart = time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: testStart}}
	w.company = &company{clock: w.clock}
	w.company.server = httptest.NewServer(w.company)
	t.Cleanup(w.company.server.Close)
	w.cfg = Config{
		Account: Account{
			CompanyID: "identikitsandbox", CompanyName: "Identikit Sandbox", APIKey: "secret-key", PushURL: w.company.server.URL + "/push",
		},
		Seed: []byte("seed"), Now: w.clock.Now, Strict: true, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&w.cfg)
	}
	w.open()
	return w
}

// open starts the simulator on the world's configuration; a second call is a restart.
func (w *world) open() {
	w.t.Helper()
	server, err := New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server, w.token = server, ""
	w.gateway, w.goPages, w.robot = httptest.NewServer(server.Gateway()), httptest.NewServer(server.Go()), httptest.NewServer(server.Robot())
	for _, listener := range []*httptest.Server{w.gateway, w.goPages, w.robot} {
		w.t.Cleanup(listener.Close)
	}
}

// call makes a call of the gateway with the session token.
func (w *world) call(method, path string, body any) (int, []byte) {
	w.t.Helper()
	if w.token == "" {
		_, answer := w.request(w.gateway.URL, "POST", "/login", map[string]string{"apiKey": w.cfg.APIKey}, nil)
		var login struct{ AuthToken string }
		if err := json.Unmarshal(answer, &login); err != nil || login.AuthToken == "" {
			w.t.Fatalf("login: %s", answer)
		}
		w.token = login.AuthToken
	}
	return w.request(w.gateway.URL, method, path, body, map[string]string{"X-API-LOGIN-TOKEN": w.token})
}

// request sends a body (a string as it is, anything else as JSON) to a path of the API.
func (w *world) request(origin, method, path string, body any, header map[string]string) (int, []byte) {
	w.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, origin+"/api/v1/"+w.cfg.CompanyID+path, content)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
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
	return resp.StatusCode, answer
}

// erika is a person with everything that an identification needs.
func erika() map[string]string {
	return map[string]string{
		"firstname": "Erika", "lastname": "Mustermann", "birthday": "1984-01-26", "birthplace": "München", "nationality": "DE",
		"gender": "FEMALE", "street": "Weg", "streetnumber": "1", "zipcode": "80469", "city": "München", "country": "DE",
		"mobilephone": "01510000000", "email": "erika@example.org", "preferredLang": "en",
	}
}

// start opens an identification; data are added to erika's, "" takes a field away.
func (w *world) start(tx string, data map[string]string) string {
	w.t.Helper()
	status, answer := w.tryStart(tx, data)
	if status != 200 && status != 201 {
		w.t.Fatalf("start %s: %d %s", tx, status, answer)
	}
	var started struct{ ID string }
	if err := json.Unmarshal(answer, &started); err != nil {
		w.t.Fatal(err)
	}
	return started.ID
}

func (w *world) tryStart(tx string, data map[string]string) (int, []byte) {
	w.t.Helper()
	person := erika()
	for name, value := range data {
		person[name] = value
	}
	return w.request(w.gateway.URL, "POST", "/identifications/"+tx+"/start", person, map[string]string{"X-API-KEY": w.cfg.APIKey})
}

// advance moves the clock as its owner does: from one due time to the next.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	end := w.clock.Now().Add(d)
	for {
		at, ok := w.server.NextDue()
		if !ok || at.After(end) {
			break
		}
		if at.After(w.clock.Now()) {
			w.clock.set(at)
		}
		if w.server.RunDue(w.t.Context(), w.clock.Now()) == 0 {
			w.t.Fatalf("something is due at %s and RunDue does nothing", at)
		}
	}
	w.clock.set(end)
}

// get reads a result by the API.
func (w *world) get(tx string) (int, result) {
	w.t.Helper()
	status, answer := w.call("GET", "/identifications/"+tx, nil)
	var r result
	if err := json.Unmarshal(answer, &r); err != nil {
		w.t.Fatalf("%s: %s", err, answer)
	}
	return status, r
}
