package xs2a

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// visit opens the page of a session.
func (w *world) visit(key string) (int, string) {
	w.t.Helper()
	return w.request("GET", w.wizard.URL+"/index.html?interface_id=look&lang=en&wizard_session_key="+key, "", nil)
}

var hiddenStep = regexp.MustCompile(`name="step" value="([^"]+)"`)

// submit sends the form of the page that is open, and follows to the next page.
func (w *world) submit(key string, form url.Values) (int, string) {
	w.t.Helper()
	_, page := w.visit(key)
	if m := hiddenStep.FindStringSubmatch(page); m != nil && !form.Has("step") {
		form.Set("step", m[1])
	}
	return w.request("POST", w.wizard.URL+"/index.html?interface_id=look&lang=en&wizard_session_key="+key, form.Encode(),
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// wants fails unless the page has all of these texts.
func (w *world) wants(page string, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			w.t.Fatalf("the page lacks %q:\n%s", text, page)
		}
	}
}

var loginForm = url.Values{"USER_NAME": {"me"}, "USER_PIN": {"1"}, "privacy_policy": {"1"}}

func TestPagesHappyPath(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Brand = func(string) string { return "Example Bank" } })
	tx, key := w.start(nil)
	_, page := w.visit(key)
	w.wants(page, "SIMULATION", "Example Bank", `value="88888888"`, `value="DE" selected`, `lang=de`)
	_, page = w.submit(key, url.Values{"country_id": {"DE"}, "bank_code": {"88888888"}})
	w.wants(page, translate("en", "login.title"), "bkapp")
	_, page = w.submit(key, loginForm)
	w.wants(page, "DE62 8888 8888 0012 3456 78", "Erika Mustermann", `value="1" disabled`, `value="0" checked`)
	_, page = w.submit(key, url.Values{"account": {"0"}})
	w.wants(page, "0.01 EUR", "id-1 Identifikation", "DE89 3704 0044 0532 0130 00", w.server.tan(w.server.session(tx)))
	status, page := w.submit(key, url.Values{"TAN": {"000"}})
	if status != 422 {
		t.Errorf("a wrong TAN: %d", status)
	}
	w.wants(page, `role="alert"`, `aria-invalid="true"`)
	_, page = w.submit(key, url.Values{"TAN": {w.server.tan(w.server.session(tx))}})
	w.wants(page, translate("en", "finished.paid"), `href="https://example.org/good"`)
	if ses := w.session(tx); ses["finished"] != true {
		t.Errorf("%v", ses)
	}
}

func TestPagesInTheApp(t *testing.T) {
	w := newWorld(t, nil)
	_, key := w.start(nil)
	w.submit(key, url.Values{"country_id": {"DE"}, "bank_code": {"88888888"}})
	w.submit(key, url.Values{"USER_NAME": {"me"}, "USER_PIN": {"bkapp"}, "privacy_policy": {"1"}})
	_, page := w.submit(key, url.Values{"account": {"0"}})
	w.wants(page, translate("en", "sca.button"))
	_, page = w.submit(key, url.Values{"action": {"back"}})
	w.wants(page, translate("en", "accounts.title"))
	w.submit(key, url.Values{"account": {"0"}})
	_, page = w.submit(key, url.Values{"action": {"released"}})
	w.wants(page, translate("en", "finished.title"))
}

func TestPagesProblems(t *testing.T) {
	w := newWorld(t, nil)
	tx, key := w.start(nil)
	_, page := w.submit(key, url.Values{"country_id": {"DE"}, "bank_code": {"<b>1"}})
	w.wants(page, `href="#bank_code"`, "&lt;b&gt;1")
	_, page = w.submit(key, url.Values{"country_id": {"DE"}, "bank_code": {"88888888"}})
	w.wants(page, translate("en", "login.title"))
	status, page := w.submit(key, url.Values{"USER_NAME": {"me"}, "USER_PIN": {"1234x"}})
	w.wants(page, translate("en", "error.privacy"), `value="me"`)
	if status != 422 || strings.Contains(page, "1234x") {
		t.Errorf("%d, or the PIN is shown again", status)
	}
	if _, page = w.submit(key, url.Values{"step": {"WizardStartStep.0"}, "bank_code": {"1"}}); !strings.Contains(page, translate("en", "login.title")) {
		t.Error("a stale form changes something")
	}
	_, page = w.submit(key, url.Values{"action": {"abort"}})
	w.wants(page, translate("en", "ended.aborted"), "client_aborted", `href="https://example.org/bad"`)
	if got := w.session(tx)["last_error"]; got != "client_aborted" {
		t.Errorf("%v", got)
	}
}

// TestPagesAreSafe: other sites' forms, unknown links, and what a page may load.
func TestPagesAreSafe(t *testing.T) {
	w := newWorld(t, nil)
	_, key := w.start(nil)
	address := w.wizard.URL + "/index.html?wizard_session_key=" + key
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	foreign := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"}
	for name, c := range map[string]struct {
		method, url, body string
		header            map[string]string
		status            int
	}{
		"another site's form": {"POST", address, "action=abort", foreign, 403}, "no form": {"POST", address, "%zz", form, 400},
		"too long a form": {"POST", address, strings.Repeat("a", 1<<20+1), form, 400}, "an unknown key": {"GET", w.wizard.URL + "/index.html?wizard_session_key=x", "", nil, 404},
		"a form to an unknown key": {"POST", w.wizard.URL + "/index.html", "a=b", form, 404}, "no page": {"GET", w.wizard.URL + "/", "", nil, 404},
		"style": {"GET", w.wizard.URL + "/static/style.css", "", nil, 200}, "icon": {"GET", w.wizard.URL + "/static/icon.svg", "", nil, 200},
	} {
		if status, body := w.request(c.method, c.url, c.body, c.header); status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("the policy is %q", csp)
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be kept")
	}
}

// TestPagesLanguage: the address, the session and the browser choose, in this order.
func TestPagesLanguage(t *testing.T) {
	w := newWorld(t, nil)
	_, german := w.start(map[string]any{"language": "de"})
	_, any := w.start(map[string]any{"language": nil})
	for _, c := range []struct{ key, query, accepted, want string }{
		{german, "", "en", "de"}, {german, "&lang=en", "de", "en"}, {any, "", "de-AT,en", "de"}, {any, "", "fr", "en"},
	} {
		_, page := w.request("GET", w.wizard.URL+"/index.html?wizard_session_key="+c.key+c.query, "", map[string]string{"Accept-Language": c.accepted})
		if !strings.Contains(page, `<html lang="`+c.want+`">`) {
			t.Errorf("%v: another language", c)
		}
	}
}
