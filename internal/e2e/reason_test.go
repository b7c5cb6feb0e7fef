package e2e

import (
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/reason"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit/coverage"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// ends is what partners see of a reason of a group.
var ends = map[client.ReasonGroup]client.Status{
	client.ReasonAborted: client.StatusAborted, client.ReasonCancelled: client.StatusCanceled, client.ReasonFraud: client.StatusFailed,
}

// guides are those of the methods that have one.
var guides = map[client.Method]string{client.MethodIDnow: "S4", client.MethodIDnowAutoIdent: "S2"}

// TestEveryReason walks every failure reason of both guides, by the name of the
// person, to the partner's webhook. The simulator has lists of its own.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url, func(o *sandbox.Options) { o.SameEvidence = true })
		hooks := receive(t)
		hooks.subscribe(w, client.EventIdentification)
		known := map[string]client.FailureReason{}
		for _, r := range must(w.FailureReasons(w.ctx))(t) {
			known[r.Code] = r
		}
		for m, count := range map[client.Method]int{client.MethodIDnow: 59, client.MethodIDnowAutoIdent: 76} {
			asked := map[string]client.Identification{}
			for _, r := range reason.Of(kyc.Method(m)) {
				asked[r.Code] = w.named(m, "X-AUTOTEST-REASON-"+r.Code)
			}
			if len(asked) != count {
				t.Errorf("%s: %d reasons are walked, want %d", m, len(asked), count)
			}
			w.advance(10 * time.Minute)
			for code, i := range asked {
				end, shown := ends[known[code].Group], code
				if end == client.StatusFailed {
					shown = "" // "No reason can be disclosed for the final failed status" (S2, S4)
				}
				same(t, code, hooks.told(t, i.ID), []client.Status{client.StatusCreated, client.StatusPending, end})
				if i = w.again(i); i.Status != end || i.FailureReason != shown {
					t.Errorf("%s: %s: %s %q, want %s %q", m, code, i.Status, i.FailureReason, end, shown)
				}
				proof.Row(guides[m]+" failure codes", code)
				if m == client.MethodIDnowAutoIdent { // S4 has no groups
					proof.Row("S2 groups of failure codes", string(known[code].Group))
				}
			}
		}
	})
}

// named creates a person of that name, and creates and requests an identification.
func (w *world) named(m client.Method, firstName string) client.Identification {
	w.t.Helper()
	p := w.person(firstName)
	i := must(w.CreateIdentification(w.ctx, p.ID, client.IdentificationData{Method: m}))(w.t)
	return must(w.RequestIdentification(w.ctx, p.ID, i.ID))(w.t)
}

// TestReasonOfAnotherMethod: what is no reason of the method is refused like any
// case that is not known.
func TestReasonOfAnotherMethod(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	for name, m := range map[string]client.Method{
		"X-AUTOTEST-REASON-NO_SUCH_REASON": client.MethodIDnow, "X-MANUALTEST-REASON-ID_BLURRY": client.MethodIDnow,
		"X-MANUALTEST-REASON-TECH_AUDIO": client.MethodIDnowAutoIdent, "X-AUTOTEST-REASON-": client.MethodIDnowAutoIdent,
	} {
		p := w.person(name)
		i := must(w.CreateIdentification(w.ctx, p.ID, client.IdentificationData{Method: m}))(t)
		_, err := w.RequestIdentification(w.ctx, p.ID, i.ID)
		refused(t, err, 400, "idnow_error")
		if s := w.again(i).Status; s != client.StatusCreated {
			t.Errorf("%s: %s", name, s)
		}
	}
}
