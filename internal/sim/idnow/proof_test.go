package idnow

import (
	"strings"
	"testing"
	"time"
)

// TestNeedsProof names the 31 documents that show an address, and some that do not.
func TestNeedsProof(t *testing.T) {
	if len(withAddress) != 31 {
		t.Errorf("%d documents show an address, want 31", len(withAddress))
	}
	for _, d := range withAddress {
		t.Run(d.Document, func(t *testing.T) {
			if (&session{Document: document{d.Type, d.Country}}).needsProof() {
				t.Error("a proof is asked for")
			}
			if !accepted(d.Type, d.Country) {
				t.Error("it is not accepted")
			}
		})
	}
	for _, d := range []document{{passport, "DE"}, {idCard, "AT"}, {residencePermit, "DE"}, {passport, "IT"}, {idCard, "SE"}} {
		if !(&session{Document: d}).needsProof() {
			t.Errorf("%v: no proof is asked for", d)
		}
		if (&session{Document: d, Data: map[string]string{proofField: "GAS_BILL"}}).needsProof() {
			t.Errorf("%v: a proof is asked for, though one was announced", d)
		}
	}
	if (&session{}).needsProof() {
		t.Error("a robot is asked for a proof")
	}
}

// TestProofOnThePage: the agent asks for a proof; whoever has none may try again.
func TestProofOnThePage(t *testing.T) {
	for name, c := range map[string]struct {
		announced, issuer, action, page string
	}{
		"none needed":  {"", "FR", "", "tilt"},
		"announced":    {"GAS_BILL", "DE", "", "tilt"},
		"shown":        {"", "DE", "done", "tilt"},
		"not at hand":  {"", "DE", "none", "ended"},
		"gives up":     {"", "DE", "stop", "ended"},
		"other nation": {"", "AT", "done", "tilt"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.start("tx-1", map[string]string{"custom1": c.announced, "custom2": ""})
			v := w.visit("tx-1")
			v.send(append(landingForm, "document", "PASSPORT", "issuer", c.issuer)...)
			for range 4 { // waiting, confirm, front, back
				v.send("action", "done")
			}
			if c.action != "" {
				v.shows("proof")
				if !strings.Contains(v.body, `value="none"`) {
					t.Error("nobody can say that they have none")
				}
				v.send("action", c.action)
			}
			v.shows(c.page)
			if c.action == "none" && !strings.Contains(v.body, noProof) {
				t.Errorf("no reason is given: %s", v.body)
			}
		})
	}
}

// TestProofInAutoIdent: nobody asks for a proof there, so an address that nothing proves ends it; a name that promises a
// success keeps its promise.
func TestProofInAutoIdent(t *testing.T) {
	for name, c := range map[string]struct{ firstname, announced, kind, want string }{
		"a licence shows no address": {"Erika", "", driversLicense, "CANCELED USER_INVOICE_MISSING"},
		"nor does a passport":        {"Erika", "", passport, "CANCELED USER_INVOICE_MISSING"},
		"an identity card does":      {"Erika", "", idCard, "SUCCESS "},
		"a proof was announced":      {"Erika", "GAS_BILL", passport, "SUCCESS "},
		"the happy path":             {"X-MANUALTEST-HAPPYPATH", "", passport, "SUCCESS "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAutoWorld(t, nil)
			w.start("tx-1", map[string]string{"firstname": c.firstname, "custom1": c.announced})
			v := w.visit("tx-1")
			v.upToScan(c.kind)
			for range 3 { // front, back, face
				if strings.Contains(v.body, `value="specimen"`) {
					v.send("action", "specimen")
				}
			}
			v.shows("data")
			v.send("validuntil", "2030-01-01", "action", "done")
			w.advance(3 * time.Minute)
			pushed := w.company.take()
			if len(pushed) != 1 || pushed[0].body.Process.Result+" "+pushed[0].body.Process.Reason != c.want {
				t.Errorf("pushed %v, want %s", pushed, c.want)
			}
		})
	}
}
