package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit"
)

// TestProofOfAddress: who shows a document without an address is asked for a proof
// of it, unless the partner has announced one.
func TestProofOfAddress(t *testing.T) {
	l := testkit.Start(t, "")
	for _, c := range []struct {
		kind, announced string
		asked           bool
	}{{"PASSPORT", "", true}, {"PASSPORT", "GAS_BILL", false}, {"IDCARD", "", false}} {
		base := "/v1/persons/" + l.Person("Anna") + "/identifications"
		body := testkit.Object{"method": "idnow"}
		if c.announced != "" {
			now, err := time.Parse(time.RFC3339, l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string))
			if err != nil {
				t.Fatal(err)
			}
			body["proof_of_address_type"], body["proof_of_address_issued_at"] = c.announced, now.AddDate(0, -1, 0).Format(time.DateOnly)
		}
		ident := base + "/" + l.Call(201, "POST", base, body)["id"].(string)
		page := testkit.OpenPage(t, l.Call(200, "PATCH", ident+"/request", nil)["url"].(string))
		page.Send("terms", "yes", "ready", "yes", "recording", "yes", "document", c.kind, "issuer", "DE")
		for range 4 { // waiting, confirm, front, back
			page.Send("action", "done")
		}
		if asked := strings.Contains(page.Body, `value="none"`); asked != c.asked {
			t.Errorf("%+v: asked %t:\n%s", c, asked, page.Body)
		}
		if !c.asked {
			continue
		}
		page.Send("action", "none")
		l.Advance("1s")
		if o := l.Call(200, "GET", ident, nil); o["status"] != "aborted" || o["failure_reason"] != "OTHER_MISCELLANEOUS_TEMPORARY" {
			t.Errorf("%v %v", o["status"], o["failure_reason"])
		}
	}
}
