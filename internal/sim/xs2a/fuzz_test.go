package xs2a

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func newServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(Config{APIKey: "key", Now: func() time.Time { return testStart }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzOrder: whatever is posted is refused in the firm's words, or can be finished and shown.
func FuzzOrder(f *testing.F) {
	for _, seed := range []string{anOrder(nil), `{}`, `[`, `{"amount":1e999999}`, `{"metadata":"x","amount":"1"}`, `{"easy_onboarding":5}`, anOrder(map[string]any{"sender_iban": "D"})} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newServer(t)
		for _, product := range []string{productPay, productRisk} {
			o, refused := s.readOrder(product, body)
			if refused != nil {
				if refused.Status < 400 || refused.Status > 499 {
					t.Errorf("refused with %d", refused.Status)
				}
				continue
			}
			ses, err := s.open(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.change(ses.Tx, func(ses *session) error { s.finish(ses, scenario{}, testStart); return nil }); err != nil {
				t.Fatal(err)
			}
			ses = s.session(ses.Tx)
			for _, v := range []any{s.product(ses), s.sessionObject(ses), s.snapshotObject(ses), ses.Events} {
				if _, err := json.Marshal(v); err != nil {
					t.Errorf("%s: %v", body, err)
				}
			}
		}
	})
}

// FuzzWizard: whatever a customer sends leaves a session that can be shown, as a form and as a page.
func FuzzWizard(f *testing.F) {
	for _, seed := range []string{`{"action":"back"}`, `{"USER_NAME":"holder:\u0000","USER_PIN":"joint","privacy_policy":1}`, `{"account":-1}`, `{"TAN":"x"}`, `{"account":1e9}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newServer(t)
		o, refused := s.readOrder(productPay, []byte(anOrder(nil)))
		if refused != nil {
			t.Fatal(refused)
		}
		_, action, in, refused := readCall(body)
		if refused != nil {
			return
		}
		ses, err := s.open(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range []values{{fieldBank: testBankCode}, {fieldUser: "me", fieldPIN: "1", fieldPrivacy: "1"}, {fieldAccount: "0"}, {fieldTAN: s.tan(ses)}} {
			wrong, err := s.take(ses.Tx, action, in, func(*session) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			if _, err := json.Marshal(s.answer(s.session(ses.Tx), wrong)); err != nil {
				t.Fatal(err)
			}
			rec := httptest.NewRecorder()
			s.show(rec, httptest.NewRequest("GET", "/index.html", strings.NewReader("")), s.session(ses.Tx), in, wrong)
			if rec.Code > 499 {
				t.Fatalf("the page answers %d", rec.Code)
			}
			if _, err := s.take(ses.Tx, "", way, func(*session) bool { return true }); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzSameName: comparing is the same both ways, and a name is always its own. So much for IBANs: each has a bank.
func FuzzSameName(f *testing.F) {
	f.Add("Dr. Jörg Müßig", "MUESSIG, Joerg")
	f.Add("\xff", "é'ʼ")
	f.Fuzz(func(t *testing.T, a, b string) {
		if sameName(a, b) != sameName(b, a) || len(nameWords(a)) > 0 && !sameName(a, a) {
			t.Errorf("%q and %q", a, b)
		}
		if validIBAN(a) && bankOf(a) == "" {
			t.Errorf("%q belongs to no bank", a)
		}
	})
}
