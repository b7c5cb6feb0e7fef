package flow_test

import (
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/coverage"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// again creates and requests an automatic identification of the person, and
// returns its path.
func again(l *testkit.Live, person string) string {
	l.T.Helper()
	base := "/v1/persons/" + person + "/identifications"
	ident := base + "/" + l.Call(201, "POST", base, testkit.Object{"method": "idnow_autoident"})["id"].(string)
	l.Call(200, "PATCH", ident+"/request", nil)
	return ident
}

// TestAutoIdentScenarios is the table of S2, "Test scenarios", each with the
// statuses that its partner is told, and what may be known of a reason.
func TestAutoIdentScenarios(t *testing.T) {
	proof := coverage.Of(t)
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Subscribe(l, "IDENTIFICATION")
		for _, c := range []struct{ name, result, reason, end string }{
			{"HAPPYPATH", "SUCCESS", "", "successful"},
			{"CANCELED", "FRAUD_SUSPICION_CONFIRMED", "WARNING_FAKED_MANIPULATED_ID", "failed"},
			{"FRAUDIDENT", "FAILED", "OTHER_ERROR", "failed"},
		} {
			ident := again(l, l.Person("X-AUTOTEST-"+c.name))
			o := l.Call(200, "GET", ident, nil)
			if !strings.HasPrefix(o["reference"].(string), "TS2-") || !strings.HasPrefix(o["url"].(string), l.Ready.AutoIdent.GoURL+"/identikitautosandbox/identifications/"+path.Base(ident)) ||
				o["status"] != "pending" || o["estimated_waiting_time"] != 60.0 || o["method"] != "idnow_autoident" {
				t.Errorf("%s: %v", c.name, o)
			}
			l.Advance("5m")
			o = l.Call(200, "GET", ident+"?include_documents=true", nil)
			if o["status"] != c.end || o["failure_reason"] != nil || (o["completed_at"] == nil) {
				t.Errorf("%s: %v %v", c.name, o["status"], o["failure_reason"])
			}
			var kinds []string
			for _, d := range o["documents"].([]any) {
				kinds = append(kinds, d.(testkit.Object)["document_type"].(string))
			}
			slices.Sort(kinds)
			var want []string
			if c.end == "successful" {
				want = []string{"ID_DOCUMENT", "ID_DOCUMENT", "KYC_REPORT", "PICTURE", "PICTURE"}
			}
			if diff := cmp.Diff(want, kinds); diff != "" {
				t.Errorf("%s: documents: -want +got\n%s", c.name, diff)
			}
			if got, want := r.Statuses(path.Base(ident)), []string{"created", "pending", c.end}; !slices.Equal(got, want) {
				t.Errorf("%s: webhooks told %v, want %v", c.name, got, want)
			}
			attempts := l.Array(ident + "/idnow_attempts")
			if len(attempts) != 1 || attempts[0]["result"] != c.result || attempts[0]["reason"] != nil {
				t.Errorf("%s: %v", c.name, attempts) // the reason of a failure is not disclosed
			}
			if got := reasonAtProvider(t, l, ident); got != c.reason {
				t.Errorf("%s: the provider's reason is %q, want %q", c.name, got, c.reason)
			}
			proof.Row("S2 test scenarios", c.name)
			for _, status := range []string{"created", "pending", c.end} {
				proof.Row("S2 status values", status)
			}
		}
		proof.Row("S2 status transitions", "created → pending → successful")
	})
}

// TestAutoIdentChains are cases 2 and 3 of S2, Appendix II; TestAutoIdentScenarios
// has case 1.
func TestAutoIdentChains(t *testing.T) {
	proof := coverage.Of(t)
	l := testkit.Start(t, "")
	r := testkit.NewReceiver(t)
	r.Subscribe(l, "IDENTIFICATION")
	for name, c := range map[string]struct {
		results [][2]string
		want    []string
		reason  any
	}{
		"case 2": {[][2]string{{"CANCELED", "IDENT_OTHER"}, {"SUCCESS", ""}}, []string{"created", "pending", "canceled", "successful"}, nil},
		"case 3": {[][2]string{{"SUCCESS", ""}, {"FRAUD_SUSPICION_CONFIRMED", "WARNING_SCAN"}}, []string{"created", "pending", "successful", "canceled"}, "WARNING_SCAN"},
		"aborted and tried again": {[][2]string{{"ABORTED", "USER_CANCELLATION_IDENTIFY_LATER"}, {"CANCELED", "ID_BLURRY"}},
			[]string{"created", "pending", "aborted", "canceled"}, "ID_BLURRY"},
	} {
		ident := again(l, l.Person("X-MANUALTEST-HAPPYPATH"))
		for _, result := range c.results {
			choose(l, ident, result[0], result[1])
		}
		l.Advance("1s")
		if got := r.Statuses(path.Base(ident)); !slices.Equal(got, c.want) {
			t.Errorf("%s: webhooks told %v, want %v", name, got, c.want)
		}
		if o := l.Call(200, "GET", ident, nil); o["failure_reason"] != c.reason {
			t.Errorf("%s: the reason is %v, want %v", name, o["failure_reason"], c.reason)
		}
		if strings.HasPrefix(name, "case ") {
			proof.Row("S2 status transitions", strings.Join(c.want, " → "))
		}
		for _, status := range c.want {
			proof.Row("S2 status values", status)
		}
	}
}

// TestAutoIdentEligibility: for customers in Germany who were identified before
// (S2, "Eligibility"). Test persons are exempt, and nobody else.
func TestAutoIdentEligibility(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		refused := func(person, what string) {
			t.Helper()
			o := l.Call(400, "POST", "/v1/persons/"+person+"/identifications", testkit.Object{"method": "idnow_autoident"})
			e := o["errors"].([]any)[0].(testkit.Object)
			if o["code"] != "invalid_model" || e["source"].(testkit.Object)["field"] != "method" || !strings.Contains(o["detail"].(string), what) {
				t.Errorf("%v", o)
			}
		}
		ident := l.Identify("Anna")
		person := strings.Split(ident, "/")[3]
		refused(person, "successful identification already")
		choose(l, ident, "ABORTED", "TECH_VIDEO")
		refused(person, "successful identification already")
		choose(l, ident, "SUCCESS", "")
		renewed := again(l, person)
		choose(l, ident, "FRAUD_SUSPICION_CONFIRMED", "") // what was successful is so no more
		refused(person, "successful identification already")
		choose(l, renewed, "SUCCESS", "") // what was begun goes on
		again(l, person)

		abroad := testkit.Customer("Berta")
		abroad["address"] = testkit.Object{"line_1": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}
		refused(l.Call(201, "POST", "/v1/persons", abroad)["id"].(string), "country is DE")

		both := l.Call(201, "POST", "/v1/persons", testkit.Object{"first_name": "Carla"})["id"].(string)
		o := l.Call(400, "POST", "/v1/persons/"+both+"/identifications", testkit.Object{"method": "idnow_autoident", "language": "FR"})
		if n := len(o["errors"].([]any)); n < 10 {
			t.Errorf("all at once: %d errors: %v", n, o)
		}
	})
}

// TestAutoIdentRefusedCases: a test case that S2 does not list is refused by the
// provider, and nothing is begun.
func TestAutoIdentRefusedCases(t *testing.T) {
	l := testkit.Start(t, "")
	for _, name := range []string{"X-MANUALTEST-CHANGEALL", "X-AUTOTEST-ABORTIDENT", "X-AUTOTEST-FRAUDOK", "X-AUTOTEST-LONGREVIEW"} {
		base := "/v1/persons/" + l.Person(name) + "/identifications"
		ident := base + "/" + l.Call(201, "POST", base, testkit.Object{"method": "idnow_autoident"})["id"].(string)
		if o := l.Call(400, "PATCH", ident+"/request", nil); o["code"] != "idnow_error" {
			t.Errorf("%s: %v", name, o)
		}
		if s := l.Status(ident); s != "created" {
			t.Errorf("%s is %s", name, s)
		}
	}
}

// TestAutoIdentPreliminary: an account with preliminary results tells of a
// suspicion, which S2 lists as pending_failed; CHECK_PENDING changes nothing.
func TestAutoIdentPreliminary(t *testing.T) {
	proof := coverage.Of(t)
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.Preliminary = true })
	r := testkit.NewReceiver(t)
	r.Subscribe(l, "IDENTIFICATION")
	for name, want := range map[string][]string{
		"HAPPYPATH": {"created", "pending", "successful"}, "FRAUDIDENT": {"created", "pending", "failed"},
		"CANCELED": {"created", "pending", "pending_failed", "failed"},
	} {
		ident := again(l, l.Person("X-AUTOTEST-"+name))
		l.Advance("5m")
		if got := r.Statuses(path.Base(ident)); !slices.Equal(got, want) {
			t.Errorf("%s: webhooks told %v, want %v", name, got, want)
		}
		for _, status := range want {
			proof.Row("S2 status values", status)
		}
	}
}

// TestAutoIdentLink: the link lives for 14 days, and asking again changes neither
// it nor the reference.
func TestAutoIdentLink(t *testing.T) {
	l := testkit.Start(t, "")
	ident := again(l, l.Person("X-MANUALTEST-HAPPYPATH"))
	first := l.Call(200, "GET", ident, nil)
	choose(l, ident, "ABORTED", "USER_CANCELLATION_IDENTIFY_LATER")
	l.Advance("335h")
	second := l.Call(200, "PATCH", ident+"/request", nil)
	if second["status"] != "pending" || second["url"] != first["url"] || second["reference"] != first["reference"] || second["failure_reason"] != nil {
		t.Errorf("asked again: %v", second)
	}
	l.Advance("2h")
	if s := l.Status(ident); s != "expired" {
		t.Errorf("%s after 14 days", s)
	}
	l.Call(412, "PATCH", ident+"/request", nil)
}

// reasonAtProvider is the reason of the present result as the simulator has it.
func reasonAtProvider(t *testing.T, l *testkit.Live, ident string) string {
	t.Helper()
	resp, err := http.Get(l.SteeringURL + "/sessions/" + path.Base(ident))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var session struct{ Reason string }
	if err := json.NewDecoder(resp.Body).Decode(&session); err != nil {
		t.Fatal(err)
	}
	return session.Reason
}
