package walk

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit"
)

// results can be chosen by API; the words weigh what is likelier.
var results = []string{
	"SUCCESS", "SUCCESS", "SUCCESS_DATA_CHANGED", "REVIEW_PENDING", "CHECK_PENDING", "FRAUD_SUSPICION_PENDING",
	"FRAUD_SUSPICION_CONFIRMED", "FAILED", "ABORTED", "ABORTED", "CANCELED", "CANCELED",
}

var reasons = []string{"", "TECH_PHOTO", "USER_NO_ID", "A_REASON_OF_TOMORROW"}

// started lists the identifications that have a session at the provider.
func (w *walk) started() []*ident {
	return slices.DeleteFunc(w.all(), func(i *ident) bool { return i.session == nil })
}

// choose ends a session by the API of the sandbox; the answer tells the status.
func (w *walk) choose(t *rapid.T) {
	i := pick(t, w.started(), "session")
	if i.intent > 0 {
		impossible(t, "its start is under way")
	}
	w.chooseFor(i, pick(t, results, "result"), pick(t, reasons, "reason"))
}

func (w *walk) chooseFor(i *ident, result, reason string) {
	w.t.Helper()
	i.disturbed = true
	body, begun := object{"result": result, "reason": reason}, time.Now()
	o := w.must(200, "POST", "/sandbox/identifications/"+i.id+"/result", body).object()
	waited := time.Since(begun) < 5*time.Second // after 10 seconds of a busy machine it answers without
	if is := w.must(200, "GET", i.path(), nil).object()["status"]; waited && o["status"] != is {
		w.t.Fatalf("%s: the answer to the choice of %s says %v, and it is %v", i.id, result, o["status"], is)
	}
}

// tell ends a session by the steering port: nobody waits for what comes of it.
func (w *walk) tell(i *ident, result, reason string) {
	w.t.Helper()
	i.disturbed = true
	a := w.steer("POST", "/sessions/"+i.id+"/result", object{"result": result, "reason": reason})
	var s session
	if err := json.Unmarshal(a.body, &s); err != nil {
		w.t.Fatal(err)
	}
	i.session = &s
}

// tellSeveral has the provider change its mind faster than anybody can ask.
func (w *walk) tellSeveral(t *rapid.T) {
	i := pick(t, w.started(), "session")
	for range rapid.IntRange(2, 4).Draw(t, "results") {
		w.tell(i, pick(t, append(results, "A_RESULT_OF_TOMORROW"), "result"), pick(t, reasons, "reason"))
	}
}

// weary breaks off so many attempts that a person comes near the limit.
func (w *walk) weary(t *rapid.T) {
	i := pick(t, w.started(), "session")
	if i.intent > 0 {
		impossible(t, "its start is under way")
	}
	for n := range 11 {
		w.chooseFor(i, []string{"ABORTED", "CANCELED"}[n%2], "")
	}
}

// disturbAll notes that nothing goes by its table any more.
func (w *walk) disturbAll() {
	for _, i := range w.all() {
		i.disturbed = true
	}
}

// losePush loses the push of a result: a poll finds it.
func (w *walk) losePush(t *rapid.T) {
	i := pick(t, w.started(), "session")
	w.drops = true
	w.steer("POST", "/pushes", object{"drop": 1})
	w.tell(i, pick(t, results, "result"), pick(t, reasons, "reason"))
	w.steer("DELETE", "/faults", nil)
}

// repeatPush has a result told several times.
func (w *walk) repeatPush(t *rapid.T) {
	i := pick(t, w.started(), "session")
	w.steer("POST", "/pushes", object{"duplicate": 2})
	w.tell(i, pick(t, results, "result"), pick(t, reasons, "reason"))
	w.forge(i.id)
	w.steer("DELETE", "/faults", nil)
}

// reorderPushes has a push overtaken by another, of the same session or not.
func (w *walk) reorderPushes(t *rapid.T) {
	first, second := pick(t, w.started(), "first session"), pick(t, w.started(), "second session")
	w.steer("POST", "/pushes", object{"reorder": true})
	w.tell(first, pick(t, results, "result"), pick(t, reasons, "reason"))
	w.tell(second, pick(t, results, "result"), pick(t, reasons, "reason"))
	w.steer("DELETE", "/faults", nil)
}

// forge sends a push that the provider did not send. It says what did not
// happen, and must do no more than make us ask.
func (w *walk) forge(transaction string) answer {
	w.t.Helper()
	return w.steer("POST", "/push", object{"identificationprocess": object{
		"transactionnumber": transaction, "result": "SUCCESS", "identificationtime": "2020-01-01T00:00:00Z", "id": "TST-AAAAA",
	}})
}

func (w *walk) forgeAny(t *rapid.T) {
	switch i := pick(t, append(w.all(), nil), "identification"); i {
	case nil:
		for body, want := range map[string]float64{
			`{"identificationprocess":{"transactionnumber":"nobody"}}`: 404, `{}`: 400, `nonsense`: 400,
		} {
			if got := w.steer("POST", "/push", body).object()["status"]; got != want {
				t.Fatalf("a push of %s was answered %v, want %v", body, got, want)
			}
		}
	default:
		if a := w.forge(i.id); a.object()["status"] != 200.0 {
			t.Fatalf("a push for %s was answered %s", i.id, a)
		}
	}
}

// trouble has something happen while the provider's API misbehaves.
func (w *walk) trouble(t *rapid.T) {
	i := pick(t, w.all(), "identification")
	mode := pick(t, []string{"down", "garbage", "html", "wrong_types", "half", "refuse", "refuse", "late"}, "mode")
	count := rapid.IntRange(1, 4).Draw(t, "calls")
	what := pick(t, []string{"request", "request", "result", "time"}, "what")
	result, reason, time := pick(t, results, "result"), pick(t, reasons, "reason"), pick(t, waits, "time")
	w.faults = true
	w.disturbAll()
	w.steer("POST", "/faults", object{"mode": mode, "count": count, "delay": "20ms"})
	switch {
	case what == "time":
		w.move(time)
	case what == "result" && i.session != nil:
		w.tell(i, result, reason)
		w.drain()
	default:
		w.requestInTrouble(i)
	}
	w.steer("DELETE", "/faults", nil)
}

// requestInTrouble: the provider refuses, or does not answer, or does.
func (w *walk) requestInTrouble(i *ident) {
	w.t.Helper()
	status, code := w.verdict(i)
	before := len(i.entries)
	a := w.call("PATCH", i.path()+"/request", w.body())
	if status != 200 || i.status() == "pending" {
		if code != "idnow_error" || a.status < 500 {
			w.expect(a, status, code)
			return
		}
	}
	switch {
	case a.status == 200:
		w.begun(i)
	case a.status == 400 && a.code() == "idnow_error":
		i.asked++
	case a.status == 502, a.status == 504:
		i.asked++
		if i.intent == 0 {
			i.intent = before
		}
	default:
		w.t.Fatalf("a request while the provider is in trouble: %s", a)
	}
}

// overtake has an answer of the provider under way when a request begins the
// session anew: when it arrives it is old.
func (w *walk) overtake(t *rapid.T) {
	i := pick(t, slices.DeleteFunc(w.started(), func(i *ident) bool { return !retryable(strings.ToUpper(i.status())) }), "session")
	if status, _ := w.verdict(i); status != 200 || i.intent > 0 {
		impossible(t, "it cannot be requested")
	}
	w.steer("POST", "/faults", object{"mode": "late", "count": 1, "delay": "50ms"})
	w.tell(i, pick(t, []string{"ABORTED", "CANCELED"}, "result"), pick(t, reasons, "reason"))
	for range rapid.IntRange(0, 3).Draw(t, "reads") { // a while, by the machine's clock
		w.must(200, "GET", i.path(), nil)
	}
	w.request(i)
	w.steer("DELETE", "/faults", nil)
	w.drain()
	w.move(2 * time.Second) // what found the session changed asks again after a second
}

// together has two things happen at the same moment.
func (w *walk) together(t *rapid.T) {
	i := pick(t, w.started(), "session")
	result, reason := pick(t, results, "result"), pick(t, reasons, "reason")
	status, _ := w.verdict(i)
	might := status == 200 && i.status() != "pending"
	other := pick(t, []string{"request", "request", "result", "clock", "push", "patch"}, "other")
	wait := pick(t, waits, "time")
	i.disturbed = true
	w.disturbAll()
	var wg sync.WaitGroup
	var a, b answer
	var errA, errB error
	wg.Go(func() {
		a, errA = w.trySteering("POST", "/sessions/"+i.id+"/result", object{"result": result, "reason": reason})
	})
	wg.Go(func() {
		switch other {
		case "request":
			b, errB = w.ask("PATCH", i.path()+"/request", w.body())
		case "result":
			b, errB = w.trySteering("POST", "/sessions/"+i.id+"/result", object{"result": "ABORTED", "reason": "TECH_VIDEO"})
		case "clock":
			b, errB = w.ask("POST", "/sandbox/clock", object{"advance": wait.String()})
		case "push":
			b, errB = w.trySteering("POST", "/push", object{"identificationprocess": object{"transactionnumber": i.id}})
		case "patch":
			b, errB = w.ask("GET", i.path(), nil)
		}
	})
	wg.Wait()
	if errA != nil || errB != nil || a.status != 200 {
		t.Fatalf("%v %v %s %s", errA, errB, a, b)
	}
	if other == "request" && (might || b.status == 200) {
		i.asked++
	}
	w.drain()
	w.move(2 * time.Second)
}

// visit has the customer open the page and go some way.
func (w *walk) visit(t *rapid.T) {
	i := pick(t, slices.DeleteFunc(w.started(), func(i *ident) bool { return i.shown("url") == "" }), "session")
	i.disturbed = true
	steps := rapid.IntRange(0, 14).Draw(t, "pages")
	end := pick(t, []string{"leave", "stop", "simulate"}, "end")
	ending := pick(t, []string{"case:HAPPYPATH", "case:FRAUDREVIEW", "reason:TECH_AUDIO"}, "ending")
	code := pick(t, []string{"123456", "000000"}, "code")
	p := testkit.OpenPage(w.tb, i.shown("url"))
	for range steps {
		switch {
		case strings.Contains(p.Body, `name="terms"`):
			p.Send("terms", "yes", "ready", "yes", "recording", "yes", "issuer", "DE")
		case strings.Contains(p.Body, `value="again"`):
			p.Send("action", "again")
		case strings.Contains(p.Body, `name="step"`):
			p.Send("action", "done", "answer", "an account", "code", code)
		default:
			return // a page that only says something
		}
	}
	switch end {
	case "stop":
		p.Send("action", "stop")
	case "simulate":
		p.Send("action", "simulate", "ending", ending)
	}
}

// jobKinds are those of which an identification has one at most.
var jobKinds = []kyc.JobKind{
	kyc.StartSession, kyc.FetchResult, kyc.PollResult, kyc.FetchEvidence, kyc.Expire,
	kyc.SubmitData, kyc.AuthorizeSigning, kyc.ConfirmSigning, kyc.CollectSigning,
}

// restart stops the sandbox and starts it again on the same data. A process
// that was killed leaves leases behind; a new one must not wait for them.
func (w *walk) restart(t *rapid.T) {
	killed := rapid.Bool().Draw(t, "killed")
	w.live.Options.Preliminary = rapid.Bool().Draw(t, "preliminary")
	w.live.Restarting(func() {
		if !killed {
			return
		}
		err := w.store.Tx(w.tb.Context(), func(tx kyc.Tx) error {
			wall := time.Now()
			for _, i := range w.all() {
				for _, kind := range jobKinds {
					if _, _, err := tx.Jobs().Take(kind, i.id, wall, wall.Add(kyc.JobLease)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
