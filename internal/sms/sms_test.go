package sms_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/sms"
)

func TestText(t *testing.T) {
	t.Parallel()
	status := 202
	var got *http.Request
	var body []byte
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
	}))
	t.Cleanup(gateway.Close)
	g := sms.Gateway{URL: gateway.URL + "/messages?key=s3cret", Token: "t0ken", From: "Bank", Agent: "identikit/1", Client: gateway.Client()}
	if err := g.Text(t.Context(), "id1", "+4915112345678", "123456 is your code"); err != nil {
		t.Fatal(err)
	}
	var message map[string]string
	if err := json.Unmarshal(body, &message); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"id": "id1", "to": "+4915112345678", "from": "Bank", "text": "123456 is your code"}
	for name, value := range want {
		if message[name] != value {
			t.Errorf("%s is %q", name, message[name])
		}
	}
	if len(message) != len(want) || got.Method != "POST" || got.URL.RequestURI() != "/messages?key=s3cret" || got.Header.Get("Authorization") != "Bearer t0ken" ||
		got.Header.Get("Idempotency-Key") != "id1" || got.UserAgent() != "identikit/1" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v %v", message, got)
	}
	for code, final := range map[int]bool{400: true, 401: true, 404: true, 422: true, 302: false, 408: false, 425: false, 429: false, 500: false, 503: false} {
		status = code
		err := g.Text(t.Context(), "id1", "+4915112345678", "123456")
		if err == nil || errors.Is(err, flow.ErrTextRefused) != final {
			t.Errorf("%d: %v", code, err)
		}
	}
	gateway.Close()
	err := g.Text(t.Context(), "id1", "+4915112345678", "123456")
	if err == nil || errors.Is(err, flow.ErrTextRefused) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "+49") {
		t.Errorf("%v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for url, good := range map[string]bool{
		"https://sms.example/messages": true, "http://127.0.0.1:99/": true, "http://localhost/": true, "http://[::1]:1/": true,
		"http://sms.example/": false, "sms.example": false, "https://": false, "ftp://localhost/": false, "": false,
	} {
		if err := (sms.Gateway{URL: url}).Check(); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
}
