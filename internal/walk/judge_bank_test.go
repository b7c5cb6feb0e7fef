package walk

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// banking is what we did to an identification by a bank, and what its history tells.
type banking struct {
	method string

	url        string // as the request was answered
	authorized int    // calls of `authorize` that were answered so
	mistyped   int    // passwords that were looked at and wrong
	confirmed  bool   // the partner gave the right one
	papers     int    // uploads
	archive    bool   // one of them was the identity data
	bank       string // what the firms were told to say; empty: nothing
	check      string
	signer     string    // for the newest password
	told       time.Time // when
	tries      int       // wrong passwords since the newest authorize

	requested, ready, asked time.Time // when the history says so; asked: of the newest authorize
	code                    string    // provider_status_code
	counted                 counted
}

// counted are lines of the history.
type counted struct{ authorized, mistyped, papers, findings int }

// over tells whether the newest password is good for nothing.
func (b *banking) over(now time.Time) bool {
	return slices.Contains(signerOver, b.signer) || b.tries >= mostTries || !now.Before(b.asked.Add(passwordGood))
}

func (w *walk) judgeBank(i *ident) {
	w.replayBank(i)
	w.judgeBankRow(i)
	w.judgeBankWork(i)
	w.judgeBankFiles(i)
}

// replayBank reads the history from its beginning, as replay does.
func (w *walk) replayBank(i *ident) {
	b := i.bank
	i.story, b.counted = story{outcome: -1, lastRefusal: -1}, counted{}
	b.requested, b.ready, b.asked, b.code = time.Time{}, time.Time{}, time.Time{}, ""
	for n, e := range i.entries {
		if string(e.From) != i.status() || (n > 0 && e.At.Before(i.entries[n-1].At)) {
			w.wrong("%s: entry %d, %s at %s, leaves from %q; before it was %q", i.id, n, e.Event, instant(e.At), e.From, i.status())
		}
		switch e.Event {
		case "created":
			i.enter(e, "")
		case "document_uploaded":
			b.counted.papers++
		case "not_confirmed":
			b.counted.mistyped++
		case "attempt_over":
			if !slices.Contains(signerOver, b.signer) && b.authorized == b.counted.authorized {
				w.wrong("%s: the attempt to sign is over at %s, and the signer has not said so", i.id, instant(e.At))
			}
		default:
			w.replayBankStep(i, e)
			continue
		}
		if n > 0 && (e.From != e.To || e.Event == "created") {
			w.wrong("%s: %s leads from %s to %s", i.id, e.Event, e.From, e.To)
		}
	}
}

// replayBankStep takes a step of the table: it must be one, and have a cause.
func (w *walk) replayBankStep(i *ident, e kyc.Entry) {
	b := i.bank
	if to := bankMoves[b.method][i.status()][e.Event]; to != string(e.To) {
		w.wrong("%s: the rules know no %s from %s to %s", i.id, e.Event, e.From, e.To)
	}
	reason, why := w.bankCause(i, e)
	if why != "" {
		w.wrong("%s: %s from %s to %s by %s at %s: %s", i.id, e.Event, e.From, e.To, e.Actor, instant(e.At), why)
	}
	switch e.Event {
	case "requested":
		b.requested = e.At
		i.starts++
	case "authorized":
		b.asked = e.At
		b.counted.authorized++
	case "bank_confirmed", "data_accepted", "data_rejected", "signed":
		b.counted.findings++
	case "failed", "deadline_passed":
		if e.Actor == "provider" {
			b.counted.findings++
		}
	}
	if e.To == kyc.AuthorizationRequired {
		b.ready = e.At
	}
	if e.From != e.To {
		i.enter(e, "")
		i.story.reason = reason
	}
}

// bankCause says why a step was taken, and what partners are told of it; why says
// what is wrong with that.
func (w *walk) bankCause(i *ident, e kyc.Entry) (reason, why string) {
	b := i.bank
	var want ending
	switch {
	case e.Event == "requested":
		if b.url == "" {
			why = "nobody asked for it"
		}
		return "", why
	case e.Event == "authorized":
		if b.counted.authorized >= b.authorized {
			why = "nobody asked for it"
		}
		return "", why
	case e.Event == "data_received":
		if !b.archive {
			why = "nobody gave any"
		}
		return "", why
	case e.Event == "confirmed":
		if !(e.Actor == "partner" && b.confirmed) && !(e.Actor == "provider" && b.signer == "success") {
			why = "nobody did"
		}
		return "", why
	case e.Event == "signed":
		return "", ""
	case e.Event == "signing_failed":
		if !slices.Contains(signerFails, b.signer) {
			why = "the signer has not said so"
		}
		return "signing_failed", why
	case e.Event == "deadline_passed" && e.Actor == "system":
		due := b.requested.Add(bankLink)
		if i.status() == "authorization_required" || i.status() == "confirmation_required" {
			due = b.ready.Add(signWithin)
		}
		if e.At.Before(due) {
			why = "there is time until " + instant(due)
		}
		return "expired", why
	case i.status() == "pending" && b.bank == "":
		if want = (ending{"expired", "expired", ""}); e.At.Before(b.requested.Add(bankSession - 10*time.Second)) {
			why = "the customer has time"
		}
	case i.status() == "pending":
		want = bankEnding(b.method, b.bank, i.person.banked(w, e))
	case b.check == "" && e.At.Before(i.since.Add(checkTakes)):
		why = "the check cannot be over"
		fallthrough
	default:
		word := b.check
		if word == "" {
			word = "accepted"
		}
		want = checkEndings[word]
		b.code = want.code
	}
	if want.to != string(e.To) {
		why = "it should lead to " + want.to
	}
	return want.reason, why
}

// banked tells whether the person was identified by a bank before the entry.
func (p *person) banked(w *walk, before kyc.Entry) bool {
	for _, e := range p.entries {
		if e == before {
			return false
		}
		if e.To == kyc.Successful && e.From == kyc.Confirmed {
			return true
		}
	}
	return false
}

var tokenForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{4}$`)

// judgeBankRow compares what the API shows with what the history tells.
func (w *walk) judgeBankRow(i *ident) {
	b := i.bank
	when := func(t time.Time, after time.Duration) any {
		if t.IsZero() {
			return nil
		}
		return instant(t.Add(after))
	}
	or := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	want := object{
		"id": i.id, "person_id": i.person.id, "method": b.method, "status": i.story.status, "completed_at": when(i.completed, 0),
		"failure_reason": or(i.story.reason), "reference": nil, "url": or(b.url), "estimated_waiting_time": nil,
		"authorization_expires_at": when(b.ready, signWithin), "confirmation_expires_at": when(b.asked, passwordGood), "provider_status_code": or(b.code),
	}
	for key, value := range want {
		if i.row[key] != value {
			w.wrong("%s: %s is %v, and must be %v", i.id, key, i.row[key], value)
		}
	}
	if token := i.shown("current_reference_token"); (token != "") != !b.asked.IsZero() || token != "" && !tokenForm.MatchString(token) {
		w.wrong("%s: current_reference_token is %q", i.id, token)
	}
	if c := b.counted; c.authorized != b.authorized || c.mistyped != b.mistyped || c.papers != b.papers || c.findings != len(i.findings) {
		w.wrong("%s: the history has %+v; there were %d, %d, %d, and %d findings are kept", i.id, c, b.authorized, b.mistyped, b.papers, len(i.findings))
	}
	if b.confirmed && !slices.Contains([]string{"confirmed", "successful", "failed"}, i.status()) {
		w.wrong("%s was confirmed and is %s", i.id, i.status())
	}
}

// judgeBankWork: nothing stays longer than it may, and what waits has its job.
func (w *walk) judgeBankWork(i *ident) {
	b := i.bank
	has := func(kinds ...kyc.JobKind) bool {
		return slices.ContainsFunc(kinds, func(k kyc.JobKind) bool { _, ok := i.jobs[k]; return ok })
	}
	until, ok := time.Time{}, true
	switch i.status() {
	case "pending":
		until, ok = b.requested.Add(bankSession), has(kyc.Expire) && has(kyc.PollResult)
	case "identification_data_required":
		until, ok = b.requested.Add(bankLink), has(kyc.Expire)
	case "processed":
		until, ok = i.since.Add(checkTakes), has(kyc.SubmitData, kyc.PollResult)
	case "authorization_required", "confirmation_required":
		until, ok = b.ready.Add(signWithin), has(kyc.Expire)
		waits := i.status() == "confirmation_required" && !b.over(w.now.Add(time.Second))
		ok = ok && (!waits || has(kyc.CollectSigning))
		if waits && b.signer == "success" {
			until = b.told
		}
	case "confirmed":
		until, ok = i.since, has(kyc.CollectSigning)
	default:
		for kind := range i.jobs {
			if kind == kyc.AuthorizeSigning || kind == kyc.ConfirmSigning || kind == kyc.StartSession || kind == kyc.SubmitData {
				w.wrong("%s is %s and has a job %s", i.id, i.status(), kind)
			}
		}
		return
	}
	if w.now.After(until.Add(90 * time.Second)) {
		w.wrong("%s is %s at %s since %s, and should be so until %s", i.id, i.status(), instant(w.now), instant(i.since), instant(until))
	}
	if !ok {
		w.wrong("%s is %s, and nobody sees to it: %v", i.id, i.status(), i.jobs)
	}
}

// judgeBankFiles: one document to sign, one that is signed, and the partner's own.
func (w *walk) judgeBankFiles(i *ident) {
	count := map[string]int{}
	for _, d := range i.docs {
		count[d.Type]++
	}
	want := map[string]int{"OTHER": i.bank.papers}
	if !i.bank.ready.IsZero() {
		want["QES_DOCUMENT"] = 1
	}
	if i.status() == "successful" {
		want["SIGNED_QES_DOCUMENT"] = 1
	}
	for _, kind := range []string{"OTHER", "QES_DOCUMENT", "SIGNED_QES_DOCUMENT"} {
		if count[kind] != want[kind] {
			w.wrong("%s is %s and has %d documents %s, want %d", i.id, i.status(), count[kind], kind, want[kind])
		}
	}
	for _, d := range i.docs {
		signed := strings.HasSuffix(d.Name, "_signed_kyc_report.pdf")
		if signed != (d.Type == "SIGNED_QES_DOCUMENT") {
			w.wrong("%s: the document %s is called %s", i.id, d.Type, d.Name)
		}
	}
}
