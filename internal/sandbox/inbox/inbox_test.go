package inbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/identikit/identikit/internal/sandbox/inbox"
	"github.com/identikit/identikit/internal/testkit/chromium"
)

// phone has n messages, 2 on a page.
func phone(t *testing.T, n int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(inbox.Handler(func(_ context.Context, page int) (shown []inbox.Message, older bool, err error) {
		for m := n - 2*(page-1); m > n-2*page && m > 0; m-- {
			shown = append(shown, inbox.Message{
				Number: "+4915112345678", Text: strings.Repeat("<b>", m) + " is your code & \"more\"", PersonID: "dc1a6812a14f6cc338cd084208535bcdcper",
				At: time.Date(2031, 3, 1, 12, m, 0, 0, time.UTC),
			})
		}
		return shown, n > 2*page, nil
	}, func(err error) { t.Error(err) }))
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, url string, lang ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lang {
		req.Header.Set("Accept-Language", l)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// TestLanguages: both have every text, and the reader gets theirs.
func TestLanguages(t *testing.T) {
	t.Parallel()
	keys := func(file string) []string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatal(err)
		}
		for key, text := range texts {
			if text == "" {
				t.Errorf("%s: %s is empty", file, key)
			}
		}
		return slices.Sorted(maps.Keys(texts))
	}
	if de, en := keys("locale/de.json"), keys("locale/en.json"); !slices.Equal(de, en) {
		t.Errorf("%v\n%v", de, en)
	}
	page := phone(t, 0).URL + "/sandbox/inbox"
	for _, c := range []struct{ query, header, want string }{
		{"", "", "en"}, {"", "de-AT,de;q=0.9,en;q=0.5", "de"}, {"", "fr", "en"}, {"?lang=de", "en", "de"}, {"?lang=en", "de", "en"}, {"?lang=xx", "de", "de"},
	} {
		resp, body := get(t, page+c.query, c.header)
		if !strings.Contains(body, `<html lang="`+c.want+`">`) || resp.Header.Get("Content-Language") != c.want {
			t.Errorf("%v: %s", c, resp.Header.Get("Content-Language"))
		}
	}
}

// TestHTMLInjection: a message is text, whatever it says.
func TestHTMLInjection(t *testing.T) {
	t.Parallel()
	resp, body := get(t, phone(t, 1).URL+"/sandbox/inbox")
	if strings.Contains(body, "<b>") || !strings.Contains(body, "&lt;b&gt; is your code &amp; &#34;more&#34;") {
		t.Errorf("%s", body)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", resp.Header)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := phone(t, 5)
	for page, want := range map[string][2]bool{"": {false, true}, "1": {false, true}, "2": {true, true}, "3": {true, false}, "x": {false, true}, "-7": {false, true}, "99999999999999999999": {false, true}} {
		_, body := get(t, s.URL+"/sandbox/inbox?page="+page)
		if got := [2]bool{strings.Contains(body, "Newer"), strings.Contains(body, "Older")}; got != want {
			t.Errorf("page %q: newer and older %v", page, got)
		}
	}
	links := regexp.MustCompile(`(?:href|src)="([^"#]+)"`)
	_, body := get(t, s.URL+"/sandbox/inbox")
	for _, link := range links.FindAllStringSubmatch(body, -1) {
		if resp, _ := get(t, s.URL+strings.ReplaceAll(link[1], "&amp;", "&")); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", link[1], resp.StatusCode)
		}
	}
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	var told error
	h := inbox.Handler(func(context.Context, int) ([]inbox.Message, bool, error) {
		return nil, false, errors.New("no database")
	}, func(err error) { told = err })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sandbox/inbox", nil))
	if w.Code != http.StatusInternalServerError || told == nil || strings.Contains(w.Body.String(), "database") {
		t.Errorf("%d %s, told %v", w.Code, w.Body, told)
	}
}

// TestInABrowser: the page works without a script, on a phone, in both languages.
func TestInABrowser(t *testing.T) {
	s := phone(t, 3)
	ctx := chromium.Start(t)
	err := chromedp.Do(ctx, chromedp.Steps(
		chromedp.Navigate(s.URL+"/sandbox/inbox"),
		chromedp.WaitVisible(chromedp.Search(`//h1[text()="Text messages"]`)),
		chromedp.Click(chromedp.Search(`//a[text()="Older messages"]`)),
		chromedp.WaitVisible(chromedp.Search(`//a[text()="Newer messages"]`)),
		chromedp.Click(chromedp.CSS(`a[hreflang=de]`)),
		chromedp.WaitVisible(chromedp.Search(`//h1[text()="Textnachrichten"]`)),
		chromedp.WaitVisible(chromedp.Search(`//a[text()="Neuere Nachrichten"]`)),
	))
	if err != nil {
		t.Fatal(err)
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > 390`))
	if err != nil || wide {
		t.Errorf("wider than a phone: %v %v", wide, err)
	}
}
