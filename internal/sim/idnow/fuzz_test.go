package idnow

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
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
		if _, refused := robotOf(Video, p.Data); refused != nil {
			return
		}
		if _, _, err := w.open(w.main, "tx", p); err != nil {
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
		if _, _, err := s.open(s.main, "tx", person{Data: erika()}); err != nil {
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
	s, err := New(Config{Account: Account{CompanyID: "c", APIKey: "k"}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// calls is every address of the listeners that takes foreign bytes; TX is a
// session that there is, DOC a document that may be.
var calls = []struct {
	listener string
	method   string
	path     string
}{
	{"gateway", "POST", "/api/v1/c/login"}, {"gateway", "GET", "/api/v1/c/identifications"}, {"gateway", "GET", "/api/v1/c/identifications/TX.zip"},
	{"gateway", "POST", "/api/v1/c/identifications/NEW/start"}, {"gateway", "POST", "/api/v1/c/identifications/TX/start"}, {"gateway", "POST", "/api/v1/c/identifications/TX/copy"},
	{"gateway", "POST", "/api/v1/c/documentdefinitions"}, {"gateway", "POST", "/api/v1/c/documentdefinitions/DOC/data"}, {"gateway", "GET", "/api/v1/c/documentdefinitions/DOC"},
	{"gateway", "POST", "/api/v1/c/identifications/TX/documents/DOC"}, {"gateway", "POST", "/api/v1/c/identifications/TX/documents/DOC/data"}, {"gateway", "DELETE", "/api/v1/c/identifications/NEW"},
	{"robot", "POST", "/api/v1/c/identifications/TX/start"}, {"robot", "POST", "/api/v1/c/identifications/TX/requestVideoChat"},
	{"steering", "POST", "/sessions/TX/result"}, {"steering", "POST", "/pushes"}, {"steering", "POST", "/unkind"}, {"steering", "GET", "/sessions"}, {"steering", "GET", "/sessions/NEW"},
	{"go", "POST", "/"}, {"go", "GET", "/NEW"}, {"go", "GET", "/c/identifications/TX"}, {"go", "POST", "/c/identifications/TX"}, {"go", "GET", "/static/NEW"},
	{"go", "POST", "/a/identifications/AUTO"}, {"go", "GET", "/a/identifications/AUTO/pictures/NEW"},
}

// FuzzCall: any call of any listener is answered without a failure of the
// simulator's own, in the listener's own form.
func FuzzCall(f *testing.F) {
	for i, body := range []string{
		`{"apiKey":"k"}`, "", "", `{"firstname":"X-AUTOTEST-HAPPYPATH","lastname":"M"}`, `{"questions":{"q":{"value":[1]}}}`, `{"target_companyid":"c","target_transactionnumber":"x"}`,
		`{"name":"n","identifier":"i","mimeType":"application/pdf","sortOrder":9223372036854775807,"signatures":[]}`, "%PDF", "", `{"name":null,"signatures":{"a":1}}`, "\x00", "",
		"", "{}", `{"result":"SUCCESS"}`, `{"duplicate":-1}`, `{"on":1}`, "", "", "reference=TST-ABCDE", "", "lang=de&tid=%00", "step=0.landing.0&terms=yes&mobile=%ff", "../../locale/de.json",
		"1.scanfront.0", "selfie",
	} {
		f.Add(uint8(i), "new-1", "application/json", "lang=de", []byte(body))
		f.Add(uint8(i), strings.Repeat("n", 300), "application/x-www-form-urlencoded", "%zz;", []byte(body))
		f.Add(uint8(i), "../\x00<script>", "multipart/form-data; boundary=b", "tid=<script>", []byte("--b\r\nContent-Disposition: form-data; name=\"step\"\r\n\r\n"+body+"\r\n--b--"))
	}
	upload := "--b\r\nContent-Disposition: form-data; name=\"step\"\r\n\r\n1.scanfront.0\r\n--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nsend\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"<script>.png\"\r\n\r\n\x89PNG\r\n\x1a\n\r\n--b--"
	f.Add(uint8(24), "x", "multipart/form-data; boundary=b", "", []byte(upload))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, n uint8, name, contentType, query string, body []byte) {
		home, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(home)
		s, err := New(Config{Account: Account{CompanyID: "c", APIKey: "k"}, More: []Account{{CompanyID: "a", APIKey: "k", Kind: AutoIdent}}, Strict: true, Dir: home, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.open(s.main, "tx", person{Data: erika()}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.open(s.account("a"), "auto", person{Data: erika()}); err != nil {
			t.Fatal(err)
		}
		err = s.change("auto", func(ses *session) error { // waits for a picture
			ses.begin(stepScanFront)
			ses.Typed = map[string]string{}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.main.Definitions = []definition{{Name: "d", Identifier: "doc", MimeType: "x", SortOrder: 1, Signatures: []byte("{}")}}
		s.main.Tokens[hashToken("t")] = s.now()
		listeners := map[string]http.Handler{"gateway": s.Gateway(), "robot": s.Robot(), "steering": s.Steering(), "go": s.Go()}
		c := calls[int(n)%len(calls)]
		req := httptest.NewRequest(c.method, "/", strings.NewReader(string(body)))
		req.URL = &url.URL{Path: strings.NewReplacer("TX", "tx", "DOC", "doc", "AUTO", "auto", "NEW", name).Replace(c.path), RawQuery: query}
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("X-API-LOGIN-TOKEN", "t")
		rec := httptest.NewRecorder()
		listeners[c.listener].ServeHTTP(rec, req)
		if rec.Code >= 500 || strings.Contains(rec.Body.String(), "<script") {
			t.Errorf("%s %q %q: %d %s", c.method, req.URL, body, rec.Code, rec.Body)
		}
		isJSON := strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json")
		if isJSON && !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%s %q: no JSON: %s", c.method, req.URL, rec.Body)
		}
		if c.listener != "go" && rec.Code >= 400 && !isJSON && !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s %q: a refusal as %s", c.method, req.URL, rec.Header())
		}
		reread, err := New(s.cfg)
		if err != nil {
			t.Fatalf("what was saved cannot be read again: %v", err)
		}
		if len(reread.sessions) != len(s.sessions) {
			t.Errorf("%d sessions were saved, %d are read", len(s.sessions), len(reread.sessions))
		}
	})
}
