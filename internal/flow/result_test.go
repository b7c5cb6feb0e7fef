package flow_test

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

func choose(l *testkit.Live, ident, result, reason string) {
	l.T.Helper()
	l.Call(200, "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", testkit.Object{"result": result, "reason": reason})
}

// TestLostPushes: results are found by polling when no push comes.
func TestLostPushes(t *testing.T) {
	l := testkit.Start(t, "")
	ident := l.Identify("X-AUTOTEST-HAPPYPATH")
	steer(t, l, "POST", "/pushes", `{"drop":1000}`)
	l.Advance("10m")
	if s := l.Status(ident); s != "pending" {
		t.Fatalf("%s without a push", s)
	}
	l.Advance("10m")
	if s := l.Status(ident); s != "successful" {
		t.Errorf("%s after a poll was due", s)
	}
}

// TestDuplicatePushes: a result that is told five times happens once.
func TestDuplicatePushes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Subscribe(l, "IDENTIFICATION")
		steer(t, l, "POST", "/pushes", `{"duplicate":5}`)
		ident := l.Identify("X-AUTOTEST-FRAUDOK")
		l.Advance("1h")
		want := []string{"created", "pending", "canceled", "successful"}
		if got := r.Statuses(path.Base(ident)); !slices.Equal(got, want) {
			t.Errorf("webhooks told %v, want %v", got, want)
		}
		if n := len(l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any)); n != 5 {
			t.Errorf("%d documents, want 5", n)
		}
	})
}

// TestForgedPush: what a push claims is not believed.
func TestForgedPush(t *testing.T) {
	l := testkit.Start(t, "")
	ident := l.Identify("Anna")
	for _, c := range []struct {
		path string
		want int
	}{{"/inbound/idnow/guess", 404}, {"/inbound/other/guess", 404}, {"/inbound/idnow/", 404}} {
		body := `{"identificationprocess":{"result":"SUCCESS","transactionnumber":"` + path.Base(ident) + `"}}`
		resp, err := http.Post(l.APIURL+c.path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: %d", c.path, resp.StatusCode)
		}
	}
	l.Advance("1m")
	if s := l.Status(ident); s != "pending" {
		t.Errorf("a forged push made it %s", s)
	}
}

// TestUnknownWords: an unknown result changes nothing, an unknown reason passes.
func TestUnknownWords(t *testing.T) {
	l := testkit.Start(t, "")
	ident := l.Identify("Anna")
	steer(t, l, "POST", "/sessions/"+path.Base(ident)+"/result", `{"result":"TELEPORTED","reason":"BEAMED"}`)
	l.Advance("1m")
	if s := l.Status(ident); s != "pending" {
		t.Errorf("an unknown result made it %s", s)
	}
}

// TestAttempts: more than 19 unsuccessful attempts → 412; a success resets.
func TestAttempts(t *testing.T) {
	l := testkit.Start(t, "")
	person := l.Person("Anna")
	base := "/v1/persons/" + person + "/identifications"
	ident := base + "/" + l.Call(201, "POST", base, testkit.Object{"method": "idnow"})["id"].(string)
	l.Call(200, "PATCH", ident+"/request", nil)
	for range 19 {
		choose(l, ident, "ABORTED", "TECH_VIDEO") // as fast as it goes: each counts
	}
	l.Call(200, "PATCH", ident+"/request", nil) // 19 are not too many
	choose(l, ident, "CANCELED", "TECH_PHOTO")
	o := l.Call(412, "PATCH", ident+"/request", nil)
	if o["code"] != "identification_attempts_exceeded" || o["details"] != "There are more than 19 unsuccessful attempts" {
		t.Errorf("%v", o)
	}
	other := base + "/" + l.Call(201, "POST", base, testkit.Object{"method": "idnow"})["id"].(string)
	l.Call(412, "PATCH", other+"/request", nil) // they count per person
	choose(l, ident, "SUCCESS", "")
	l.Call(200, "PATCH", other+"/request", nil)
}

// TestChangeAll: what the provider changed is written to the person.
func TestChangeAll(t *testing.T) {
	l := testkit.Start(t, "")
	r := testkit.NewReceiver(t)
	r.Subscribe(l, "PERSON_CHANGED")
	body := testkit.Customer("X-AUTOTEST-CHANGEALL")
	body["mobile_number"] = nil
	person := l.Call(201, "POST", "/v1/persons", body)
	base := "/v1/persons/" + person["id"].(string)
	ident := base + "/identifications/" + l.Call(201, "POST", base+"/identifications", testkit.Object{"method": "idnow"})["id"].(string)
	l.Call(200, "PATCH", ident+"/request", nil)
	l.Advance("10m")
	after := l.Call(200, "GET", base, nil)
	for _, field := range []string{"first_name", "last_name", "birth_date", "birth_city", "nationality"} {
		if after[field] == person[field] || after[field] == nil {
			t.Errorf("%s is still %v", field, after[field])
		}
	}
	was, is := person["address"].(testkit.Object), after["address"].(testkit.Object)
	for _, member := range []string{"line_1", "postal_code", "city", "country"} {
		if was[member] == is[member] {
			t.Errorf("address.%s is still %v", member, is[member])
		}
	}
	if after["legitimation_valid_until"] == nil {
		t.Error("legitimation_valid_until is null")
	}
	if shown := l.Call(200, "GET", ident, nil)["address"].(testkit.Object); shown["city"] != is["city"] {
		t.Errorf("the identification shows %v, the person %v", shown, is)
	}
	if n := len(r.Hooks()); n != 1 || string(r.Hooks()[0].Body) != "{}" {
		t.Errorf("PERSON_CHANGED came %d times", n)
	}
}

// TestHappyPathChangesNothing: a match is no change.
func TestHappyPathChangesNothing(t *testing.T) {
	l := testkit.Start(t, "")
	r := testkit.NewReceiver(t)
	r.Subscribe(l, "PERSON_CHANGED")
	body := testkit.Customer("X-AUTOTEST-HAPPYPATH")
	before := l.Call(201, "POST", "/v1/persons", body)
	base := "/v1/persons/" + before["id"].(string)
	ident := base + "/identifications/" + l.Call(201, "POST", base+"/identifications", testkit.Object{"method": "idnow"})["id"].(string)
	l.Call(200, "PATCH", ident+"/request", nil)
	l.Advance("10m")
	after := l.Call(200, "GET", base, nil)
	for field, was := range before {
		if is := after[field]; field != "legitimation_valid_until" && field != "aml_follow_up_date" && field != "address" &&
			field != "contact_address" && field != "tax_information" && is != was {
			t.Errorf("%s was %v and is %v", field, was, is)
		}
	}
	if n := len(r.Hooks()); n != 0 {
		t.Errorf("PERSON_CHANGED came %d times", n)
	}
}

// TestRequestAgain: the same link and reference after an abort or a cancellation.
func TestRequestAgain(t *testing.T) {
	l := testkit.Start(t, "")
	ident := l.Identify("Anna")
	first := l.Call(200, "GET", ident, nil)
	for _, result := range []string{"ABORTED", "CANCELED"} {
		choose(l, ident, result, "TECH_VIDEO")
		again := l.Call(200, "PATCH", ident+"/request", nil)
		if again["status"] != "pending" || again["url"] != first["url"] || again["reference"] != first["reference"] || again["failure_reason"] != nil {
			t.Errorf("after %s: %v", result, again)
		}
		l.Advance("20m") // a poll must not bring the old result back
		if s := l.Status(ident); s != "pending" {
			t.Errorf("after %s and a poll: %s", result, s)
		}
	}
	choose(l, ident, "SUCCESS", "")
	if o := l.Call(412, "PATCH", ident+"/request", nil); o["code"] != "invalid_identification_status" || !strings.Contains(o["detail"].(string), "'successful'") {
		t.Errorf("%v", o)
	}
}

// TestExpiryAsks: a result whose push was lost counts, if it came in time.
func TestExpiryAsks(t *testing.T) {
	l := testkit.Start(t, "")
	identified, open := l.Identify("Anna"), l.Identify("Ben")
	l.Advance("335h")
	steer(t, l, "POST", "/pushes", `{"drop":1000}`)
	steer(t, l, "POST", "/sessions/"+path.Base(identified)+"/result", `{"result":"SUCCESS"}`)
	l.Advance("2h")
	if a, b := l.Status(identified), l.Status(open); a != "successful" || b != "expired" {
		t.Errorf("%s and %s", a, b)
	}
}

// TestExpiryWithoutProvider: a provider that is gone for good does not keep
// links open for ever.
func TestExpiryWithoutProvider(t *testing.T) {
	l := testkit.Start(t, "")
	ident := l.Identify("Anna")
	l.Advance("335h")
	steer(t, l, "POST", "/faults", `{"mode":"refuse","count":1000000}`)
	l.Advance("2h")
	if s := l.Status(ident); s != "pending" {
		t.Errorf("%s before the provider could be asked", s)
	}
	l.Advance("72h")
	if s := l.Status(ident); s != "expired" {
		t.Errorf("%s three days later", s)
	}
}

// TestRequestTooLate: a link that is over is not given out again.
func TestRequestTooLate(t *testing.T) {
	l := testkit.Start(t, "")
	ident := l.Identify("Anna")
	choose(l, ident, "SUCCESS", "")
	l.Advance("400h")
	choose(l, ident, "CANCELED", "TECH_PHOTO") // a late review
	if o := l.Call(412, "PATCH", ident+"/request", nil); !strings.Contains(o["detail"].(string), "lifetime") {
		t.Errorf("%v", o)
	}
}

// TestExpiry: 14 days from the first request, unless a review is open.
func TestExpiry(t *testing.T) {
	l := testkit.Start(t, "")
	waiting, reviewed := l.Identify("Anna"), l.Identify("Ben")
	l.Advance("167h")
	choose(l, waiting, "ABORTED", "TECH_VIDEO")
	l.Call(200, "PATCH", waiting+"/request", nil) // does not extend it
	choose(l, reviewed, "REVIEW_PENDING", "")
	l.Advance("170h")
	if a, b := l.Status(waiting), l.Status(reviewed); a != "expired" || b != "pending_successful" {
		t.Fatalf("%s and %s", a, b)
	}
	choose(l, reviewed, "SUCCESS", "")
	if s := l.Status(reviewed); s != "successful" {
		t.Errorf("%s", s)
	}
	l.Call(412, "PATCH", waiting+"/request", nil)
}
