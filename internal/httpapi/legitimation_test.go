package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestLegitimationData: the document that was shown, as long as the
// identification counts.
func TestLegitimationData(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		ident := create(l, l.Person("X-MANUALTEST-HAPPYPATH"))
		at := ident + "/legitimation_data"
		refused(t, l, 404, "model_not_found", "GET", at, nil)
		l.Call(200, "PATCH", ident+"/request", nil)
		end(l, ident, "ABORTED", "USER_CANCELLATION")
		refused(t, l, 404, "model_not_found", "GET", at, nil)
		l.Call(200, "PATCH", ident+"/request", nil)
		end(l, ident, "REVIEW_PENDING", "")
		refused(t, l, 404, "model_not_found", "GET", at, nil)
		end(l, ident, "SUCCESS", "")
		var shown object
		for _, a := range l.Array(ident + "/idnow_attempts") {
			shown, _ = a["payload"].(object)["identificationdocument"].(object)
		}
		got := l.Call(200, "GET", at, nil)
		for ours, theirs := range map[string]string{
			"legitimation_document_number": "number", "legitimation_type": "type", "legitimation_issuer": "issuedby",
			"legitimation_country": "country", "legitimation_issued_at": "dateissued", "legitimation_valid_until": "validuntil",
		} {
			if want := shown[theirs].(object)["value"]; got[ours] != want || want == "" {
				t.Errorf("%s is %v, want %v", ours, got[ours], want)
			}
		}
		if got["legitimation_type"] != "IDCARD" || got["legitimation_country"] != "DE" || len(got) != 6 {
			t.Errorf("%v", got)
		}
		_, _, body := l.Do("GET", at, nil)
		if !json.Valid(body) || !strings.HasPrefix(string(body), `{"legitimation_document_number":"`) {
			t.Errorf("%s", body)
		}
		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"})
		refused(t, other, 404, "model_not_found", "GET", at, nil)
		end(l, ident, "CANCELED", "TECH_PHOTO") // a late review
		refused(t, l, 404, "model_not_found", "GET", at, nil)
	})
}
