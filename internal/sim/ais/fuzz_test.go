package ais

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

// FuzzSubject: a name that was understood has its attributes, none of them empty.
func FuzzSubject(f *testing.F) {
	for _, seed := range []string{"cn=Erika, c=DE", `cn=A\, B\3D\c3\bc, givenname=\ x\ , c=DE`, "cn=", "=", ",", `\`, "cn=a,,c=DE", `cn=\zz`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, ok := readSubject(text)
		if !ok {
			return
		}
		for _, a := range name {
			if value, isText := a.Value.(string); !isText || value == "" || a.Type == nil {
				t.Errorf("%q: %+v", text, a)
			}
		}
	})
}

// fuzzCalls is every address that takes foreign bytes; TOKEN and RESPONSE are those of a request that waits.
var fuzzCalls = []struct{ listener, method, path string }{
	{"api", "POST", "/AIS-Server/rs/v1.0/sign"}, {"api", "POST", "/AIS-Server/rs/v1.0/pending"}, {"consent", "GET", "/sas/web/NEW/pass"}, {"consent", "POST", "/sas/web/TOKEN/pass"},
	{"bridge", "POST", "/confirm"}, {"steering", "POST", "/next"}, {"steering", "POST", "/faults"}, {"steering", "POST", "/requests/req-1/result"}, {"steering", "GET", "/requests/NEW"},
}

// FuzzCall: any call of any listener is answered without a failure of the
// simulator's own, and what it kept can be read again.
func FuzzCall(f *testing.F) {
	sign, err := json.Marshal(signBody("new", 2, nil))
	if err != nil {
		f.Fatal(err)
	}
	for n, body := range []string{
		string(sign), `{"async.PendingRequest":{"@Profile":"http://ais.swisscom.ch/1.1","OptionalInputs":{"ClaimedIdentity":{"Name":"bank:OnDemand-Advanced4.1-EU"},"async.ResponseID":"RESPONSE"}}}`,
		"", "password=123456&action=sign", `{"response_id":"RESPONSE","password":"123456"}`, `{"outcome":"cancel","delay":"9999999h"}`, `{"mode":"refuse"}`, `{"outcome":"success"}`, "",
	} {
		f.Add(uint8(n), "new", "application/json", "lang=de", []byte(body))
		f.Add(uint8(n), "<script>", "application/x-www-form-urlencoded", "lang=%zz;", []byte(body))
	}
	f.Add(uint8(0), "", "", "", []byte(strings.Repeat(`{"SignRequest":`, 40)))
	dir := f.TempDir()
	seed, err := New(Config{Customer: "bank", Dir: dir, Plain: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	if err := seed.needSigningKey(); err != nil {
		f.Fatal(err)
	}
	authority, err := os.ReadFile(dir + "/authority.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, n uint8, name, contentType, query string, body []byte) {
		home, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(home)
		put(t, home, "authority.json", authority)
		s, err := New(Config{Customer: "bank", BridgeToken: "token", Dir: home, Plain: true, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		whole, err := readNode(mustMarshal(t, signBody("req-1", 1, nil)))
		if err != nil {
			t.Fatal(err)
		}
		waiting, refused := s.signCall(t.Context(), whole.all("SignRequest")[0])
		if refused != nil {
			t.Fatal(refused)
		}
		fill := strings.NewReplacer("TOKEN", waiting.Token, "RESPONSE", waiting.Responses[0], "NEW", name)
		c := fuzzCalls[int(n)%len(fuzzCalls)]
		req := httptest.NewRequest(c.method, "/", strings.NewReader(fill.Replace(string(body))))
		req.URL = &url.URL{Path: fill.Replace(c.path), RawQuery: query}
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Authorization", "Bearer token")
		rec := httptest.NewRecorder()
		map[string]http.Handler{"api": s.API(), "consent": s.Consent(), "bridge": s.Bridge(), "steering": s.Steering()}[c.listener].ServeHTTP(rec, req)
		if rec.Code >= 500 || strings.Contains(rec.Body.String(), "<script") || c.listener == "api" && strings.Contains(rec.Body.String(), "GeneralError") {
			t.Errorf("%s %q %q: %d %s", c.method, req.URL, body, rec.Code, rec.Body)
		}
		if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") && !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%s %q: no JSON: %s", c.method, req.URL, rec.Body)
		}
		if err := s.SetResult(t.Context(), "req-1", success); err == nil {
			s.RunDue(t.Context(), s.now().Add(passwordLifetime))
		}
		again, err := New(s.cfg)
		if err != nil {
			t.Fatalf("what was saved cannot be read again: %v", err)
		}
		if len(again.requests) != len(s.requests) {
			t.Errorf("%d requests were saved, %d are read", len(s.requests), len(again.requests))
		}
	})
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
