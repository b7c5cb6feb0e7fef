package idnow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// expected is a push of a scenario: what it says, and how long after the one before (or the end of the call) it comes.
type expected struct {
	says     string
	min, max time.Duration
}

func TestScenarios(t *testing.T) {
	review := func(says string) expected { return expected{says, time.Minute, 2 * time.Minute} }
	atOnce := func(says string) expected { return expected{says, 0, 0} }
	day := func(says string) expected { return expected{says, 24 * time.Hour, 24 * time.Hour} }
	cases := []struct {
		name    string
		off, on []expected
	}{
		{"HAPPYPATH", []expected{review("SUCCESS")}, []expected{atOnce("REVIEW_PENDING"), review("SUCCESS")}},
		{"CHANGEALL", []expected{review("SUCCESS_DATA_CHANGED new")}, []expected{atOnce("REVIEW_PENDING new"), review("SUCCESS_DATA_CHANGED new")}},
		{"CHANGEALLREVIEW", []expected{review("SUCCESS_DATA_CHANGED new")}, []expected{atOnce("REVIEW_PENDING"), review("SUCCESS_DATA_CHANGED new")}},
		{"ABORTIDENT", []expected{atOnce("ABORTED/TECH_VIDEO")}, []expected{atOnce("ABORTED/TECH_VIDEO")}},
		{"FRAUDOK", []expected{review("CANCELED/OTHER_MISCELLANEOUS_TEMPORARY"), review("SUCCESS")}, []expected{atOnce("FRAUD_SUSPICION_PENDING"), review("SUCCESS")}},
		{"FRAUDREVIEW", []expected{review("SUCCESS"), review("FRAUD_SUSPICION_CONFIRMED")}, []expected{atOnce("REVIEW_PENDING"), review("FRAUD_SUSPICION_CONFIRMED")}},
		{"CANCELED", []expected{review("CANCELED/TECH_PHOTO")}, []expected{atOnce("REVIEW_PENDING"), review("CANCELED/TECH_PHOTO")}},
		{"CANCELLED", []expected{review("CANCELED/TECH_PHOTO")}, []expected{atOnce("REVIEW_PENDING"), review("CANCELED/TECH_PHOTO")}},
		{"FRAUDIDENT", []expected{review("FRAUD_SUSPICION_CONFIRMED")}, []expected{atOnce("FRAUD_SUSPICION_PENDING"), review("FRAUD_SUSPICION_CONFIRMED")}},
		{"LONGREVIEW", []expected{day("SUCCESS")}, []expected{atOnce("REVIEW_PENDING"), day("SUCCESS")}},
	}
	if len(cases) != len(scenarios)-1 { // HOLDCERTIFICATE: TestSigningRobots
		t.Errorf("%d scenarios are tested of %d", len(cases), len(scenarios)-1)
	}
	for _, c := range cases {
		for _, preliminary := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/preliminary=%t", c.name, preliminary), func(t *testing.T) {
				w := newWorld(t, func(cfg *Config) { cfg.Preliminary = preliminary })
				w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-" + c.name})
				w.advance(30 * time.Hour)
				want := c.off
				if preliminary {
					want = c.on
				}
				compare(t, w.company.take(), want)
			})
		}
	}
}

func compare(t *testing.T, got []pushed, want []expected) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d pushes, want %d: %v", len(got), len(want), got)
	}
	last := testStart.Add(10 * time.Second)
	for i, p := range got {
		says := p.body.Process.Result
		if p.body.Process.Reason != "" {
			says += "/" + p.body.Process.Reason
		}
		if c := p.body.User.Lastname; c.Status == "CHANGE" && c.Original == "Mustermann" && c.Value != "MUSTERMANN" {
			says += " new"
		}
		if says != want[i].says {
			t.Errorf("push %d says %q, want %q", i, says, want[i].says)
		}
		if pause := p.at.Sub(last); pause < want[i].min || pause > want[i].max {
			t.Errorf("push %d comes %s after what was before, want %s to %s", i, pause, want[i].min, want[i].max)
		}
		last = p.at
	}
}

func TestReviewDelayIsDecidedBySeed(t *testing.T) {
	times := map[time.Time]bool{}
	for _, seed := range []string{"a", "a", "b"} {
		w := newWorld(t, func(cfg *Config) { cfg.Seed = []byte(seed) })
		w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
		w.advance(time.Hour)
		times[w.company.take()[0].at] = true
	}
	if len(times) != 2 {
		t.Errorf("seeds a, a and b give %d different times, want 2", len(times))
	}
}

func TestRobotPlaces(t *testing.T) {
	w := newWorld(t, nil)
	for i, data := range []map[string]string{
		{"firstname": "X-AUTOTEST-ABORTIDENT", "lastname": "X-AUTOTEST-HAPPYPATH"},
		{"lastname": "X-AUTOTEST-ABORTIDENT"},
		{"custom4": "X-AUTOTEST-ABORTIDENT"},
	} {
		tx := fmt.Sprintf("place-%d", i)
		w.start(tx, data)
		w.advance(time.Minute)
		if _, r := w.get(tx); r.Process.Result != "ABORTED" {
			t.Errorf("%v: result %q, want ABORTED", data, r.Process.Result)
		}
	}
}

func TestRobotsRefused(t *testing.T) {
	w := newWorld(t, nil)
	for name, want := range map[string]string{
		"X-AUTOTEST-HOLDCERTIFICATE":   "412 PRECONDITION_FAILED",
		"X-MANUALTEST-HOLDCERTIFICATE": "412 PRECONDITION_FAILED",
		"X-AUTOTEST-NOSUCHCASE":        "400 BAD_REQUEST",
		"X-AUTOTEST":                   "400 BAD_REQUEST",
		"X-AUTOTEST-happypath":         "400 BAD_REQUEST",
		"X-WRONGTEST-HAPPYPATH":        "400 BAD_REQUEST",
	} {
		status, answer := w.tryStart("tx-1", map[string]string{"firstname": name})
		if got := fmt.Sprintf("%d %s", status, errorCause(t, answer)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if status, _ := w.call("GET", "/identifications/tx-1/documents", nil); status != 404 {
		t.Errorf("a refused start left an identification: %d", status)
	}
}

func TestAutoTestRunsAgainAfterAbort(t *testing.T) {
	w := newWorld(t, nil)
	id := w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"}) // while it runs: changes nothing
	w.advance(time.Hour)
	if n := len(w.company.take()); n != 1 {
		t.Fatalf("%d pushes, want 1", n)
	}
	if again := w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"}); again != id {
		t.Errorf("ident id %s, before %s", again, id)
	}
	if status, _ := w.call("GET", "/identifications/tx-1", nil); status != 404 {
		t.Errorf("a reopened identification answers %d, want 404", status)
	}
	w.advance(time.Hour)
	if got := w.company.take(); len(got) != 1 || got[0].body.Process.Result != "SUCCESS" {
		t.Errorf("second attempt: %v", got)
	}
	if status, answer := w.tryStart("tx-1", nil); status != 409 || errorCause(t, answer) != "EXISTING_IDENTIFICATION" {
		t.Errorf("start of a finished identification: %d %s", status, answer)
	}
}

func TestHappyPathReportsWhatWasSent(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH", "birthplace": "", "title": "Dr.", "custom1": "a"})
	w.advance(time.Hour)
	_, r := w.get("tx-1")
	if r.User.Birthplace != nil || r.User.Birthname != nil {
		t.Error("something is reported that was not sent")
	}
	for _, named := range append(r.User.person(), r.User.Address.cells()...) {
		if c := *named.cell; c != nil && (c.Status != "MATCH" || !strings.EqualFold(c.Value, "X-AUTOTEST-HAPPYPATH") && named.name == "firstname") {
			t.Errorf("%s: %+v", named.name, *c)
		}
	}
	if r.User.Title.Value != "Dr." || r.User.Lastname.Value != "MUSTERMANN" || *r.Custom.Custom1 != "a" || r.Custom.Custom2 != nil {
		t.Errorf("userdata %+v, customdata %+v", r.User, r.Custom)
	}
	if r.Document == nil || r.Attachments["idfrontside"] != "tx-1_idfrontside.jpg" {
		t.Errorf("document %v, attachments %v", r.Document, r.Attachments)
	}
}

func TestAbortedShape(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-ABORTIDENT"})
	w.advance(time.Hour)
	raw := w.company.take()[0].raw
	for _, part := range []string{"attachments", "identificationdocument", `"value"`} {
		if strings.Contains(raw, part) {
			t.Errorf("an aborted result contains %s", part)
		}
	}
	if !strings.Contains(raw, `{"status":"ORIGINAL","original":"Mustermann"}`) {
		t.Errorf("no ORIGINAL cell: %s", raw)
	}
}

func TestChangeAllUsesEveryLetter(t *testing.T) {
	for i := range 2 {
		var all strings.Builder
		for _, values := range changes {
			all.WriteString(values[i])
		}
		for r := 'À'; r <= 'ž'; r++ {
			if unicode.IsLetter(r) && !strings.ContainsRune(all.String(), unicode.ToUpper(r)) && !strings.ContainsRune(all.String(), r) {
				t.Errorf("%c does not occur in alternative %d", r, i)
			}
		}
	}
}

func TestChangeAllChangesEveryField(t *testing.T) {
	w := newWorld(t, nil)
	sent := map[string]string{"firstname": "X-AUTOTEST-CHANGEALL", "birthname": "Gabler", "zipcode": "1010", "country": "AT", "title": "DR"}
	w.start("tx-1", sent)
	w.advance(time.Hour)
	_, r := w.get("tx-1")
	for _, named := range slices.Concat(r.User.person(), r.User.Address.cells()) {
		c := *named.cell
		if c == nil || c.Status != "CHANGE" || c.Original == "" || strings.EqualFold(c.Value, c.Original) {
			t.Errorf("%s: %+v", named.name, c)
			continue
		}
		if !fields[named.name](c.Value) {
			t.Errorf("%s: %q is no valid value", named.name, c.Value)
		}
	}
}
