package client_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/identikit/identikit/client"
)

// FuzzVerifyWebhook: a body passes with its signature and with no other, and
// comes out as the bytes that went in.
func FuzzVerifyWebhook(f *testing.F) {
	for body, signature := range vectors {
		f.Add([]byte(body), signature, "1", "1631643508")
	}
	f.Add([]byte(`{"completed_at":7}`), "sha256=", "-1", "99999999999999999999")
	f.Add([]byte("\xff"), "SHA256=00", "x", "-62135596801")
	f.Fuzz(func(t *testing.T, body []byte, signature, attempt, timestamp string) {
		h := http.Header{
			"Solaris-Webhook-Signature": {signature}, "Solaris-Webhook-Attempt": {attempt},
			"Solaris-Webhook-Callout-Timestamp": {timestamp}, "Solaris-Webhook-Event-Type": {"IDENTIFICATION"},
		}
		right := sign(webhookSecret, string(body))
		e, err := client.VerifyWebhookBody(h, body, webhookSecret)
		if (err == nil) != (signature == right) || (err != nil && (!errors.Is(err, client.ErrSignature) || e.Body != nil)) {
			t.Errorf("%q with %q: %v", body, signature, err)
		}
		h.Set("Solaris-Webhook-Signature", right)
		if e, err = client.VerifyWebhookBody(h, body, webhookSecret); err != nil || !bytes.Equal(e.Body, body) {
			t.Errorf("%q: %v", body, err)
		}
		_, _ = e.Identification() // reads it or says why not
	})
}

// FuzzReadError: whatever answers without success, there is an error that can be
// shown, says the status, and is not longer than what came.
func FuzzReadError(f *testing.F) {
	for _, body := range []string{
		`{"errors":[{"id":"a","status":400,"code":"invalid_model","title":"T","detail":"d","source":{"field":"f","message":"m"}}],"status":"400"}`,
		`{"id":"a","status":"412","code":"c","title":"T","details":"d"}`, `{"errors":[{},null,{"status":"x"}]}`, `{"errors":null,"error":"invalid_client"}`,
		`<html>`, ``, `null`, `[]`, `{"errors":[[]]}`, `{"source":null,"status":1e3}`, "{\"detail\":\"\xff\\ud800\"}",
	} {
		f.Add(400, []byte(body), "application/json", "7")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, contentType, after string) {
		e := client.ReadError(status, http.Header{"Content-Type": {contentType}, "Retry-After": {after}}, body)
		if e.Status != status || len(e.Entries) == 0 || e.RetryAfter < 0 || (e.Code == "" && e.Detail == "") {
			t.Errorf("%q: %+v", body, e)
		}
		text := e.Error()
		if !strings.HasPrefix(text, "identikit: ") || len(text) > 3*len(body)+200 || !utf8.ValidString(strings.ToValidUTF8(text, "")) {
			t.Errorf("%q: %q", body, text)
		}
		if !client.IsCode(e, e.Code) || client.IsCode(e, "no such code") {
			t.Errorf("%q: code %q", body, e.Code)
		}
		e.Fields()
	})
}
