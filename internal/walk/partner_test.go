package walk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/webhook"
)

// sesame is the stored form of the walks' identification secret. Its hash is
// slow on purpose, so it is made once.
var sesame = sync.OnceValue(func() []byte {
	hash, err := flow.HashSecret("open sesame")
	if err != nil {
		panic(err)
	}
	return hash
})

var names = []string{
	"Anna", "Berta", "X-MANUALTEST-HAPPYPATH", "X-AUTOTEST-HAPPYPATH", "X-AUTOTEST-CHANGEALL", "X-AUTOTEST-CHANGEALLREVIEW",
	"X-AUTOTEST-ABORTIDENT", "X-AUTOTEST-FRAUDOK", "X-AUTOTEST-FRAUDREVIEW", "X-AUTOTEST-CANCELED", "X-AUTOTEST-FRAUDIDENT",
	"X-AUTOTEST-LONGREVIEW",
}

const (
	maxPersons = 3
	maxIdents  = 4 // of one person
	maxSubs    = 5
)

// impossible says that an action has nothing to act on: rapid takes another.
func impossible(action *rapid.T, why string) { action.Skip(why) }

func pick[T any](t *rapid.T, list []T, label string) T {
	if len(list) == 0 {
		impossible(t, "there is no "+label)
	}
	return rapid.SampledFrom(list).Draw(t, label)
}

func (w *walk) createPerson(t *rapid.T) {
	if len(w.persons) == maxPersons {
		impossible(t, "enough persons")
	}
	name := pick(t, names, "name")
	o := w.must(201, "POST", "/v1/persons", testkit.Customer(name)).object()
	w.persons = append(w.persons, &person{id: o["id"].(string), name: name, filled: map[string]string{}})
}

// patchPerson fills in what is empty once; after that it is no change, or one
// that the customer consents to if they have a verified number.
func (w *walk) patchPerson(t *rapid.T) {
	p := pick(t, w.persons, "person")
	field := pick(t, []string{"email", "job_title", "first_name"}, "field")
	value := pick(t, []string{"a@example.com", "b@example.com"}, "value")
	verified := w.verified(p)
	a := w.call("PATCH", "/v1/persons/"+p.id, object{field: value})
	switch old := p.filled[field]; {
	case field == "first_name":
		w.expect(a, 400, "deprecated_params")
	case old == "":
		w.expect(a, 200, "")
		p.filled[field] = value
		p.patches++
	case old == value:
		w.expect(a, 200, "")
	case !verified:
		w.expect(a, 403, "Unauthorized Change Request")
	default:
		w.expect(a, 202, "")
		if w.consent(t, p, a.object()["id"].(string)) {
			p.filled[field] = value
			p.patches++
		}
	}
}

// verified tells whether the person has a number by which to consent. Who was
// identified with a phone in hand has one.
func (w *walk) verified(p *person) bool {
	a := w.call("GET", "/v1/persons/"+p.id+"/mobile_number", nil)
	if a.status == 404 {
		w.expect(a, 404, "model_not_found")
		return false
	}
	return a.object()["verified"] == true
}

// verify gives the person a number and takes the password that is always right,
// or a wrong one.
func (w *walk) verify(t *rapid.T) {
	p := pick(t, w.persons, "person")
	number, path := object{"number": "+15550101"}, "/v1/persons/"+p.id+"/mobile_number"
	if a := w.call("GET", path, nil); a.status == 200 {
		w.expect(w.call("POST", path, number), 409, "mobile_number_exists")
		return
	}
	w.must(201, "POST", path, number)
	w.must(201, "POST", path+"/authorize", number)
	if rapid.Bool().Draw(t, "mistyped") {
		w.expect(w.call("POST", path+"/confirm", object{"number": "+15550101", "token": "000000"}), 403, "invalid_tan")
		return
	}
	w.must(201, "POST", path+"/confirm", object{"number": "+15550101", "token": "212212"})
}

// consent does what the customer does with a change request: confirm it, let it
// grow old, or mistype until it has failed. It tells whether the change is made.
func (w *walk) consent(t *rapid.T, p *person, id string) bool {
	path, static := "/v1/change_requests/"+id, object{"person_id": p.id, "delivery_method": "static"}
	tan := func(tan string) object { return object{"person_id": p.id, "tan": tan} }
	switch rapid.IntRange(0, 3).Draw(t, "consent") {
	case 0: // not at all
		return false
	case 1:
		w.must(201, "POST", path+"/authorize", static)
		w.move(5*time.Minute + time.Second)
		w.expect(w.call("POST", path+"/confirm", tan("212212")), 422, "unprocessable_entity")
		return false
	case 2:
		w.must(201, "POST", path+"/authorize", static)
		for range 5 {
			w.expect(w.call("POST", path+"/confirm", tan("000000")), 403, "invalid_tan")
		}
		w.expect(w.call("POST", path+"/confirm", tan("212212")), 422, "unprocessable_entity")
		return false
	}
	w.must(201, "POST", path+"/authorize", static)
	w.must(202, "POST", path+"/confirm", tan("212212"))
	return true
}

func (w *walk) expect(a answer, status int, code string) {
	w.t.Helper()
	if a.status != status || a.code() != code {
		w.t.Fatalf("%s; want %d %s", a, status, code)
	}
}

func (w *walk) createIdentification(t *rapid.T) {
	w.newIdent(t)
}

func (w *walk) newIdent(t *rapid.T) *ident {
	p := pick(t, w.persons, "person")
	if len(p.idents) == maxIdents {
		impossible(t, "enough identifications")
	}
	body := object{"method": "idnow", "language": "EN", "proof_of_address_type": nil}
	if !w.eligible(p) {
		w.expect(w.call("POST", "/v1/persons/"+p.id+"/identifications", body), 400, "invalid_model")
		impossible(t, "the person has moved abroad")
	}
	o := w.must(201, "POST", "/v1/persons/"+p.id+"/identifications", body).object()
	i := &ident{id: o["id"].(string), person: p, row: o, story: story{status: "created", outcome: -1, lastRefusal: -1}}
	p.idents = append(p.idents, i)
	w.identified++
	return i
}

// eligible tells whether the person lives in Germany, or is a test person: a
// provider's correction can change both.
func (w *walk) eligible(p *person) bool {
	w.t.Helper()
	name, country := w.present(p)
	return country == "DE" || strings.HasPrefix(name, "X-")
}

// present is the person's first name and country as they are now.
func (w *walk) present(p *person) (name, country string) {
	w.t.Helper()
	o := w.must(200, "GET", "/v1/persons/"+p.id, nil).object()
	name, _ = o["first_name"].(string)
	address, _ := o["address"].(object)
	country, _ = address["country"].(string)
	return name, country
}

// createBadly makes an identification that must not come to be.
func (w *walk) createBadly(t *rapid.T) {
	p := pick(t, w.persons, "person")
	bad := pick(t, []struct {
		status int
		code   string
		body   object
	}{
		{400, "invalid_model", object{}},
		{400, "invalid_model", object{"method": "palmistry"}},
		{400, "invalid_model", object{"method": "idnow", "language": "FR"}},
		{400, "invalid_model", object{"method": "idnow", "proof_of_address_type": "GAS_BILL"}},
		{403, "unauthorized_action", object{"method": "postident"}},
	}, "body")
	w.expect(w.call("POST", "/v1/persons/"+p.id+"/identifications", bad.body), bad.status, bad.code)
	w.expect(w.call("POST", "/v1/persons/nobodycper/identifications", object{"method": "idnow"}), 404, "model_not_found")
}

// identify creates and requests, which is where most things begin.
func (w *walk) identify(t *rapid.T) {
	i := w.newIdent(t)
	w.look() // the attempts of before count
	w.request(i)
}

func (w *walk) requestAny(t *rapid.T) { w.request(pick(t, w.all(), "identification")) }

func (w *walk) body() any {
	if w.identSecret == "" {
		return nil
	}
	return object{"secret": w.identSecret}
}

// verdict is what a request must be answered with, as things stand.
func (w *walk) verdict(i *ident) (status int, code string) {
	switch {
	case i.status() == "pending":
		return 200, ""
	case !slices.Contains(moves[i.status()], "pending"), w.linkOver(i):
		return 412, "invalid_identification_status"
	case i.person.unsuccessful > maxUnsuccess:
		return 412, "identification_attempts_exceeded"
	case i.session.present() != "" && !retryable(i.session.present()) && !preliminary(i.session.present()):
		return 400, "idnow_error" // the provider has finished it
	}
	return 200, ""
}

// request asks for a session and checks the answer. The rules were checked just
// before, so what was seen then still holds.
func (w *walk) request(i *ident) {
	w.t.Helper()
	status, code := w.verdict(i)
	a := w.call("PATCH", i.path()+"/request", w.body())
	w.expect(a, status, code)
	if status != 200 {
		return
	}
	o := a.object()
	if o["status"] != "pending" || o["url"] == nil || o["reference"] == nil || o["failure_reason"] != nil {
		w.t.Fatalf("the answer to request: %s", a)
	}
	if i.status() != "pending" {
		w.begun(i)
	}
}

// begun notes that a request has begun a session.
func (w *walk) begun(i *ident) {
	i.asked++
	i.given++
	i.preliminary = w.live.Options.Preliminary
	i.scenario, _ = w.present(i.person)
	if i.session != nil && retryable(i.session.present()) {
		i.barriers = append(i.barriers, barrier{i.starts + 1, len(i.session.Outcomes)})
	}
}

// requestWrongly sends what a request may not carry.
func (w *walk) requestWrongly(t *rapid.T) {
	i := pick(t, w.all(), "identification")
	if w.identSecret != "" {
		w.expect(w.call("PATCH", i.path()+"/request", object{"secret": "sesame"}), 422, "invalid_secret")
		w.expect(w.call("PATCH", i.path()+"/request", nil), 422, "invalid_secret")
	}
	w.expect(w.call("PATCH", i.path()+"/request", object{"device_data": 7}), 400, "type_error")
	w.expect(w.call("PATCH", i.path()+"0/request", w.body()), 404, "model_not_found")
}

// requestTwice asks for the same session twice at the same moment.
func (w *walk) requestTwice(t *rapid.T) {
	i := pick(t, w.all(), "identification")
	status, code := w.verdict(i)
	var answers [2]answer
	var errs [2]error
	var wg sync.WaitGroup
	for n := range answers {
		wg.Go(func() { answers[n], errs[n] = w.ask("PATCH", i.path()+"/request", w.body()) })
	}
	wg.Wait()
	for n, a := range answers {
		if errs[n] != nil {
			t.Fatal(errs[n])
		}
		w.expect(a, status, code)
	}
	if status == 200 && i.status() != "pending" {
		w.begun(i)
	}
}

func (w *walk) readAny(t *rapid.T) { w.compare(pick(t, w.all(), "identification")) }

// compare compares the ways in which an identification can be read.
func (w *walk) compare(i *ident) {
	w.t.Helper()
	o := w.must(200, "GET", i.path()+"?include_documents=true", nil).object()
	documents, _ := o["documents"].([]any)
	if documents == nil || len(documents) != len(i.docs) {
		w.t.Fatalf("%s: %d documents, want %d", i.id, len(documents), len(i.docs))
	}
	for n, d := range documents {
		if d.(object)["id"] != i.docs[n].ID {
			w.t.Fatalf("%s: the documents are %v", i.id, documents)
		}
	}
	delete(o, "documents")
	same := func(how string, got any) {
		w.t.Helper()
		if a, b := fmt.Sprint(got), fmt.Sprint(i.row); a != b {
			w.t.Fatalf("%s: %s says\n%s\nand the partner's list\n%s", i.id, how, a, b)
		}
	}
	same("GET", o)
	same("GET without documents", w.must(200, "GET", i.path(), nil).object())
	var rows []object
	if err := json.Unmarshal(w.must(200, "GET", "/v1/persons/"+i.person.id+"/identifications", nil).body, &rows); err != nil || len(rows) != len(i.person.idents) {
		w.t.Fatalf("%d of the person's %d identifications are listed: %v", len(rows), len(i.person.idents), err)
	}
	same("the person's list", rows[slices.Index(i.person.idents, i)])
	if i.bank == nil {
		w.must(200, "GET", i.path()+"/supported_documents", nil)
	}
	p := w.must(200, "GET", "/v1/persons/"+i.person.id, nil).object()
	for field, value := range i.person.filled {
		if p[field] != value {
			w.t.Fatalf("%s of %s is %v, and was set to %s", field, i.person.id, p[field], value)
		}
	}
}

func (w *walk) subscribe(event string) {
	w.t.Helper()
	o := w.must(201, "POST", "/v1/webhooks", object{"event_type": event, "url": w.receiver.URL + "/hooks"}).object()
	s := &subscription{id: o["id"].(string), event: event}
	w.receiver.Know(s.id, o["secret"].(string))
	w.subs = append(w.subs, s)
}

func (w *walk) subscribeAny(t *rapid.T) {
	if len(w.subs) == maxSubs {
		impossible(t, "enough subscriptions")
	}
	w.subscribe(pick(t, []string{kyc.EventIdentification, kyc.EventIdentification, kyc.EventPersonChanged}, "event"))
}

// there lists the subscriptions that are not gone.
func (w *walk) there() (list []*subscription) {
	for _, s := range w.subs {
		if s.gone == 0 && !s.deleted {
			list = append(list, s)
		}
	}
	return list
}

func (w *walk) unsubscribe(t *rapid.T) {
	s := pick(t, w.there(), "subscription")
	w.must(204, "DELETE", "/v1/webhooks/"+s.id, nil)
	w.expect(w.call("GET", "/v1/webhooks/"+s.id, nil), 404, "model_not_found")
	s.deleted = true
}

// resume lets a paused subscription go on, as the operator's command does.
func (w *walk) resume(s *subscription) {
	w.t.Helper()
	master, err := seal.MasterFromFile(sandbox.MasterKeyFile(w.live.Options.Data), false)
	if err != nil {
		w.t.Fatal(err)
	}
	f := &flow.Service{Store: w.store, Clock: clock.Real{}, Wall: clock.Real{}, Master: master}
	f.Caller = &webhook.Sender{Flow: f, Client: webhook.Client(true, nil), Clock: clock.Real{}, Wall: clock.Real{}, Version: "test"}
	if err := f.Resume(w.tb.Context(), s.id); err != nil {
		w.t.Fatal(err)
	}
	s.resumed = true
}

func (w *walk) resumeAny(t *rapid.T) { w.resume(pick(t, w.there(), "subscription")) }

// misanswer makes a receiver answer something else for a while.
func (w *walk) misanswer(t *rapid.T) {
	s := pick(t, w.there(), "subscription")
	status := pick(t, []int{500, 500, 500, 503, 404, 302, 422, 422, 410}, "status")
	times := 1
	if status != 410 {
		times = rapid.IntRange(1, 7).Draw(t, "times")
	}
	w.log.answer(s.id, status, times)
}
