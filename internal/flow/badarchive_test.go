package flow_test

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// refusals lists what the history says of archives that were refused.
func (d *desk) refusals() (all []string) {
	d.t.Helper()
	err := d.Store.View(d.t.Context(), func(v kyc.View) error {
		entries, err := v.History().OfPerson(d.ident.PersonID)
		for _, e := range entries {
			if e.Event == "evidence_refused" {
				all = append(all, string(e.From)+" "+string(e.To)+" "+e.Details)
			}
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

func bad(rule string) error {
	return &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Detail: "../Anna.jpg", Cause: &provider.BadArchive{Rule: rule}}
}

// TestBadArchive: what is refused is in the history, once, and in the log, and
// holds up neither the result nor an archive that the provider has mended.
func TestBadArchive(t *testing.T) {
	d := newDesk(t)
	var log bytes.Buffer
	d.Log = slog.New(slog.NewTextHandler(&log, nil))
	expect := func(want ...string) {
		t.Helper()
		if got := d.refusals(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the history has %q, want %q", got, want)
		}
	}
	const first, second = `successful successful {"rule":"path_in_name"}`, `successful successful {"rule":"name_twice"}`
	d.firm.trouble = bad("path_in_name")
	d.tell(kyc.Succeeded)
	d.expect(kyc.Successful, 0)
	expect(first)
	for range 3 { // it is as bad as before
		d.run(time.Hour)
		expect(first)
	}
	d.firm.trouble = bad("name_twice")
	d.run(6 * time.Hour)
	expect(first, second)
	if !strings.Contains(log.String(), "the archive breaks a rule: path_in_name") || strings.Contains(log.String(), "Anna") {
		t.Errorf("the log says\n%s", log.String())
	}
	d.firm.trouble = nil
	d.run(6 * time.Hour)
	d.expect(kyc.Successful, 2)
}

// TestArchiveBreaksOff: what is wrong with a file shows when it is read.
func TestArchiveBreaksOff(t *testing.T) {
	d := newDesk(t)
	d.firm.files = []provider.File{{
		Name: "userface.jpg", Type: kyc.DocumentPicture, ContentType: "image/jpeg",
		Open: func() (io.ReadCloser, error) { return io.NopCloser(broken{}), nil },
	}}
	d.tell(kyc.Succeeded)
	d.expect(kyc.Successful, 0)
	if got := d.refusals(); len(got) != 1 || !strings.HasSuffix(got[0], `{"rule":"damaged"}`) {
		t.Errorf("the history has %q", got)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, bad("damaged") }
