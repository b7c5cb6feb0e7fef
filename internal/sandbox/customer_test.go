package sandbox_test

import (
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit"
)

// customer walks the pages as a browser without scripts does: it sends the
// form of the page as it finds it, with some fields filled in.
type customer struct {
	t    *testing.T
	url  string
	body string
}

var input = regexp.MustCompile(`<input[^>]*>`)
var attribute = regexp.MustCompile(`\b(name|value|type)="([^"]*)"`)

func (c *customer) open() {
	c.t.Helper()
	resp, err := http.Get(c.url + "?lang=en")
	c.shown(resp, err)
}

func (c *customer) shown(resp *http.Response, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.body = string(b)
}

// send posts what stands in the form (hidden, text, chosen) and the pairs given.
func (c *customer) send(pairs ...string) {
	c.t.Helper()
	form := url.Values{}
	for _, tag := range input.FindAllString(c.body, -1) {
		a := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = m[2]
		}
		boxed := a["type"] == "checkbox" || a["type"] == "radio"
		if a["name"] != "" && (!boxed || strings.Contains(tag, " checked")) {
			form.Set(a["name"], a["value"])
		}
	}
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	resp, err := http.PostForm(c.url+"?lang=en", form)
	c.shown(resp, err)
}

// TestCustomer follows a customer of a partner with a greeting and a way back
// of its own through the pages, and looks at what the partner gets.
func TestCustomer(t *testing.T) {
	l := testkit.Start(t, "")
	store, err := sqlstore.Open(t.Context(), sandbox.DatabaseFile(l.Options.Data), sqlstore.Options{
		Clock: clock.Real{}, NewID: func(s string, _ int64) string { return id.Random(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	err = flow.ChangePartner(t.Context(), store, l.Partner.ClientID, func(p *kyc.Partner) {
		p.Greeting, p.SuccessURL, p.FailureURL = "Greeting Bank", "gbank://kyc/{identification}", "https://bank.example/sorry?id={identification}"
	})
	if err != nil {
		t.Fatal(err)
	}
	r := testkit.NewReceiver(t)
	r.Subscribe(l, "IDENTIFICATION")
	person := testkit.Customer("Anna")
	delete(person, "birth_city")
	personID := l.Call(201, "POST", "/v1/persons", person)["id"].(string)
	base := "/v1/persons/" + personID + "/identifications"
	ident := base + "/" + l.Call(201, "POST", base, testkit.Object{"method": "idnow"})["id"].(string)
	o := l.Call(200, "PATCH", ident+"/request", nil)

	c := &customer{t: t, url: o["url"].(string)}
	c.open()
	if !strings.Contains(c.body, "Greeting Bank") || strings.Contains(c.body, o["reference"].(string)) {
		t.Fatalf("the landing page greets wrongly, or shows the reference:\n%s", c.body)
	}
	c.send("terms", "yes", "ready", "yes", "recording", "yes", "issuer", "DE") // the mobile number as it stands there
	c.send("action", "done")                                                   // waiting
	c.send("action", "stop")                                                   // confirm: the customer gives up
	if !strings.Contains(c.body, "https://bank.example/sorry?id="+path.Base(ident)) {
		t.Errorf("no way back after giving up:\n%s", c.body)
	}
	r.Wait(3)
	if o := l.Call(200, "GET", ident, nil); o["status"] != "aborted" || o["failure_reason"] != "USER_CANCELLATION" {
		t.Errorf("%v %v", o["status"], o["failure_reason"])
	}
	c.open() // and tries again on the same link, without the partner
	for range 3 {
		if strings.Contains(c.body, `name="terms"`) {
			break
		}
		c.send("action", "again")
	}
	c.send("terms", "yes", "ready", "yes", "recording", "yes", "issuer", "DE")
	for range 9 {
		if strings.Contains(c.body, `name="code"`) {
			break
		}
		c.send("action", "done", "birthplace", "Köln", "answer", "an account")
	}
	c.send("action", "done", "code", "123456")
	if !strings.Contains(c.body, "gbank://kyc/"+path.Base(ident)) {
		t.Errorf("no way back after the call:\n%s", c.body)
	}
	l.Advance("3m")
	if got := r.Statuses(path.Base(ident)); !slices.Equal(got, []string{"created", "pending", "aborted", "successful"}) {
		t.Errorf("webhooks told %v", got)
	}
	if city := l.Call(200, "GET", "/v1/persons/"+personID, nil)["birth_city"]; city != "KÖLN" {
		t.Errorf("what the agent asked for was not written: %v", city)
	}
}

// TestUnsupportedDocument: what supported_documents does not list ends the
// attempt, what it lists does not; page and API keep lists of their own.
func TestUnsupportedDocument(t *testing.T) {
	l := testkit.Start(t, "")
	kinds := map[string]string{"Passport": "PASSPORT", "National ID Card": "IDCARD", "Residence Permit": "RESIDENCE_TITLE"}
	ident := l.Identify("Anna")
	supported := map[string]bool{"OTHER/DE": false, "IDCARD/IN": false, "IDCARD/CN": false, "RESIDENCE_TITLE/IN": false}
	for _, d := range l.Array(ident + "/supported_documents") {
		supported[kinds[d["type"].(string)]+"/"+d["issuing_countries"].([]any)[0].(string)] = true
		supported[kinds[d["type"].(string)]+"/DE"] = true
	}
	for choice, want := range supported {
		ident := l.Identify("Anna")
		c := &customer{t: t, url: l.Call(200, "GET", ident, nil)["url"].(string)}
		c.open()
		kind, issuer, _ := strings.Cut(choice, "/")
		if !strings.Contains(c.body, `value="`+issuer+`"`) {
			continue // not on offer
		}
		c.send("terms", "yes", "ready", "yes", "recording", "yes", "document", kind, "issuer", issuer)
		l.Advance("1s")
		o := l.Call(200, "GET", ident, nil)
		if refused := o["failure_reason"] == "ID_NOT_SUPPORTED" && o["status"] == "aborted"; refused == want {
			t.Errorf("%s: %v %v, supported %t", choice, o["status"], o["failure_reason"], want)
		}
	}
}
