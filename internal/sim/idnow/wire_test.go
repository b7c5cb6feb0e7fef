package idnow

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// errorCause checks an error body and gives its cause.
func errorCause(t *testing.T, body []byte) string {
	t.Helper()
	var answer struct{ Errors []map[string]any }
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Errors) != 1 {
		t.Fatalf("no error body: %s", body)
	}
	for _, member := range []string{"cause", "errorType", "id", "key", "message", "translationKey"} {
		if _, ok := answer.Errors[0][member]; !ok {
			t.Errorf("error without %q: %s", member, body)
		}
	}
	return answer.Errors[0]["cause"].(string)
}

func TestErrors(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	key := map[string]string{"X-API-KEY": w.cfg.APIKey}
	cases := []struct {
		method, path string
		body         any
		header       map[string]string // nil is the session token
		want         string
	}{
		{"POST", "/login", `{"apiKey":"wrong"}`, map[string]string{}, "401 INVALID_LOGIN_TOKEN"},
		{"POST", "/login", `not json`, map[string]string{}, "400 UNPARSEABLE_JSON"},
		{"GET", "", nil, map[string]string{}, "401 INVALID_LOGIN_TOKEN"},
		{"GET", "", nil, map[string]string{"X-API-LOGIN-TOKEN": "made-up"}, "401 INVALID_LOGIN_TOKEN"},
		{"POST", "/identifications/tx/start", `{}`, map[string]string{}, "401 INVALID_LOGIN_TOKEN"},
		{"POST", "/identifications/tx/start", `{}`, map[string]string{"X-API-KEY": "wrong"}, "401 INVALID_LOGIN_TOKEN"},
		{"POST", "/identifications/tx/start", `{"name":"x"}`, key, "400 UNRECOGNIZED_FIELD"},
		{"POST", "/identifications/tx/start", `{"firstname":`, key, "400 UNPARSEABLE_JSON"},
		{"POST", "/identifications/tx/start", `null`, key, "400 UNPARSEABLE_JSON"},
		{"POST", "/identifications/tx/start", `{"birthday":"26.01.1984"}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/tx/start", `{"birthday":"1984-02-30"}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/tx/start", `{"gender":"female"}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/tx/start", `{"country":"Germany"}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/tx/start", `{"firstname":7}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/tx/start", `{"lastname":"a\u0000b"}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/tx/start", `{"questions":[1]}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/t.x/start", `{}`, key, "400 BAD_REQUEST"},
		{"POST", "/identifications/start", `{}`, key, "400 MISSING_TRANSACTION_TOKEN"},
		{"POST", "/identifications/tx/start", strings.Repeat(" ", 1<<20+1), key, "413 BAD_REQUEST"},
		{"GET", "/identifications/none", nil, nil, "404 OBJECT_NOT_FOUND"},
		{"GET", "/identifications/tx-1", nil, nil, "404 OBJECT_NOT_FOUND"},
		{"GET", "/identifications/tx-1.zip", nil, nil, "404 OBJECT_NOT_FOUND"},
		{"DELETE", "/identifications/none", nil, nil, "404 OBJECT_NOT_FOUND"},
		{"GET", "/nowhere", nil, nil, "404 OBJECT_NOT_FOUND"},
		{"PUT", "/identifications/tx-1", nil, nil, "405 BAD_REQUEST"},
		{"POST", "/identifications/tx-1/copy", `{"target_companyid":"other"}`, nil, "403 SECURITY_VIOLATION"},
		{"POST", "/identifications/tx-1/copy", `{"target_companyid":"identikitsandbox"}`, nil, "404 OBJECT_NOT_FOUND"},
		{"GET", "/identifications/tx-1/documents/x", nil, nil, "404 OBJECT_NOT_FOUND"},
		{"GET", "/identifications/tx-1/documents/x/signed", nil, nil, "412 PRECONDITION_FAILED"},
		{"POST", "/documentdefinitions", `{"name":"A","identifier":"Ä","mimeType":"application/pdf"}`, nil, "400 BAD_REQUEST"},
	}
	for _, c := range cases {
		send := func() (int, []byte) { return w.request(w.gateway.URL, c.method, c.path, c.body, c.header) }
		if c.header == nil {
			send = func() (int, []byte) { return w.call(c.method, c.path, c.body) }
		}
		status, answer := send()
		if got := fmt.Sprintf("%d %s", status, errorCause(t, answer)); got != c.want {
			t.Errorf("%s %s %.60v: %s, want %s", c.method, c.path, c.body, got, c.want)
		}
	}
	_, one := w.request(w.gateway.URL, "GET", "", nil, map[string]string{})
	_, two := w.request(w.gateway.URL, "GET", "", nil, map[string]string{})
	if string(one) == string(two) {
		t.Error("two errors have the same id")
	}
}

func TestOtherCompany(t *testing.T) {
	w := newWorld(t, nil)
	w.call("GET", "", nil)
	header := map[string]string{"X-API-LOGIN-TOKEN": w.token}
	w.cfg.CompanyID = "another"
	if status, answer := w.request(w.gateway.URL, "GET", "", nil, header); status != 401 || errorCause(t, answer) != "SECURITY_VIOLATION" {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := w.request(w.gateway.URL, "POST", "/login", map[string]string{"apiKey": w.cfg.APIKey}, nil); status != 401 || errorCause(t, answer) != "INVALID_LOGIN_TOKEN" {
		t.Errorf("%d %s", status, answer)
	}
}

func TestTokensLapse(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Dir = t.TempDir() })
	w.call("GET", "", nil)
	first := w.token
	for range 3 { // every use begins the hour anew, over a restart too
		w.advance(50 * time.Minute)
		w.open()
		w.token = first
		if status, _ := w.call("GET", "", nil); status != 200 {
			t.Fatalf("a token in use answers %d", status)
		}
	}
	w.advance(time.Hour + time.Second)
	if status, _ := w.call("GET", "", nil); status != 401 {
		t.Errorf("a token unused for an hour answers %d", status)
	}
	w.token = ""
	w.call("GET", "", nil)
	if w.token == first {
		t.Error("login gave the same token again")
	}
}

func TestStart(t *testing.T) {
	w := newWorld(t, nil)
	for i, header := range []map[string]string{{"X-API-KEY": w.cfg.APIKey}, {"X-Api_key": w.cfg.APIKey}, nil} {
		path := fmt.Sprintf("/identifications/tx_%d-A/start", i)
		send := func() (int, []byte) {
			if header == nil {
				return w.call("POST", path, `{"firstname":null,"questions":{"q":{"value":1}},"preferredLang":"de"}`)
			}
			return w.request(w.gateway.URL, "POST", path, `{}`, header)
		}
		status, answer := send()
		if status != 201 || !regexp.MustCompile(`^\{"id":"TST-[A-Z0-9]{5}"\}$`).Match(answer) {
			t.Errorf("%d %s", status, answer)
		}
		if status, again := send(); status != 200 || string(again) != string(answer) {
			t.Errorf("again: %d %s", status, again)
		}
	}
	w.start("tx-1", map[string]string{"city": "Köln"})
	w.start("tx-1", map[string]string{"city": "Bonn"})
	if got := w.server.session("tx-1").Data["city"]; got != "Bonn" {
		t.Errorf("city %s is not overwritten", got)
	}
	lenient := newWorld(t, func(cfg *Config) { cfg.Strict = false })
	if status, answer := lenient.tryStart("tx-1", map[string]string{"name": "x", "login": "y"}); status != 201 {
		t.Errorf("unknown fields, lenient: %d %s", status, answer)
	}
}

func TestRootAndHeaders(t *testing.T) {
	w := newWorld(t, nil)
	status, answer := w.call("GET", "", nil)
	want := `{"estimatedWaitingTime":60,"name":"Identikit Sandbox","shortcode":"TST","shortname":"identikitsandbox"}`
	if status != 200 || string(answer) != want {
		t.Errorf("%d %s", status, answer)
	}
	rec := record(w.server.Gateway(), "GET", "/api/v1/identikitsandbox", "")
	if h := rec.Header(); h.Get("Content-Type") != "application/json; charset=utf-8" || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("headers %v", h)
	}
	rec = record(w.server.Gateway(), "PATCH", "/api/v1/identikitsandbox/identifications/tx", "")
	if allow := rec.Header().Get("Allow"); rec.Code != 405 || allow != "GET, DELETE" {
		t.Errorf("%d, Allow %q", rec.Code, allow)
	}
}

func TestLists(t *testing.T) {
	w := newWorld(t, nil)
	for _, result := range []string{success, dataChanged, reviewPending, fraudPending, canceled, aborted, fraudConfirmed, "MYSTERY"} {
		w.start(result, nil)
		if err := w.server.SetResult(t.Context(), result, result, ""); err != nil {
			t.Fatal(err)
		}
	}
	w.start("open", nil)
	for query, want := range map[string]string{
		"": "[SUCCESS SUCCESS_DATA_CHANGED]", "?pending=true": "[FRAUD_SUSPICION_PENDING REVIEW_PENDING]", "?cancelled=true": "[CANCELED]",
		"?aborted=true": "[ABORTED]", "?failed=true": "[FRAUD_SUSPICION_CONFIRMED]",
	} {
		_, answer := w.call("GET", "/identifications"+query, nil)
		var list struct{ Identifications []result }
		if err := json.Unmarshal(answer, &list); err != nil || list.Identifications == nil {
			t.Fatalf("%s: %s", query, answer)
		}
		var got []string
		for _, r := range list.Identifications {
			got = append(got, r.Process.Tx)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: %v, want %s", query, got, want)
		}
	}
}

func TestDeleteAndCopy(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Dir = t.TempDir() })
	id := w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	w.advance(time.Hour)
	copyTo := map[string]string{"target_companyid": w.cfg.CompanyID, "target_transactionnumber": "tx-2"}
	status, answer := w.call("POST", "/identifications/tx-1/copy", copyTo)
	if status != 201 || strings.Contains(string(answer), id) {
		t.Errorf("copy: %d %s", status, answer)
	}
	if status, _ := w.call("POST", "/identifications/tx-1/copy", copyTo); status != 409 {
		t.Errorf("copy to a taken number: %d", status)
	}
	if status, _ := w.call("DELETE", "/identifications/tx-1", nil); status != 200 {
		t.Errorf("delete: %d", status)
	}
	w.open()
	if status, _ := w.get("tx-1"); status != 404 {
		t.Errorf("deleted: %d", status)
	}
	if _, r := w.get("tx-2"); r.Process.Href != "/api/v1/identikitsandbox/identifications/tx-2.zip" || r.Attachments["pdf"] != "tx-2.pdf" {
		t.Errorf("copy: %+v", r.Process)
	}
}

func TestDocuments(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Dir = t.TempDir() })
	expect := func(method, path string, body any, wantStatus int, want string) {
		t.Helper()
		status, answer := w.call(method, path, body)
		if status != wantStatus || !strings.Contains(string(answer), want) {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, status, answer, wantStatus, want)
		}
	}
	contract := map[string]any{"optional": false, "name": "Contract", "identifier": "doc1", "mimeType": "application/pdf", "sortOrder": 1}
	expect("POST", "/documentdefinitions", contract, 201, "{}")
	expect("POST", "/documentdefinitions", contract, 200, "{}")
	contract["identifier"] = "doc0"
	expect("POST", "/documentdefinitions", contract, 201, "{}")
	expect("POST", "/documentdefinitions/doc0/data", "%PDF default", 200, "")
	expect("GET", "/documentdefinitions/doc0/data", nil, 200, "%PDF default")
	w.start("tx-1", nil)
	w.open()
	expect("GET", "/documentdefinitions", nil, 200, `[{"name":"Contract","identifier":"doc0"`)
	expect("GET", "/documentdefinitions/doc1", nil, 200, `"sortOrder":2`)
	expect("GET", "/identifications/tx-1/documents", nil, 200, `"status":"UPLOADED"`)
	expect("GET", "/identifications/tx-1/documents/doc1", nil, 200, `"status":"NEED_UPLOAD"`)
	id := w.server.session("tx-1").ID
	expect("POST", "/identifications/"+id+"/documents/doc1", `{"version":"2","signatures":{"a":{"position":{}}}}`, 200, `"version":"2"`)
	expect("POST", "/identifications/tx-1/documents/doc1/data", "bytes", 200, "")
	expect("GET", "/identifications/tx-1/documents/doc1", nil, 200, `"displayHash":"2770-89d9-1c0b"`)
	v := w.visit("tx-1")
	v.send(landingForm...)
	expect("POST", "/identifications/tx-1/documents/doc1/data", "bytes", 412, "PRECONDITION_FAILED")
}

func TestRobotAPI(t *testing.T) {
	w := newWorld(t, nil)
	id := w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	w.start("tx-2", nil)
	key := map[string]string{"X-API_KEY": w.cfg.APIKey}
	status, answer := w.request(w.robot.URL, "POST", "/identifications/tx-1/start", `{}`, key)
	for _, part := range []string{`"internalToken":"` + id, `"testRobotName":"happypath"`, `"status":"STARTED"`, `"positionInQueue":null`} {
		if status != 200 || !strings.Contains(string(answer), part) {
			t.Errorf("%d %s, want %s", status, answer, part)
		}
	}
	if status, answer := w.request(w.robot.URL, "POST", "/identifications/tx-1/requestVideoChat", `{}`, nil); status != 200 || string(answer) != "{}" {
		t.Errorf("%d %s", status, answer)
	}
	w.advance(time.Hour)
	if n := len(w.company.take()); n != 1 {
		t.Errorf("%d pushes: the robot calls have changed something", n)
	}
	for path, want := range map[string]string{
		"/identifications/none/start": "404 OBJECT_NOT_FOUND", "/identifications/tx-2/start": "412 PRECONDITION_FAILED",
		"/nowhere": "404 OBJECT_NOT_FOUND",
	} {
		status, answer := w.request(w.robot.URL, "POST", path, `{}`, key)
		if got := fmt.Sprintf("%d %s", status, errorCause(t, answer)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if status, _ := w.request(w.robot.URL, "POST", "/identifications/tx-1/start", `{}`, nil); status != 401 {
		t.Errorf("robot start without a key: %d", status)
	}
}
