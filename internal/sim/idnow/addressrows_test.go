package idnow

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit/coverage"
)

// TestDocumentsWithAddress shows each document of Appendix I on both pages, with no
// proof of address announced: the agent asks for none, and AutoIdent succeeds. What
// a customer shows is known by type and country.
func TestDocumentsWithAddress(t *testing.T) {
	proof := coverage.Of(t)
	for _, table := range coverage.Tables() {
		if !strings.HasSuffix(table.Name, " ID documents with address") {
			continue
		}
		for _, row := range table.Rows {
			t.Run(table.Name[:2]+" "+row, func(t *testing.T) {
				n := slices.IndexFunc(withAddress, func(d addressDocument) bool { return d.Document == row })
				if n < 0 {
					t.Fatal("the simulator does not know it")
				}
				if table.Name[:2] == "S2" {
					shownInAutoIdent(t, withAddress[n])
				} else {
					shownInCall(t, withAddress[n])
				}
				proof.Row(table.Name, row)
			})
		}
	}
}

func shownInCall(t *testing.T, d addressDocument) {
	t.Helper()
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"custom1": "", "custom2": ""})
	v := w.visit("tx-1")
	v.send(append(slices.Clone(landingForm), "document", d.Type, "issuer", d.Country)...)
	for range 4 { // waiting, confirm, front, back
		v.send("action", "done")
	}
	v.shows("tilt")
}

func shownInAutoIdent(t *testing.T, d addressDocument) {
	t.Helper()
	w := newAutoWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "Erika", "custom1": ""})
	v := w.visit("tx-1")
	v.send(autoLandingForm...)
	v.send("document", d.Type, "issuer", d.Country, "action", "done")
	for range 3 { // front, back, face
		if strings.Contains(v.body, `value="specimen"`) {
			v.send("action", "specimen")
		}
	}
	v.shows("data")
	v.send("validuntil", "2030-01-01", "action", "done")
	w.advance(3 * time.Minute)
	pushed := w.company.take()
	if len(pushed) != 1 || pushed[0].body.Process.Result != "SUCCESS" {
		t.Errorf("pushed %v", pushed)
	}
}
