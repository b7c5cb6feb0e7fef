package flow_test

import (
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/coverage"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// steer makes the simulated provider misbehave.
func steer(t *testing.T, l *testkit.Live, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.SteeringURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		t.Fatalf("steering %s %s: %d", method, path, resp.StatusCode)
	}
}

func created(l *testkit.Live, name string) string {
	base := "/v1/persons/" + l.Person(name) + "/identifications"
	return base + "/" + l.Call(201, "POST", base, testkit.Object{"method": "idnow"})["id"].(string)
}

func code(t *testing.T, body []byte) string {
	t.Helper()
	var e struct{ Code string }
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return e.Code
}

// TestProviderTrouble: whatever the provider does, the error is clear, nothing
// is half done, and the work is taken up again by itself.
func TestProviderTrouble(t *testing.T) {
	for mode, want := range map[string]struct {
		status int
		code   string
	}{
		"down": {502, "bad_gateway"}, "garbage": {502, "bad_gateway"}, "html": {502, "bad_gateway"},
		"half": {502, "bad_gateway"}, "wrong_types": {502, "bad_gateway"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			l := testkit.Start(t, "")
			r := testkit.NewReceiver(t)
			r.Subscribe(l, "IDENTIFICATION")
			ident := created(l, "Anna")
			steer(t, l, "POST", "/faults", `{"mode":"`+mode+`","count":1000}`)
			status, _, body := l.Do("PATCH", ident+"/request", nil)
			if status != want.status || code(t, body) != want.code {
				t.Errorf("%d %s, want %d %s", status, body, want.status, want.code)
			}
			if o := l.Call(200, "GET", ident, nil); o["status"] != "created" || o["reference"] != nil || o["url"] != nil {
				t.Errorf("half done: %v", o)
			}
			steer(t, l, "DELETE", "/faults", "")
			l.Advance("10m")
			if s := l.Status(ident); s != "pending" {
				t.Errorf("not taken up again: %s", s)
			}
			if got := r.Statuses(path.Base(ident)); !slices.Equal(got, []string{"created", "pending"}) {
				t.Errorf("webhooks told %v", got)
			}
		})
	}
}

// TestJoin: asking again while the intent waits joins it and carries it out.
func TestJoin(t *testing.T) {
	l := testkit.Start(t, "")
	ident := created(l, "Anna")
	steer(t, l, "POST", "/faults", `{"mode":"down","count":1000}`)
	if status, _, body := l.Do("PATCH", ident+"/request", nil); status != 502 {
		t.Fatalf("%d %s", status, body)
	}
	steer(t, l, "DELETE", "/faults", "")
	if o := l.Call(200, "PATCH", ident+"/request", testkit.Object{}); o["status"] != "pending" {
		t.Errorf("%v", o)
	}
}

// TestRefusal: the provider's errors are shown as S0 shows them; nothing changed.
func TestRefusal(t *testing.T) {
	proof := coverage.Of(t)
	l := testkit.Start(t, "")
	for _, name := range []string{"X-AUTOTEST-HOLDCERTIFICATE", "X-AUTOTEST-NOSUCHCASE", "X-MANUALTEST-"} {
		ident := created(l, name)
		for range 2 {
			status, _, body := l.Do("PATCH", ident+"/request", nil)
			var e struct{ Code, Detail string }
			if err := json.Unmarshal(body, &e); err != nil {
				t.Fatal(err)
			}
			if status != 400 || e.Code != "idnow_error" || !strings.HasPrefix(e.Detail, `Request to IDnow failed: [{"cause"=>"`) ||
				!strings.Contains(e.Detail, `, "errorType"=>nil, "id"=>"`) {
				t.Errorf("%s: %d %s", name, status, body)
			}
		}
		if o := l.Call(200, "GET", ident, nil); o["status"] != "created" || o["url"] != nil {
			t.Errorf("%s changed: %v", name, o)
		}
		l.Advance("1h")
		if s := l.Status(ident); s != "created" {
			t.Errorf("%s turned %s by itself", name, s)
		}
	}
	proof.Row("S4 test scenarios", "HOLDCERTIFICATE") // "only performable with an eSigning identification"
}

// TestManyRequests: 16 at once make one session and one answer.
func TestManyRequests(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Subscribe(l, "IDENTIFICATION")
		ident := created(l, "Anna")
		var wg sync.WaitGroup
		answers := make([]string, 16)
		for n := range answers {
			wg.Go(func() {
				status, _, body := l.Do("PATCH", ident+"/request", nil)
				if status != 200 {
					t.Errorf("%d %s", status, body)
				}
				answers[n] = string(body)
			})
		}
		wg.Wait()
		if distinct := slices.Compact(answers); len(distinct) != 1 {
			t.Errorf("%d different answers: %v", len(distinct), distinct)
		}
		r.Wait(2)
		l.Advance("1s")
		if got := r.Statuses(path.Base(ident)); !slices.Equal(got, []string{"created", "pending"}) {
			t.Errorf("webhooks told %v", got)
		}
		if got := sessions(t, l); !slices.Equal(got, []string{path.Base(ident)}) {
			t.Errorf("the provider has the sessions %v", got)
		}
	})
}

// sessions lists the transactions that the simulated provider has a session of.
func sessions(t *testing.T, l *testkit.Live) (all []string) {
	t.Helper()
	resp, err := http.Get(l.SteeringURL + "/sessions")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Sessions []struct {
			Tx string `json:"transactionnumber"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, s := range answer.Sessions {
		all = append(all, s.Tx)
	}
	return all
}

// TestManyCreations: 50 at once on one person are 50.
func TestManyCreations(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		base := "/v1/persons/" + l.Person("Anna") + "/identifications"
		var wg sync.WaitGroup
		told := make([]string, 50)
		for n := range told {
			wg.Go(func() {
				status, _, body := l.Do("POST", base, testkit.Object{"method": "idnow"})
				var o struct{ ID string }
				if err := json.Unmarshal(body, &o); err != nil || status != 201 {
					t.Errorf("%d %s", status, body)
				}
				told[n] = o.ID
			})
		}
		wg.Wait()
		var there []string
		for _, o := range l.Array(base + "?page[size]=100") {
			there = append(there, o["id"].(string))
		}
		slices.Sort(told)
		slices.Sort(there)
		if !slices.Equal(told, there) || len(slices.Compact(there)) != 50 {
			t.Errorf("told of %v, %v exist", told, there)
		}
		if _, header, _ := l.Do("GET", base, nil); header.Get("total") != "50" {
			t.Errorf("the total is %s", header.Get("total"))
		}
	})
}
