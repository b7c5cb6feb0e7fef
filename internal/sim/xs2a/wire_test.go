package xs2a

import (
	"strings"
	"testing"
	"time"
)

func TestCredentials(t *testing.T) {
	w := newWorld(t, nil)
	for _, header := range []map[string]string{{"X": "none"}, {"Authorization": "Basic YXBpOndyb25n"}, {"Authorization": "Bearer secret-key"}} {
		status, body := w.request("GET", w.api.URL+"/v1/payments", "", header)
		if status != 401 || body != `{"code":"401","message":"Invalid credentials."}` {
			t.Errorf("%d %s", status, body)
		}
	}
}

// TestValidation: all that is wrong with a payment is told at once, by field.
func TestValidation(t *testing.T) {
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		field string
		value any
	}{
		"invalid IBAN": {"sender_iban", "DE00888888880012345678"}, "no amount": {"amount", nil}, "negative": {"amount", -1}, "amount as text": {"amount", "cheap"},
		"currency": {"currency_id", "GBP"}, "short purpose": {"purpose", "1234"}, "long purpose": {"purpose", strings.Repeat("a", 141)},
		"no recipient": {"recipient_holder", nil}, "recipient's IBAN": {"recipient_iban", "x"}, "BIC": {"sender_bic", "x"}, "language": {"language", "pl"},
		"a script": {"easy_onboarding", map[string]any{"success_link": "javascript:alert(1)"}}, "wrong type": {"purpose", 5},
	} {
		answer := w.call("POST", "/v1/payments", anOrder(map[string]any{c.field: c.value}), 422)
		errors := answer["errors"].(map[string]any)
		if len(errors) != 1 || answer["code"] != "422" {
			t.Errorf("%s: %v", name, answer)
		}
		for field := range errors {
			if !strings.HasPrefix(field, c.field) {
				t.Errorf("%s: it is %s that is wrong", name, field)
			}
		}
	}
	if all := w.call("POST", "/v1/payments", `{}`, 422)["errors"].(map[string]any); len(all) != 5 {
		t.Errorf("%v", all)
	}
	w.call("POST", "/v1/payments", `[`, 400)
	w.call("POST", "/v1/payments", strings.Repeat(" ", 1<<20+1), 413)
	w.call("GET", "/v1/nothing", "", 404)
	w.call("GET", "/v1/sessions/none", "", 404)
}

func TestPayments(t *testing.T) {
	w := newWorld(t, nil)
	var first string
	for n := range 17 {
		tx, _ := w.start(nil)
		if n == 0 {
			first = tx
		}
		if err := w.server.SetResult(t.Context(), "id-1", "success"); err != nil {
			t.Fatal(err)
		}
		w.advance(time.Second)
	}
	w.start(nil) // has no payment yet
	list := w.call("GET", "/v1/payments", "", 200)
	if list["total"] != 17.0 || list["per_page"] != 15.0 || list["last_page"] != 2.0 || list["to"] != 15.0 || len(list["data"].([]any)) != 15 {
		t.Errorf("%v", list)
	}
	list = w.call("GET", "/v1/payments?page=2", "", 200)
	if list["from"] != 16.0 || list["to"] != 17.0 || list["current_page"] != 2.0 {
		t.Errorf("%v", list)
	}
	if list = w.call("GET", "/v1/payments?page=99999999999&per_page=5", "", 200); list["from"] != nil || len(list["data"].([]any)) != 0 {
		t.Errorf("%v", list)
	}
	w.call("GET", "/v1/payments?page=0", "", 422)
	for _, status := range []string{"received", "loss", "none"} {
		if p := w.call("POST", "/v1/payments/"+first+"/"+status, "", 200); p["payment_status"] != strings.ToUpper(status) {
			t.Errorf("%v", p)
		}
	}
	events := w.call("GET", "/v1/payments/"+first+"/events", "", 200)["data"].([]any)
	if len(events) != 4 {
		t.Errorf("%v", events)
	}
	one := events[3].(map[string]any)
	if same := w.call("GET", "/v1/events/"+one["id"].(string), "", 200); same["type"] != "transaction.updated" || same["object"] != "xs2a_event" {
		t.Errorf("%v", same)
	}
	if all := w.call("GET", "/v1/events?transaction_id="+first+"&type=transaction.created", "", 200); all["total"] != 1.0 {
		t.Errorf("%v", all)
	}
	w.call("DELETE", "/v1/payments/"+first, "", 204)
	w.call("DELETE", "/v1/payments/"+first, "", 404)
	w.call("GET", "/v1/sessions/"+first, "", 404)
	w.call("POST", "/v1/payments/"+first+"/received", "", 404)
	w.call("GET", "/v1/payments/"+first+"/events", "", 404)
	w.call("GET", "/v1/events/none", "", 404)
}

// TestRestart: a new process finds everything as it was, and the same seed gives the same transactions.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, func(cfg *Config) { cfg.Dir = dir })
	w.answerPushes(500)
	tx, key := w.start(nil)
	w.step(key, chooseTestBank)
	w.step(key, login("me", "joint"))
	other, _ := w.start(map[string]any{"metadata": map[string]any{"identification": "id-2"}})
	if err := w.server.SetResult(t.Context(), "id-2", "success"); err != nil {
		t.Fatal(err)
	}
	if err := w.server.Close(); err != nil {
		t.Fatal(err)
	}
	w.answerPushes(0)
	w.taken()
	w.open()
	w.advance(time.Minute)
	if got := w.taken(); len(got) != 1 || got[0].Tx != other {
		t.Errorf("after the restart %v was pushed", got)
	}
	w.step(key, chooseFirst)
	if form, _, _ := w.step(key, w.tan(tx)); form != "finish" {
		t.Errorf("the session goes on with %s", form)
	}
	if again, _ := w.start(nil); again == tx {
		t.Error("another session has the same transaction")
	}
	if same, _ := newWorld(t, nil).start(nil); same != tx {
		t.Errorf("the same seed gives %s and %s", tx, same)
	}
}

// TestPushes: retried until they are taken, twice, lost and overtaken when told to.
func TestPushes(t *testing.T) {
	w := newWorld(t, nil)
	finish := func(id string) {
		t.Helper()
		w.start(map[string]any{"metadata": map[string]any{"identification": id}})
		if err := w.server.SetResult(t.Context(), id, "success"); err != nil {
			t.Fatal(err)
		}
	}
	w.answerPushes(503)
	finish("id-1")
	w.advance(5 * time.Minute)
	if n := len(w.taken()); n != 4 { // at once, after 10 s, 30 s, 1 min
		t.Errorf("%d tries in five minutes", n)
	}
	w.answerPushes(0)
	w.advance(time.Hour)
	if n := len(w.taken()); n != 1 {
		t.Errorf("%d tries until it was taken", n)
	}
	for _, c := range []struct {
		how  string
		want int
	}{{`{"duplicate":1}`, 2}, {`{"drop":1}`, 0}} {
		w.steer("POST", "/pushes", c.how, 200)
		finish("id-2")
		if n := len(w.taken()); n != c.want {
			t.Errorf("%s: %d pushes", c.how, n)
		}
	}
	w.steer("POST", "/pushes", `{"reorder":true}`, 200)
	finish("id-3")
	finish("id-4")
	w.advance(time.Second)
	if got := w.taken(); len(got) != 2 || !strings.Contains(string(got[0].Data), "id-4") {
		t.Errorf("%v", got)
	}
}

// steer makes a call of the steering port that must be answered with the status.
func (w *world) steer(method, path, body string, status int) string {
	w.t.Helper()
	got, answer := w.request(method, w.steeringPort.URL+path, body, nil)
	if got != status {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, got, answer, status)
	}
	return answer
}

func TestSteering(t *testing.T) {
	w := newWorld(t, nil)
	w.steer("GET", "/sessions/id-1", "", 404)
	w.steer("POST", "/sessions/id-1/result", `{"result":"success"}`, 404)
	w.start(nil)
	if one := w.steer("GET", "/sessions/id-1", "", 200); !strings.Contains(one, `"current_step":"WizardStartStep"`) || strings.Contains(one, "Erika") {
		t.Error(one)
	}
	if no := w.steer("POST", "/sessions/id-1/result", `{"result":"teleported"}`, 400); !strings.Contains(no, "joint_account") || !strings.Contains(no, "wrong_tan") {
		t.Error(no)
	}
	w.steer("POST", "/sessions/id-1/result", `{"result":"tan_failed"}`, 200)
	w.steer("POST", "/sessions/id-1/result", `{"result":"success"}`, 409)
	if all := w.steer("GET", "/sessions", "", 200); strings.Count(all, `"last_error":"tan_failed"`) != 1 {
		t.Error(all)
	}
	for _, body := range []string{`nonsense`, `{"mode":"nonsense"}`, `{"mode":"slow","delay":"long"}`, `{"mode":"down","count":-1}`} {
		w.steer("POST", "/faults", body, 400)
	}
	w.steer("POST", "/pushes", `{"drop":-1}`, 400)
	w.steer("POST", "/pushes", strings.Repeat(" ", 1<<20+1), 413)
	w.steer("POST", "/push", `{"forged":true}`, 200)
	w.steer("POST", "/faults", `{"mode":"html","count":1,"path":"payments"}`, 200)
	w.call("GET", "/v1/events", "", 200)
	if status, body := w.request("GET", w.api.URL+"/v1/payments", "", nil); status != 502 || !strings.Contains(body, "<html>") {
		t.Errorf("%d %s", status, body)
	}
	w.call("GET", "/v1/payments", "", 200)
	w.steer("POST", "/unkind", `{"on":true}`, 200)
	failed := 0
	for range 40 {
		if status, _ := w.request("GET", w.api.URL+"/v1/payments", "", nil); status == 500 {
			failed++
		}
	}
	if failed != 2 {
		t.Errorf("%d of 40 calls fail", failed)
	}
	w.steer("DELETE", "/faults", "", 200)
}

// TestEveryResult: SetResult reaches every end, once.
func TestEveryResult(t *testing.T) {
	w := newWorld(t, nil)
	for _, result := range Results() {
		tx, _ := w.start(nil)
		if err := w.server.SetResult(t.Context(), "id-1", result); err != nil {
			t.Fatal(err)
		}
		ses := w.session(tx)
		if want := endings[result].Ends; want != "" && (ses["last_error"] != want || ses["finished"] != false) || want == "" && ses["finished"] != true {
			t.Errorf("%s: %v", result, ses)
		}
		if err := w.server.SetResult(t.Context(), "id-1", result); err != ErrEnded {
			t.Errorf("%s again: %v", result, err)
		}
	}
	if err := w.server.SetResult(t.Context(), "", "success"); err != ErrNoSession {
		t.Errorf("nobody's: %v", err)
	}
}
