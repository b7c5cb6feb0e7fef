package testkit

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/identikit/identikit/internal/kyc"
)

func contract(t *testing.T) *Contract {
	t.Helper()
	c, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContractCheck(t *testing.T) {
	const (
		person  = "/v1/persons/dc1a6812a14f6cc338cd084208535bcdcper"
		webhook = "/v1/webhooks/4c6f93d4c8d427927257e2ce734a5a10"
		good    = `{"id":"4c6f93d4c8d427927257e2ce734a5a10","event_type":"IDENTIFICATION","url":"https://bank.example/","secret":null,"paused":false}`
		failure = `{"errors":[{"id":"a95f2aaf-4e0c-4d49-8021-8a16a884ed86","status":404,"code":"model_not_found","title":"Model Not Found","detail":"no"}],` +
			`"id":"a95f2aaf-4e0c-4d49-8021-8a16a884ed86","status":"404","code":"model_not_found","title":"Model Not Found","detail":"no"}`
	)
	answer := func(contentType string, more ...string) http.Header {
		h := http.Header{"X-Request-Id": {"r"}, "Content-Type": {contentType}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	list := answer("application/json", "total", "0", "per_page", "10", "per-page", "10", "link", `</v1/webhooks>; rel="first"`)
	for _, c := range []struct {
		name, method, path string
		status             int
		header             http.Header
		body, complaint    string // an empty complaint means that the answer is right
	}{
		{"as described", "GET", webhook, 200, answer("application/json; charset=utf-8"), good, ""},
		{"an error as described", "GET", webhook, 404, answer("application/json"), failure, ""},
		{"an error nobody listed", "GET", webhook, 418, answer("application/json"), failure, ""},
		{"a list", "GET", "/v1/webhooks", 200, list, "[" + good + "]", ""},
		{"no body where none is meant", "DELETE", webhook, 204, answer(""), "", ""},
		{"any file", "GET", person + "/documents/0f3c1b7a52d84b0e9d2a6c5e4f718293cdoc/file", 200,
			answer("application/json", "Content-Disposition", `attachment; filename="a.json"`, "X-Content-Type-Options", "nosniff",
				"Accept-Ranges", "bytes", "ETag", `"0f3c1b7a52d84b0e9d2a6c5e4f718293cdoc"`), "{}", ""},
		{"an unknown path", "GET", "/v1/nothing", 404, answer("application/json"), failure, ""},
		{"an unknown method", "PUT", webhook, 405, answer("application/json"), failure, ""},
		{"not of the API", "GET", "/healthz", 200, http.Header{}, "ok", ""},

		{"a missing key", "GET", webhook, 200, answer("application/json"), strings.Replace(good, `,"secret":null`, "", 1), "secret"},
		{"a key too many", "GET", webhook, 200, answer("application/json"), strings.Replace(good, `"url"`, `"x":1,"url"`, 1), "x"},
		{"a key twice", "GET", webhook, 200, answer("application/json"), strings.Replace(good, `"secret"`, `"secret":null,"secret"`, 1), "twice"},
		{"another order", "GET", webhook, 200, answer("application/json"),
			`{"event_type":"IDENTIFICATION","id":"4c6f93d4c8d427927257e2ce734a5a10","url":"https://bank.example/","secret":null,"paused":false}`, "the keys"},
		{"another order in a list", "GET", "/v1/webhooks", 200, list,
			`[{"event_type":"IDENTIFICATION","id":"4c6f93d4c8d427927257e2ce734a5a10","url":"https://bank.example/","secret":null,"paused":false}]`, "the keys"},
		{"a value that is none", "GET", webhook, 200, answer("application/json"), strings.Replace(good, "IDENTIFICATION", "WHATEVER", 1), "event_type"},
		{"no request id", "GET", webhook, 200, http.Header{"Content-Type": {"application/json"}}, good, "X-Request-Id"},
		{"no paging", "GET", "/v1/webhooks", 200, answer("application/json"), "[]", "link"},
		{"an HTML error", "GET", webhook, 404, answer("text/html"), "<h1>404</h1>", "text/html"},
		{"a success nobody described", "GET", webhook, 202, answer("application/json"), good, "202"},
		{"a body where none is meant", "DELETE", webhook, 204, answer("application/json"), "{}", "body"},
		{"an unknown path that answers", "GET", "/v1/nothing", 200, answer("application/json"), "{}", "does not have"},
		{"an unknown path with a bare error", "GET", "/v1/nothing", 404, answer("text/plain"), "404 page not found", "invalid character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := contract(t).Check(httptest.NewRequest(c.method, c.path, nil), c.status, c.header, []byte(c.body))
			switch {
			case c.complaint == "" && err != nil:
				t.Error(err)
			case c.complaint != "" && err == nil:
				t.Error("passed")
			case c.complaint != "" && !strings.Contains(err.Error(), c.complaint):
				t.Errorf("the complaint does not name %q: %v", c.complaint, err)
			}
		})
	}
}

func TestContractRemembers(t *testing.T) {
	c := contract(t)
	header := http.Header{"X-Request-Id": {"r"}}
	req := httptest.NewRequest("DELETE", "/v1/webhooks/4c6f93d4c8d427927257e2ce734a5a10", nil)
	if err := c.Check(req, http.StatusNoContent, header, nil); err != nil {
		t.Fatal(err)
	}
	want := map[Seen]int{{Operation{"DELETE", "/v1/webhooks/{id}"}, 204}: 1}
	if diff := cmp.Diff(want, c.Seen()); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(c.Operations(), Operation{"PATCH", "/v1/persons/{person_id}/identifications/{id}/request"}) {
		t.Errorf("request is missing in %v", c.Operations())
	}
}

// TestEveryOperation holds the description to its own promises: an example for
// each operation, errors in the one form, every success with its headers.
func TestEveryOperation(t *testing.T) {
	c := contract(t)
	for _, op := range c.Operations() {
		operation := c.doc.Paths.Value(op.Path).GetOperation(op.Method)
		where := op.Method + " " + op.Path
		if operation.Summary == "" || operation.OperationID == "" || len(operation.Tags) != 1 {
			t.Errorf("%s needs a summary, an operationId and one tag", where)
		}
		if body := operation.RequestBody; body != nil && !hasExample(body.Value.Content) {
			t.Errorf("%s has no example of a request", where)
		}
		for status, response := range operation.Responses.Map() {
			if response.Value.Headers["X-Request-Id"] == nil {
				t.Errorf("%s → %s lacks X-Request-Id", where, status)
			}
			if len(response.Value.Content) > 0 && response.Value.Content["application/json"] != nil && !hasExample(response.Value.Content) {
				t.Errorf("%s → %s has no example", where, status)
			}
		}
		if operation.Tags[0] != "Reference" && operation.Responses.Default() == nil {
			t.Errorf("%s has no default for errors", where)
		}
	}
}

func hasExample(content openapi3.Content) bool {
	for _, media := range content {
		if media.Example != nil || len(media.Examples) > 0 {
			return true
		}
	}
	return false
}

// TestPersonAsInTheTable compares the description with kyc.PersonFields.
func TestPersonAsInTheTable(t *testing.T) {
	answer, create, patch := []string{"id"}, []string{}, []string{}
	for _, f := range kyc.PersonFields {
		name, _, _ := strings.Cut(f.Path, ".")
		answer = appendOnce(answer, name)
		if !f.Server {
			create = appendOnce(create, name)
		}
		if f.Patch {
			patch = appendOnce(patch, name)
		}
	}
	schemas := contract(t).doc.Components.Schemas
	if diff := cmp.Diff(answer, schemas["Person"].Value.Required); diff != "" {
		t.Errorf("the answer and its order (-table +description):\n%s", diff)
	}
	for name, want := range map[string][]string{"Person": answer, "PersonInput": create, "PersonPatch": patch} {
		var got []string
		for property := range schemas[name].Value.Properties {
			got = append(got, property)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-table +description):\n%s", name, diff)
		}
	}
	for _, f := range kyc.PersonFields {
		parent, child, nested := strings.Cut(f.Path, ".")
		property := schemas["Person"].Value.Properties[parent].Value
		if nested {
			property = property.Properties[child].Value
		}
		if f.Type != kyc.Enum {
			continue
		}
		if got := texts(property.Enum); !slices.Equal(got, f.Values) {
			t.Errorf("%s: the table has %v, the description %v", f.Path, f.Values, got)
		}
	}
}

func TestEnumsAsInTheCode(t *testing.T) {
	schemas := contract(t).doc.Components.Schemas
	for name, want := range map[string][]string{
		"Method":             asTexts(kyc.Methods),
		"ProofOfAddressType": kyc.ProofOfAddressTypes,
		"Language":           kyc.Languages,
		"Status":             asTexts(kyc.States),
		"EventType":          kyc.EventTypes,
	} {
		got := texts(schemas[name].Value.Enum)
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-code +description):\n%s", name, diff)
		}
	}
}

func appendOnce(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// texts are the values of an enum without its null.
func texts(values []any) []string {
	var list []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			list = append(list, s)
		}
	}
	return list
}

func asTexts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// TestOrderedReadsNumbers guards the walk against documents that are no object.
func TestOrderedReadsNumbers(t *testing.T) {
	for _, raw := range []string{"1", "null", `"a"`, "[1,2]"} {
		if err := ordered(&openapi3.Schema{}, json.RawMessage(raw), ""); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
