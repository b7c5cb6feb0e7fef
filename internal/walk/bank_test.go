package walk

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
)

// TestBankWalks is TestWalks for Bankident: the bank, the firm that checks identity
// data, the signer and the customer's phone do what they can, in any order.
func TestBankWalks(t *testing.T) {
	unlessAsked(t, "rapid.checks", "RAPID_CHECKS", "6")
	walks(t, bankActions, func(t *rapid.T, w *world) *walk {
		wk := arrive(t, w)
		wk.createCustomer(t)
		wk.check(false)
		wk.identifyByBank(t)
		return wk
	})
}

var bankActions = []action{
	{"step on", (*walk).stepOn},
	{"authorize", func(w *walk, t *rapid.T) { w.authorize(w.pickBank(t)) }},
	{"confirm", func(w *walk, t *rapid.T) { w.confirm(w.pickBank(t), "212212") }},
	{"say something", func(w *walk, t *rapid.T) {
		i := w.pickBank(t)
		w.say(i, pick(t, slices.Concat(fitting[i.status()], fitting[i.status()], words), "word"))
	}},
	{"identify", (*walk).identifyByBank},
	{"mistype", func(w *walk, t *rapid.T) {
		for range rapid.IntRange(1, 6).Draw(t, "times") {
			w.confirm(w.pickBank(t), "000000")
		}
	}},
	{"step on again", (*walk).stepOn},
	{"wait", func(w *walk, t *rapid.T) { w.move(pick(t, waits, "time")) }},
	{"upload", (*walk).uploadAny},
	{"confirm too late", (*walk).confirmTooLate},
	{"authorize twice", (*walk).authorizeTwice},
	{"authorize in trouble", (*walk).authorizeInTrouble},
	{"misanswer", (*walk).misanswer},
	{"restart", (*walk).restart},
	{"create a customer", (*walk).createCustomer},
	{"create badly", (*walk).createBankBadly},
	{"read", (*walk).readAny},
	{"subscribe", (*walk).subscribeAny},
	{"unsubscribe", (*walk).unsubscribe},
	{"resume", (*walk).resumeAny},
	{"erase", (*walk).erase},
	{"wait long", func(w *walk, t *rapid.T) { w.move(pick(t, farWaits, "time")) }},
}

func (w *walk) pickBank(t *rapid.T) *ident { return pick(t, w.all(), "identification") }

// createCustomer makes a person with a phone.
func (w *walk) createCustomer(t *rapid.T) {
	w.createPerson(t)
	path, number := "/v1/persons/"+w.persons[len(w.persons)-1].id+"/mobile_number", object{"number": "+15550101"}
	w.must(201, "POST", path, number)
	w.must(201, "POST", path+"/authorize", number)
	w.must(201, "POST", path+"/confirm", object{"number": "+15550101", "token": "212212"})
}

func bankBody(method, iban string) object {
	return object{"method": method, "iban": iban, "terms_and_conditions_signed_at": "2020-01-01T00:00:00Z"}
}

// identifyByBank makes an identification, and requests it most times.
func (w *walk) identifyByBank(t *rapid.T) {
	p := pick(t, w.persons, "person")
	if len(p.idents) == maxIdents {
		impossible(t, "enough identifications")
	}
	body := bankBody(pick(t, []string{"bank", "bank_id"}, "method"), pick(t, []string{"DE77110101010100000093", "DE89 3704 0044 0532 0130 00"}, "account"))
	o := w.must(201, "POST", "/v1/persons/"+p.id+"/identifications", body).object()
	i := &ident{id: o["id"].(string), person: p, row: o, bank: &banking{method: body["method"].(string)}, story: story{status: "created"}}
	p.idents = append(p.idents, i)
	w.identified++
	if rapid.IntRange(0, 4).Draw(t, "at once") > 0 {
		w.look() // the attempts of before count
		w.requestBank(i)
	}
}

// createBankBadly makes one that must not come to be.
func (w *walk) createBankBadly(t *rapid.T) {
	p := pick(t, w.persons, "person")
	bad := pick(t, []struct {
		code string
		body object
	}{
		{"invalid_iban", bankBody("bank", "DE89370400440532013001")},
		{"invalid_iban", bankBody("bank_id", "NL91ABNA0417164300")},
		{"invalid_model", object{"method": "bank", "iban": "DE89370400440532013000"}},
		{"invalid_model", bankBody("bank", "")},
	}, "body")
	w.expect(w.call("POST", "/v1/persons/"+p.id+"/identifications", bad.body), 400, bad.code)
}

// near tells whether the moment is so close that nobody knows on which side of it a call comes.
func (w *walk) near(t time.Time) bool { return !t.IsZero() && w.now.Sub(t).Abs() < 20*time.Second }

// uncertain tells whether something is about to happen by itself.
func (w *walk) uncertain(i *ident) bool {
	b := i.bank
	switch i.status() {
	case "pending":
		return w.near(b.requested.Add(bankSession))
	case "identification_data_required":
		return w.near(b.requested.Add(bankLink))
	case "processed":
		return w.near(i.since.Add(checkTakes))
	case "authorization_required", "confirmation_required":
		return w.near(b.ready.Add(signWithin)) || w.near(b.asked.Add(passwordGood)) || b.signer == "success"
	}
	return i.status() == "confirmed"
}

func (w *walk) certain(i *ident) {
	if w.uncertain(i) {
		impossible(w.t, "something is about to happen by itself")
	}
}

func (w *walk) requestBank(i *ident) {
	w.t.Helper()
	w.certain(i)
	status, code := 200, ""
	switch {
	case i.status() == "created" && slices.ContainsFunc(i.person.idents, func(o *ident) bool { return o.status() == "successful" }):
		status, code = 422, "unprocessable_entity"
	case i.status() == "created" && i.person.unsuccessful > maxUnsuccess:
		status, code = 412, "identification_attempts_exceeded"
	case i.status() != "created" && i.status() != "pending":
		status, code = 412, "invalid_identification_status"
	}
	a := w.call("PATCH", i.path()+"/request", w.body())
	w.expect(a, status, code)
	if status != 200 {
		return
	}
	o := a.object()
	if o["status"] != "pending" || o["url"] == nil || o["reference"] != nil || i.bank.url != "" && o["url"] != i.bank.url {
		w.t.Fatalf("the answer to request: %s", a)
	}
	i.bank.url = o["url"].(string)
}

// stepOn does what comes next.
func (w *walk) stepOn(t *rapid.T) {
	i := w.pickBank(t)
	switch i.status() {
	case "created", "pending":
		if i.status() == "created" {
			w.requestBank(i)
			return
		}
		w.say(i, "success")
	case "identification_data_required":
		w.handData(i)
	case "processed":
		w.say(i, "accepted")
	case "authorization_required":
		w.authorize(i)
	case "confirmation_required":
		w.confirm(i, "212212")
	default:
		w.move(15 * time.Second)
	}
}

// say has the firm that is at work say how it ends.
func (w *walk) say(i *ident, word string) {
	w.t.Helper()
	w.certain(i)
	b := i.bank
	status := 412
	_, ends := bankEndings[word]
	_, checks := checkEndings[word]
	overs, fails := slices.Contains(signerOver, word), slices.Contains(signerFails, word)
	switch i.status() {
	case "pending":
		if status = 400; ends || word == "success" || word == "joint_account" {
			status, b.bank = 200, word
		}
	case "processed":
		if status = 400; checks {
			status, b.check = 200, word
		}
	case "confirmation_required":
		open := b.tries < mostTries && b.signer == ""
		if status = 400; open && (overs || fails || word == "success") {
			status, b.signer, b.told = 200, word, w.now
		}
	}
	a := w.call("POST", "/sandbox/identifications/"+i.id+"/result", object{"result": word})
	if a.status != status {
		w.t.Fatalf("%s is %s (%+v), and %s is answered %s; want %d", i.id, i.status(), *b, word, a, status)
	}
}

// authorize asks for a password.
func (w *walk) authorize(i *ident) {
	w.t.Helper()
	w.certain(i)
	a := w.call("PATCH", i.path()+"/authorize", nil)
	if i.status() != "authorization_required" && i.status() != "confirmation_required" {
		w.expect(a, 412, "invalid_identification_status")
		return
	}
	w.expect(a, 200, "")
	w.authorized(i, 1)
}

// authorized notes that passwords were sent.
func (w *walk) authorized(i *ident, n int) {
	b := i.bank
	b.authorized += n
	b.tries, b.signer = 0, ""
}

// authorizeInTrouble does so while the signer answers nonsense: nothing changes, and
// the password that was sent before stays good.
func (w *walk) authorizeInTrouble(t *rapid.T) {
	i := w.pickBank(t)
	w.certain(i)
	mode := pick(t, []string{"down", "garbage", "html", "wrong_types"}, "mode")
	w.steer("POST", "/ais/faults", object{"mode": mode})
	a := w.call("PATCH", i.path()+"/authorize", nil)
	w.steer("DELETE", "/ais/faults", nil)
	if i.status() != "authorization_required" && i.status() != "confirmation_required" {
		w.expect(a, 412, "invalid_identification_status")
		return
	}
	w.expect(a, 502, "bad_gateway")
}

// authorizeTwice does so at the same moment: one of them wins, or one after the other.
func (w *walk) authorizeTwice(t *rapid.T) {
	i := w.pickBank(t)
	w.certain(i)
	if i.status() != "authorization_required" && i.status() != "confirmation_required" {
		impossible(t, "it cannot be authorized")
	}
	won := 0
	for _, a := range w.atOnce(func() (answer, error) { return w.ask("PATCH", i.path()+"/authorize", nil) }) {
		if a.status == 200 {
			won++
		} else {
			w.expect(a, 409, "record_not_unique")
		}
	}
	if won == 0 {
		t.Fatal("nobody won")
	}
	w.authorized(i, won)
}

// atOnce does something twice at the same moment.
func (w *walk) atOnce(do func() (answer, error)) (answers [2]answer) {
	w.t.Helper()
	type outcome struct {
		a   answer
		err error
	}
	done := make(chan outcome)
	for range answers {
		go func() {
			a, err := do()
			done <- outcome{a, err}
		}()
	}
	for n := range answers {
		o := <-done
		if o.err != nil {
			w.t.Fatal(o.err)
		}
		answers[n] = o.a
	}
	return answers
}

// confirm gives a password, right or wrong. After the customer has confirmed on the
// signer's page nobody knows how far that has come.
func (w *walk) confirm(i *ident, password string) {
	w.t.Helper()
	b := i.bank
	if b.signer != "success" {
		w.certain(i)
	}
	a := w.call("PATCH", i.path()+"/confirm", object{"token": password})
	switch {
	case i.status() != "confirmation_required" || b.signer == "success" && a.status == 412:
		w.expect(a, 412, "invalid_identification_status")
	case b.over(w.now):
		w.expect(a, 403, "invalid_tan")
	case password == "212212":
		w.expect(a, 200, "")
		if s := a.object()["status"]; s != "confirmed" && s != "successful" {
			w.t.Fatalf("the answer to confirm: %s", a)
		}
		b.confirmed = b.signer != "success" || w.must(200, "GET", i.path(), nil).object()["status"] == "confirmed"
		i.story.status = "confirmed" // until we look again
	default:
		w.expect(a, 403, "invalid_tan")
		b.mistyped++
		b.tries++
	}
}

// confirmTooLate gives the right password when it is too old, and the time to sign is not over.
func (w *walk) confirmTooLate(t *rapid.T) {
	i := w.pickBank(t)
	w.certain(i)
	b := i.bank
	if i.status() != "confirmation_required" || !w.now.Add(9*time.Minute).Before(b.ready.Add(signWithin)) {
		impossible(t, "there is no time to be late")
	}
	w.move(8*time.Minute + 25*time.Second)
	w.check(false)
	w.confirm(i, "212212")
}

// erase has an operator erase a person, wherever their identifications stand.
func (w *walk) erase(t *rapid.T) {
	if len(w.persons) < 2 {
		impossible(t, "nobody would be left")
	}
	p := pick(t, w.persons, "person")
	master, err := seal.MasterFromFile(sandbox.MasterKeyFile(w.live.Options.Data), false)
	if err != nil {
		t.Fatal(err)
	}
	f := &flow.Service{Store: w.store, Clock: clock.Real{}, Wall: clock.Real{}, Master: master}
	if _, err := f.ErasePerson(w.tb.Context(), p.id, w.now); err != nil {
		t.Fatal(err)
	}
	w.expect(w.call("GET", "/v1/persons/"+p.id, nil), 404, "model_not_found")
	w.erased[p.id] = true
	for _, i := range p.idents {
		w.erased[i.id] = true
		w.expect(w.call("PATCH", i.path()+"/authorize", nil), 404, "model_not_found")
	}
	w.identified -= len(p.idents)
	w.persons = slices.DeleteFunc(w.persons, func(o *person) bool { return o == p })
}

// finishBank lets the time of every identification by a bank pass: all of them that
// were requested come to an end, which stays.
func (w *walk) finishBank() {
	banks := slices.DeleteFunc(w.all(), func(i *ident) bool { return i.bank == nil })
	if len(banks) == 0 {
		return
	}
	w.move(bankLink + time.Hour)
	w.check(true)
	for _, i := range banks {
		if len(bankMoves[i.bank.method][i.status()]) > 0 && i.status() != "created" {
			w.t.Fatalf("%s is %s in the end", i.id, i.status())
		}
		w.say(i, "success")
		w.authorize(i)
		w.confirm(i, "212212")
	}
	w.check(true)
}
