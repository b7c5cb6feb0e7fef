package sandbox_test

import (
	"path"
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

	c := testkit.OpenPage(t, o["url"].(string))
	if !strings.Contains(c.Body, "Greeting Bank") || strings.Contains(c.Body, o["reference"].(string)) {
		t.Fatalf("the landing page greets wrongly, or shows the reference:\n%s", c.Body)
	}
	c.Send("terms", "yes", "ready", "yes", "recording", "yes", "issuer", "DE") // the mobile number as it stands there
	c.Send("action", "done")                                                   // waiting
	c.Send("action", "stop")                                                   // confirm: the customer gives up
	if !strings.Contains(c.Body, "https://bank.example/sorry?id="+path.Base(ident)) {
		t.Errorf("no way back after giving up:\n%s", c.Body)
	}
	r.Wait(3)
	if o := l.Call(200, "GET", ident, nil); o["status"] != "aborted" || o["failure_reason"] != "USER_CANCELLATION" {
		t.Errorf("%v %v", o["status"], o["failure_reason"])
	}
	c.Open() // and tries again on the same link, without the partner
	for range 3 {
		if strings.Contains(c.Body, `name="terms"`) {
			break
		}
		c.Send("action", "again")
	}
	c.Send("terms", "yes", "ready", "yes", "recording", "yes", "issuer", "DE")
	for range 9 {
		if strings.Contains(c.Body, `name="code"`) {
			break
		}
		c.Send("action", "done", "birthplace", "Köln", "answer", "an account")
	}
	c.Send("action", "done", "code", "123456")
	if !strings.Contains(c.Body, "gbank://kyc/"+path.Base(ident)) {
		t.Errorf("no way back after the call:\n%s", c.Body)
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
		c := testkit.OpenPage(t, l.Call(200, "GET", ident, nil)["url"].(string))
		kind, issuer, _ := strings.Cut(choice, "/")
		if !strings.Contains(c.Body, `value="`+issuer+`"`) {
			continue // not on offer
		}
		c.Send("terms", "yes", "ready", "yes", "recording", "yes", "document", kind, "issuer", issuer)
		l.Advance("1s")
		o := l.Call(200, "GET", ident, nil)
		if refused := o["failure_reason"] == "ID_NOT_SUPPORTED" && o["status"] == "aborted"; refused == want {
			t.Errorf("%s: %v %v, supported %t", choice, o["status"], o["failure_reason"], want)
		}
	}
}
