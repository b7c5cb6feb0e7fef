package walk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/video"
)

// story is what the history tells when it is read from its beginning.
type story struct {
	status      string
	reason      string
	since       time.Time // when the status was reached
	from        string    // from which status
	requested   time.Time // the first time; zero if never
	completed   time.Time
	starts      int       // how often a session was started
	outcome     int       // the newest of the provider's results that was taken in; -1: none
	successes   []success // each time that it was successful
	told        []event   // what subscribers must hear
	statuses    []string  // each status that was reached, in order
	lastRefusal int       // where the last refusal of a start stands; -1: nowhere
}

type success struct {
	at      time.Time
	outcome int    // which of the provider's results
	archive string // the evidence's; empty while it is not to be had
}

type event struct {
	at   time.Time
	body string
}

// wrong writes down that a rule is broken.
func (w *walk) wrong(format string, args ...any) {
	w.wrongs = append(w.wrongs, fmt.Sprintf(format, args...))
}

// check looks and judges. What came by itself between two looks is no failure:
// so what is wrong must be wrong again when we look once more.
func (w *walk) check(strict bool) {
	w.t.Helper()
	for range 2 {
		w.wrongs = nil
		w.look()
		for _, p := range w.persons {
			w.judgePerson(p)
			for _, i := range p.idents {
				w.judge(i, strict)
			}
		}
		for _, s := range w.subs {
			w.judgeSubscription(s, strict)
		}
		if len(w.wrongs) == 0 {
			return
		}
	}
	w.t.Fatalf("at %s:\n%s", instant(w.now), strings.Join(w.wrongs, "\n"))
}

func (w *walk) judge(i *ident, strict bool) {
	if i.bank != nil {
		w.judgeBank(i)
		return
	}
	w.replay(i)
	w.judgeRow(i)
	w.judgeProvider(i, strict)
	w.judgeWork(i)
	w.judgeEvidence(i, strict)
	w.judgeScenario(i)
}

// replay reads the history from its beginning: every step must be one that the
// rules allow, with a cause, and at the end stands what the API shows.
func (w *walk) replay(i *ident) {
	i.story = story{outcome: -1, lastRefusal: -1}
	taken := 0
	for n, e := range i.entries {
		if string(e.From) != i.story.status || (n > 0 && e.At.Before(i.entries[n-1].At)) {
			w.wrong("%s: entry %d, %s at %s, leaves from %q; before it was %q", i.id, n, e.Event, instant(e.At), e.From, i.story.status)
		}
		switch {
		case n == 0:
			if e.Event != "created" || e.To != kyc.Created || e.Actor != "partner" {
				w.wrong("%s: the history begins with %s to %s by %s", i.id, e.Event, e.To, e.Actor)
			}
			i.enter(e, "")
		case e.Event == "request_refused":
			i.lastRefusal = n
		case e.Event == string(kyc.Requested):
			w.replayRequest(i, e)
		case e.Event == string(kyc.DeadlinePassed):
			if e.At.Before(i.requested.Add(linkLifetime)) || i.requested.IsZero() || e.To != kyc.Expired {
				w.wrong("%s: %s to %s at %s, and the link was requested at %s", i.id, e.Event, e.To, instant(e.At), instant(i.requested))
			}
			i.enter(e, "")
		case e.Actor == "provider" && taken < len(i.findings):
			w.replayResult(i, e, i.findings[taken])
			taken++
		default:
			w.wrong("%s: nobody is known to have caused %s to %s by %s", i.id, e.Event, e.To, e.Actor)
		}
		if e.From == e.To && changedNothing(e) {
			continue
		}
		if n > 0 && !slices.Contains(moves[string(e.From)], string(e.To)) {
			w.wrong("%s: there is no way from %s to %s (%s)", i.id, e.From, e.To, e.Event)
		}
		if to, ok := video.Machine.Next(e.From, kyc.Event(e.Event)); n > 0 && (!ok || to != e.To) {
			w.wrong("%s: the table knows no %s from %s to %s", i.id, e.Event, e.From, e.To)
		}
	}
	if taken != len(i.findings) {
		w.wrong("%s: %d results are kept as evidence, %d stand in the history", i.id, len(i.findings), taken)
	}
}

// enter takes a step of the history.
func (i *ident) enter(e kyc.Entry, reason string) {
	s := &i.story
	s.from, s.status, s.since, s.reason = s.status, string(e.To), e.At, ""
	s.statuses = append(s.statuses, s.status)
	switch s.status {
	case "aborted":
		s.reason = reason
	case "canceled":
		if s.reason = reason; reason == "" {
			s.reason = unexplained
		}
	case "successful", "failed":
		s.completed = e.At
	}
	quoted := func(s string) string {
		if s == "" {
			return "null"
		}
		return `"` + strings.ReplaceAll(s, "&", `\u0026`) + `"`
	}
	completed, reference, url := "", "", ""
	if !s.completed.IsZero() {
		completed = instant(s.completed)
	}
	if s.starts > 0 {
		reference, url = i.shown("reference"), i.shown("url")
	}
	s.told = append(s.told, event{e.At, fmt.Sprintf(
		`{"id":%q,"reference":%s,"url":%s,"status":%q,"completed_at":%s,"method":%q,"person_id":%q,"metadata":null}`,
		i.id, quoted(reference), quoted(url), s.status, quoted(completed), i.method(), i.person.id)})
}

// method is by which the person is identified.
func (i *ident) method() string {
	if i.bank != nil {
		return i.bank.method
	}
	return "idnow"
}

func (w *walk) replayRequest(i *ident, e kyc.Entry) {
	if i.starts++; i.starts > i.asked {
		w.wrong("%s: it was started %d times and asked for %d times", i.id, i.starts, i.asked)
	}
	if i.requested.IsZero() {
		i.requested = e.At
	}
	i.enter(e, "")
}

// replayResult takes a result of the provider: it must be one that it gave,
// newer than the one before, and lead where the rules say.
func (w *walk) replayResult(i *ident, e kyc.Entry, f kyc.FindingRecord) {
	before := i.outcome
	if i.session != nil {
		for n, o := range i.session.Outcomes {
			if n > before && o.At.Equal(f.At) && o.Result == f.Result && text(o.Reason) == f.Reason {
				i.outcome = n
				break
			}
		}
	}
	if i.outcome == before {
		w.wrong("%s: %s (%s) of %s was taken in; the provider has not said that, or it was taken in before", i.id, f.Result, f.Reason, instant(f.At))
	}
	for _, b := range i.barriers {
		if i.starts >= b.start && i.outcome < b.outcomes && retryable(f.Result) {
			w.wrong("%s: %s of %s was taken in after a request had begun the session anew", i.id, f.Result, instant(f.At))
		}
	}
	to := leads(i.story.status, f.Result)
	if to == "" {
		if e.From != e.To || !changedNothing(e) {
			w.wrong("%s: %s in %s must change nothing, and led to %s", i.id, f.Result, e.From, e.To)
		}
		return
	}
	if string(e.To) != to || changedNothing(e) {
		w.wrong("%s: %s in %s must lead to %s, and led to %s (%s)", i.id, f.Result, e.From, to, e.To, e.Details)
	}
	i.enter(e, f.Reason)
	if to == "successful" {
		i.successes = append(i.successes, success{e.At, i.outcome, f.Archive})
	}
}

// judgeRow compares what the API shows with what the history tells.
func (w *walk) judgeRow(i *ident) {
	want := object{
		"id": i.id, "person_id": i.person.id, "method": "idnow", "status": i.story.status,
		"completed_at": nil, "failure_reason": nil, "reference": nil, "url": nil, "estimated_waiting_time": nil,
		"authorization_expires_at": nil, "confirmation_expires_at": nil, "current_reference_token": nil, "provider_status_code": nil,
	}
	if !i.completed.IsZero() {
		want["completed_at"] = instant(i.completed)
	}
	if i.story.reason != "" {
		want["failure_reason"] = i.story.reason
	}
	if i.starts > 0 && i.session != nil {
		want["reference"], want["url"], want["estimated_waiting_time"] = i.session.ID, i.session.Link, 60.0
	}
	for key, value := range want {
		if i.row[key] != value && !(key == "estimated_waiting_time" && w.faults) {
			w.wrong("%s: %s is %v, and must be %v", i.id, key, i.row[key], value)
		}
	}
	if i.starts < i.given {
		w.wrong("%s: %d requests were answered with a new session, the history has %d", i.id, i.given, i.starts)
	}
}

// final tells whether nothing can happen any more.
func final(status string) bool { return len(moves[status]) == 0 }

func (i *ident) linkExpires() time.Time { return i.requested.Add(linkLifetime) }

func (w *walk) linkOver(i *ident) bool { return i.starts > 0 && !w.now.Before(i.linkExpires()) }

// judgeProvider: what holds at the provider is taken in, or somebody is on the
// way to do so.
func (w *walk) judgeProvider(i *ident, strict bool) {
	if i.session.present() == "" || i.outcome == len(i.session.Outcomes)-1 {
		return
	}
	_, fetching := i.jobs[kyc.FetchResult]
	_, polling := i.jobs[kyc.PollResult]
	lost := w.drops && (w.linkOver(i) || final(i.story.status)) // told to nobody, and nobody asks any more
	onTheWay := i.session.Pushes > 0 || fetching || (w.drops && polling)
	if !lost && (strict || !onTheWay) {
		w.wrong("%s is %s, and %s holds at the provider; nobody takes it in", i.id, i.story.status, i.session.present())
	}
}

// judgeWork: what is to happen in time has its job, and nothing hangs.
func (w *walk) judgeWork(i *ident) {
	start, starting := i.jobs[kyc.StartSession]
	fetch := i.jobs[kyc.FetchResult]
	poll, polling := i.jobs[kyc.PollResult]
	expire, expiring := i.jobs[kyc.Expire]
	requestable := slices.Contains(moves[i.story.status], "pending")
	switch {
	case i.intent > 0 && (i.lastRefusal >= i.intent || slices.ContainsFunc(i.entries[i.intent:], leavesRequestable)):
		i.intent = 0
	case i.intent > 0 && !starting:
		w.wrong("%s: a request was to go on by itself, and has no job", i.id)
	}
	if starting && i.intent == 0 && requestable {
		w.wrong("%s: a session is being started, and nobody asked for it (attempt %d)", i.id, start.Attempt)
	}
	if fetch.Attempt > 20 {
		w.wrong("%s: the provider's result has been put off %d times", i.id, fetch.Attempt)
	}
	if i.starts == 0 || final(i.story.status) {
		return
	}
	over := w.linkOver(i)
	if !over && (!polling || poll.DueAt.After(w.now.Add(mostPoll+time.Minute))) {
		w.wrong("%s is %s and nobody asks the provider in the next 6 hours", i.id, i.story.status)
	}
	if !over && (!expiring || expire.DueAt.Sub(i.linkExpires()).Abs() > time.Second) {
		w.wrong("%s is %s and does not expire at %s", i.id, i.story.status, instant(i.linkExpires()))
	}
	open := i.story.status == "pending" || i.story.status == "aborted" || i.story.status == "canceled"
	late := w.now.Sub(i.linkExpires())
	if over && open && i.since.Before(i.linkExpires()) && !(expiring && (w.faults || late < time.Minute)) {
		w.wrong("%s is %s since %s; its link was over at %s", i.id, i.story.status, instant(i.since), instant(i.linkExpires()))
	}
	if over && open && strings.HasPrefix(i.from, "pending_") && len(i.successes) == 0 && !expiring {
		w.wrong("%s was under review when its link ended, and never expires", i.id)
	}
}

func leavesRequestable(e kyc.Entry) bool {
	return !changedNothing(e) && e.To != kyc.Created && e.To != kyc.Aborted && e.To != kyc.Canceled
}

// judgeEvidence: documents come with success and only with it, whole sets.
func (w *walk) judgeEvidence(i *ident, strict bool) {
	_, waiting := i.jobs[kyc.FetchEvidence]
	for _, s := range i.successes {
		// A provider that is in trouble, or that says something else by now, has nothing to give.
		holds := i.story.status == "successful" && i.session != nil && s.outcome == len(i.session.Outcomes)-1
		if s.archive == "" && holds && (strict || !waiting) {
			w.wrong("%s: the evidence of its success at %s is missing", i.id, instant(s.at))
		}
	}
	sets := 0
	for _, f := range i.findings {
		if f.Archive != "" {
			sets++
		}
	}
	if sets > len(i.successes) || len(i.docs) != sets*documentsEach {
		w.wrong("%s has %d documents of %d archives, and was successful %d times", i.id, len(i.docs), sets, len(i.successes))
	}
	for _, d := range i.docs {
		if !slices.ContainsFunc(i.successes, func(s success) bool { return !d.CreatedAt.Before(s.at) }) {
			w.wrong("%s: a document of %s is older than its success", i.id, instant(d.CreatedAt))
		}
	}
}

// judgeScenario: what nobody disturbed goes as the scenario's table says.
func (w *walk) judgeScenario(i *ident) {
	name, robot := strings.CutPrefix(i.scenario, "X-AUTOTEST-")
	if !robot || i.disturbed || i.given != 1 || i.asked != 1 {
		return
	}
	chain := chains[name][0]
	if i.preliminary {
		chain = chains[name][1]
	}
	got := i.statuses[min(2, len(i.statuses)):] // after created and pending
	if len(got) > 0 && got[len(got)-1] == "expired" && w.linkOver(i) {
		got = got[:len(got)-1]
	}
	whole := w.now.After(i.requested.Add(reviewed(name)))
	if len(got) > len(chain) || !slices.Equal(got, chain[:len(got)]) || (whole && len(got) != len(chain)) {
		w.wrong("%s: %s went %v, and should go %v", i.id, i.scenario, got, chain)
	}
}

// judgePerson counts the attempts and the changes.
func (w *walk) judgePerson(p *person) {
	count, changes := 0, 0
	counted := map[string]bool{}
	for _, e := range p.entries {
		to := string(e.To)
		switch {
		case e.Event == "person_changed" && e.Actor == "partner":
			changes++
		case changedNothing(e):
		case to == "successful":
			count, counted[e.IdentificationID] = 0, true
		case unsuccessful(to), to == "expired" && !counted[e.IdentificationID]:
			count++
			counted[e.IdentificationID] = true
		}
	}
	if count != p.unsuccessful {
		w.wrong("%s has %d unsuccessful attempts, and %d are counted", p.id, count, p.unsuccessful)
	}
	if changes != p.patches {
		w.wrong("%s was changed %d times by the partner, and asked for it %d times", p.id, changes, p.patches)
	}
}
