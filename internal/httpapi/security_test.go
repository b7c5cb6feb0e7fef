package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit"
)

// TestServerOwnedFields: what belongs to the server cannot be set by a request,
// on creation or later (API3, mass assignment).
func TestServerOwnedFields(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	forged := object{"id": strings.Repeat("0", 32) + "cper", "created_at": "2001-01-01T00:00:00.000Z", "partner_id": "x", "version": 99}
	owned := []string{"id"}
	for _, f := range kyc.PersonFields {
		if f.Server {
			put(forged, f.Path, "FORGED")
			owned = append(owned, f.Path)
		}
	}
	if len(owned) < 5 {
		t.Fatalf("only %v are the server's", owned)
	}
	plain := l.Call(201, "POST", "/v1/persons", object{"first_name": "Anna", "last_name": "M"})
	body := joined(forged, object{"first_name": "Berta", "last_name": "M"})
	made := l.Call(201, "POST", "/v1/persons", body)
	path := "/v1/persons/" + made["id"].(string)
	status, _, b := l.Do("PATCH", path, joined(forged, object{"job_title": "Baker"}))
	after := l.Call(200, "GET", path, nil)
	if status == 200 && after["job_title"] != "Baker" || status != 200 && status != 400 {
		t.Errorf("PATCH: %d %s", status, b)
	}
	for _, field := range owned[1:] {
		if want, got := jsonOf(t, at(plain, field)), jsonOf(t, at(after, field)); got != want {
			t.Errorf("%s is %s, and of another person %s", field, got, want)
		}
	}
	if after["id"] == forged["id"] {
		t.Error("the id was chosen by the client")
	}
	person := l.Person("Clara")
	ident := l.Call(201, "POST", "/v1/persons/"+person+"/identifications", object{
		"method": "idnow", "id": "mine", "status": "successful", "url": "https://evil.example/", "reference": "TST-XXXXX",
		"completed_at": "2001-01-01T00:00:00Z", "person_id": made["id"], "failure_reason": "x", "documents": []any{object{"id": "x"}},
	})
	if ident["id"] == "mine" || ident["status"] != "created" || ident["url"] != nil || ident["reference"] != nil || ident["completed_at"] != nil || ident["person_id"] != person {
		t.Errorf("%v", ident)
	}
	url, _ := callouts(t, 200)
	hook := l.Call(201, "POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": url, "id": "mine", "secret": strings.Repeat("0", 32), "paused": true, "partner_id": "x"})
	if hook["id"] == "mine" || hook["secret"] == strings.Repeat("0", 32) || hook["paused"] != false {
		t.Errorf("%v", hook)
	}
}

// joined is two objects in one.
func joined(a, b object) object {
	both := object{}
	for _, o := range []object{a, b} {
		for k, v := range o {
			both[k] = v
		}
	}
	return both
}

// TestOpenRoutes: what needs no token is a short list that somebody has thought about.
func TestOpenRoutes(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	open := []string{"/oauth2/token", "/oauth/token", "/openapi.yaml", "/docs", "/inbound/{provider}/{secret}", "/inbound/{provider}/{secret}/{tail}"}
	for _, r := range httpapi.Routes {
		path := strings.NewReplacer("{person_id}", "nobody", "{id}", "nothing", "{provider}", "idnow", "{secret}", "guessed").Replace(r.Path)
		for _, name := range open {
			if r.Path == name {
				path = ""
			}
		}
		if path == "" || strings.HasPrefix(r.Path, "/sandbox/") {
			continue
		}
		for _, auth := range []string{"", "Bearer nonsense", "Basic eDp5"} {
			headers := []string{"Authorization", auth}
			if auth == "" {
				headers = nil
			}
			if status, _, body := send(t, l, r.Method, path, "", headers...); status != 401 {
				t.Errorf("%s %s as %q: %d %s", r.Method, r.Path, auth, status, body)
			}
		}
	}
	if status, _, _ := send(t, l, "POST", "/inbound/fourthline/guessed/5f0c", "{}"); status != 404 {
		t.Errorf("a guessed inbound path with a tail: %d", status)
	}
	if status, _, _ := send(t, l, "POST", "/inbound/idnow/guessed", "{}"); status != 404 {
		t.Errorf("a push to a guessed path: %d", status)
	}
}

// TestSandboxIsNobodyElses: a page of another site cannot steer a sandbox with a
// developer's browser.
func TestSandboxIsNobodyElses(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	for _, c := range []struct {
		status  int
		headers []string
	}{
		{403, []string{"Sec-Fetch-Site", "cross-site"}}, {403, []string{"Origin", "https://evil.example"}}, {403, []string{"Origin", "null"}},
		{200, []string{"Sec-Fetch-Site", "same-origin"}}, {200, []string{"Origin", l.APIURL}}, {200, nil},
	} {
		status, _, body := send(t, l, "POST", "/sandbox/clock", `{"advance":"1ms"}`, append(c.headers, "Content-Type", "application/json")...)
		if status != c.status {
			t.Errorf("%v: %d %s", c.headers, status, body)
		}
		for _, firm := range []string{"", "/xs2a", "/ais", "/fourthline"} { // the simulated ones are no more its
			r, err := http.NewRequestWithContext(t.Context(), "DELETE", l.SteeringURL+firm+"/faults", nil)
			if err != nil {
				t.Fatal(err)
			}
			for n := 0; n < len(c.headers); n += 2 {
				r.Header.Set(c.headers[n], strings.Replace(c.headers[n+1], l.APIURL, l.SteeringURL, 1))
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body.Close(); resp.StatusCode != c.status {
				t.Errorf("%s %v: %d", firm, c.headers, resp.StatusCode)
			}
		}
	}
}

// TestManySubscriptions: each change writes a notification for each subscription,
// so there is an end to their number.
func TestManySubscriptions(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	url, seen := callouts(t, 200)
	body := object{"event_type": "IDENTIFICATION", "url": url}
	first := l.Call(201, "POST", "/v1/webhooks", body)["id"].(string)
	for range 99 {
		l.Call(201, "POST", "/v1/webhooks", body)
	}
	refused(t, l, 400, "invalid_model", "POST", "/v1/webhooks", body)
	if seen.Load() != 100 {
		t.Errorf("%d callouts", seen.Load())
	}
	l.Call(201, "POST", "/v1/webhooks", object{"event_type": "PERSON_CHANGED", "url": url})
	l.Call(204, "DELETE", "/v1/webhooks/"+first, nil)
	l.Call(201, "POST", "/v1/webhooks", body)
}
