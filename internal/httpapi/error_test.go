package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
)

func TestUnknownPaths(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v1/nothing", "/v2/persons", "/oauth2", "/oauth2/token/", "/v1/persons/", "/v1//persons", "//v1/persons",
		"/v1/persons/" + person + "/", "/v1/persons/" + person + "/nothing", "/v1/persons/../persons", "/v1/./persons", "/../v1/persons",
		"/v1/persons/%2e%2e/persons", "/V1/persons", "/v1/Persons", "/v1/persons/" + person + "/identifications/", "/docs/", "/openapi.json",
		"/sandbox", "/sandbox/", "/inbound/idnow/guess", "/inbound/nobody/x", "/healthz", "/metrics", "/v1/persons%00",
	} {
		for _, headers := range [][]string{bearer(l), nil} {
			for _, method := range []string{"GET", "POST"} {
				if strings.HasPrefix(path, "/inbound") && method == "GET" {
					continue // a known path
				}
				status, h, body := send(t, l, method, path, "", headers...)
				if status != 404 || h.Get("Content-Type") != "application/json" {
					t.Errorf("%s %s: %d %s %.100s", method, path, status, h.Get("Content-Type"), body)
					continue
				}
				readRefusal(t, status, body)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	for _, c := range []struct{ method, path, allow string }{
		{"PUT", "/v1/persons", "GET, POST"}, {"DELETE", "/v1/persons", "GET, POST"}, {"OPTIONS", "/v1/persons", "GET, POST"},
		{"DELETE", "/v1/persons/x", "GET, PATCH"}, {"POST", "/v1/persons/x/identifications/y/request", "PATCH"}, {"GET", "/oauth2/token", "POST"},
		{"PATCH", "/v1/webhooks/x", "DELETE, GET"}, {"POST", "/docs", "GET"}, {"BREW", "/v1/persons", "GET, POST"}, {"get", "/v1/persons", "GET, POST"},
		{"GET", "/inbound/idnow/x", "POST"},
	} {
		for _, headers := range [][]string{bearer(l), nil} {
			status, h, body := send(t, l, c.method, c.path, "", headers...)
			if status != 405 || h.Get("Allow") != c.allow {
				t.Errorf("%s %s: %d, Allow %q: %s", c.method, c.path, status, h.Get("Allow"), body)
				continue
			}
			if r := readRefusal(t, status, body); r.Code != "method_not_allowed" {
				t.Errorf("%s", body)
			}
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := "/v1/persons/" + l.Person("Antonia")
	for path, want := range map[string]int{"/v1/persons": 200, person: 200, "/v1/persons/nobody": 404, "/v1/nothing": 404, "/docs": 200, "/openapi.yaml": 200, "/oauth2/token": 405} {
		status, h, body := send(t, l, "HEAD", path, "", bearer(l)...)
		if status != want || len(body) != 0 || h.Get("Content-Type") == "" {
			t.Errorf("HEAD %s: %d, %d bytes, %v", path, status, len(body), h)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	const limit = 1 << 20
	padded := func(n int) string { // an object of n bytes
		return `{"shoe_size":"` + strings.Repeat("x", n-len(`{"shoe_size":""}`)) + `"}`
	}
	for _, c := range []struct {
		name, kind, body string
		status           int
		code             string
	}{
		{"1 MiB", "application/json", padded(limit), 201, ""},
		{"1 MiB and a byte", "application/json", padded(limit + 1), 413, "payload_too_large"},
		{"much more", "application/json", padded(3 * limit), 413, "payload_too_large"},
		{"too much of nothing", "application/json", strings.Repeat(" ", limit+1), 413, "payload_too_large"},
		{"no type", "", `{}`, 201, ""},
		{"charset", "application/json; charset=utf-8", `{}`, 201, ""},
		{"+json", "application/vnd.api+json", `{}`, 201, ""},
		{"capitals", "Application/JSON", `{}`, 201, ""},
		{"another type without a body", "text/plain", ``, 201, ""},
		{"another type with blanks", "text/plain", " \n", 201, ""},
		{"a form", "application/x-www-form-urlencoded", `a=b`, 415, "unsupported_media_type"},
		{"XML", "text/xml", `<a/>`, 415, "unsupported_media_type"},
		{"JSON as text", "text/plain", `{}`, 415, "unsupported_media_type"},
		{"a type that is none", "json;;", `{}`, 415, "unsupported_media_type"},
		{"cut off", "application/json", `{"first_name":"A"`, 400, "invalid_json"},
		{"trailing data", "application/json", `{} {}`, 400, "invalid_json"},
		{"trailing comma", "application/json", `{"first_name":"A",}`, 400, "invalid_json"},
		{"trailing brace", "application/json", `{}}`, 400, "invalid_json"},
		{"single quotes", "application/json", `{'a':1}`, 400, "invalid_json"},
		{"a comment", "application/json", `{}//`, 400, "invalid_json"},
		{"NaN", "application/json", `{"expected_monthly_revenue_cents":NaN}`, 400, "invalid_json"},
		{"byte order mark", "application/json", "\ufeff{}", 400, "invalid_json"},
		{"invalid UTF-8 in a value", "application/json", "{\"first_name\":\"\xff\"}", 400, "invalid_json"},
		{"invalid UTF-8 in a key", "application/json", "{\"\xc3\x28\":1}", 400, "invalid_json"},
		{"NUL", "application/json", "{}\x00", 400, "invalid_json"},
		{"deep", "application/json", `{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, 400, "invalid_json"},
		{"deep and open", "application/json", strings.Repeat(`{"a":`, 20_000), 400, "invalid_json"},
		{"array", "application/json", `[]`, 400, "type_error"},
		{"array of objects", "application/json", `[{}]`, 400, "type_error"},
		{"text", "application/json", `"x"`, 400, "type_error"},
		{"number", "application/json", `5`, 400, "type_error"},
		{"true", "application/json", `true`, 400, "type_error"},
		{"null", "application/json", `null`, 201, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers := append(bearer(l), "Content-Type", c.kind)
			if c.kind == "" {
				headers = bearer(l)
			}
			status, _, body := send(t, with(t, l), "POST", "/v1/persons", c.body, headers...)
			if status != c.status {
				t.Fatalf("%d: %.300s", status, body)
			}
			if status != 201 {
				if r := readRefusal(t, status, body); r.Code != c.code {
					t.Errorf("%.300s", body)
				}
			}
		})
	}
	// chunked, so that no length is announced
	req, err := http.NewRequest("POST", l.APIURL+"/v1/persons", io.MultiReader(strings.NewReader(padded(limit)), strings.NewReader(" ")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+l.Token)
	if status, _, body := l.Send(req); status != 413 {
		t.Errorf("chunked: %d %s", status, body)
	}
	// who is not known is told so first
	if status, _, _ := send(t, l, "POST", "/v1/persons", padded(3*limit)); status != 401 {
		t.Errorf("%d without a token", status)
	}
}

// TestRawRequests are those that Go's client would not send.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	host := strings.TrimPrefix(l.APIURL, "http://")
	for _, c := range []struct {
		name, head string
		status     int
		ours       bool // answered by us, not by net/http
	}{
		{"dots", "GET /v1/../v1/persons HTTP/1.1", 404, true},
		{"an absolute target", "GET http://" + host + "/docs HTTP/1.1", 200, true},
		{"a fragment", "GET /v1/persons#x HTTP/1.1", 404, true},
		{"CONNECT", "CONNECT " + host + " HTTP/1.1", 404, true},
		{"a broken escape", "GET /v1/%zz HTTP/1.1", 400, false},
		{"a blank in the target", "GET /v1/ persons HTTP/1.1", 400, false},
		{"a huge header", "GET /docs HTTP/1.1\r\nX-Huge: " + strings.Repeat("x", 128<<10), 431, false},
		{"no HTTP", "HELLO", 400, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() { _, _ = io.WriteString(conn, c.head+"\r\nHost: "+host+"\r\nConnection: close\r\n\r\n") }() // it may be cut
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || (c.ours && resp.Header.Get("X-Request-Id") == "") || (c.status >= 400 && bytes.Contains(body, []byte("<"))) {
				t.Errorf("%d %v %.200s", resp.StatusCode, resp.Header, body)
			}
			if c.ours && resp.StatusCode >= 400 {
				readRefusal(t, resp.StatusCode, body)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for given, echoed := range map[string]bool{
		"": false, "order-4711": true, strings.Repeat("a", 64): true, "6dc54352-d679-4a89-8e07-02850d07b831": true,
		"short": false, strings.Repeat("a", 65): false, "with blank": false, "under_score": false, "<script>": false, "äääääääää": false,
	} {
		for _, path := range []string{"/v1/persons", "/v1/nothing", "/docs"} {
			_, h, _ := send(t, l, "GET", path, "", append(bearer(l), "X-Request-Id", given)...)
			got := h.Get("X-Request-Id")
			if (echoed && got != given) || (!echoed && !uuid.MatchString(got)) {
				t.Errorf("%s: %q became %q", path, given, got)
			}
		}
	}
}

// TestErrorIDInLog: an error's ids, all of them, are found in the log.
func TestErrorIDInLog(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.Log = log.logger() })
	r := refused(t, l, 400, "invalid_model", "POST", "/v1/persons", object{"salutation": "X", "birth_date": "X"})
	if len(r.Errors) != 2 {
		t.Fatalf("%v", r)
	}
	for _, e := range r.Errors {
		if !strings.Contains(log.String(), e.ID) {
			t.Errorf("%s is not in the log", e.ID)
		}
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	w := httpapi.Serve(log.logger(), httptest.NewRequest("GET", "/v1/persons", nil), func(http.ResponseWriter) error { panic("oh no") })
	if w.Code != 500 || w.Header().Get("X-Request-Id") == "" || strings.Contains(w.Body.String(), "oh no") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	r := readRefusal(t, 500, w.Body.Bytes())
	if r.Code != "generic_error" || r.Detail != "There was an error." {
		t.Errorf("%s", w.Body)
	}
	for _, word := range []string{"oh no", r.ID, w.Header().Get("X-Request-Id"), "error_test.go"} {
		if !strings.Contains(log.String(), word) {
			t.Errorf("the log lacks %q: %s", word, log)
		}
	}
}

// TestPanicUnderWay: what has begun is cut, not finished.
func TestPanicUnderWay(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("%v", p)
		}
	}()
	httpapi.Serve(slog.New(slog.DiscardHandler), httptest.NewRequest("GET", "/v1/persons", nil), func(w http.ResponseWriter) error {
		w.WriteHeader(200)
		return errors.New("the disk is gone")
	})
	t.Error("the answer was finished")
}

var update = flag.Bool("update", false, "write testdata/errors anew")

var (
	uuidForm = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	idForm   = regexp.MustCompile(`[0-9a-f]{32}`)
	firmForm = regexp.MustCompile(`\\"id\\"=>\\"[0-9]+\\"`) // the provider's own id of an error
)

// golden compares an error body with its document in testdata/errors.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	got := idForm.ReplaceAllString(uuidForm.ReplaceAllString(b.String(), "<uuid>"), "<id>") + "\n"
	got = firmForm.ReplaceAllString(got, `\"id\"=>\"<id>\"`)
	file := filepath.Join("testdata", "errors", strings.ReplaceAll(strings.ToLower(name), " ", "_")+".json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./internal/httpapi -run TestErrorDocuments -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
	}
}

// TestErrorDocuments shows the whole body of each error code.
func TestErrorDocuments(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = day(t, "2031-08-31T10:00:00Z") })
	person := "/v1/persons/" + l.Person("Antonia")
	ident := create(l, path.Base(person))
	receiver, _ := callouts(t, 500)
	bearer := bearer(l)
	asJSON := append(bearer, "Content-Type", "application/json")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	refuses := l.Call(201, "POST", "/v1/persons", object{"first_name": "X-AUTOTEST-NOSUCHCASE", "last_name": "Muster"})["id"].(string)
	refusing := create(l, refuses)
	done := l.Identify("Berta")
	end(l, done, "SUCCESS", "")
	once(t, l, "document", "/v1/persons", `{}`)
	l.Call(201, "POST", person+"/mobile_number", object{"number": "+4915112345678"})
	file := person + "/documents/" + uploaded(t, l, person+"/documents")["id"].(string) + "/file"
	for _, c := range []struct {
		code, method, path, body string
		headers                  []string
	}{
		{"invalid_model", "POST", "/v1/persons", `{"salutation":"MX","last_name":"` + strings.Repeat("x", 51) + `","address":{"country":"de"},"first_name":5}`, asJSON},
		{"validation_error", "GET", "/v1/persons?page[size]=0&sort=name", "", bearer},
		{"type_error", "POST", "/v1/persons", `{"fatca_relevant":"yes"}`, asJSON},
		{"invalid_json", "POST", "/v1/persons", `{`, asJSON},
		{"invalid_webhook_url", "POST", "/v1/webhooks", `{"event_type":"IDENTIFICATION","url":"` + receiver + `"}`, asJSON},
		{"unsafe_webhook_url", "POST", "/v1/webhooks", `{"event_type":"IDENTIFICATION","url":"http://bank.example/"}`, asJSON},
		{"idnow_error", "PATCH", refusing + "/request", "", bearer},
		{"deprecated_params", "PATCH", person, `{"first_name":"A","birth_date":"B"}`, asJSON},
		{"token_required", "GET", "/v1/persons", "", nil},
		{"invalid_token", "GET", "/v1/persons", "", []string{"Authorization", "Bearer x"}},
		{"invalid_client", "POST", "/oauth2/token", "grant_type=client_credentials&client_id=a&client_secret=b", form},
		{"unsupported_grant_type", "POST", "/oauth2/token", "grant_type=password", form},
		{"unauthorized_action", "POST", person + "/identifications", `{"method":"postident"}`, asJSON},
		{"Unauthorized Change Request", "PATCH", person, `{"address":{"city":"Bonn"}}`, asJSON},
		{"invalid_tan", "POST", person + "/mobile_number/confirm", `{"number":"+4915112345678","token":"1"}`, asJSON},
		{"mobile_number_exists", "POST", person + "/mobile_number", `{"number":"+4915112345678"}`, asJSON},
		{"model_not_found", "GET", "/v1/persons/nobody", "", bearer},
		{"invalid_identification_status", "PATCH", done + "/request", "", bearer},
		{"unprocessable_entity", "POST", "/v1/persons", `{"email":"a@b.de"}`, append(asJSON, "Idempotency-Key", "document")},
		{"not_found", "GET", "/v1/nothing", "", bearer},
		{"method_not_allowed", "DELETE", "/v1/persons", "", bearer},
		{"payload_too_large", "POST", "/v1/persons", strings.Repeat(" ", 1<<20+1), asJSON},
		{"bad_request", "POST", person + "/documents", "--b--", append(bearer, "Content-Type", "multipart/form-data; boundary=b")},
		{"range_not_satisfiable", "GET", file, "", append(bearer, "Range", "bytes=1000-")},
		{"precondition_failed", "GET", file, "", append(bearer, "If-Match", `"other"`)},
		{"unsupported_media_type", "POST", "/v1/persons", `<person/>`, append(bearer, "Content-Type", "text/xml")},
	} {
		t.Run(c.code, func(t *testing.T) {
			status, _, body := send(t, with(t, l), c.method, c.path, c.body, c.headers...)
			if r := readRefusal(t, status, body); r.Code != c.code {
				t.Fatalf("%s", body)
			}
			golden(t, c.code, body)
		})
	}
	change(t, l, withSecret(t, "s3cret"))
	_, _, body := l.Do("PATCH", ident+"/request", nil)
	golden(t, "invalid_secret", body)

	// those that need bad luck
	for code, err := range map[string]error{
		"generic_error":         fmt.Errorf("read: %w", context.DeadlineExceeded),
		"bad_gateway":           kyc.Fail(kyc.BadGateway, "bad_gateway", "The identification provider cannot be reached."),
		"service_unavailable":   &kyc.Error{Kind: kyc.Unavailable, Code: "service_unavailable", RetryAfter: time.Second, Detail: "The identification provider is not called at the moment."},
		"gateway_timeout":       kyc.Fail(kyc.Timeout, "gateway_timeout", "The identification provider did not answer in time."),
		"too_many_requests":     httpapi.ErrBusy(httpapi.DefaultConcurrent),
		"not_implemented_error": kyc.Fail(kyc.NotImplemented, "not_implemented_error", "This server cannot send text messages."),
		"record_not_unique":     kyc.Fail(kyc.Conflict, "record_not_unique", "Somebody else changed it at the same time."),
		"identification_attempts_exceeded": kyc.Fail(kyc.PreconditionFailed, "identification_attempts_exceeded",
			"There are more than %d unsuccessful attempts", kyc.MaxUnsuccessful),
	} {
		w := httpapi.Serve(slog.New(slog.DiscardHandler), httptest.NewRequest("GET", "/v1/persons", nil), func(http.ResponseWriter) error { return err })
		if r := readRefusal(t, w.Code, w.Body.Bytes()); r.Code != code {
			t.Errorf("%s", w.Body)
		}
		golden(t, code, w.Body.Bytes())
	}
}
