package client_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
)

func TestReadError(t *testing.T) {
	t.Parallel()
	const list = `{"errors":[{"id":"a95f2aaf","status":400,"code":"invalid_model","title":"Invalid Model","detail":"last_name can't be blank",
		"source":{"field":"last_name","message":"can't be blank"}},{"id":"b","status":400,"code":"type_error","title":"Type Error",
		"detail":"email must be a string","source":{"field":"email","message":"must be a string"}}],"backtrace":["x"]}`
	const single = `{"id":"a95f2aaf","status":"412","code":"identification_attempts_exceeded","title":"Identification Attempts Exceeded","details":"There are more than 19 unsuccessful attempts"}`
	for name, c := range map[string]struct {
		status      int
		contentType string
		body        string
		want        string // by Error
		code        string
		entries     int
	}{
		"the list":         {400, "application/json", list, "identikit: 400 invalid_model: last_name can't be blank; email must be a string (request r)", "type_error", 2},
		"the top level":    {412, "application/json", single, "identikit: 412 identification_attempts_exceeded: There are more than 19 unsuccessful attempts (request r)", client.CodeAttemptsExceeded, 1},
		"both":             {412, "application/json", `{"errors":[` + strings.Replace(single, `"412"`, `412`, 1) + `],` + single[1:], "identikit: 412 identification_attempts_exceeded: There are more than 19 unsuccessful attempts (request r)", client.CodeAttemptsExceeded, 1},
		"OAuth":            {401, "application/json", `{"error":"invalid_client","error_description":"wrong"}`, "identikit: 401 invalid_client: wrong (request r)", client.CodeInvalidClient, 1},
		"a page":           {502, "text/html; charset=utf-8", "<html>secret</html>", "identikit: 502: the answer is no error of the API (text/html, 19 bytes) (request r)", "", 1},
		"nothing":          {503, "", "", "identikit: 503: the answer is no error of the API (it is empty) (request r)", "", 1},
		"other JSON":       {500, "application/json", `{"message":"boom"}`, "identikit: 500: the answer is no error of the API (application/json, 18 bytes) (request r)", "", 1},
		"JSON of no shape": {500, "application/json", `{"errors":"boom","code":7}`, "identikit: 500: the answer is no error of the API (application/json, 26 bytes) (request r)", "", 1},
	} {
		e := client.ReadError(c.status, http.Header{"Content-Type": {c.contentType}, "X-Request-Id": {"r"}}, []byte(c.body))
		if e.Error() != c.want || e.Status != c.status || len(e.Entries) != c.entries || e.Entries[0].Status != c.status {
			t.Errorf("%s: %v %+v", name, e, *e)
		}
		wrapped := fmt.Errorf("create the customer: %w", e)
		if !client.IsCode(wrapped, c.code) || client.IsCode(wrapped, "other") || asError(t, wrapped) != e {
			t.Errorf("%s: the code is not found", name)
		}
	}
	if client.IsCode(nil, "") || client.IsCode(http.ErrServerClosed, "") {
		t.Error("a code of what is no error of the API")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999999999": 0, "100000": 24 * time.Hour, later: time.Hour,
		"Mon, 02 Jan 2006 15:04:05 GMT": 0,
	} {
		got := client.ReadError(429, http.Header{"Retry-After": {text}}, nil).RetryAfter
		if diff := want - got; diff < 0 || diff > time.Minute {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestErrorsOfTheServer reads every error that the server's tests keep, and finds
// a constant for its code.
func TestErrorsOfTheServer(t *testing.T) {
	t.Parallel()
	constants, err := os.ReadFile("error.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../internal/httpapi/testdata/errors/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := client.ReadError(400, http.Header{"Content-Type": {"application/json"}}, body)
		code := strings.TrimSuffix(filepath.Base(file), ".json")
		if strings.ReplaceAll(strings.ToLower(e.Code), " ", "_") != code || e.ID == "" || e.Title == "" || e.Detail == "" || e.Entries[0].Status < 400 {
			t.Errorf("%s: %+v", file, *e)
		}
		if !strings.Contains(string(constants), strconv.Quote(e.Code)) {
			t.Errorf("there is no constant for %q", e.Code)
		}
	}
}
