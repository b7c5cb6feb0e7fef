package idnow

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// visitor walks the pages by HTTP, as a browser without scripts does.
type visitor struct {
	t      *testing.T
	origin string
	link   string // path of the session
	body   string // of the page shown now
	status int
}

func (w *world) visit(tx string) *visitor {
	v := &visitor{t: w.t, origin: w.goPages.URL, link: "/" + w.cfg.CompanyID + "/identifications/" + tx}
	v.open(v.link)
	return v
}

func (v *visitor) open(path string) {
	v.t.Helper()
	resp, err := http.Get(v.origin + path)
	v.shown(resp, err)
}

func (v *visitor) shown(resp *http.Response, err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.body, v.status = string(body), resp.StatusCode
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		v.t.Errorf("%s: policy %q", resp.Request.URL, csp)
	}
	if !strings.Contains(v.body, "SIMULATION") || strings.Contains(v.body, "<script") {
		v.t.Errorf("%s: no banner, or a script", resp.Request.URL)
	}
}

var stepToken = regexp.MustCompile(`name="step" value="([^"]*)"`)

// send posts the page's form with these values; pairs of name and value.
func (v *visitor) send(pairs ...string) {
	v.t.Helper()
	form := url.Values{}
	if token := stepToken.FindStringSubmatch(v.body); token != nil {
		form.Set("step", token[1])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	resp, err := http.PostForm(v.origin+v.link, form)
	v.shown(resp, err)
}

// shows checks the heading of the page, by its text key in English.
func (v *visitor) shows(page string) {
	v.t.Helper()
	if want := "<h1>" + translate("en", page+".title") + "</h1>"; !strings.Contains(v.body, want) {
		v.t.Fatalf("want page %s, got (%d):\n%s", page, v.status, v.body)
	}
}

var landingForm = []string{
	"terms", "yes", "ready", "yes", "recording", "yes", "document", "IDCARD", "issuer", "DE", "language", "en", "mobile", "01510000000",
}

// callUpTo walks from the landing page to a step of the call.
func (v *visitor) callUpTo(last step) {
	v.t.Helper()
	v.shows("landing")
	v.send(landingForm...)
	for _, s := range []step{stepWaiting, stepConfirm, stepFront, stepBack, stepTilt, stepPortrait, stepQuestion, stepCode} {
		v.shows(string(s))
		if s == last {
			return
		}
		v.send("action", "done", "answer", "an account")
	}
}

func TestHappyPathOnThePage(t *testing.T) {
	for _, name := range []string{"X-MANUALTEST-HAPPYPATH", "Erika"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(cfg *Config) {
				cfg.Brand = func(tx string) Branding {
					return Branding{Name: "Bank & Co", SuccessURL: "app://back?id={identification}&ok=1", FailureURL: "https://example.org/failed"}
				}
			})
			w.start("tx-1", map[string]string{"firstname": name})
			w.advance(time.Hour)
			v := w.visit("tx-1")
			if !strings.Contains(v.body, "Bank &amp; Co") {
				t.Error("no greeting in the company's name")
			}
			v.callUpTo(stepCode)
			v.send("code", "123456", "action", "done")
			v.shows("review")
			if !strings.Contains(v.body, `href="app://back?id=tx-1&amp;ok=1"`) {
				t.Errorf("no way back: %s", v.body)
			}
			w.advance(3 * time.Minute)
			v.open(v.link)
			v.shows("finished")
			got := w.company.take()
			if len(got) != 1 || got[0].body.Process.Result != "SUCCESS" || *got[0].body.Contact.Mobile != "01510000000" {
				t.Fatalf("pushes %v", got)
			}
		})
	}
}

func TestMissingDataIsAskedFor(t *testing.T) {
	w := newWorld(t, nil)
	none := map[string]string{"lastname": "", "birthday": "", "birthplace": "", "nationality": "", "street": "", "zipcode": "", "city": "", "country": "", "mobilephone": ""}
	w.start("tx-1", none)
	v := w.visit("tx-1")
	v.send(landingForm...)
	v.send("action", "done")
	v.send("action", "done")
	v.shows("missing")
	v.send("lastname", "Gabler <b>", "birthday", "2099-01-01", "nationality", "XXX", "action", "done")
	if v.status != 422 || !strings.Contains(v.body, `value="Gabler &lt;b&gt;"`) || strings.Count(v.body, `class="error"`) != 7 {
		t.Errorf("status %d, page %s", v.status, v.body)
	}
	v.send("lastname", "Gabler", "birthday", "1984-01-26", "birthplace", "Köln", "nationality", "AT", "street", "Weg 1", "zipcode", "80469",
		"city", "München", "country", "DE", "action", "done")
	v.shows("front")
	for range 4 {
		v.send("action", "done")
	}
	v.send("answer", "x", "action", "done")
	v.send("code", "123456", "action", "done")
	v.shows("review")
	w.advance(3 * time.Minute)
	_, r := w.get("tx-1")
	if got := *r.User.Birthplace; got != (cell{Value: "KÖLN", Status: "NEW"}) {
		t.Errorf("birthplace %+v", got)
	}
	if got := *r.User.Firstname; got != (cell{Value: "ERIKA", Status: "MATCH"}) {
		t.Errorf("firstname %+v", got)
	}
}

func TestLandingProblems(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"mobilephone": "+49151"})
	v := w.visit("tx-1")
	if !strings.Contains(v.body, `value="0151"`) {
		t.Error("the mobile number is not prefilled as one dials it at home")
	}
	for number, want := range map[string]string{"+49151": "0151", "+43660": "0043660", "+15550101": "+15550101", "0151": "0151", "": ""} {
		if got := dialled(number); got != want {
			t.Errorf("dialled(%q) = %q, want %q", number, got, want)
		}
	}
	v.send("document", "CLUBCARD", "issuer", "XX", "mobile", "+4915123", "terms", "yes")
	for _, field := range []string{"ready", "recording", "document", "issuer", "language", "mobile"} {
		if !strings.Contains(v.body, `<a href="#`+field+`">`) {
			t.Errorf("no word about %s", field)
		}
	}
	if v.status != 422 || !strings.Contains(v.body, `value="&#43;4915123"`) || !strings.Contains(v.body, `name="terms" value="yes" checked`) {
		t.Errorf("status %d: what was entered is not kept", v.status)
	}
	v.send(append(landingForm, "mobile", "+15550101")...)
	v.shows("waiting")
}

func TestStopAtEveryStep(t *testing.T) {
	for _, s := range []step{stepWaiting, stepConfirm, stepFront, stepBack, stepTilt, stepPortrait, stepQuestion, stepCode} {
		w := newWorld(t, func(cfg *Config) {
			cfg.Brand = func(string) Branding { return Branding{Name: "B", FailureURL: "https://example.org/{identification}"} }
		})
		w.start("tx-1", nil)
		v := w.visit("tx-1")
		v.callUpTo(s)
		v.send("action", "stop")
		v.shows("ended")
		want := "USER_CANCELLATION"
		if s == stepWaiting {
			want = "USER_ABORT_WHILE_WAITING"
		}
		w.advance(0)
		if got := w.company.take(); len(got) != 1 || got[0].body.Process.Reason != want {
			t.Errorf("%s: %v, want %s", s, got, want)
		}
		if !strings.Contains(v.body, `href="https://example.org/tx-1"`) {
			t.Error("no way back")
		}
		v.send("action", "retry")
		v.callUpTo(stepCode)
		v.send("code", "123456", "action", "done")
		v.shows("review")
		w.advance(0)
		if _, r := w.get("tx-1"); r.Process.Result != "ABORTED" { // holds until the review has one
			t.Errorf("%+v", r.Process)
		}
		if status, _ := w.tryStart("tx-1", nil); status != 200 {
			t.Errorf("start during the review: %d", status)
		}
		w.advance(3 * time.Minute)
		if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != "SUCCESS" {
			t.Errorf("after the second attempt: %v", got)
		}
	}
}

func TestEndingsChosenOnThePage(t *testing.T) {
	for choice, want := range map[string]string{
		"reason:TECH_PHOTO": "ABORTED TECH_PHOTO", "reason:USER_NO_ID": "ABORTED USER_NO_ID", "case:CHANGEALL": "SUCCESS_DATA_CHANGED ",
		"case:FRAUDIDENT": "FRAUD_SUSPICION_CONFIRMED ", "case:CANCELED": "CANCELED TECH_PHOTO",
	} {
		w := newWorld(t, nil)
		w.start("tx-1", nil)
		v := w.visit("tx-1")
		v.callUpTo(stepBack)
		v.send("action", "simulate", "ending", choice)
		w.advance(time.Hour)
		_, r := w.get("tx-1")
		if got := r.Process.Result + " " + r.Process.Reason; got != want {
			t.Errorf("%s gives %q, want %q", choice, got, want)
		}
	}
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-MANUALTEST-HAPPYPATH"})
	v := w.visit("tx-1")
	v.callUpTo(stepBack)
	v.send("action", "simulate", "ending", "case:FRAUDIDENT")
	v.shows("back") // a test person's ending is its own
	v.send("action", "simulate", "ending", "reason:NOT_ON_THE_LIST")
	v.shows("back")
}

func TestUnsupportedDocument(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	v := w.visit("tx-1")
	v.send(append(landingForm, "document", "OTHER")...)
	v.shows("ended")
	if _, r := w.get("tx-1"); r.Process.Result != "ABORTED" || r.Process.Reason != "ID_NOT_SUPPORTED" {
		t.Errorf("%+v", r.Process)
	}
}

func TestWrongIdentCode(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	v := w.visit("tx-1")
	v.callUpTo(stepCode)
	v.send("code", "000000", "action", "done")
	v.shows("code")
	if !strings.Contains(v.body, translate("en", "code.left", 2)) {
		t.Error("the page does not say how many tries are left")
	}
	v.open(v.link) // a reload forgets nothing
	v.send("code", "1234567", "action", "done")
	if !strings.Contains(v.body, translate("en", "code.last")) {
		t.Error("the page does not warn of the last try")
	}
	v.send("code", "", "action", "done")
	v.shows("ended")
	if _, r := w.get("tx-1"); r.Process.Reason != "IDENT_CODE_REPEATEDLY_INCORRECT" {
		t.Errorf("%+v", r.Process)
	}
}

func TestManualScenarios(t *testing.T) {
	w := newWorld(t, nil)
	w.start("abort", map[string]string{"firstname": "X-MANUALTEST-ABORTIDENT"})
	v := w.visit("abort")
	v.callUpTo(stepFront)
	v.send("action", "done")
	w.advance(0)
	v.open(v.link)
	v.shows("ended")
	if got := w.company.take(); len(got) != 1 || got[0].body.Process.Reason != "TECH_VIDEO" {
		t.Errorf("%v", got)
	}
	w.start("fraud", map[string]string{"firstname": "X-MANUALTEST-FRAUDOK"})
	v = w.visit("fraud")
	v.callUpTo(stepCode)
	v.send("code", "123456", "action", "done")
	v.shows("review")
	w.advance(2 * time.Minute)
	v.open(v.link)
	v.shows("ended") // canceled: the customer may try again while the review goes on
	w.advance(2 * time.Minute)
	v.open(v.link)
	v.shows("finished")
}

func TestTimeout(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	v := w.visit("tx-1")
	v.callUpTo(stepFront)
	w.advance(30*time.Minute - time.Second)
	if len(w.company.take()) != 0 {
		t.Error("ended before its time")
	}
	w.advance(time.Second)
	if got := w.company.take(); len(got) != 1 || got[0].body.Process.Reason != "TECH_TIMEOUT" || !got[0].at.Equal(testStart.Add(30*time.Minute)) {
		t.Errorf("%v", got)
	}
	v.send("action", "done")
	v.shows("ended")
}

func TestStaleFormsAndSecondTabs(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	first := w.visit("tx-1")
	first.callUpTo(stepFront)
	second := *first
	second.send("action", "done")
	second.shows("back")
	first.send("action", "done") // the front again: shows where the call is, goes no step further
	first.shows("back")
	first.send("action", "stop")
	first.send("action", "retry")
	second.send("action", "done")
	second.shows("landing")
}

func TestLinks(t *testing.T) {
	w := newWorld(t, nil)
	id := w.start("tx-1", nil)
	v := w.visit("tx-1")
	if strings.Contains(v.body, id) {
		t.Error("the page shows the reference")
	}
	v.open("/" + id)
	v.shows("landing")
	if strings.Contains(v.body, id) {
		t.Error("the page shows the reference")
	}
	v.open(v.link + "/identification/start?tid=track-1")
	v.shows("landing")
	if got := w.server.session("tx-1").Tracking; got != "track-1" {
		t.Errorf("tracking id %q", got)
	}
	for _, path := range []string{"/TST-XXXXX", "/identikitsandbox/identifications/nobody", "/other/identifications/tx-1", "/identikitsandbox/identifications/" + id, "/a/b/c/d"} {
		v.open(path)
		v.shows("unknown")
		if v.status != 404 {
			t.Errorf("%s: %d", path, v.status)
		}
	}
	home := &visitor{t: t, origin: w.goPages.URL, link: "/"}
	home.open("/")
	home.shows("home")
	home.send("reference", "nonsense")
	home.shows("home")
	home.send("reference", " "+strings.ToLower(id)+" ")
	home.shows("landing")
}

func TestExpiredAndFinishedLinks(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	w.start("tx-2", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	v := w.visit("tx-2")
	v.shows("automatic")
	w.advance(14*24*time.Hour - time.Second)
	v = w.visit("tx-1")
	v.shows("landing")
	w.start("tx-1", nil) // extends nothing
	w.advance(time.Second)
	v.open(v.link)
	v.shows("expired")
	if v.status != 410 {
		t.Errorf("status %d, want 410", v.status)
	}
	v.send(landingForm...)
	v.shows("expired")
	v = w.visit("tx-2")
	v.shows("finished")
}

func TestPagesInGerman(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	v := w.visit("tx-1")
	v.open(v.link + "?lang=de")
	if !strings.Contains(v.body, `<html lang="de">`) || !strings.Contains(v.body, "Willkommen") || !strings.Contains(v.body, "?lang=de\"") {
		t.Error("the page is not German, or its form forgets it")
	}
	if !strings.Contains(v.body, `?lang=en"`) {
		t.Error("no way to English")
	}
	w.start("tx-2", map[string]string{"preferredLang": "DE"})
	if v = w.visit("tx-2"); !strings.Contains(v.body, `<html lang="de">`) {
		t.Error("the company's choice of language is ignored")
	}
}

func TestForeignForms(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	for header, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
		req := httptest.NewRequest("POST", "/identikitsandbox/identifications/tx-1", strings.NewReader("step=0.landing.0"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set(header, value)
		rec := httptest.NewRecorder()
		w.server.Go().ServeHTTP(rec, req)
		if rec.Code != 403 {
			t.Errorf("%s: %d", header, rec.Code)
		}
	}
	req := httptest.NewRequest("POST", "/identikitsandbox/identifications/tx-1", strings.NewReader("step="+strings.Repeat("x", 1<<20)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.server.Go().ServeHTTP(rec, req)
	if rec.Code != 413 {
		t.Errorf("a form over 1 MiB: %d", rec.Code)
	}
	for path, want := range map[string]string{"": "'none'", "/identification/start": "*"} {
		rec := httptest.NewRecorder()
		w.server.Go().ServeHTTP(rec, httptest.NewRequest("GET", "/identikitsandbox/identifications/tx-1"+path, nil))
		if csp := rec.Header().Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-ancestors "+want) {
			t.Errorf("%q: %s", path, csp)
		}
	}
}

func TestHTMLInjection(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	w := newWorld(t, func(cfg *Config) {
		cfg.Brand = func(string) Branding {
			return Branding{Name: evil, SuccessURL: "javascript:alert(1)", FailureURL: " javascript:alert(1)"}
		}
	})
	w.start("tx-1", map[string]string{"firstname": evil, "lastname": evil, "city": ""})
	v := w.visit("tx-1")
	v.send(append(landingForm, "mobile", evil, "document", evil)...)
	v.send(landingForm...)
	v.send("action", "done")
	v.shows("confirm") // shown() has looked for scripts on every page
	v.send("action", "done")
	v.send("city", "", "action", "done")
	v.send("city", evil, "action", "done")
	v.send("action", "stop")
	v.shows("ended")
	if strings.Contains(v.body, "javascript:") || strings.Contains(v.body, "<img src=x") {
		t.Error("a script got through")
	}
	v.open("/" + url.PathEscape(evil))
	v.open("/?lang=" + url.QueryEscape(evil))
}

func TestWayBack(t *testing.T) {
	for address, want := range map[string]string{
		"": "", "https://a.example/x?i={identification}": "https://a.example/x?i=tx-1", "app://x": "app://x",
		"JavaScript:alert(1)": "", "data:text/html,x": "", "/relative": "", "::": "",
	} {
		if got := fmt.Sprint(wayBack(address, "tx-1")); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
