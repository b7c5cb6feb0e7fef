package idnow

import (
	"fmt"
	"testing"
	"time"
)

// TestReasonCodes: every reason of both guides once, and what comes with it.
func TestReasonCodes(t *testing.T) {
	all := map[string]bool{}
	for k, want := range map[Kind]int{Video: 59, AutoIdent: 76} {
		seen := map[string]bool{}
		for result, codes := range reasonsOf(k) {
			for _, code := range codes {
				if seen[code] {
					t.Errorf("%q: %s is there twice", k, code)
				}
				seen[code], all[code] = true, true
				if made, ok := findScenario(k, reasonPrefix+code); !ok || made.Final[0].Reason != code || made.Final[0].Result != result {
					t.Errorf("%q: %s makes %+v", k, code, made)
				}
			}
		}
		if len(seen) != want {
			t.Errorf("%q has %d reasons, want %d", k, len(seen), want)
		}
	}
	if len(all) != 132 {
		t.Errorf("%d different reasons, want 132", len(all))
	}
}

// TestReasonScenarios: a case of each result, with and without preliminary results.
func TestReasonScenarios(t *testing.T) {
	for _, c := range []struct {
		kind          Kind
		code, off, on string
	}{
		{Video, "USER_NO_ID", "ABORTED", "ABORTED"},
		{Video, "SECURITY_QUESTION", "CANCELED", "REVIEW_PENDING CANCELED"},
		{AutoIdent, "USER_CANCELLATION_PRIVACY_CONCERNS", "ABORTED", "ABORTED"},
		{AutoIdent, "USER_INVOICE_MISSING", "CANCELED", "CHECK_PENDING CANCELED"},
		{AutoIdent, "WARNING_SCAN", "FRAUD_SUSPICION_CONFIRMED", "FRAUD_SUSPICION_PENDING FRAUD_SUSPICION_CONFIRMED"},
		{Video, "WARNING_SCAN", "", ""}, // none of its reasons
		{Video, "NO_SUCH", "", ""},
	} {
		made, ok := reasonScenario(c.kind, reasonPrefix+c.code)
		if off, on := results(made.Final), results(made.Preliminary); off != c.off || on != c.on || ok != (c.off != "") {
			t.Errorf("%q %s: %t, %q and %q", c.kind, c.code, ok, off, on)
		}
	}
	if _, ok := reasonScenario(Video, "USER_NO_ID"); ok {
		t.Error("a reason without its prefix is a case")
	}
}

func results(endings []ending) (words string) {
	for n, e := range endings {
		if n > 0 {
			words += " "
		}
		words += e.Result
	}
	return words
}

// TestReasonByName: a robot ends by itself; an unknown reason is refused.
func TestReasonByName(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-REASON-BAD_AUDIO"})
	w.start("tx-2", map[string]string{"lastname": "X-AUTOTEST-REASON-SECURITY_QUESTION"})
	w.advance(time.Hour)
	got := w.company.take()
	if len(got) != 2 || got[0].body.Process.Reason != "BAD_AUDIO" || got[1].body.Process.Reason != "SECURITY_QUESTION" {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"X-AUTOTEST-REASON-NO_SUCH", "X-AUTOTEST-REASON-", "X-MANUALTEST-REASON-ID_BLURRY"} {
		if status, body := w.tryStart("tx-3", map[string]string{"firstname": name}); status != 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// TestReasonOnThePage: a reason that aborts ends the call half way, one that cancels is found by the review.
func TestReasonOnThePage(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-MANUALTEST-REASON-USER_LANGUAGE"})
	v := w.visit("tx-1")
	v.callUpTo(stepFront)
	v.send("action", "done")
	w.advance(time.Second)
	v.open(v.link)
	v.shows("ended")
	w.start("tx-2", map[string]string{"firstname": "X-MANUALTEST-REASON-PHOTO_OTHER"})
	v = w.visit("tx-2")
	v.callUpTo(stepCode)
	v.send("code", identCode, "action", "done")
	v.shows("review")
	w.advance(3 * time.Minute)
	told := ""
	for _, p := range w.company.take() {
		told += fmt.Sprintf("%s %s; ", p.body.Process.Result, p.body.Process.Reason)
	}
	if told != "ABORTED USER_LANGUAGE; CANCELED PHOTO_OTHER; " {
		t.Errorf("the company was told %s", told)
	}
}

// TestReasonBySteering: a reason alone brings the result that it comes with.
func TestReasonBySteering(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	for result, codes := range videoReasons {
		for _, code := range codes {
			if one := steer(t, w, "POST", "/sessions/tx-1/result", fmt.Sprintf(`{"reason":%q}`, code), 200); one["reason"] != code || one["result"] != result {
				t.Errorf("%s: %v", code, one)
			}
		}
	}
	steer(t, w, "POST", "/sessions/tx-1/result", `{"reason":"ID_BLURRY"}`, 400)
}
