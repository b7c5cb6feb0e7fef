package e2e

import (
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/method/reason"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// ends is what partners see of a reason of a group.
var ends = map[client.ReasonGroup]client.Status{
	client.ReasonAborted: client.StatusAborted, client.ReasonCancelled: client.StatusCanceled, client.ReasonFraud: client.StatusFailed,
}

// TestEveryReason walks every failure reason of the guide for video, by the name of
// the person, to the partner's webhook.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url, func(o *sandbox.Options) { o.SameEvidence = true })
		hooks := receive(t)
		hooks.subscribe(w, client.EventIdentification)
		known := map[string]client.FailureReason{}
		for _, r := range must(w.FailureReasons(w.ctx))(t) {
			known[r.Code] = r
		}
		asked := map[string]client.Identification{}
		for _, r := range reason.Of("idnow") {
			asked[r.Code] = w.identify("X-AUTOTEST-REASON-" + r.Code)
		}
		w.advance(10 * time.Minute)
		for code, i := range asked {
			end := ends[known[code].Group]
			if end == "" || end == client.StatusFailed {
				t.Fatalf("%s: the group is %q", code, known[code].Group)
			}
			same(t, code, hooks.told(t, i.ID), []client.Status{client.StatusCreated, client.StatusPending, end})
			if i = w.again(i); i.Status != end || i.FailureReason != code {
				t.Errorf("%s: %s %q", code, i.Status, i.FailureReason)
			}
		}
		if len(asked) != 59 {
			t.Errorf("%d reasons were walked, want 59", len(asked))
		}
		unknown := w.person("X-AUTOTEST-REASON-NO_SUCH_REASON")
		i := must(w.CreateIdentification(w.ctx, unknown.ID, client.IdentificationData{Method: client.MethodIDnow}))(t)
		_, err := w.RequestIdentification(w.ctx, unknown.ID, i.ID)
		refused(t, err, 400, "idnow_error")
	})
}
