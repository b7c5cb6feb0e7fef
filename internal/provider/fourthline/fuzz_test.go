package fourthline

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// FuzzReadStatus: of whatever the firm answers, only words of ours and texts that
// can be stored come through, nothing is accepted unless it says so twice, and the
// same answer is the same finding.
func FuzzReadStatus(f *testing.F) {
	for _, raw := range []string{
		`{"clientReference":"x","status":"completed","statusCode":1000,"updatedAt":"2026-05-01T12:00:00Z"}`,
		`{"clientReference":"x","status":"invalid_data","statusCode":"1036","updatedAt":"2026-05-01 12:00:00z"}`,
		`{"clientReference":"x","status":"pending","statusCode":1000}`, `{"clientReference":"x","status":"\u0000","statusCode":{},"updatedAt":"9999-12-31T23:59:59-23:59"}`,
		`null`, `[[[[`, `{"clientReference":"x","clientReference":"y"}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		found, err := readStatus("x", json.RawMessage(raw))
		if err != nil {
			if !kyc.IsKind(err, kyc.BadGateway) && !errors.Is(err, provider.ErrNoResult) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := readStatus("x", found.Raw)
		if err != nil || again.Fingerprint != found.Fingerprint || found.Fingerprint == "" || !again.At.Equal(found.At) {
			t.Errorf("read again it is another finding: %v", err)
		}
		for _, s := range []string{found.Result, found.Reason, found.StatusCode} {
			if kyc.CheckText(s, 200) != "" {
				t.Errorf("%q cannot be stored", s)
			}
		}
		if found.Result == "" || found.Event == kyc.DataAccepted && found.Result != "completed "+found.StatusCode {
			t.Errorf("%q is %s", found.Result, found.Event)
		}
	})
}

// FuzzReceive: a push is about an identification of ours in form, or about none.
func FuzzReceive(f *testing.F) {
	f.Add("v-1", []byte(`{"clientReference":"6dc54352d6793a892e0702850d07b831cidt"}`))
	f.Add("6dc54352d6793a892e0702850d07b831cidt", []byte(`{}`))
	f.Add("", []byte(`{"clientReference":["x"]}`))
	f.Fuzz(func(t *testing.T, tail string, body []byte) {
		id, err := (receiver{}).Receive(provider.Push{Tail: tail, Body: body})
		if (err == nil) != ourID.MatchString(id) || err != nil && !kyc.IsKind(err, kyc.Invalid) {
			t.Errorf("%q, %v", id, err)
		}
	})
}

// FuzzAnswer: every answer is a result, a refusal or trouble, and can be told.
func FuzzAnswer(f *testing.F) {
	for status, body := range map[int]string{
		200: `{}`, 201: `{"verificationId":"v"}`, 400: `{"code":"a","message":"b"}`, 401: `{"error":"invalid_client"}`, 404: `{"code":5}`, 409: `{"code":"x"}`, 500: `<html>`, 302: ``,
	} {
		f.Add(status, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		var out struct {
			ID string `json:"verificationId"`
		}
		err := read(status, body, &out)
		var e *kyc.Error
		if err != nil && (!errors.As(err, &e) || e.Code == "" || kyc.CheckText(e.Detail, 1000) != "") {
			t.Errorf("%d: %v", status, err)
		}
		if ok := status >= 200 && status < 300; !ok && err == nil {
			t.Errorf("%d is a result", status)
		}
	})
}
