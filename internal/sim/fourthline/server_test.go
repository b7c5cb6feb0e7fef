package fourthline

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/kyc.zip anew")

// TestSampleFile: the archive for scripts is the one that Sample makes.
func TestSampleFile(t *testing.T) {
	want := sample(t, nil)
	const name = "testdata/kyc.zip"
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what Sample makes (go test -run SampleFile . -update): %v", name, err)
	}
}

func TestAccepted(t *testing.T) {
	w := newWorld(t)
	id := w.take("ours", sample(t, nil))
	if due, ok := w.sim.NextDue(); !ok || !due.Equal(noon.Add(30*time.Second)) {
		t.Errorf("due at %s, %v", due, ok)
	}
	if n := w.pass(29 * time.Second); n != 0 || w.status(id) != "new <nil>" {
		t.Errorf("too early: %d things, %s", n, w.status(id))
	}
	if n := w.pass(time.Second); n != 2 || w.status(id) != "completed 1000" {
		t.Errorf("%d things, %s", n, w.status(id))
	}
	if pushes := w.pushed(); len(pushes) != 1 || pushes[0] != `/in/`+id+` {"clientReference":"ours","verificationId":"`+id+`"}` {
		t.Errorf("pushes %q", pushes)
	}
	if due, ok := w.sim.NextDue(); ok {
		t.Errorf("something more is due at %s", due)
	}
	if status, list := w.call(w.api, "GET", "/v1/verifications?clientReference=ours", ""); status != 200 || len(list["verifications"].([]any)) != 1 {
		t.Errorf("%d %v", status, list)
	}
	if status, list := w.call(w.api, "GET", "/v1/verifications?clientReference=none", ""); status != 200 || len(list["verifications"].([]any)) != 0 {
		t.Errorf("%d %v", status, list)
	}
}

// TestNothingOfPersonsIsKept: neither the archive nor what is in it stays.
func TestNothingOfPersonsIsKept(t *testing.T) {
	w := newWorld(t)
	w.take("ours", sample(t, nil))
	files, err := os.ReadDir(w.cfg.Dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	text, err := os.ReadFile(filepath.Join(w.cfg.Dir, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Anna", "Muster", "L01X00T47", "Haupt"} {
		if strings.Contains(string(text), word) {
			t.Errorf("%q is kept: %s", word, text)
		}
	}
}

// TestOnlyOnce: a reference has one verification, also when many come at once.
func TestOnlyOnce(t *testing.T) {
	w := newWorld(t)
	statuses := make(chan int)
	for range 8 {
		go func() {
			status, _ := w.upload("ours", sample(t, nil))
			statuses <- status
		}()
	}
	count := map[int]int{}
	for range 8 {
		count[<-statuses]++
	}
	if count[201] != 1 || count[409] != 7 {
		t.Errorf("%v", count)
	}
}

func TestRestart(t *testing.T) {
	w := newWorld(t)
	id := w.take("ours", sample(t, set("person.lastName", "X-AUTOTEST-CODE-4001")))
	if err := os.WriteFile(filepath.Join(w.cfg.Dir, "archive-1.tmp"), []byte("half"), 0o600); err != nil { // of a kill
		t.Fatal(err)
	}
	w.restart()
	if left, err := filepath.Glob(filepath.Join(w.cfg.Dir, "*.tmp")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	w.mu.Lock()
	w.answer = 503
	w.mu.Unlock()
	w.pass(time.Minute)
	if s := w.status(id); s != "completed 4001" {
		t.Error(s)
	}
	w.restart()
	w.mu.Lock()
	w.answer = 200
	w.mu.Unlock()
	if n := w.pass(time.Hour); n != 1 || len(w.pushed()) != 2 {
		t.Errorf("%d things, pushes %q", n, w.pushed())
	}
	w.login()
	if status, _ := w.upload("ours", sample(t, nil)); status != 409 {
		t.Errorf("the reference was forgotten: %d", status)
	}
}

// TestPushEnds: a company that never answers is told 24 times.
func TestPushEnds(t *testing.T) {
	w := newWorld(t)
	w.answer = 500
	w.take("ours", sample(t, nil))
	for range 200 {
		w.pass(time.Hour)
	}
	if n := len(w.pushed()); n != pushTries {
		t.Errorf("told %d times", n)
	}
}

func TestSetResult(t *testing.T) {
	w := newWorld(t)
	for n, c := range []struct{ result, want string }{
		{"accepted", "completed 1000"}, {"1000", "completed 1000"}, {"1001", "invalid_data 1001"}, {"1999", "invalid_data 1999"},
		{"2000", "inconsistent_data 2000"}, {"3999", "inconsistent_data 3999"}, {"4000", "completed 4000"}, {"5000", "completed 5000"},
		{"100", "completed 100"}, {"141", "completed 141"},
	} {
		reference := strings.Repeat("r", n+1)
		id := w.take(reference, sample(t, nil))
		if err := w.sim.SetResult(t.Context(), reference, c.result); err != nil || w.status(id) != c.want || len(w.pushed()) != n+1 {
			t.Errorf("%s: %s after %d pushes, %v", c.result, w.status(id), len(w.pushed()), err)
		}
	}
	if n := w.pass(time.Hour); n != 0 {
		t.Errorf("%d checks went on", n)
	}
	for _, result := range []string{"", "ACCEPTED", "999", "5001", "101", "01036", "+1036", "1036 ", "1e3"} {
		if err := w.sim.SetResult(t.Context(), "r", result); !errors.Is(err, ErrResult) || !strings.Contains(err.Error(), `"accepted" (or 1000), 1001 to 1999`) {
			t.Errorf("%q: %v", result, err)
		}
	}
	if err := w.sim.SetResult(t.Context(), "none", "accepted"); !errors.Is(err, ErrNoSession) {
		t.Errorf("nobody's: %v", err)
	}
}

// TestResultsKeepOrder: however fast results follow each other, their times differ.
func TestResultsKeepOrder(t *testing.T) {
	w := newWorld(t)
	w.take("ours", sample(t, nil))
	last := time.Time{}
	for range 3 {
		if err := w.sim.SetResult(t.Context(), "ours", "accepted"); err != nil {
			t.Fatal(err)
		}
		if at := w.sim.find("ours").UpdatedAt; !at.After(last) {
			t.Errorf("%s after %s", at, last)
		} else {
			last = at
		}
	}
}

// TestRun: as the clock runs, what falls due is done; but not while it is paused.
func TestRun(t *testing.T) {
	w := newWorld(t)
	w.sim.Pause()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.sim.Run(ctx) }()
	w.take("ours", sample(t, nil))
	w.mu.Lock()
	w.clock = noon.Add(time.Hour)
	w.mu.Unlock()
	if s := w.sim.find("ours").Status; s != "new" {
		t.Errorf("paused, and %s", s)
	}
	w.sim.Resume()
	<-w.told
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.sim.Close(); err != nil {
		t.Error(err)
	}
}

func TestWire(t *testing.T) {
	w := newWorld(t)
	id := w.take("ours", sample(t, nil))
	good := w.bearer
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		bearer, method, path, body string
		header                     []string
		want                       int
	}{
		{"", "POST", "/v1/oauth2/token", "grant_type=client_credentials&client_id=bank&client_secret=wrong", form, 401},
		{"", "POST", "/v1/oauth2/token", "grant_type=password&client_id=bank&client_secret=secret", form, 400},
		{"", "POST", "/v1/oauth2/token", "%", form, 400},
		{"", "POST", "/v1/oauth2/token", "grant_type=client_credentials", append([]string{"Authorization", "Basic YmFuazpzZWNyZXQ="}, form...), 200},
		{"", "POST", "/v1/oauth2/token", "grant_type=client_credentials", append([]string{"Authorization", "Basic JTp4"}, form...), 401},
		{"", "GET", "/v1/verifications", "", nil, 401},
		{"x", "GET", "/v1/verifications", "", nil, 401},
		{good + "0", "GET", "/v1/verifications/" + id, "", nil, 401},
		{"9" + good, "GET", "/v1/verifications/" + id, "", nil, 401},
		{good, "GET", "/v1/verifications/none", "", nil, 404},
		{good, "GET", "/v2", "", nil, 404},
		{good, "POST", "/v1/verifications", "zip", []string{"Content-Type", "application/zip"}, 400},
		{good, "POST", "/v1/verifications?clientReference=" + strings.Repeat("r", 201), "zip", []string{"Content-Type", "application/zip"}, 400},
		{good, "POST", "/v1/verifications?clientReference=new", "zip", nil, 415},
		{good, "POST", "/v1/verifications?clientReference=ours", "zip", []string{"Content-Type", "application/zip"}, 409},
	} {
		w.bearer = c.bearer
		if status, answer := w.call(w.api, c.method, c.path, c.body, c.header...); status != c.want || status >= 400 && answer["code"] == nil && answer["error"] == nil {
			t.Errorf("%s %s: %d %v, want %d", c.method, c.path, status, answer, c.want)
		}
	}
	w.bearer = good
	w.pass(59 * time.Minute)
	w.status(id)
	w.pass(time.Minute)
	if status, _ := w.call(w.api, "GET", "/v1/verifications/"+id, ""); status != 401 {
		t.Errorf("after an hour: %d", status)
	}
}

func TestSteering(t *testing.T) {
	w := newWorld(t)
	id := w.take("ours", sample(t, nil))
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/verifications", "", 200},
		{"GET", "/verifications/ours", "", 200},
		{"GET", "/verifications/none", "", 404},
		{"POST", "/verifications/none/result", `{"result":"1036"}`, 404},
		{"POST", "/verifications/ours/result", `{"result":"whatever"}`, 400},
		{"POST", "/verifications/ours/result", `{"result":1036}`, 400},
		{"POST", "/verifications/ours/result", `{"result":"1036"}`, 200},
		{"POST", "/faults", `{"mode":"sulks"}`, 400},
		{"POST", "/faults", `{"mode":"down","count":-1}`, 400},
		{"POST", "/faults", `{"mode":"slow","delay":"soon"}`, 400},
		{"POST", "/faults", strings.Repeat(" ", 1<<20+1), 413},
		{"POST", "/pushes", `{"drop":-1}`, 400},
	} {
		if status, answer := w.call(w.steering, c.method, c.path, c.body); status != c.want {
			t.Errorf("%s %s %.50s: %d %v, want %d", c.method, c.path, c.body, status, answer, c.want)
		}
	}
	if s := w.status(id); s != "invalid_data 1036" {
		t.Error(s)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{ClientID: "a"}, {ClientSecret: "b"}, {ClientID: "a", ClientSecret: "b", Check: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if err := os.WriteFile(filepath.Join(t.TempDir(), "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{ClientID: "a", ClientSecret: "b"}) // in memory, without a company to tell
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.open("ours", ending{statusCompleted, acceptedCode}, 0); err != nil {
		t.Fatal(err)
	}
	if n := s.RunDue(t.Context(), s.now().Add(time.Minute)); n != 1 {
		t.Errorf("%d things were due", n)
	}
}
