package e2e

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit/coverage"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestMainJob is the product's main job: from the token to the signed webhook
// and the downloaded report.
func TestMainJob(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventIdentification)
		i := w.identify("X-AUTOTEST-HAPPYPATH")
		if i.Status != client.StatusPending || i.URL == "" || i.Reference == "" || i.EstimatedWaitingTime == nil || i.Documents != nil {
			t.Errorf("after the request: %+v", i)
		}
		if accepted := must(w.SupportedDocuments(w.ctx, i.PersonID, i.ID))(t); len(accepted) == 0 || len(accepted[0].IssuingCountries) == 0 {
			t.Errorf("supported documents: %v", accepted)
		}
		w.advance(5 * time.Minute)
		i = w.again(i, client.WithDocuments)
		if i.Status != client.StatusSuccessful || i.CompletedAt.IsZero() || i.FailureReason != "" {
			t.Fatalf("%+v", i)
		}
		same(t, "webhooks", hooks.told(t, i.ID), []client.Status{client.StatusCreated, client.StatusPending, client.StatusSuccessful})
		last := hooks.all()[2]
		event := must(last.Identification())(t)
		if !event.CompletedAt.Equal(i.CompletedAt) || event.PersonID != i.PersonID || event.URL != i.URL || last.Attempt != 1 || last.CalledAt.IsZero() {
			t.Errorf("the last event: %+v, %+v", last, event)
		}
		types := map[client.DocumentType]int{}
		for _, d := range i.Documents {
			types[d.DocumentType]++
			checkDownload(w, i.PersonID, d)
		}
		if types[client.DocumentKYCReport] != 1 || types[client.DocumentIDDocument] != 2 || types[client.DocumentPicture] != 1 || types[client.DocumentOther] != 1 {
			t.Errorf("documents: %v", types)
		}
		listed := must(client.Collect(w.Documents(w.ctx, i.PersonID)))(t)
		same(t, "the person's documents", ids(listed, documentID), ids(i.Documents, documentID))
	})
}

// checkDownload reads a document's content and holds it against its description.
func checkDownload(w *world, personID string, d client.Document) {
	w.t.Helper()
	f := must(w.DownloadDocument(w.ctx, personID, d.ID))(w.t)
	defer f.Close()
	content := must(io.ReadAll(f))(w.t)
	if int64(len(content)) != d.Size || f.Name != d.Name || f.ContentType != d.ContentType {
		w.t.Errorf("%+v: %d bytes, %s, %s", d, len(content), f.Name, f.ContentType)
	}
	if d.DocumentType == client.DocumentKYCReport && !bytes.HasPrefix(content, []byte("%PDF-")) {
		w.t.Errorf("the report is no PDF: %.20q", content)
	}
	if again := must(w.Document(w.ctx, personID, d.ID))(w.t); again != d {
		w.t.Errorf("%+v, want %+v", again, d)
	}
}

// TestScenarios walks the scenario table of rulings §3, preliminary off and on:
// every ending that the README promises by name.
func TestScenarios(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	const (
		successful, failed, aborted, canceled = client.StatusSuccessful, client.StatusFailed, client.StatusAborted, client.StatusCanceled
		maybeGood, maybeBad                   = client.StatusPendingSuccessful, client.StatusPendingFailed
	)
	type statuses = []client.Status
	cases := []struct {
		scenario string
		off, on  statuses
		reason   string // of aborted and canceled
		slow     bool   // not over after ten minutes
	}{
		{"HAPPYPATH", statuses{successful}, statuses{maybeGood, successful}, "", false},
		{"CHANGEALL", statuses{successful}, statuses{maybeGood, successful}, "", false},
		{"CHANGEALLREVIEW", statuses{successful}, statuses{maybeGood, successful}, "", false},
		{"ABORTIDENT", statuses{aborted}, statuses{aborted}, "TECH_VIDEO", false},
		{"FRAUDOK", statuses{canceled, successful}, statuses{maybeBad, successful}, "", false},
		{"FRAUDREVIEW", statuses{successful, canceled}, statuses{maybeGood, failed}, "OTHER_MISCELLANEOUS_PERMANENT", false},
		{"CANCELED", statuses{canceled}, statuses{maybeGood, canceled}, "TECH_PHOTO", false},
		{"CANCELLED", statuses{canceled}, statuses{maybeGood, canceled}, "TECH_PHOTO", false},
		{"FRAUDIDENT", statuses{failed}, statuses{maybeBad, failed}, "", false},
		{"LONGREVIEW", statuses{successful}, statuses{maybeGood, successful}, "", true},
	}
	for _, preliminary := range []bool{false, true} {
		t.Run(map[bool]string{false: "off", true: "on"}[preliminary], func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, url string) {
				w := start(t, url, func(o *sandbox.Options) { o.Preliminary = preliminary })
				hooks := receive(t)
				hooks.subscribe(w, client.EventIdentification)
				for _, c := range cases {
					i := w.identify("X-AUTOTEST-" + c.scenario)
					w.advance(10 * time.Minute)
					if c.slow {
						if s := w.again(i).Status; s == successful {
							t.Errorf("%s: %s after ten minutes", c.scenario, s)
						}
						w.advance(24 * time.Hour)
					}
					want := c.off
					if preliminary {
						want = c.on
					}
					same(t, c.scenario+": webhooks", hooks.told(t, i.ID), append(statuses{client.StatusCreated, client.StatusPending}, want...))
					last, reason := want[len(want)-1], ""
					if last == aborted || last == canceled {
						reason = c.reason
					}
					if i = w.again(i); i.Status != last || i.FailureReason != reason {
						t.Errorf("%s: %s %q, want %s %q", c.scenario, i.Status, i.FailureReason, last, reason)
					}
					checkPerson(w, i.PersonID, c.scenario)
					proveVideo(proof, c.scenario, append(statuses{client.StatusCreated, client.StatusPending}, want...))
				}
			})
		})
	}
}

// proveVideo names the rows of S4 that a scenario proved.
func proveVideo(proof *coverage.Proof, scenario string, told []client.Status) {
	proof.Row("S4 test scenario prefixes", "X-AUTOTEST")
	if scenario != "FRAUDREVIEW" && scenario != "CANCELLED" { // from the provider's own list
		proof.Row("S4 test scenarios", scenario)
	}
	for _, s := range told {
		if s != client.StatusPendingSuccessful { // from S0
			proof.Row("S4 status values", string(s))
		}
	}
	if chain := strings.Join(ids(told, func(s client.Status) string { return string(s) }), " → "); chain == "created → pending → successful" ||
		chain == "created → pending → canceled → successful" || chain == "created → pending → successful → canceled" {
		proof.Row("S4 status transitions", chain)
	}
}

// checkPerson looks whether the person is another one, which only these two do.
func checkPerson(w *world, id, scenario string) {
	w.t.Helper()
	changed := must(w.Person(w.ctx, id))(w.t).FirstName != "X-AUTOTEST-"+scenario
	if want := scenario == "CHANGEALL" || scenario == "CHANGEALLREVIEW"; changed != want {
		w.t.Errorf("%s: changed the person: %v, want %v", scenario, changed, want)
	}
}

// TestChosenEnding ends identifications by the sandbox, and requests them again.
func TestChosenEnding(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		i := w.identify("X-MANUALTEST-HAPPYPATH")
		chosen := must(w.Sandbox().ChooseResult(w.ctx, i.ID, client.ResultAborted, "USER_CANCELLATION"))(t)
		if (chosen != client.Chosen{Result: client.ResultAborted, Reason: "USER_CANCELLATION", Status: client.StatusAborted}) {
			t.Errorf("%+v", chosen)
		}
		if i := w.again(i); i.Status != client.StatusAborted || i.FailureReason != "USER_CANCELLATION" {
			t.Errorf("%+v", i)
		}
		again := must(w.RequestIdentification(w.ctx, i.PersonID, i.ID))(t)
		if again.Status != client.StatusPending || again.URL != i.URL || again.Reference != i.Reference {
			t.Errorf("requested again: %+v", again)
		}
		must(w.Sandbox().ChooseResult(w.ctx, i.ID, client.ResultSuccess, ""))(t)
		if s := w.again(i).Status; s != client.StatusSuccessful {
			t.Errorf("%s", s)
		}
	})
}

// TestClock: it goes where it is sent, and never back.
func TestClock(t *testing.T) {
	t.Parallel()
	w := start(t, "", func(o *sandbox.Options) { o.ClockStart = time.Date(2031, 8, 31, 10, 0, 0, 0, time.UTC) })
	begin := must(w.Sandbox().Now(w.ctx))(t)
	if begin.Before(time.Date(2031, 8, 31, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("it is %v", begin)
	}
	if now := w.advance(36 * time.Hour).Now; now.Before(begin.Add(36 * time.Hour)) {
		t.Errorf("it is %v", now)
	}
	to := time.Date(2031, 10, 1, 0, 0, 0, 0, time.FixedZone("", 7200))
	if now := must(w.Sandbox().MoveTo(w.ctx, to))(t).Now; now.Before(to) {
		t.Errorf("it is %v", now)
	}
	_, err := w.Sandbox().MoveTo(w.ctx, begin)
	refused(t, err, 400, client.CodeValidation)
}

func same[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func ids[T any](list []T, id func(T) string) []string {
	all := make([]string, len(list))
	for n, item := range list {
		all[n] = id(item)
	}
	return all
}

func documentID(d client.Document) string { return d.ID }
