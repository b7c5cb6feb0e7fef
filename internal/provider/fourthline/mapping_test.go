package fourthline

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// TestCodesAreWhole: every code of the firm's ranges has one word of ours, and no other has any.
func TestCodesAreWhole(t *testing.T) {
	for code := range 10000 {
		want, reason := kyc.NotUnderstood, ""
		switch {
		case code >= 100 && code <= 199 || code == 1000:
			want = kyc.DataAccepted
		case code >= 1001 && code <= 1999:
			want, reason = kyc.FailedForGood, kyc.ReasonInvalidData
		case code >= 2000 && code <= 3999:
			want, reason = kyc.FailedForGood, kyc.ReasonInconsistentData
		case code >= 4000 && code <= 5000:
			want = kyc.DataRejected
		}
		if ev, why := event("completed", code); ev != want || why != reason {
			t.Errorf("completed %d: %s %q, want %s %q", code, ev, why, want, reason)
		}
		for _, status := range []string{"invalid_data", "archived"} {
			if ev, _ := event(status, code); ev == kyc.DataAccepted || want != kyc.DataAccepted && ev != want {
				t.Errorf("%s %d: %s", status, code, ev)
			}
		}
	}
	for i, c := range codes {
		if c.first > c.last || i > 0 && c.first <= codes[i-1].last {
			t.Errorf("the range from %d to %d is out of order", c.first, c.last)
		}
	}
}

func TestReadStatus(t *testing.T) {
	const ours = "6dc54352d6793a892e0702850d07b831cidt"
	answer := func(status, code string) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"verificationId":"v","clientReference":%q,"status":%q,"statusCode":%s,"updatedAt":"2026-05-01T12:00:00.123Z"}`, ours, status, code))
	}
	for _, c := range []struct {
		status, code string
		event        kyc.Event
		result, text string
	}{
		{"completed", `1000`, kyc.DataAccepted, "completed 1000", "1000"},
		{"completed", `"1000"`, kyc.DataAccepted, "completed 1000", "1000"},
		{"completed", `null`, kyc.NotUnderstood, "completed", ""},
		{"completed", `[1000]`, kyc.NotUnderstood, "completed", ""},
		{"completed", `1000.5`, kyc.NotUnderstood, "completed", ""},
		{"completed", `-1000`, kyc.NotUnderstood, "completed", ""},
		{"completed", `99999999999999999999`, kyc.NotUnderstood, "completed", ""},
		{"invalid_data", `1036`, kyc.FailedForGood, "invalid_data 1036", "1036"},
		{"invalid_data", `1000`, kyc.NotUnderstood, "invalid_data 1000", "1000"},
		{"a\n", `1036`, kyc.FailedForGood, "not_readable 1036", "1036"},
	} {
		f, err := readStatus(ours, answer(c.status, c.code))
		if err != nil || f.Event != c.event || f.Result != c.result || f.StatusCode != c.text {
			t.Errorf("%q %s: %s %q %q, %v", c.status, c.code, f.Event, f.Result, f.StatusCode, err)
		}
	}
	for _, status := range []string{"new", "pending"} { // whatever the code: 1000 is "under review" there
		if _, err := readStatus(ours, answer(status, "1000")); !errors.Is(err, provider.ErrNoResult) {
			t.Errorf("%s: %v", status, err)
		}
	}
	for name, raw := range map[string]json.RawMessage{
		"another": json.RawMessage(`{"clientReference":"other","status":"completed","statusCode":1000,"updatedAt":"2026-05-01T12:00:00Z"}`),
		"empty":   json.RawMessage(`{}`), "null": json.RawMessage(`null`), "list": json.RawMessage(`[]`), "no JSON": json.RawMessage(`{`),
		"no status": answer("", "1000"), "no time": json.RawMessage(`{"clientReference":"` + ours + `","status":"completed","statusCode":1000,"updatedAt":"soon"}`),
	} {
		if _, err := readStatus(ours, raw); !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReceive(t *testing.T) {
	const ours = "6dc54352d6793a892e0702850d07b831cidt"
	for _, p := range []provider.Push{
		{Tail: "2b1c-verification", Body: []byte(`{"clientReference":"` + ours + `"}`)},
		{Tail: ours}, {Tail: ours, Body: []byte(`{}`)}, {Tail: ours, Body: []byte(`<html>`)}, {Tail: ours, Body: []byte(`{"clientReference":5}`)},
	} {
		if id, err := (receiver{}).Receive(p); err != nil || id != ours {
			t.Errorf("%s %s: %q, %v", p.Tail, p.Body, id, err)
		}
	}
	for _, p := range []provider.Push{{}, {Tail: "2b1c-verification"}, {Tail: ours + "/x"}, {Body: []byte(`{"clientReference":"../` + ours + `"}`)}} {
		if id, err := (receiver{}).Receive(p); !kyc.IsKind(err, kyc.Invalid) || id != "" {
			t.Errorf("%s %s: %q, %v", p.Tail, p.Body, id, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for url, good := range map[string]bool{
		"https://production.api.fourthline.com": true, "https://production.api.fourthline.com/": true, "http://127.0.0.1:8090": true, "http://localhost:1": true,
		"http://fourthline.example": false, "https://fourthline.example/v1": false, "fourthline.example": false, "": false, "https://a:b@fourthline.example": false,
		"https://fourthline.example?x=1": false, "ftp://fourthline.example": false,
	} {
		if err := (Config{URL: url, ClientID: "a", ClientSecret: "b"}).Check(); (err == nil) != good {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, c := range []Config{{URL: "https://x.example", ClientID: "a"}, {URL: "https://x.example", ClientSecret: "b"}} {
		if c.Check() == nil {
			t.Errorf("%+v is enough", c)
		}
	}
}
