package simkit

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	store, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{"thing-b": "two", "thing-a": "one", "other": "three", "thing-c": "gone"} {
		if err := store.Save(name, v); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // nothing to delete is no error
		if err := store.Delete("thing-c"); err != nil {
			t.Fatal(err)
		}
	}
	half := filepath.Join(dir, "thing-d.json.tmp")
	if err := os.WriteFile(half, []byte(`"ha`), 0o600); err != nil {
		t.Fatal(err)
	}
	if store, err = OpenStore(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an unfinished file is still there: %v", err)
	}
	var found []string
	if err := store.Each("thing-", func(data []byte) error { found = append(found, string(data)); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(found, " "); got != `"one" "two"` {
		t.Errorf("found %s", got)
	}
	broken := errors.New("broken")
	if err := store.Each("", func([]byte) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error of the reader: %v", err)
	}
	if err := store.Save("bad", func() {}); err == nil {
		t.Error("what is no JSON was saved")
	}
}

func TestStoreThatForgets(t *testing.T) {
	store, err := OpenStore("")
	if err != nil {
		t.Fatal(err)
	}
	never := func([]byte) error { return errors.New("something was kept") }
	if err := errors.Join(store.Save("a", 1), store.Delete("a"), store.Each("", never)); err != nil {
		t.Error(err)
	}
}

func TestFate(t *testing.T) {
	one := Decide([]byte("seed"), "tx", "delay")
	for _, other := range []Fate{Decide([]byte("seed2"), "tx", "delay"), Decide([]byte("seed"), "tx2", "delay"), Decide([]byte("seed"), "t", "x:delay")} {
		if one == other {
			t.Error("two fates are the same")
		}
	}
	if one != Decide([]byte("seed"), "tx", "delay") {
		t.Error("fate is not decided")
	}
	for _, purpose := range strings.Split("abcdefghijklmnop", "") {
		f := Decide(nil, "tx", purpose)
		if d := f.Between(time.Second, 2*time.Second); d < time.Second || d > 2*time.Second {
			t.Errorf("%s is not between 1 s and 2 s", d)
		}
		if n := f.Upto(3); n < 0 || n > 2 {
			t.Errorf("%d is not 0 to 2", n)
		}
		if l := f.Letters(5, "XY"); len(l) != 5 || strings.Trim(l, "XY") != "" {
			t.Errorf("letters %q", l)
		}
	}
	if d := one.Between(time.Minute, time.Minute); d != time.Minute {
		t.Errorf("between a minute and a minute: %s", d)
	}
}

func TestChance(t *testing.T) {
	if d := Digits(9); len(d) != 9 || strings.Trim(d, "0123456789") != "" || d[0] == '0' {
		t.Errorf("digits %q", d)
	}
	if a, b := UUID(), UUID(); a == b || len(a) != 36 || a[14] != '4' {
		t.Errorf("identifiers %s, %s", a, b)
	}
}

func TestWait(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	Wait(ended, nil, time.Hour)
	wake := make(chan struct{}, 1)
	wake <- struct{}{}
	Wait(t.Context(), wake, time.Hour)
	Wait(t.Context(), nil, time.Nanosecond)
}

func TestBody(t *testing.T) {
	for size, want := range map[int]error{MaxBody: nil, MaxBody + 1: ErrTooLarge} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", size)))
		data, err := Body(httptest.NewRecorder(), r)
		if !errors.Is(err, want) || err == nil && len(data) != size {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestFrame(t *testing.T) {
	rec := httptest.NewRecorder()
	f := Frame{Lang: "de", Title: "<b>", Banner: "SIMULATION", Main: "<h1>x</h1>", Languages: []Language{{Code: "de", Name: "Deutsch", Current: true}, {Code: "en", Name: "English", Href: "/?lang=en"}}}
	if err := f.Write(rec, 410); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"&lt;b&gt;", "SIMULATION", "<h1>x</h1>", `lang="de"`, `href="/?lang=en"`} {
		if !strings.Contains(rec.Body.String(), part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if rec.Code != 410 || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	style := httptest.NewRecorder()
	ServeStyle(style, nil)
	if !strings.Contains(style.Body.String(), "prefers-color-scheme") {
		t.Error("no stylesheet")
	}
}

func TestWriteJSON(t *testing.T) {
	for v, want := range map[any]int{"x": 201, complex(1, 1): 500} {
		rec := httptest.NewRecorder()
		if WriteJSON(rec, 201, v); rec.Code != want {
			t.Errorf("%v: %d, want %d", v, rec.Code, want)
		}
	}
}

// TestSameSite: programs may do everything, a page of another site may only look.
func TestSameSite(t *testing.T) {
	h := SameSite(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, c := range []struct {
		method, header, value string
		want                  int
	}{
		{"POST", "", "", 204}, {"POST", "Sec-Fetch-Site", "same-origin", 204}, {"GET", "Sec-Fetch-Site", "cross-site", 204},
		{"POST", "Sec-Fetch-Site", "cross-site", 403}, {"DELETE", "Origin", "https://evil.example", 403}, {"POST", "Origin", "null", 403},
	} {
		r := httptest.NewRequest(c.method, "http://localhost/", nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
