package httpapi_test

import (
	"path"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestIsolation: a partner sees its own data only. Every route with an id in it
// is asked for the other's.
func TestIsolation(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		webhook := receiver.Subscribe(l, "IDENTIFICATION")
		ident := l.Identify("X-AUTOTEST-HAPPYPATH")
		l.Advance("10m")
		document := l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any)[0].(object)["id"].(string)
		person := path.Base(path.Dir(path.Dir(ident)))
		tax := l.Call(201, "POST", "/v1/persons/"+person+"/tax_identifications", object{"country": "DE", "number": "86095742719"})["id"].(string)

		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"}) // known at once
		for _, list := range []string{"/v1/persons", "/v1/identifications", "/v1/webhooks"} {
			if got := other.Array(list); len(got) != 0 {
				t.Errorf("%s shows the other's: %v", list, got)
			}
			if _, h, _ := other.Do("GET", list, nil); h.Get("total") != "0" {
				t.Errorf("%s counts the other's: %s", list, h.Get("total"))
			}
		}
		own := other.Person("Berta")
		tried := 0
		for _, r := range httpapi.Routes {
			if !strings.HasPrefix(r.Path, "/v1/") || !strings.Contains(r.Path, "{") {
				continue
			}
			id := path.Base(ident)
			switch {
			case strings.Contains(r.Path, "/documents/"):
				id = document
			case strings.Contains(r.Path, "/tax_identifications/"):
				id = tax
			case strings.HasPrefix(r.Path, "/v1/webhooks"):
				id = webhook
			}
			for _, owner := range []string{person, own} { // also the other's things under one's own person
				if owner == own && !(strings.Contains(r.Path, "{person_id}") && strings.Contains(r.Path, "{id}")) {
					continue
				}
				p := strings.NewReplacer("{person_id}", owner, "{id}", id).Replace(r.Path)
				refused(t, other, 404, "model_not_found", r.Method, p, nil)
				tried++
			}
		}
		if tried < 12 {
			t.Errorf("only %d requests were tried", tried)
		}
		// What was tried changed nothing, and the owner sees all of it.
		l.Call(200, "GET", "/v1/webhooks/"+webhook, nil)
		if s := l.Status(ident); s != "successful" {
			t.Errorf("%s", s)
		}
		if status, _, file := l.Do("GET", "/v1/persons/"+person+"/documents/"+document+"/file", nil); status != 200 || len(file) == 0 {
			t.Errorf("%d", status)
		}
		same(t, "own list", idsOf(l.Array("/v1/persons")), []string{person})
		same(t, "the other's list", idsOf(other.Array("/v1/persons")), []string{own})

		// Events go to their owner alone.
		theirs := testkit.NewReceiver(t)
		theirs.Subscribe(other, "IDENTIFICATION")
		before := len(receiver.Hooks())
		create(other, own)
		create(l, l.Person("Clara"))
		l.Advance("1s")
		if len(receiver.Hooks()) != before+1 || len(theirs.Hooks()) != 1 {
			t.Errorf("%d and %d events", len(receiver.Hooks())-before, len(theirs.Hooks()))
		}
	})
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
