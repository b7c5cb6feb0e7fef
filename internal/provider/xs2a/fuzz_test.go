package xs2a

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// storable tells whether a text may go into a column and onto a page.
func storable(s string) bool { return kyc.CheckText(s, maxWord) == "" }

const (
	goodSession  = `{"transaction":"tx","last_error":"none","finished":true,"current_step":"FinishStep","testmode":false,"created_at":"2026-05-01T12:00:00Z","parameters":{"sender_iban":"DE62888888880012345678","metadata":{"identification":"id-1"}}}`
	goodPayment  = `{"id":"p-1","transaction":"tx","sender_holder":"Anna Müller","sender_iban":"DE62 8888 8888 0012 3456 78","sender_bic":"TESTDE88XXX","metadata":{"identification":"id-1"}}`
	goodSnapshot = `[{"account":{"holder":"Anna Müller","iban":"DE62888888880012345678","bank_name":"Testbank","joint_account":false}}]`
)

// FuzzRead: of whatever the firm answers, only words of ours and texts that can be
// stored come through, and the same answer is the same finding.
func FuzzRead(f *testing.F) {
	f.Add([]byte(goodSession), []byte(goodPayment), []byte(goodSnapshot), "", "2026-05-01T12:00:00.000Z")
	f.Add([]byte(`{"transaction":"tx","last_error":"wrong_tan","current_step":"Tan"}`), []byte(`null`), []byte(`null`), "", "")
	f.Add([]byte(`{"transaction":"tx","last_error":"\u0000","current_step":"FinishStep","created_at":"2026-05-01 12:00:00"}`), []byte(`{}`), []byte(`{}`), "x", "soon")
	f.Add([]byte(strings.Replace(goodSession, "false", `"1"`, 1)), []byte(goodPayment), []byte(`[{"account":null},{"account":{"iban":"DE62888888880012345678","joint_account":"maybe"}}]`), snapshotExpired, "")
	known := []kyc.Event{kyc.BankConfirmed, kyc.NotUnderstood}
	for _, e := range endings {
		known = append(known, e.event)
	}
	f.Fuzz(func(t *testing.T, session, payment, snapshot []byte, missing, at string) {
		raw, err := json.Marshal(evidence{session, payment, snapshot, missing, at})
		if err != nil {
			return // no JSON, which the client has refused
		}
		a := &account{}
		finding, err := a.Read("id-1", raw)
		if err != nil {
			if !kyc.IsKind(err, kyc.BadGateway) && !errors.Is(err, provider.ErrNoResult) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if !slices.Contains(known, finding.Event) || finding.Fingerprint == "" || finding.Result == "" || finding.At.IsZero() {
			t.Errorf("%s: %s %q", raw, finding.Event, finding.Result)
		}
		b := finding.Account
		for _, s := range []string{finding.Result, finding.Reason, b.Holder, b.IBAN, b.BIC, b.BankName, b.Transfer} {
			if !storable(s) {
				t.Errorf("%q came through", s)
			}
		}
		if confirmed := finding.Event == kyc.BankConfirmed; confirmed != (b.Holder != "" && b.IBAN != "") {
			t.Errorf("confirmed %t, of %d characters", confirmed, len(b.Holder))
		}
		if again, err := a.Read("id-1", finding.Raw); err != nil || again.Fingerprint != finding.Fingerprint || again.Account != b {
			t.Errorf("read again it is another finding: %v", err)
		}
	})
}

// FuzzAnswer: every answer to every call ends in a result or in an error of a known
// kind, and a refusal quotes nothing.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`{"transaction":"tx","wizard_session_key":"key"}`))
	f.Add(200, []byte(`{"transaction":1}`))
	f.Add(200, []byte(`[{"account":[[[]]]}]`))
	f.Add(401, []byte(`{"code":"401","message":"Invalid credentials."}`))
	f.Add(422, []byte(`{"code":"422","errors":{"sender_iban":["The IBAN SECRET is invalid"],"SECRET":[]}}`))
	f.Add(410, []byte(`{"message":"gone"}`))
	f.Add(503, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 || status == http.StatusNoContent || status == http.StatusNotModified {
			return
		}
		client := &http.Client{Transport: answers(func(w http.ResponseWriter) { w.WriteHeader(status); w.Write(body) })}
		adapter := New(Config{APIURL: "https://api.example", WizardURL: "https://wizard.example", APIKey: "key", HTTP: client})
		s, err := adapter.Starter.Start(t.Context(), provider.Order{Identification: "id-1", IBAN: "DE62888888880012345678", Person: kyc.Attributes{"last_name": "Müller"}})
		checkError(t, err)
		if err == nil && (s.Handle == "" || !storable(s.Handle) || !strings.HasPrefix(s.URL, "https://wizard.example/index.html?")) {
			t.Errorf("%s: %+v", body, s)
		}
		_, err = adapter.Poller.Poll(t.Context(), provider.Ref{Identification: "id-1", Handle: "tx"})
		if !errors.Is(err, provider.ErrNoResult) {
			checkError(t, err)
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var e *kyc.Error
	if !errors.As(err, &e) || !slices.Contains([]kyc.Kind{kyc.Invalid, kyc.NotFound, kyc.BadGateway, kyc.Timeout}, e.Kind) || e.Detail == "" {
		t.Errorf("%v", err)
	}
	if e != nil && strings.Contains(e.Detail, "SECRET") {
		t.Errorf("%s quotes the firm", e.Detail)
	}
}

// answers is a firm that answers everything the same way, without a network.
type answers func(http.ResponseWriter)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a(w)
	resp := w.Result()
	resp.Request = r
	resp.Header.Del("Location") // of a redirect to nowhere
	return resp, nil
}

// FuzzReceive: a push is about an identification that a database can look for, or refused.
func FuzzReceive(f *testing.F) {
	for _, seed := range []string{`{"data":{"metadata":{"identification":"id-1"}}}`, `{"data":{"metadata":{"identification":"\u0000"}}}`, `{"data":[]}`, `null`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		id, err := receiver{}.Receive(provider.Push{Body: body})
		if (err == nil) != (id != "") || err != nil && !kyc.IsKind(err, kyc.Invalid) || !storable(id) {
			t.Errorf("%q, %v", id, err)
		}
	})
}

// TestEndings: every word of providers.md §3 has its row, and no other.
func TestEndings(t *testing.T) {
	words := strings.Fields(`account_blacklisted account_data_incomplete accounts_failed age_verification_not_confirmed authorized_person
		authorized_person_poa balance_failed bank_code_unknown client_aborted client_not_started consent_invalid country_id_invalid
		forced_transport_disabled init_failed login_blacklisted login_failed login_next_failed max_login_tries max_tan_tries
		no_compatible_accounts no_transports_found pinned_holder_not_found pinned_iban_not_found
		pinned_iban_transaction_not_possible pp_not_checked security_setting_rejection session_expired standing_orders_failed
		tan_failed tan_method_not_allowed tech_error testmode_error token_mismatch transaction_failed turnovers_failed
		tx_rx_iban_equal validation_failed veto_by_merchant wrong_tan`)
	if got := slices.Sorted(maps.Keys(endings)); !slices.Equal(got, words) {
		t.Errorf("the table has %v", got)
	}
	for word, e := range endings {
		if (e.event == kyc.DeadlinePassed) != (e.reason == kyc.ReasonExpired) || e.reason == "" {
			t.Errorf("%s: %+v", word, e)
		}
	}
	if e := endingOf("security_of_tomorrow"); e.event != kyc.FailedForGood {
		t.Errorf("a security rule: %s", e.event)
	}
	if e := endingOf("teleported"); e.event != kyc.NotUnderstood {
		t.Errorf("an unknown word: %s", e.event)
	}
}

// TestRead: what the firm's answers come to.
func TestRead(t *testing.T) {
	running := func(word, step string) string {
		return `{"transaction":"tx","last_error":"` + word + `","finished":false,"current_step":"` + step + `","created_at":"2026-05-01T12:00:00Z"}`
	}
	for name, c := range map[string]struct {
		session, payment, snapshot, missing string
		event                               kyc.Event // empty: no result yet
		reason                              string
	}{
		"success":           {goodSession, goodPayment, goodSnapshot, "", kyc.BankConfirmed, ""},
		"another account":   {goodSession, strings.Replace(goodPayment, "DE62", "DE04", 1), goodSnapshot, "", kyc.FailedForGood, kyc.ReasonAuthorizedHolder},
		"no such statement": {goodSession, goodPayment, `[{"account":{"iban":"DE04888888880087654321","holder":"Anna"}}]`, "", kyc.FailedForGood, kyc.ReasonSnapshotFailed},
		"no statement":      {goodSession, goodPayment, `[]`, "", kyc.FailedForGood, kyc.ReasonSnapshotFailed},
		"snapshot gone":     {goodSession, goodPayment, "", snapshotExpired, kyc.FailedForGood, kyc.ReasonSnapshotExpired},
		"running":           {running("none", "Tan"), "", "", "", "", ""},
		"tries again":       {running("wrong_tan", "Tan"), "", "", "", "", ""},
		"gave up":           {running("wrong_tan", lastStep), "", "", "", kyc.FailedForGood, kyc.ReasonSnapshotFailed},
		"aborted":           {running("client_aborted", "Tan"), "", "", "", kyc.FailedForGood, kyc.ReasonSnapshotFailed},
		"an unknown word":   {running("teleported", "Tan"), "", "", "", kyc.NotUnderstood, ""},
	} {
		raw, err := json.Marshal(evidence{rawOf(c.session), rawOf(c.payment), rawOf(c.snapshot), c.missing, ""})
		if err != nil {
			t.Fatal(err)
		}
		f, err := (&account{}).Read("id-1", raw)
		if c.event == "" {
			if !errors.Is(err, provider.ErrNoResult) {
				t.Errorf("%s: %s, %v", name, f.Event, err)
			}
			continue
		}
		if err != nil || f.Event != c.event || f.Reason != c.reason {
			t.Errorf("%s: %s, %q, %v", name, f.Event, f.Reason, err)
		}
	}
}

// TestNotTheirs: answers about another session or identification prove nothing.
func TestNotTheirs(t *testing.T) {
	for name, c := range map[string][3]string{
		"another identification": {strings.Replace(goodSession, "id-1", "id-2", 1), goodPayment, goodSnapshot},
		"another payment":        {goodSession, strings.Replace(goodPayment, `"tx"`, `"ty"`, 1), goodSnapshot},
		"a foreign payment":      {goodSession, strings.Replace(goodPayment, "id-1", "id-2", 1), goodSnapshot},
		"nothing pinned":         {strings.Replace(goodSession, "DE62888888880012345678", "", 1), goodPayment, goodSnapshot},
		"nobody's account":       {goodSession, strings.Replace(goodPayment, "Anna Müller", "", 1), strings.Replace(goodSnapshot, "Anna Müller", "", 1)},
		"a test":                 {strings.Replace(goodSession, `"testmode":false`, `"testmode":true`, 1), goodPayment, goodSnapshot},
		"no time":                {strings.Replace(goodSession, "2026", "then", 1), goodPayment, goodSnapshot},
	} {
		raw, err := json.Marshal(evidence{rawOf(c[0]), rawOf(c[1]), rawOf(c[2]), "", ""})
		if err != nil {
			t.Fatal(err)
		}
		if f, err := (&account{}).Read("id-1", raw); !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%s: %s, %v", name, f.Event, err)
		}
	}
}

// rawOf is a JSON text; none is left out.
func rawOf(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}
