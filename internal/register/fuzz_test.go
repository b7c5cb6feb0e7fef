package register

import (
	"bytes"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// FuzzAnswer: nobody is found by an answer that does not say so in plain words.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`{"match":true}`, `{"match":false}`, `{"match":"true"}`, `{"MATCH":true}`, `[]`, ``} {
		f.Add(200, []byte(body))
	}
	f.Add(500, []byte(`{"match":true}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		found, err := read(status, body)
		if found && (err != nil || status != 200 || !bytes.Contains(body, []byte("true"))) {
			t.Errorf("%d %q: found, %v", status, body, err)
		}
		if err != nil && !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%v", err)
		}
	})
}
