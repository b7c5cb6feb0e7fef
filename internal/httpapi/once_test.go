package httpapi_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// once sends a POST with an idempotency key.
func once(t testing.TB, l *testkit.Live, key, path, body string) (status int, hit string, answer []byte) {
	t.Helper()
	status, h, answer := send(t, l, "POST", path, body, append(bearer(l), "Content-Type", "application/json", "Idempotency-Key", key)...)
	return status, h.Get("Idempotency-Hit"), answer
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		const key, antonia = "0f7d3c1a-b", `{"first_name":"Antonia","last_name":"Ä","job_title":"\u003cb>"}`
		status, hit, first := once(t, l, key, "/v1/persons", antonia)
		if status != 201 || hit != "" {
			t.Fatalf("%d %q %s", status, hit, first)
		}
		for range 2 {
			if status, hit, again := once(t, l, key, "/v1/persons", antonia); status != 201 || hit != "true" || string(again) != string(first) {
				t.Errorf("%d %q\n%s\n%s", status, hit, first, again)
			}
		}
		person := l.Array("/v1/persons")
		if len(person) != 1 {
			t.Fatalf("%d persons", len(person))
		}
		// The answer is the one that was given, whatever became of the person.
		l.Call(200, "PATCH", "/v1/persons/"+idsOf(person)[0], object{"email": "a@example.com"})
		if _, _, again := once(t, l, key, "/v1/persons", antonia); string(again) != string(first) {
			t.Errorf("%s", again)
		}

		idents := "/v1/persons/" + l.Person("Berta") + "/identifications"
		for _, c := range []struct{ path, body string }{
			{"/v1/persons", `{"first_name":"Berta"}`}, {"/v1/persons", antonia + " "}, {"/v1/persons", ""}, {idents, `{"method":"idnow"}`}, {idents, antonia},
		} {
			status, hit, body := once(t, l, key, c.path, c.body)
			if status != 422 || hit != "" {
				t.Errorf("%s %s: %d %q %s", c.path, c.body, status, hit, body)
				continue
			}
			if r := readRefusal(t, status, body); r.Code != "unprocessable_entity" {
				t.Errorf("%s", body)
			}
		}

		_, _, first = once(t, l, "ident", idents, `{"method":"idnow"}`)
		if _, hit, again := once(t, l, "ident", idents, `{"method":"idnow"}`); hit != "true" || string(again) != string(first) {
			t.Errorf("%q %s", hit, again)
		}
		l.Advance("1s")
		if n := len(receiver.Hooks()); n != 1 || len(l.Array(idents)) != 1 {
			t.Errorf("%d events, %d identifications", n, len(l.Array(idents)))
		}

		// A refusal is not kept: the request may be mended and sent again.
		if status, _, _ := once(t, l, "mended", "/v1/persons", `{"salutation":"X"}`); status != 400 {
			t.Errorf("%d", status)
		}
		if status, hit, _ := once(t, l, "mended", "/v1/persons", `{"salutation":"MR"}`); status != 201 || hit != "" {
			t.Errorf("%d %q", status, hit)
		}

		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"})
		if status, hit, body := once(t, other, key, "/v1/persons", `{"first_name":"Clara"}`); status != 201 || hit != "" {
			t.Errorf("another partner's key: %d %q %s", status, hit, body)
		}
	})
}

func TestIdempotencyKeyRace(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		const at = 8
		var wg sync.WaitGroup
		var answers [at]string
		for n := range at {
			wg.Go(func() {
				status, _, body := once(t, l, "race", "/v1/persons", `{"first_name":"Antonia"}`)
				if status != 201 {
					t.Errorf("%d %s", status, body)
				}
				answers[n] = string(body)
			})
		}
		wg.Wait()
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("%s\n%s", answers[0], a)
			}
		}
		if n := len(l.Array("/v1/persons")); n != 1 {
			t.Errorf("%d persons", n)
		}
	})
}

func TestIdempotencyKeyForm(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	for key, want := range map[string]int{
		"a": 201, strings.Repeat("x", 255): 201, `!~"{}`: 201,
		strings.Repeat("x", 256): 400, "a b": 400, "ä": 400, "a\tb": 400,
	} {
		status, _, body := once(t, l, key, "/v1/persons", "{}")
		if status != want {
			t.Errorf("%.20q: %d %s", key, status, body)
		}
		if status == 400 {
			if r := readRefusal(t, status, body); r.Code != "validation_error" {
				t.Errorf("%s", body)
			}
		}
	}
	// Where a secret is handed out nothing is stored, so the key counts for nothing.
	receiver := testkit.NewReceiver(t)
	for range 2 {
		if status, hit, body := once(t, l, "hook", "/v1/webhooks", `{"event_type":"IDENTIFICATION","url":"`+receiver.URL+`"}`); status != 201 || hit != "" {
			t.Errorf("%d %q %s", status, hit, body)
		}
		status, h, body := send(t, l, "POST", "/oauth/token", `{"grant_type":"client_credentials","client_id":"`+l.Partner.ClientID+`","client_secret":"`+l.Partner.ClientSecret+`"}`,
			"Content-Type", "application/json", "Idempotency-Key", "ä token")
		if status != 200 || h.Get("Idempotency-Hit") != "" {
			t.Errorf("%d %s", status, body)
		}
	}
	if n := len(l.Array("/v1/webhooks")); n != 2 {
		t.Errorf("%d subscriptions", n)
	}
}
