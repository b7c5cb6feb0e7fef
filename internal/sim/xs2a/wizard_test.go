package xs2a

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestHappyPath walks the form protocol from the choice of a bank to the end.
func TestHappyPath(t *testing.T) {
	w := newWorld(t, nil)
	tx, key := w.start(nil)
	w.call("GET", "/v1/payments/"+tx, "", 404)
	w.call("GET", "/v1/risks/"+tx+"/accountSnapshot?format=json2", "", 404)
	for _, s := range []struct {
		in   map[string]any
		form string
	}{
		{nil, "WizardStartStep"}, {chooseTestBank, "WizardLoginStep"}, {map[string]any{"action": "switch-login-tabs"}, "WizardLoginStep"},
		{login("me", "12345"), "Accounts"}, {map[string]any{"action": "back"}, "WizardLoginStep"}, {map[string]any{"action": "back"}, "WizardStartStep"},
		{map[string]any{"bank_code": "testde88xxx"}, "WizardLoginStep"}, {login("me", "12345"), "Accounts"},
		{map[string]any{"action": "change-language", "language": "de"}, "Accounts"}, {chooseFirst, "Tan"}, {w.tan(tx), "finish"},
	} {
		if form, problem, _ := w.step(key, s.in); form != s.form || problem != "" {
			t.Fatalf("%v leads to %s, %s", s.in, form, problem)
		}
	}
	if ses := w.session(tx); ses["finished"] != true || ses["last_error"] != "none" || ses["current_step"] != "FinishStep" || ses["object"] != "wizard_session" {
		t.Errorf("%v", ses)
	}
	p := w.call("GET", "/v1/payments/"+tx, "", 200)
	if p["sender_iban"] != pinnedIBAN || p["sender_holder"] != "Erika Mustermann" || p["sender_bic"] != testBankBIC || p["payment_status"] != "NONE" || p["amount"] != 0.01 {
		t.Errorf("%v", p)
	}
	w.advance(time.Minute)
	if got := w.taken(); len(got) != 1 || got[0].Type != "transaction.created" || got[0].Tx != tx || !strings.Contains(string(got[0].Data), `"identification":"id-1"`) {
		t.Errorf("%v", got)
	}
}

// TestEveryPIN: the table of PINs leads where it says, by the customer's own way.
func TestEveryPIN(t *testing.T) {
	w := newWorld(t, nil)
	for pin, sc := range pins {
		if len(pin) != 5 {
			t.Errorf("%s has not five characters", pin)
		}
		tx, key := w.start(nil)
		w.step(key, chooseTestBank)
		inputs := []map[string]any{login("me", pin), chooseFirst, w.tan(tx)}
		switch {
		case sc.Wrong:
			inputs = []map[string]any{login("me", pin), login("me", strings.ToUpper(pin)), login("me", pin)}
		case sc.App:
			inputs = []map[string]any{login("me", pin), chooseFirst, {"action": "poll"}, {"action": "poll"}}
		}
		for _, in := range inputs {
			if w.session(tx)["current_step"] != "FinishStep" {
				w.step(key, in)
			}
		}
		want, finished := sc.Ends, sc.Ends == ""
		if finished {
			want = "none"
		}
		if sc.Wrong {
			want, finished = "max_login_tries", false
		}
		if ses := w.session(tx); ses["last_error"] != want || ses["finished"] != finished || ses["current_step"] != "FinishStep" {
			t.Errorf("%s: %v, finished %v at %v", pin, ses["last_error"], ses["finished"], ses["current_step"])
		}
		status := map[string]int{"expired": 410, "failed": 404}[sc.Snapshot]
		if finished && status == 0 {
			status = 200
		}
		if !finished {
			status = 404
		}
		got, body := w.request("GET", w.api.URL+"/v1/risks/"+tx+"/accountSnapshot?format=json2", "", nil)
		if got != status || status == 200 && strings.Contains(body, `"joint_account":true`) != sc.Joint {
			t.Errorf("%s: the snapshot is %d %s", pin, got, body)
		}
	}
}

// TestRecoverable: what is wrong can be put right, until it was wrong too often.
func TestRecoverable(t *testing.T) {
	w := newWorld(t, nil)
	tx, key := w.start(nil)
	walk := func(in map[string]any, form, problem string) {
		t.Helper()
		gotForm, gotProblem, recoverable := w.step(key, in)
		if gotForm != form || gotProblem != problem || recoverable != (form != "FinishStep") {
			t.Fatalf("%v leads to %s, %q, recoverable %t", in, gotForm, gotProblem, recoverable)
		}
		if ses := w.session(tx); ses["last_error"] != problem || ses["finished"] != false {
			t.Fatalf("%v: %v, %v", in, ses["last_error"], ses["finished"])
		}
	}
	walk(map[string]any{"bank_code": "12345678"}, "WizardStartStep", "bank_code_unknown")
	walk(map[string]any{"bank_code": "", "country_id": "DE"}, "WizardStartStep", "validation_failed")
	walk(map[string]any{"bank_code": "88888888", "country_id": "XX"}, "WizardStartStep", "country_id_invalid")
	w.step(key, chooseTestBank)
	walk(map[string]any{"USER_NAME": "me", "USER_PIN": "1"}, "WizardLoginStep", "pp_not_checked")
	walk(map[string]any{"USER_NAME": " ", "privacy_policy": "1"}, "WizardLoginStep", "validation_failed")
	walk(login("me", "wrong"), "WizardLoginStep", "login_failed")
	w.step(key, login("me", "1"))
	walk(map[string]any{"account": 1}, "Accounts", "validation_failed") // not the pinned one
	walk(map[string]any{"account": "x"}, "Accounts", "validation_failed")
	w.step(key, chooseFirst)
	walk(map[string]any{"TAN": "x"}, "Tan", "wrong_tan")
	walk(map[string]any{"TAN": ""}, "Tan", "wrong_tan")
	walk(map[string]any{"TAN": "x"}, "FinishStep", "max_tan_tries")
}

// TestHolder: the account is that of whoever logs in, and must be the pinned person's.
func TestHolder(t *testing.T) {
	w := newWorld(t, nil)
	for user, want := range map[string]string{
		"holder:Dr. MUSTERMANN, erika": "none", "holder:Erika Musterfrau": "pinned_holder_not_found", "holder:": "none",
	} {
		tx, key := w.start(nil)
		for _, in := range []map[string]any{chooseTestBank, login(user, "1"), chooseFirst, w.tan(tx)} {
			if w.session(tx)["current_step"] != "FinishStep" {
				w.step(key, in)
			}
		}
		if got := w.session(tx)["last_error"]; got != want {
			t.Errorf("%s: %v", user, got)
		}
	}
}

// TestJointBySuffix: an IBAN that ends in 0004 is a joint account's, with any PIN.
func TestJointBySuffix(t *testing.T) {
	const joint = "DE41888888880000000004"
	w := newWorld(t, func(cfg *Config) { cfg.KnownIBAN = func(iban string) bool { return iban == joint } })
	tx, key := w.start(map[string]any{"sender_iban": joint})
	for _, in := range []map[string]any{chooseTestBank, login("me", "1"), chooseFirst, w.tan(tx)} {
		w.step(key, in)
	}
	_, body := w.request("GET", w.api.URL+"/v1/risks/"+tx+"/accountSnapshot?format=json2", "", nil)
	if !strings.Contains(body, `"joint_account":true`) || !strings.Contains(body, "Erika Mustermann und ") {
		t.Error(body)
	}
}

// TestUnpinned: without a pinned account any may be chosen, but not the recipient's.
func TestUnpinned(t *testing.T) {
	w := newWorld(t, nil)
	tx, key := w.start(map[string]any{"sender_iban": nil, "sender_holder": nil, "recipient_iban": testIBANs[1]})
	w.step(key, chooseTestBank)
	w.step(key, login("me", "1"))
	if form, problem, _ := w.step(key, map[string]any{"account": 1}); form != "FinishStep" || problem != "tx_rx_iban_equal" {
		t.Errorf("%s, %s", form, problem)
	}
	if ses := w.session(tx); ses["last_error"] != "tx_rx_iban_equal" {
		t.Errorf("%v", ses)
	}
}

// TestRisk: the account snapshot alone needs no transfer.
func TestRisk(t *testing.T) {
	w := newWorld(t, nil)
	answer := w.call("POST", "/v1/risks", `{"sender_iban":"`+pinnedIBAN+`","sender_bic":"TESTDE88XXX","xs2a_account_snapshot":{"days":30}}`, 201)
	tx, key := answer["transaction"].(string), answer["wizard_session_key"].(string)
	if form, _, _ := w.step(key, nil); form != "WizardLoginStep" { // the BIC is the choice of the bank
		t.Errorf("the first form is %s", form)
	}
	w.step(key, login("me", "1"))
	if form, _, _ := w.step(key, chooseFirst); form != "finish" {
		t.Errorf("after the account comes %s", form)
	}
	if r := w.call("GET", "/v1/risks/"+tx, "", 200); r["object"] != "xs2a_risk" || r["iban"] != pinnedIBAN {
		t.Errorf("%v", r)
	}
	w.call("GET", "/v1/payments/"+tx, "", 404)
	w.call("GET", "/v1/risks/"+tx+"/accountSnapshot?format=csv", "", 422)
}

// TestProtocolErrors: unknown keys, actions and bodies.
func TestProtocolErrors(t *testing.T) {
	w := newWorld(t, nil)
	_, key := w.start(nil)
	w.call("POST", "/v1.1/wizard", `{"key":"none"}`, 404)
	w.call("POST", "/v1.1/wizard", `{"key":"`+key+`","action":"jump"}`, 422)
	w.call("POST", "/v1.1/wizard", `{"key":"`+key+`","bank_code":[1]}`, 422)
	w.call("POST", "/v1.1/wizard", `[]`, 400)
	w.call("POST", "/v1.1/wizard", strings.Repeat(" ", 1<<20+1), 413)
	if form, problem, recoverable := w.step(key, map[string]any{"action": "abort"}); form != "FinishStep" || problem != "client_aborted" || recoverable {
		t.Errorf("%s, %s, %t", form, problem, recoverable)
	}
	if form, problem, _ := w.step(key, chooseTestBank); form != "FinishStep" || problem != "client_aborted" { // it is over
		t.Errorf("%s, %s", form, problem)
	}
}

// TestFormElements: a form says what to enter, and what is wrong with it.
func TestFormElements(t *testing.T) {
	w := newWorld(t, nil)
	_, key := w.start(nil)
	answer := w.call("POST", "/v1.1/wizard", `{"key":"`+key+`","bank_code":"x"}`, 200)
	raw, err := json.Marshal(answer["form"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"name":"bank_code"`, `"invalid":true`, `"type":"select"`, `"type":"abort"`, translate("en", "error.bank")} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s lacks %s", raw, want)
		}
	}
}

// TestSessionExpires: half an hour after the last input, and not before.
func TestSessionExpires(t *testing.T) {
	w := newWorld(t, nil)
	tx, key := w.start(nil)
	w.advance(29 * time.Minute)
	w.step(key, chooseTestBank)
	w.advance(29 * time.Minute)
	w.step(key, map[string]any{"action": "poll"}) // is no input
	if ses := w.session(tx); ses["last_error"] != "none" {
		t.Fatalf("%v", ses)
	}
	w.advance(time.Minute)
	if ses := w.session(tx); ses["last_error"] != "session_expired" || ses["finished"] != false {
		t.Errorf("%v", ses)
	}
	got := w.taken()
	if len(got) != 1 || got[0].Type != "transaction.updated" || !got[0].CreatedAt.Equal(testStart.Add(59*time.Minute)) {
		t.Errorf("%v", got)
	}
	if strings.Contains(string(got[0].Data), "Erika") {
		t.Error("an event of a session without success names the customer")
	}
}

// TestTooLate: an input after the time is none, even if nothing has run meanwhile.
func TestTooLate(t *testing.T) {
	w := newWorld(t, nil)
	tx, key := w.start(nil)
	w.mu.Lock()
	w.now = testStart.Add(time.Hour)
	w.mu.Unlock()
	if form, problem, _ := w.step(key, chooseTestBank); form != "FinishStep" || problem != "session_expired" {
		t.Errorf("%s, %s", form, problem)
	}
	if w.session(tx)["last_error"] != "session_expired" {
		t.Error("it goes on")
	}
}

func TestSameName(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Erika Mustermann", "ERIKA MUSTERMANN", true},
		{"Erika Mustermann", "Mustermann, Erika", true},
		{"Erika Mustermann", "Dr. Erika Mustermann", true},
		{"Prof. Dr. med. Jörg Müßig", "JOERG MUESSIG", true},
		{"Anna Maria Müller-Schmidt", "Anna Müller", true},
		{"Anna Müller-Schmidt", "Schmidt-Müller Anna", true},
		{"Sinéad O'Connor", "sinead oconnor", true},
		{"Łukasz Żółć", "Lukasz Zolc", true},
		{"Erika Mustermann", "Erika Mustermann und Alex Beispiel", true},
		{"Madonna", "MADONNA", true},
		{"Erika Mustermann", "Erika Musterfrau", false},
		{"Erika Mustermann", "Max Mustermann", false},
		{"Erika Mustermann", "Erika", false},
		{"Anna Anna", "Anna Müller", false},
		{"Dr.", "Dr.", false},
		{"", "", false},
	} {
		if got := sameName(c.a, c.b); got != c.same || sameName(c.b, c.a) != c.same {
			t.Errorf("%q and %q: %t", c.a, c.b, got)
		}
	}
}

func TestValidIBAN(t *testing.T) {
	for iban, want := range map[string]bool{
		"DE89370400440532013000": true, pinnedIBAN: true, testIBANs[1]: true, "AT611904300234573201": true, "GB82WEST12345698765432": true,
		"DE88370400440532013000": false, "DE8937040044053201300": false, "de89370400440532013000": false, "": false, "DE": false,
		"8937DE0400440532013000": false, strings.Repeat("0", 22): false, "DE89ÄÖ0400440532013000": false,
	} {
		if validIBAN(iban) != want {
			t.Errorf("%s: %t", iban, !want)
		}
	}
}
