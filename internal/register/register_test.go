package register

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

var anna = kyc.Attributes{
	"first_name": "Anna", "last_name": "Muster", "birth_date": "1984-01-26", "address.line_1": "Hauptstraße 1", "address.postal_code": "10115",
	"address.city": "Berlin", "address.country": "DE", "email": "anna@example.com",
}

func TestMatch(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	answer := `{"match":true}`
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, body = r, string(b)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(gateway.Close)
	c := Client{URL: gateway.URL + "/matches?key=s3cret", Token: "t0ken", Agent: "identikit/1", HTTP: gateway.Client()}
	if found, err := c.Match(t.Context(), anna, "DE89370400440532013000"); err != nil || !found {
		t.Errorf("%v, %v", found, err)
	}
	const want = `{"first_name":"Anna","last_name":"Muster","birth_date":"1984-01-26","address":{"city":"Berlin","country":"DE","line_1":"Hauptstraße 1","line_2":null,` +
		`"postal_code":"10115","state":null},"iban":"DE89370400440532013000"}`
	if body != want {
		t.Errorf("asked %s\nwant %s", body, want)
	}
	if got.Method != "POST" || got.URL.RequestURI() != "/matches?key=s3cret" || got.Header.Get("Authorization") != "Bearer t0ken" ||
		got.UserAgent() != "identikit/1" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v", got)
	}
	answer, c.Token = `{"match":false,"since":"2020"}`, ""
	if found, err := c.Match(t.Context(), kyc.Attributes{}, ""); err != nil || found || got.Header.Get("Authorization") != "" ||
		!strings.HasPrefix(body, `{"first_name":null,`) || !strings.HasSuffix(body, `"iban":null}`) {
		t.Errorf("%v, %v: %s", found, err, body)
	}
}

// TestTrouble: what is no answer is no yes, and says nothing of the question.
func TestTrouble(t *testing.T) {
	t.Parallel()
	status, text := 200, ""
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text == "hang" {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Location", "/elsewhere")
		if r.URL.Path == "/elsewhere" {
			t.Error("the question was sent on")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(gateway.Close)
	c := Client{URL: gateway.URL + "/?key=s3cret", HTTP: gateway.Client()}
	match := func(ctx context.Context, want kyc.Kind) {
		t.Helper()
		found, err := c.Match(ctx, anna, "DE89370400440532013000")
		if found || !kyc.IsKind(err, want) {
			t.Errorf("%d %.30q: %v, %v", status, text, found, err)
			return
		}
		for _, secret := range []string{"s3cret", "Anna", "Muster", "DE89", "1984"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows %s: %v", secret, err)
			}
		}
	}
	for _, text = range []string{"", "{}", "null", "true", `{"match":null}`, `{"match":"true"}`, `{"match":1}`, "<html>", `{"match":true`, `{"match":true}` + strings.Repeat(" ", maxAnswer)} {
		match(t.Context(), kyc.BadGateway)
	}
	text = `{"match":true}`
	for _, status = range []int{201, 204, 302, 307, 308, 400, 401, 404, 422, 429, 500, 503} {
		match(t.Context(), kyc.BadGateway)
	}
	text = "hang"
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	match(ctx, kyc.Timeout)
	gateway.Close()
	match(t.Context(), kyc.BadGateway)
	c.URL = "http://[::1"
	match(t.Context(), kyc.BadGateway)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for url, good := range map[string]bool{
		"https://register.example/matches": true, "http://127.0.0.1:99/": true, "http://localhost/": true, "http://[::1]:1/": true,
		"http://register.example/": false, "register.example": false, "https://": false, "ftp://localhost/": false, "": false,
	} {
		if err := (Client{URL: url}).Check(); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
}
