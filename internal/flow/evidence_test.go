package flow_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/job"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/video"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/store/storetest"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// firm is a provider whose archive can fail alone, which no wire can be made to do.
type firm struct {
	finding provider.Finding
	trouble error           // of the archive
	away    error           // of everything
	files   []provider.File // of the archive; none: a picture
}

func (f *firm) Start(context.Context, provider.Order) (provider.Session, error) {
	return provider.Session{Reference: "TST-ABCDE", URL: "https://go.example"}, f.away
}

func (f *firm) Poll(context.Context, provider.Ref) (provider.Finding, error) {
	return f.finding, f.away
}

func (f *firm) Archive(_ context.Context, _ string, into provider.Scratch) ([]provider.File, error) {
	if _, err := into.Write([]byte("zip")); err != nil {
		return nil, err
	}
	if f.files != nil {
		return f.files, f.trouble
	}
	return []provider.File{{
		Name: "userface.jpg", Type: kyc.DocumentPicture, ContentType: "image/jpeg",
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("face")), nil },
	}}, f.trouble
}

// desk is the verbs on a store and a firm of their own.
type desk struct {
	*flow.Service
	t      *testing.T
	firm   *firm
	clock  *storetest.Clock
	runner *job.Runner
	ident  kyc.Identification
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d := &desk{t: t, firm: &firm{}, clock: storetest.NewClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	store, err := sqlstore.Open(t.Context(), testdb.SQLite(t), sqlstore.Options{Clock: d.clock, NewID: func(s string, _ int64) string { return id.Random(s) }})
	must(err)
	t.Cleanup(func() { store.Close() })
	master, err := seal.MasterFromFile(filepath.Join(t.TempDir(), "key"), true)
	must(err)
	blobs, err := dir.Open(t.TempDir())
	must(err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	d.Service = &flow.Service{
		Store: store, Clock: d.clock, Wall: d.clock, Master: master, Blobs: blobs, Log: log, Sandbox: true, RequestDeadline: time.Minute,
		Rules:     map[kyc.Method]method.Rules{kyc.MethodIDnow: video.Rules},
		Providers: map[kyc.Method]provider.Adapter{kyc.MethodIDnow: {Name: "firm", Starter: d.firm, Poller: d.firm, Archiver: d.firm}},
	}
	d.runner = job.New(store, d.clock, d.clock, log, job.Group{Workers: 4, Handlers: map[kyc.JobKind]job.Handler{
		kyc.StartSession: d.StartSession, kyc.FetchResult: d.FetchResult, kyc.PollResult: d.PollResult, kyc.FetchEvidence: d.FetchEvidence,
		kyc.Expire: d.Expire,
	}})
	p, _, err := flow.CreatePartner(t.Context(), store, flow.NewPartner{Name: "Bank"})
	must(err)
	person, _, err := d.CreatePerson(t.Context(), p.ID, flow.Once{}, map[string]any{"first_name": "X-MANUALTEST-HAPPYPATH", "last_name": "M"})
	must(err)
	d.ident, _, err = d.CreateIdentification(t.Context(), p.ID, person.ID, flow.Once{}, map[string]any{"method": "idnow"})
	must(err)
	_, err = d.Request(t.Context(), p.ID, person.ID, d.ident.ID, nil)
	must(err)
	return d
}

// tell makes the firm have a result, and runs what follows from it.
func (d *desk) tell(ev kyc.Event) {
	d.t.Helper()
	d.clock.Set(d.clock.Now().Add(time.Second))
	d.firm.finding = provider.Finding{
		Event: ev, Result: string(ev), At: d.clock.Now(), Raw: []byte("{}"), HasArchive: true,
		Fingerprint: strconv.FormatInt(d.clock.Now().UnixMicro(), 10),
	}
	if err := d.Notice(d.t.Context(), d.ident.ID); err != nil {
		d.t.Fatal(err)
	}
	d.run(0)
}

func (d *desk) run(later time.Duration) {
	d.t.Helper()
	d.clock.Set(d.clock.Now().Add(later))
	if _, err := d.runner.RunDue(d.t.Context(), func(kyc.Tx) error { return nil }); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) expect(state kyc.State, documents int) {
	d.t.Helper()
	err := d.Store.View(d.t.Context(), func(v kyc.View) error {
		i, err := v.Identifications().Get(d.ident.ID)
		if err != nil {
			return err
		}
		all, err := v.Documents().OfIdentification(d.ident.ID)
		if i.State != state || len(all) != documents {
			d.t.Errorf("%s with %d documents, want %s with %d", i.State, len(all), state, documents)
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// TestLateEvidence: a result does not wait for the firm's archive, which follows.
func TestLateEvidence(t *testing.T) {
	d := newDesk(t)
	d.firm.trouble = errors.New("no archive yet")
	d.tell(kyc.Succeeded)
	d.expect(kyc.Successful, 0)
	d.run(time.Minute)
	d.expect(kyc.Successful, 0)
	d.firm.trouble = nil
	d.run(time.Hour)
	d.expect(kyc.Successful, 2) // the report and the picture
	d.run(24 * time.Hour)
	d.expect(kyc.Successful, 2)
}

// TestNoEvidenceOfFraud: no report says "successful" about what was cancelled.
func TestNoEvidenceOfFraud(t *testing.T) {
	d := newDesk(t)
	d.firm.trouble = errors.New("no archive yet")
	d.tell(kyc.Succeeded)
	d.firm.trouble = nil
	d.tell(kyc.FailedForGood)
	d.expect(kyc.Canceled, 0)
	d.run(time.Hour)
	d.expect(kyc.Canceled, 0)
}

// TestEvidenceOfASecondSession: what came of the first does not stand in its way.
func TestEvidenceOfASecondSession(t *testing.T) {
	d := newDesk(t)
	d.tell(kyc.Succeeded)
	d.expect(kyc.Successful, 2)
	d.tell(kyc.CanceledByReview)
	d.firm.trouble = errors.New("no archive yet")
	d.tell(kyc.Succeeded)
	d.expect(kyc.Successful, 2)
	d.firm.trouble = nil
	d.run(time.Hour)
	d.expect(kyc.Successful, 4)
}

// TestHistoryReplays: the history tells the whole way, in order, and its last
// line agrees with the row.
func TestHistoryReplays(t *testing.T) {
	d := newDesk(t)
	for _, ev := range []kyc.Event{kyc.AttemptAborted, kyc.CanceledByReview, kyc.Succeeded, kyc.AttemptAborted, kyc.FailedForGood} {
		d.tell(ev)
	}
	err := d.Store.View(t.Context(), func(v kyc.View) error {
		entries, err := v.History().OfPerson(d.ident.PersonID)
		if err != nil {
			return err
		}
		state := kyc.State("")
		for _, e := range entries {
			if e.IdentificationID != d.ident.ID {
				continue
			}
			if e.From != state {
				t.Errorf("%s begins at %q, the line before ended at %q", e.Event, e.From, state)
			}
			state = e.To
		}
		if i, err := v.Identifications().Get(d.ident.ID); err != nil || i.State != state || state != kyc.Canceled {
			t.Errorf("the history ends at %q, the row says %q, %v", state, i.State, err)
		}
		records, err := v.Findings().OfIdentification(d.ident.ID)
		if len(records) != 5 {
			t.Errorf("%d results were kept, want 5", len(records))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
