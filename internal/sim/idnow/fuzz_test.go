package idnow

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func FuzzStart(f *testing.F) {
	for _, seed := range []string{`{}`, `{"firstname":"X-AUTOTEST-HAPPYPATH"}`, `{"birthday":"1984-01-26","questions":{"q":{"value":1}}}`, `{"lastname":null}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, refused := readPerson(body, true)
		if refused != nil {
			if refused.Status < 400 || refused.Status > 499 {
				t.Errorf("refused with %d", refused.Status)
			}
			return
		}
		w := newServer(t)
		if _, refused := robotOf(p.Data); refused != nil {
			return
		}
		if _, _, err := w.open("tx", p); err != nil {
			t.Fatal(err)
		}
		r := w.report(w.session("tx"), ending{Result: success}, testStart)
		if _, err := evidenceZIP(r); err != nil {
			t.Errorf("evidence: %v", err)
		}
	})
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{"step=0.landing.0&terms=yes&mobile=0151", "step=1.waiting.0&action=stop", "%zz", "step=1.code.0&code=123456"} {
		f.Add("", seed)
	}
	f.Fuzz(func(t *testing.T, lang, form string) {
		s := newServer(t)
		if _, _, err := s.open("tx", person{Data: erika()}); err != nil {
			t.Fatal(err)
		}
		for _, first := range []string{"", landingQuery} {
			for _, body := range []string{first, form} {
				req := httptest.NewRequest("POST", "/c/identifications/tx", strings.NewReader(body))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				req.Header.Set("Accept-Language", lang)
				rec := httptest.NewRecorder()
				s.Go().ServeHTTP(rec, req)
				if rec.Code >= 500 || strings.Contains(rec.Body.String(), "<script") {
					t.Errorf("%q: %d %s", body, rec.Code, rec.Body)
				}
			}
		}
	})
}

const landingQuery = "step=0.landing.0&terms=y&ready=y&recording=y&document=IDCARD&issuer=DE&language=de&mobile=0151"

func newServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(Config{CompanyID: "c", APIKey: "k", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
