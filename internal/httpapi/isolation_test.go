package httpapi_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// orphans are routes on which even the owner finds nothing in TestIsolation, and why.
var orphans = map[string]string{}

// everybodys are the lists that are the same for all partners.
var everybodys = []string{"/v1/identification_failure_reasons"}

// placed fills a route's placeholders: what {id} stands for is told by the word
// before it. A route with an unknown word fails the test, so that no new one is
// left out.
func placed(t *testing.T, r httpapi.Route, own map[string]string) string {
	t.Helper()
	parts := strings.Split(r.Path, "/")
	for n, part := range parts {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		word := parts[n-1]
		if parts[2] == "identification_origination" && word == "identifications" {
			word = parts[2] // another kind of id after the same word
		}
		if own[word] == "" {
			t.Errorf("%s %s: this test has nothing of %q; make one, so that others can be kept from it", r.Method, r.Path, word)
		}
		parts[n] = own[word]
	}
	return strings.Join(parts, "/")
}

// TestIsolation: a partner sees its own data only. Every route with an id in it
// is asked for the other's, and so is every list; no route is left out.
func TestIsolation(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		webhook := receiver.Subscribe(l, "IDENTIFICATION")
		ident := l.Identify("X-AUTOTEST-HAPPYPATH")
		l.Advance("10m")
		person := path.Base(path.Dir(path.Dir(ident)))
		verify(t, l, person, ownNumber)
		l.Call(200, "PATCH", "/v1/persons/"+person, object{"job_title": "Baker"})
		own := map[string]string{ // what the one has, by the word that stands before its id
			"change_requests": path.Base(asked(t, l, person, object{"job_title": "Miller"})),
			"persons":         person, "identifications": path.Base(ident), "webhooks": webhook,
			"tax_identifications":        l.Call(201, "POST", "/v1/persons/"+person+"/tax_identifications", object{"country": "DE", "number": "86095742719"})["id"].(string),
			"identification_origination": l.Call(201, "POST", originations(person), signing(uploadedPDF(t, l, person, contractPDF(t))))["identification_origination_id"].(string),
			"device_consents":            l.Call(201, "POST", "/v1/persons/"+person+"/device_consents", object{"event_type": "APPROVED", "confirmed_at": "2020-01-01T00:00:00Z"})["id"].(string),
			"documents":                  l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any)[0].(object)["id"].(string),
		}
		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"}) // known at once
		routes := slices.Clone(httpapi.Routes)
		for _, r := range routes { // before the other has anything
			if r.Method == "GET" && strings.HasPrefix(r.Path, "/v1/") && !strings.Contains(r.Path, "{") && !slices.Contains(everybodys, r.Path) {
				if got := other.Array(r.Path); len(got) != 0 {
					t.Errorf("%s shows the other's: %v", r.Path, got)
				}
				if _, h, _ := other.Do("GET", r.Path, nil); h.Get("total") != "0" {
					t.Errorf("%s counts the other's: %s", r.Path, h.Get("total"))
				}
			}
		}
		theirs := maps.Clone(own) // the other's things under one's own person
		theirs["persons"] = other.Person("Berta")
		tried := 0
		for _, r := range routes {
			if !strings.HasPrefix(r.Path, "/v1/") || !strings.Contains(r.Path, "{") {
				continue
			}
			refused(t, other, 404, "model_not_found", r.Method, placed(t, r, own), nil)
			tried++
			if strings.Contains(r.Path, "/persons/{person_id}/") && strings.Count(r.Path, "{") > 1 {
				refused(t, other, 404, "model_not_found", r.Method, placed(t, r, theirs), nil)
				tried++
			}
		}
		if tried < 12 {
			t.Errorf("only %d requests were tried", tried)
		}
		// What was tried changed nothing, and the owner sees all of it.
		if s := l.Status(ident); s != "successful" {
			t.Errorf("%s", s)
		}
		if status, _, file := l.Do("GET", "/v1/persons/"+person+"/documents/"+own["documents"]+"/file", nil); status != 200 || len(file) == 0 {
			t.Errorf("%d", status)
		}
		same(t, "own list", idsOf(l.Array("/v1/persons")), []string{person})
		same(t, "the other's list", idsOf(other.Array("/v1/persons")), []string{theirs["persons"]})
		eventsStayApart(t, l, other, receiver, theirs["persons"])

		// The ids were right: the owner finds something on every route. What is
		// removed is removed last, and what lies below before what it lies in.
		slices.SortStableFunc(routes, func(a, b httpapi.Route) int {
			rank := func(r httpapi.Route) int {
				if r.Method != "DELETE" {
					return 0
				}
				return 1000 - len(r.Path)
			}
			return rank(a) - rank(b)
		})
		for _, r := range routes {
			if !strings.HasPrefix(r.Path, "/v1/") || !strings.Contains(r.Path, "{") || orphans[r.Method+" "+r.Path] != "" {
				continue
			}
			if status, _, body := l.Do(r.Method, placed(t, r, own), nil); status == 404 {
				t.Errorf("%s %s: the owner finds nothing there, so nothing was proved: %s", r.Method, r.Path, body)
			}
		}
	})
}

// eventsStayApart: events go to their owner alone.
func eventsStayApart(t *testing.T, l, other *testkit.Live, receiver *testkit.Receiver, theirPerson string) {
	t.Helper()
	theirs := testkit.NewReceiver(t)
	theirs.Subscribe(other, "IDENTIFICATION")
	l.Advance("1s") // what happened before is told
	before := len(receiver.Hooks())
	create(other, theirPerson)
	create(l, l.Person("Clara"))
	l.Advance("1s")
	if len(receiver.Hooks()) != before+1 || len(theirs.Hooks()) != 1 {
		t.Errorf("%d and %d events", len(receiver.Hooks())-before, len(theirs.Hooks()))
	}
}

// TestClientIDs that no database can hold are unknown, on each database.
func TestClientIDs(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		for _, id := range []string{`\u0000`, `a\u0000b`, `\ud800`, strings.Repeat("x", 5000), `'`, `%`} {
			status, _, body := send(t, l, "POST", "/oauth/token", `{"grant_type":"client_credentials","client_id":"`+id+`","client_secret":"x"}`, "Content-Type", "application/json")
			if status != 401 {
				t.Errorf("%.20s: %d %s", id, status, body)
			}
		}
	})
}
