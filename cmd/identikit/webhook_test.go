package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestWebhookCommands look at deliveries and replay one beside a running server,
// on a sandbox's folder and on a database.
func TestWebhookCommands(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		data := t.TempDir()
		from := []string{"--data", data}
		var args []string
		if strings.HasPrefix(url, "postgres") {
			args, from = []string{"--database", url}, []string{"--database", url}
		}
		p := startSandbox(t, data, args...)
		var status, hits atomic.Int32
		status.Store(422)
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Solaris-Webhook-Event-Type") != "WEBHOOK-SUBSCRIPTION" {
				hits.Add(1)
				w.WriteHeader(int(status.Load()))
				_, _ = w.Write([]byte("no \x1b[31mthanks"))
			}
		}))
		defer receiver.Close()
		c, err := newClient(p)
		if err != nil {
			t.Fatal(err)
		}
		var sub, person struct{ ID string }
		for body, out := range map[string]*struct{ ID string }{`{"event_type":"IDENTIFICATION","url":"` + receiver.URL + `"}`: &sub, `{"first_name":"X-MANUALTEST-HAPPYPATH","last_name":"M"}`: &person} {
			path := "/v1/webhooks"
			if out == &person {
				path = "/v1/persons"
			}
			if err := c.call(201, "POST", path, body, out); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.call(201, "POST", "/v1/persons/"+person.ID+"/identifications", `{"method":"idnow"}`, nil); err != nil {
			t.Fatal(err)
		}
		list := func(args ...string) string {
			return output(t, append(append([]string{"webhook"}, args...), from...)...)
		}
		p.await(func() bool { return strings.Contains(list("deliveries", sub.ID), "attempt 1") })
		if out := list("list"); !strings.Contains(out, sub.ID+"  active  IDENTIFICATION") {
			t.Errorf("%s", out)
		}
		if out := list("deliveries", sub.ID); !strings.Contains(out, `422  "no \x1b[31mthanks"`) || strings.Contains(out, person.ID) {
			t.Errorf("%s", out)
		}
		var d struct {
			ID, State string
			Attempts  []struct{ Number, Status int }
		}
		read := func() {
			t.Helper()
			if err := json.Unmarshal([]byte(list("deliveries", sub.ID, "--json")), &d); err != nil {
				t.Fatal(err)
			}
		}
		read()
		if d.State != "rejected" || len(d.Attempts) != 1 {
			t.Errorf("%+v", d)
		}
		status.Store(200)
		if out := list("replay", d.ID); !strings.Contains(out, "attempt 2") {
			t.Errorf("%s", out)
		}
		p.await(func() bool { read(); return d.State == "delivered" })
		if hits.Load() != 2 || d.Attempts[1].Number != 2 || d.Attempts[1].Status != 200 {
			t.Errorf("%d hits, %+v", hits.Load(), d)
		}
		out, err := command(t, append([]string{"webhook", "replay", "nothing"}, from...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "nothing") {
			t.Errorf("%v %s", err, out)
		}
		p.stop()
	})
}

// TestPauseAndResume: a subscription that is given up is shown as paused and
// loses nothing; a replay asks for it to be resumed first, and then all goes on.
func TestPauseAndResume(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		data := t.TempDir()
		from, key := []string{"--data", data}, []string{}
		var args []string
		if strings.HasPrefix(url, "postgres") {
			args, from = []string{"--database", url}, []string{"--database", url}
			key = []string{"--data", data} // the sandbox's folder holds the key, wherever its database is
		}
		p := startSandbox(t, data, args...)
		var broken atomic.Bool
		broken.Store(true)
		var came, callouts atomic.Int32
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Header.Get("Solaris-Webhook-Event-Type") == "WEBHOOK-SUBSCRIPTION":
				callouts.Add(1)
			case broken.Load():
				w.WriteHeader(500)
			default:
				came.Add(1)
			}
		}))
		defer receiver.Close()
		c, err := newClient(p)
		if err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var sub struct {
			ID     string
			Paused bool
		}
		var person struct{ ID string }
		var made []struct{ ID, State string }
		identify := func() {
			t.Helper()
			c.token = "" // it ages on the clock that is moved
			must(c.login(p.Partner))
			must(c.call(201, "POST", "/v1/persons/"+person.ID+"/identifications", `{"method":"idnow"}`, nil))
		}
		must(c.call(201, "POST", "/v1/webhooks", `{"event_type":"IDENTIFICATION","url":"`+receiver.URL+`"}`, &sub))
		must(c.call(201, "POST", "/v1/persons", `{"first_name":"X-MANUALTEST-HAPPYPATH","last_name":"M"}`, &person))
		identify()
		must(c.call(200, "POST", "/sandbox/clock", `{"advance":"240h"}`, nil))
		identify() // kept
		must(c.call(200, "GET", "/v1/webhooks/"+sub.ID, "", &sub))
		must(c.call(200, "GET", "/v1/webhooks/"+sub.ID+"/deliveries", "", &made))
		if !sub.Paused || len(made) != 2 || made[0].State != "exhausted" || made[1].State != "queued" {
			t.Fatalf("%+v %+v", sub, made)
		}
		run := func(more []string, args ...string) (string, error) {
			out, err := command(t, append(append(append([]string{"webhook"}, args...), from...), more...)...).CombinedOutput()
			return string(out), err
		}
		for _, args := range [][]string{{"list"}, {"deliveries", sub.ID}} {
			if out, err := run(nil, args...); err != nil || !strings.Contains(out, "PAUSED") {
				t.Errorf("%v: %v %s", args, err, out)
			}
		}
		if out, err := run(nil, "replay", made[0].ID); err == nil || !strings.Contains(out, "identikit webhook resume "+sub.ID) {
			t.Errorf("%v %s", err, out)
		}
		broken.Store(false)
		if out, err := run(key, "resume", sub.ID); err != nil || callouts.Load() != 2 {
			t.Fatalf("%v %s, %d callouts", err, out, callouts.Load())
		}
		if out, err := run(nil, "replay", made[0].ID); err != nil {
			t.Errorf("%v %s", err, out)
		}
		p.await(func() bool { return came.Load() == 2 }) // the one that was kept, and the one that was given up
		p.await(func() bool {
			must(c.call(200, "GET", "/v1/webhooks/"+sub.ID+"/deliveries", "", &made))
			return made[0].State == "delivered" && made[1].State == "delivered"
		})
		must(c.call(200, "GET", "/v1/webhooks/"+sub.ID, "", &sub))
		if sub.Paused {
			t.Error("it is still shown as paused")
		}
		p.stop()
	})
}

// TestListenCommand forwards what happens in the sandbox and leaves nothing when
// it is stopped.
func TestListenCommand(t *testing.T) {
	data := t.TempDir()
	p := startSandbox(t, data, "--tls")
	var hits atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer receiver.Close()
	ears := start(t, "listen", "--data", data, "--json", "--forward-to", receiver.URL+"/hooks")
	ears.await(func() bool { return strings.Contains(ears.err.String(), "stop with Ctrl-C") })
	if said := ears.err.String(); !strings.Contains(said, "PERSON_DELETED") || !strings.Contains(said, "signed with the secret") {
		t.Errorf("%s", said)
	}
	script := `C="curl -sf --cacert ` + *p.CAFile + `"; J='Content-Type: application/json'
		TOKEN=$($C -u ` + p.Partner.ClientID + `:` + p.Partner.ClientSecret + ` -d grant_type=client_credentials ` + p.APIURL + `/oauth2/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
		PERSON=$($C -H "Authorization: Bearer $TOKEN" -H "$J" -d '{"first_name":"X-AUTOTEST-HAPPYPATH","last_name":"M"}' ` + p.APIURL + `/v1/persons | sed 's/^{"id":"\([^"]*\)".*/\1/')
		$C -H "Authorization: Bearer $TOKEN" -H "$J" -d '{"method":"idnow"}' ` + p.APIURL + `/v1/persons/$PERSON/identifications`
	if out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	var e struct {
		Event, Entity, Attempt string
		Body                   struct{ Status string }
		Forwarded              int
	}
	ears.await(func() bool { return json.Unmarshal(ears.out.Bytes(), &e) == nil })
	if e.Event != "IDENTIFICATION" || e.Body.Status != "created" || e.Forwarded != 200 || e.Attempt != "1" || hits.Load() != 1 {
		t.Errorf("%+v", e)
	}
	ears.stop()
	if out := output(t, "webhook", "list", "--data", data); out != "" {
		t.Errorf("left: %s", out)
	}
	out, err := command(t, "listen", "--data", data, "--events", "NONSENSE").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cannot subscribe to NONSENSE") {
		t.Errorf("%v %s", err, out)
	}
}
