package httpapi_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// FuzzConsent: what a person agrees to, and what is set for development, takes
// any body without a failure of ours; what was taken once by a key is not taken twice.
func FuzzConsent(f *testing.F) {
	paths := []string{
		"POST /device_consents", "PATCH /device_consents/", "POST /device_activities", "POST /settings", "POST /v1/terms_and_conditions_events",
		"PATCH /update_for_development", "POST /test_id_document_update",
	}
	for n := range paths {
		for _, body := range []string{
			`{"event_type":"APPROVED","confirmed_at":"2019-01-01 00:00:00z"}`, `{"event_type":"REJECTED","confirmed_at":"2999-01-01T00:00:00Z"}`,
			`{"activity_type":"APP_START","device_data":"\u0000"}`, `{"activity_type":"A\u0000"}`, `{"language":"de"}`, `{"language":{}}`,
			`{"document_id":"x","event_timestamp":"2019-01-01T00:00:00Z","event_type":"APPROVED","product_name":"OVERDRAFT","signed_by":"PERSON","signed_on_behalf_of":"\ud800"}`,
			`{"signed_by":"\u0000"}`, `{"aml_follow_up_date":"2026-10-01","birth_city":"x"}`, `{"birth_city":["x"]}`, `null`, ``, `[`,
		} {
			f.Add(byte(n), "key-1", []byte(body))
		}
	}
	servers := newPair(f, true)
	f.Fuzz(func(t *testing.T, which byte, key string, body []byte) {
		servers.each(t, func(t *testing.T, s *inProcess) {
			method, path, _ := strings.Cut(paths[int(which)%len(paths)], " ")
			text := strings.ReplaceAll(string(body), "PERSON", s.person)
			base := "/v1/persons/" + s.person
			if strings.HasSuffix(path, "/") {
				path += s.make(t, base+"/device_consents", `{"event_type":"APPROVED","confirmed_at":"2019-01-01T00:00:00Z"}`)
			}
			if !strings.HasPrefix(path, "/v1") {
				path = base + path
			}
			made := s.send(t, method, path, text, "Idempotency-Key", key)
			if made.status >= http.StatusMultipleChoices || method != "POST" || key == "" {
				return
			}
			again := s.send(t, method, path, text, "Idempotency-Key", key)
			if again.header.Get("Idempotency-Hit") != "true" || again.status != made.status || !bytes.Equal(made.body, again.body) {
				t.Errorf("%q: the key made %d %s, then %d %s", key, made.status, made.body, again.status, again.body)
			}
		})
	})
}
