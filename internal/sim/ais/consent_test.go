package ais

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/identikit/identikit/internal/testkit/chromium"
)

// get opens a page.
func (w *world) get(address string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), "GET", address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	_, body := w.do(http.DefaultClient, req)
	return resp, string(body)
}

// shows says whether a page has the heading of this name.
func shows(body, lang, name string) bool {
	return strings.Contains(body, "<h1>"+texts[lang][name+".title"]+"</h1>")
}

// TestConsentPage: the page shows what is signed, and may be framed as the configuration says.
func TestConsentPage(t *testing.T) {
	w := newWorld(t, nil)
	_, consent := w.begin("req-1", 3)
	resp, body := w.get(consent)
	for _, part := range []string{`lang="de"`, "Vorgang 1234-5678 &lt;b&gt;:", "<dd>3</dd>", "SIMULATION", `autocomplete="one-time-code"`, w.server.request("req-1").Transaction} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if !shows(body, "de", "pass") || resp.StatusCode != 200 || !strings.HasSuffix(resp.Header.Get("Content-Security-Policy"), "frame-ancestors *") {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if _, body := w.get(strings.Replace(consent, "lang=de", "lang=en", 1)); !shows(body, "en", "pass") {
		t.Error("no English")
	}
	for _, path := range []string{"/", "/sas/web/other/pass", "/sas/web//pass"} {
		if resp, body := w.get(w.consent.URL + path); resp.StatusCode != 404 || !shows(body, "en", "unknown") {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	for _, path := range []string{"/static/style.css", "/static/icon.svg"} {
		if resp, _ := w.get(w.consent.URL + path); resp.StatusCode != 200 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	w.cfg.FrameAncestors = "https://bank.example 'self'"
	w.open()
	if resp, _ := w.get(w.consent.URL + consentPath(w.server.request("req-1").Token)); !strings.HasSuffix(resp.Header.Get("Content-Security-Policy"), "frame-ancestors https://bank.example 'self'") {
		t.Errorf("%v", resp.Header)
	}
	if _, err := New(Config{Customer: "bank", FrameAncestors: "*; script-src *"}); err == nil {
		t.Error("more than frame-ancestors can be configured")
	}
}

// TestConsent: what the customer does leads to the right page, and to the right answer of the API.
func TestConsent(t *testing.T) {
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		act  func(address, password string)
		page string
		word string
	}{
		"signs":   {func(a, p string) { w.form(a, "password", " "+p+" ", "action", "sign") }, "done", "Success"},
		"cancels": {func(a, _ string) { w.form(a, "action", "cancel", "password", "") }, "cancelled", "SubsystemError cancel"},
		"sleeps":  {func(string, string) { w.advance(passwordLifetime) }, "expired", "SubsystemError timeout"},
		"guesses": {func(a, p string) {
			for range passwordTries {
				w.form(a, "password", otherPassword(p))
			}
			w.form(a, "password", p)
		}, "blocked", "SubsystemError service"},
		"is refused": {func(string, string) {
			if err := w.server.SetResult(t.Context(), "is refused", "status"); err != nil {
				t.Error(err)
			}
		}, "failed", "SubsystemError status"},
	} {
		response, consent := w.begin(name, 1)
		c.act(consent, w.password())
		if _, body := w.get(consent); !shows(body, "de", c.page) {
			t.Errorf("%s: not the page %s", name, c.page)
		}
		w.form(consent, "action", "cancel") // too late for that
		w.advance(time.Minute)
		if r := w.poll(response); r.word() != c.word {
			t.Errorf("%s: %s", name, r.word())
		}
	}
}

func otherPassword(p string) string {
	if p == "000000" {
		return "000001"
	}
	return "000000"
}

// TestWrongPasswords: each is told with what is left; what is no password is no try.
func TestWrongPasswords(t *testing.T) {
	w := newWorld(t, nil)
	_, consent := w.begin("req-1", 1)
	for _, none := range []string{"", "12345", "1234567", "abcdef", "１２３４５６"} {
		if status, body := w.form(consent, "password", none); status != 422 || !strings.Contains(body, texts["de"]["pass.form"]) {
			t.Errorf("%q: %d", none, status)
		}
	}
	for _, left := range []string{"noch 4 Versuche", "noch 3 Versuche", "noch 2 Versuche", "noch einen Versuch"} {
		if status, body := w.form(consent, "password", otherPassword(w.password())); status != 422 || !strings.Contains(body, left) || !strings.Contains(body, `aria-invalid="true"`) {
			t.Errorf("%s: %d", left, status)
		}
	}
	if status, body := w.form(consent, "password", otherPassword(w.password())); status != 200 || !shows(body, "de", "blocked") {
		t.Errorf("the last: %d", status)
	}
}

// TestLocale: both languages have the same texts, and every one is used with what it needs.
func TestLocale(t *testing.T) {
	for key, text := range texts["de"] {
		if other, ok := texts["en"][key]; !ok || strings.Count(text, "%") != strings.Count(other, "%") {
			t.Errorf("%s differs", key)
		}
	}
	if len(texts["de"]) != len(texts["en"]) {
		t.Errorf("%d German texts, %d English ones", len(texts["de"]), len(texts["en"]))
	}
	for _, name := range []string{"pass", "done", "cancelled", "expired", "blocked", "failed", "unknown"} {
		if texts["en"][name+".title"] == "" || texts["en"][name+".text"] == "" {
			t.Errorf("%s has no text", name)
		}
	}
}

// TestConsentInABrowser: the whole way by keyboard, without scripts, in a frame of another site, too.
func TestConsentInABrowser(t *testing.T) {
	w := newWorld(t, nil)
	_, consent := w.begin("req-1", 2)
	ctx := chromium.Start(t)
	heading := func(lang, name string) chromedp.Action[chromedp.Void] {
		return chromedp.WaitVisible(chromedp.Search(`//h1[text()="` + texts[lang][name+".title"] + `"]`))
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		for _, step := range steps {
			if err := chromedp.Do(ctx, step); err != nil {
				t.Fatal(err)
			}
		}
	}
	typed := func(text string) chromedp.Action[chromedp.Void] {
		return chromedp.Steps(chromedp.Focus(chromedp.CSS("#password")), chromedp.KeyEvent(text+"\r"))
	}
	do(chromedp.Navigate(consent), heading("de", "pass"))
	screenshot(t, ctx, "pass-de")
	do(chromedp.Click(chromedp.CSS(`a[hreflang=en]`)), heading("en", "pass"), typed(otherPassword(w.password())), chromedp.WaitVisible(chromedp.CSS("#problem")))
	screenshot(t, ctx, "wrong-en")
	do(typed(w.password()), heading("en", "done"))
	screenshot(t, ctx, "done-en")
	_, framed := w.begin("req-2", 1)
	partner := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(rw, `<!DOCTYPE html><title>Bank</title><p>Bank</p><iframe src="%s" width="380" height="800"></iframe>`, framed)
	}))
	t.Cleanup(partner.Close)
	do(chromedp.Navigate(partner.URL), heading("de", "pass"))
	screenshot(t, ctx, "framed-de")
	for outcome, page := range map[string]string{"cancel": "cancelled", "timeout": "expired", "InvalidOtp": "blocked", "status": "failed"} {
		_, consent := w.begin(outcome, 1)
		if err := w.server.SetResult(t.Context(), outcome, outcome); err != nil {
			t.Fatal(err)
		}
		do(chromedp.Navigate(consent), heading("de", page))
		screenshot(t, ctx, page+"-de")
	}
	do(chromedp.Navigate(w.consent.URL+"/sas/web/other/pass?lang=de"), heading("de", "unknown"))
	screenshot(t, ctx, "unknown-de")
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > 390`))
	if err != nil || wide {
		t.Errorf("the page is wider than a phone: %v", err)
	}
}

// screenshot takes pictures of the page that is open, as a phone and as a desk
// show it, into the folder SCREENSHOTS. Nobody is asked when it is not set.
func screenshot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for size, width := range map[string]int64{"phone": chromium.Width, "desk": 1280} {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 844)); err != nil {
			t.Fatal(err)
		}
		image, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+"-"+size+".jpg"), image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(chromium.Width, 844)); err != nil {
		t.Fatal(err)
	}
}

// TestKeptSecrets: neither the state's folder nor a log line tells the password or the number.
func TestKeptSecrets(t *testing.T) {
	w := newWorld(t, nil)
	w.begin("req-1", 1)
	found, err := filepath.Glob(filepath.Join(w.cfg.Dir, "*"))
	if err != nil || !slices.ContainsFunc(found, func(name string) bool { return strings.Contains(name, "request-") }) {
		t.Fatalf("%v: %v", err, found)
	}
	for _, name := range found {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(data) {
			t.Errorf("%s is no JSON", name)
		}
		if strings.Contains(string(data), "4915112345678") || strings.Contains(string(data), `"`+w.password()+`"`) {
			t.Errorf("%s tells a secret", filepath.Base(name))
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v", filepath.Base(name), err)
		}
	}
}
