package crashtest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// audits is what audits remember of each other: what need not be opened twice.
type audits struct {
	opened map[string]bool // blobs, findings and keys
	runs   int
}

// audit compares the tables with each other and with the ledger. All of it must
// hold at any moment, since each verb is one transaction.
func (w *world) audit() *rows {
	w.t.Helper()
	r, err := w.snapshot()
	if err != nil {
		w.t.Fatalf("%s: read the database: %v", w.name, err)
	}
	w.audits.runs++
	w.auditPersons(r)
	w.auditTax(r)
	w.auditIdents(r)
	w.auditJobs(r)
	w.auditNotifications(r)
	w.auditEvidence(r)
	w.auditLedger(r)
	w.auditPapers(r)
	w.auditErased(r)
	w.auditBankident(r)
	return r
}

// auditErased: an erased person is erased whole, and the record goes with its key.
func (w *world) auditErased(r *rows) {
	for _, e := range r.erased {
		kept := e.keepUntil != 0
		jobs := 0
		if kept {
			jobs = 1
		}
		if e.partner != "" || e.attributes != "{}" || e.identity != "" || e.lines != 0 || e.told != 1 || (e.record != nil) != kept || (e.key != nil) != kept || e.jobs != jobs || e.signings != 0 {
			w.lose("person %s is erased by half: %+v", e.id, e)
		}
	}
}

// auditPersons: each has a key and one beginning; the version counts the changes.
func (w *world) auditPersons(r *rows) {
	history := group(r.history, func(h historyRow) string { return h.person })
	for _, p := range r.persons {
		if r.keys[p.id] == nil {
			w.lose("person %s has no key", p.id)
		}
		created, changes := 0, 0
		for _, h := range history[p.id] {
			switch {
			case h.event == "person_created":
				created++
			case h.event == "person_changed" && h.actor == "partner",
				h.moved() && h.to == string(kyc.Successful): // which writes the person once, corrected or not
				changes++
			}
		}
		if created != 1 || p.version != 1+changes {
			w.lose("person %s: created %d times, %d changes, version %d", p.id, created, changes, p.version)
		}
	}
	if len(r.keys) != len(r.persons) {
		w.lose("%d persons with %d keys", len(r.persons), len(r.keys))
	}
}

// auditIdents: the history replays by the method's table to the row.
func (w *world) auditIdents(r *rows) {
	history := group(r.history, func(h historyRow) string { return h.ident })
	findings := group(r.findings, func(f findingRow) string { return f.ident })
	for _, i := range r.idents {
		state, moves, told, requested, completed := "", 0, 0, false, false
		for _, h := range history[i.id] {
			if h.from != state {
				w.lose("identification %s: %s begins at %q, the line before ended at %q", i.id, h.event, h.from, state)
			}
			if h.actor == "provider" && h.event != "request_refused" && !i.toldWithoutFinding(h) {
				told++
			}
			if state = h.to; !h.moved() {
				continue
			}
			moves++
			requested = requested || h.event == string(kyc.Requested)
			completed = completed || h.to == string(kyc.Successful) || h.to == string(kyc.Failed)
			to, ok := i.rules().Machine.Next(kyc.State(h.from), kyc.Event(h.event))
			if created := h.event == "created" && h.from == "" && h.to == string(kyc.Created); !created && (!ok || string(to) != h.to) {
				w.lose("identification %s: the table has no move from %q by %s to %q", i.id, h.from, h.event, h.to)
			}
		}
		if i.handedOver(history[i.id]) {
			moves++ // that is written, and is no step
		}
		if state != i.state || moves != i.version {
			w.lose("identification %s is %s in version %d; the history ends at %q after %d moves", i.id, i.state, i.version, state, moves)
		}
		if requested != (i.link != "") || !i.bankident() && requested != (i.reference != "") || requested != (i.requestedAt != 0) || completed != (i.completedAt != 0) {
			w.lose("identification %s is half written: %+v", i.id, i)
		}
		if told != len(findings[i.id]) {
			w.lose("identification %s: %d results are kept, the history tells of %d", i.id, len(findings[i.id]), told)
		}
		delete(history, i.id)
	}
	delete(history, "")
	for ident := range history {
		w.lose("the history tells of an identification %s that is not there", ident)
	}
}

// auditJobs: what must still happen has its job, and what has a job is there.
func (w *world) auditJobs(r *rows) {
	has := map[string]jobRow{}
	for _, j := range r.jobs {
		has[j.kind+" "+j.key] = j
		if j.leaseUntil > time.Now().Add(kyc.JobLease).UnixMicro() {
			w.lose("the job %s %s is leased until %s", j.kind, j.key, time.UnixMicro(j.leaseUntil))
		}
	}
	if _, ok := has["sweep documents"]; !ok {
		w.lose("the sweep has no job")
	}
	now := r.clock.UnixMicro()
	for _, i := range r.idents {
		row, open := i.rules().Machine.Moves[kyc.State(i.state)]
		if i.bankident() {
			continue // auditBankident
		}
		if !open || len(row) == 0 || i.requestedAt == 0 || now >= i.linkExpiresAt {
			continue
		}
		for _, kind := range []kyc.JobKind{kyc.Expire, kyc.PollResult} {
			if _, ok := has[string(kind)+" "+i.id]; !ok {
				w.lose("identification %s is %s and has no job %s", i.id, i.state, kind)
			}
		}
	}
	queued := map[string]bool{}
	for _, n := range r.notifications {
		j, ok := has["deliver "+n.id]
		queued[n.id] = n.state == string(kyc.Queued)
		if ok != queued[n.id] || (ok && (j.owner != n.subscription || j.lane != n.subscription+"/"+n.entity)) {
			w.lose("notification %s of %s is %s, its job: %t %+v", n.id, n.entity, n.state, ok, j)
		}
	}
	for _, j := range r.jobs {
		if j.kind == string(kyc.Deliver) && !queued[j.key] && !w.provoked[j.key] {
			w.lose("the job of notification %s has nothing to send", j.key)
		}
	}
}

// auditNotifications: each change has one for each subscription that was there.
func (w *world) auditNotifications(r *rows) {
	statuses, changes := map[string][]string{}, map[string]int{}
	idents, persons := map[string]map[string]bool{}, map[string]map[string]bool{} // by partner
	for _, h := range r.history {
		if idents[h.partner] == nil {
			idents[h.partner], persons[h.partner] = map[string]bool{}, map[string]bool{}
		}
		if h.told() {
			statuses[h.ident] = append(statuses[h.ident], h.to)
			idents[h.partner][h.ident] = true
		}
		if h.event == "person_changed" {
			changes[h.person]++
			persons[h.partner][h.person] = true
		}
	}
	bySubscription := group(r.notifications, func(n notificationRow) string { return n.subscription })
	for _, n := range r.notifications {
		w.auditAttempts(n, r.attempts[n.id])
	}
	for _, h := range w.subscriptions() {
		own := group(bySubscription[h.id], func(n notificationRow) string { return n.entity })
		if h.id == "" {
			continue
		}
		for entity, list := range own {
			if h.event == "PERSON_CHANGED" {
				if h.always && len(list) != changes[entity] || len(list) > changes[entity] {
					w.lose("person %s: %d changes, %d notifications", entity, changes[entity], len(list))
				}
				continue
			}
			told := make([]string, len(list))
			for n, x := range list {
				told[n] = call{body: x.body}.status()
			}
			if h.always && !slices.Equal(told, statuses[entity]) || !within(statuses[entity], told) && !h.dropped {
				w.lose("identification %s went %v, and %s was told %v", entity, statuses[entity], h.path, told)
			}
		}
		partner := r.subscriptions[h.id].partner
		if n := len(idents[partner]); h.always && h.event == "IDENTIFICATION" && len(own) != n {
			w.lose("%d identifications, notifications of %d", n, len(own))
		}
		if n := len(persons[partner]); h.always && h.event == "PERSON_CHANGED" && len(own) != n {
			w.lose("%d persons changed, notifications of %d", n, len(own))
		}
	}
}

// within tells whether part is a run of whole.
func within(whole, part []string) bool {
	for n := 0; n+len(part) <= len(whole); n++ {
		if slices.Equal(whole[n:n+len(part)], part) {
			return true
		}
	}
	return false
}

// auditAttempts: the attempts are counted, and the last one says how it stands.
func (w *world) auditAttempts(n notificationRow, attempts []attemptRow) {
	good := len(attempts) == n.attempts
	last := 0
	for k, a := range attempts {
		good = good && a.number == k+1
		last = a.status
	}
	delivered := n.state == string(kyc.Delivered)
	if !good || delivered != (last/100 == 2) || delivered != (n.deliveredAt != 0) {
		w.lose("notification %s is %s after %d attempts: %+v", n.id, n.state, n.attempts, attempts)
	}
}

// auditLedger: what was acknowledged is in the history, once; what is there was sent.
func (w *world) auditLedger(r *rows) {
	lines := group(r.history, func(h historyRow) string { return h.request })
	count := func(ids []string, event string) (n int) {
		for _, id := range ids {
			for _, h := range lines[id] {
				if h.event == event {
					n++
				}
			}
		}
		return n
	}
	persons, idents := w.all()
	statuses := map[string][]string{}
	for _, h := range r.history {
		if h.moved() {
			statuses[h.ident] = append(statuses[h.ident], h.to)
		}
	}
	w.mu.Lock()
	var wrong []string
	for _, p := range persons {
		if n := count(p.sent, "person_created"); n > 1 || (p.id != "" && n != 1) {
			wrong = append(wrong, "person "+p.id+" "+p.marker)
		}
		if p.key != "" && p.id != "" && r.replays[p.key] != p.body {
			wrong = append(wrong, "the stored answer of "+p.key)
		}
		if n := count(p.patches, "person_changed"); n > 1 || (p.patched && n != 1) {
			wrong = append(wrong, "the patch of person "+p.id)
		}
	}
	for _, i := range idents {
		if n := count(i.sent, "created"); n > 1 || (i.id != "" && n != 1) {
			wrong = append(wrong, "identification "+i.id+" of "+i.person.id)
		}
		if i.requested && !slices.Contains(statuses[i.id], string(kyc.Pending)) {
			wrong = append(wrong, "the request of "+i.id)
		}
		if i.id != "" && !follows(statuses[i.id], i.seen) {
			wrong = append(wrong, "identification "+i.id+" went "+strings.Join(statuses[i.id], " ")+", it was seen as "+strings.Join(i.seen, " "))
		}
	}
	for id := range lines {
		if id != "" && !w.issued[id] {
			wrong = append(wrong, "the request "+id+", which nobody sent")
		}
	}
	w.mu.Unlock()
	for _, what := range wrong {
		w.lose("acknowledged and not there, or there twice: %s", what)
	}
}

// follows tells whether what was seen is a way through what happened: no answer
// goes back behind an earlier one.
func follows(happened, seen []string) bool {
	at := 0
	for _, s := range seen {
		n := slices.Index(happened[at:], s)
		if n < 0 {
			return false
		}
		at += n
	}
	return true
}

// resultOf reads what the provider said from the evidence.
func resultOf(raw []byte) (tx, result string) {
	var report struct {
		Process struct {
			Transaction string `json:"transactionnumber"`
			Result      string `json:"result"`
		} `json:"identificationprocess"`
	}
	_ = json.Unmarshal(raw, &report) // what cannot be read has no result
	return report.Process.Transaction, report.Process.Result
}
