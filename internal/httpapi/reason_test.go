package httpapi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestFailureReasons: the whole catalogue at once, for whoever has a token.
func TestFailureReasons(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		all := l.Array("/v1/identification_failure_reasons?page[size]=1") // it has no pages
		if len(all) != 132 {
			t.Errorf("%d reasons, want 132", len(all))
		}
		counts := map[any]int{}
		for _, r := range all {
			for _, m := range r["methods"].([]any) {
				counts[m]++
			}
		}
		if counts["idnow"] != 59 || counts["idnow_autoident"] != 76 {
			t.Errorf("by method: %v", counts)
		}
		if !slices.IsSortedFunc(all, func(a, b object) int { return strings.Compare(a["code"].(string), b["code"].(string)) }) {
			t.Error("not sorted by code")
		}
		_, _, body := l.Do("GET", "/v1/identification_failure_reasons", nil)
		var raw []json.RawMessage
		if err := json.Unmarshal(body, &raw); err != nil {
			t.Fatal(err)
		}
		const first = `{"code":"APP_CANCELLATION_APPROVAL_PHRASE_INSUFFICIENT_DOCUMENT_COUNT","description":"In the Approval Phrases step for QES/esign, ` +
			`the required number of documents to be signed are not received from backend","permanent":null,"caused_by_user":null,"group":"ABORTED","methods":["idnow_autoident"]}`
		if string(raw[0]) != first {
			t.Errorf("the first is %s", raw[0])
		}
		l.Token = "none"
		refused(t, l, 401, "invalid_token", "GET", "/v1/identification_failure_reasons", nil)
	})
}
