package crashtest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// finish lets everything come to its end and compares all of it.
func (w *world) finish(p *process) {
	w.t.Helper()
	w.ending.Store(true)
	w.gate.open(p.APIURL)
	w.dismiss()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatalf("%s: the end (seed %d): %v\n%s", w.name, w.seed, err, p.log.String())
		}
	}
	for _, firm := range []string{"", "/xs2a", "/ais", "/fourthline"} {
		must(w.steer(p, "DELETE", firm+"/faults", nil, nil))
	}
	must(w.resume(p))
	must(w.decide())
	must(w.harness.advance("480h")) // links end after 14 days, reviews after one
	w.untilFree()
	must(w.harness.advance("1h"))
	w.age()
	must(w.harness.advance("25h")) // the sweep
	persons, idents := w.all()
	w.compared.persons, w.compared.idents, w.compared.hooks = 0, 0, 0
	w.compare(p)
	for _, i := range idents {
		if i.id != "" && len(i.documents) > 0 {
			must(w.harness.look(i))
		}
	}
	r := w.audit()
	w.auditEnd(r)
	w.auditFolder(r)
	w.auditDeliveries(r)
	w.auditSessions(p, r)
	w.auditFirms(p, r)
	w.auditNumbers(r, persons, idents)
	p.kill()
}

// resume lets subscriptions go on that a scene left paused.
func (w *world) resume(p *process) error {
	r, err := w.snapshot()
	if err != nil {
		return err
	}
	for _, s := range r.subscriptions {
		if !s.paused {
			continue
		}
		if _, err := w.command(p, "webhook", "resume", s.id, "--json"); err != nil {
			return err
		}
	}
	return nil
}

// decide ends the reviews that a person at the provider would have to end.
func (w *world) decide() error {
	r, err := w.snapshot()
	if err != nil {
		return err
	}
	for _, i := range r.idents {
		if !kyc.State(i.state).UnderReview() || i.bankident() {
			continue // of Bankident each ends by itself
		}
		body := object{"result": "FAILED"}
		a, err := w.harness.ask(request{method: "POST", path: "/sandbox/identifications/" + i.id + "/result", body: body, open: true})
		if err != nil || a.status != http.StatusOK {
			return errors.Join(err, fmt.Errorf("end the review of %s: %d %s", i.id, a.status, a.body))
		}
	}
	return nil
}

// dismiss lets the customers go home.
func (w *world) dismiss() {
	w.t.Helper()
	gone := make(chan struct{})
	go func() {
		w.working.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		w.lively = false
	case <-time.After(2 * hang):
		w.t.Fatalf("%s: a customer waits for an answer of a server that lives (seed %d)", w.name, w.seed)
	}
}

// untilFree waits until no dead process holds a lease any more. A sandbox voids
// leases when it starts; PostgreSQL may commit one of a dead process after that.
func (w *world) untilFree() {
	w.t.Helper()
	deadline := time.After(2 * kyc.JobLease)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := w.snapshot()
		if err != nil {
			w.t.Fatal(err)
		}
		now := time.Now().UnixMicro()
		if !slices.ContainsFunc(r.jobs, func(j jobRow) bool { return j.leaseUntil > now }) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.lose("a job stays leased: %+v", r.jobs)
			return
		}
	}
}

// waits are the jobs of another day.
var waits = []kyc.JobKind{kyc.SweepDocuments, kyc.EraseStale, kyc.PaperExpiry, kyc.DestroyRecord}

// auditEnd: nothing is left to be done.
func (w *world) auditEnd(r *rows) {
	for _, j := range r.jobs {
		if !slices.Contains(waits, kyc.JobKind(j.kind)) || j.leaseUntil != 0 || j.dueAt <= r.clock.UnixMicro() {
			w.lose("a job is left at %s: %+v", r.clock, j)
		}
	}
	bankident := map[string]bool{}
	for _, i := range r.idents {
		bankident[i.id] = i.bankident()
		if i.bankident() && i.requestedAt != 0 && len(i.rules().Machine.Moves[kyc.State(i.state)]) > 0 {
			w.lose("identification %s is %s in the end", i.id, i.state)
		}
		switch kyc.State(i.state) {
		case kyc.Pending, kyc.PendingSuccessful, kyc.PendingFailed, kyc.Aborted:
			if i.linkExpiresAt < r.clock.UnixMicro() && !kyc.State(i.state).UnderReview() {
				w.lose("identification %s is %s long after its link", i.id, i.state)
			}
		}
	}
	lacking := map[string]bool{}
	for _, f := range r.findings {
		if f.archive != "" {
			lacking[f.ident] = true
		}
	}
	for _, h := range r.history {
		if h.moved() && h.to == string(kyc.Successful) && !lacking[h.ident] && !bankident[h.ident] {
			w.lose("identification %s was successful and its evidence is not there", h.ident)
		}
	}
}

// auditDeliveries: each notification came, as it was written, signed, in order,
// and none before its change.
func (w *world) auditDeliveries(r *rows) {
	calls := w.receiver.received()
	byID := group(calls, func(c call) string { return c.id })
	hooks := map[string]*hook{}
	byPath := map[string]*hook{}
	for _, h := range w.subscriptions() {
		hooks[h.id], byPath[h.path] = h, h
	}
	written := map[string]notificationRow{}
	for _, n := range r.notifications {
		written[n.id] = n
		came := byID[n.id]
		if len(came) == 0 {
			w.lose("notification %s of %s is %s and never came", n.id, n.entity, n.state)
		} else if last := came[len(came)-1]; n.state == string(kyc.Delivered) && !last.accepted {
			w.lose("notification %s is delivered and was refused", n.id)
		}
		if _, there := r.subscriptions[n.subscription]; there && n.state != string(kyc.Delivered) && n.state != string(kyc.Exhausted) {
			w.lose("notification %s of %s is %s in the end", n.id, n.entity, n.state)
		}
	}
	for _, c := range calls {
		h := byPath[c.path]
		if h == nil {
			w.lose("a notification came to %s, which nobody subscribed", c.path)
			continue
		}
		n, there := written[c.id]
		if there && (string(n.body) != string(c.body) || n.entity != c.entity || n.subscription != c.subscription) {
			w.lose("notification %s is not what is written", c.id)
		}
		if !there && h.always {
			w.lose("notification %s came and is not written", c.id)
		}
		if h.secret != "" && (h.id != c.subscription || !c.genuine(h.secret)) {
			w.lose("notification %s is not signed with the secret of %s", c.id, c.path)
		}
	}
	w.auditOrder(r, calls)
	w.auditTold(r)
}

// auditOrder: of each entity the notifications came in order, and what GET said
// at that moment was not behind them.
func (w *world) auditOrder(r *rows, calls []call) {
	position := map[string]int{}
	for n, x := range r.notifications {
		position[x.id] = n
	}
	statuses := map[string][]string{}
	for _, h := range r.history {
		if h.moved() {
			statuses[h.ident] = append(statuses[h.ident], h.to)
		}
	}
	first, latest := map[string]bool{}, map[string]int{}
	for _, c := range calls {
		if c.observed != "" && !follows(statuses[c.entity], []string{c.status(), c.observed}) {
			w.lose("identification %s: told %s, and GET said %s", c.entity, c.status(), c.observed)
		}
		n, ok := position[c.id]
		lane := c.subscription + "/" + c.entity
		if !ok || first[c.id] || c.path == "" {
			continue
		}
		first[c.id] = true
		if n < latest[lane] {
			w.lose("notification %s of %s came after a later one", c.id, c.entity)
		}
		latest[lane] = n
	}
}

// auditTold: what was created while a subscription was surely there was told to it.
func (w *world) auditTold(r *rows) {
	told := map[string]bool{}
	for _, n := range r.notifications {
		told[n.subscription+"/"+n.entity] = true
	}
	_, idents := w.all()
	for _, h := range w.subscriptions() {
		for _, i := range idents {
			if i.person.owner != h.partner || i.id == "" || h.id == "" || h.event != "IDENTIFICATION" || h.acked == 0 || i.begun < h.acked || h.dropping != 0 {
				continue
			}
			if !told[h.id+"/"+i.id] {
				w.lose("identification %s was not told to %s", i.id, h.path)
			}
		}
	}
}

// auditSessions: the provider has one session for each identification that was
// requested, and its result was taken in.
func (w *world) auditSessions(p *process, r *rows) {
	w.t.Helper()
	var answer struct {
		Sessions []struct {
			Tx     string  `json:"transactionnumber"`
			Result *string `json:"result"`
			Pushes int     `json:"pushes_waiting"`
		}
	}
	if err := w.steer(p, "GET", "/sessions", nil, &answer); err != nil {
		w.t.Fatal(err)
	}
	results := map[string]map[string]bool{}
	for _, f := range r.findings {
		if results[f.ident] == nil {
			results[f.ident] = map[string]bool{}
		}
		results[f.ident][f.result] = true
	}
	requested, refused := map[string]bool{}, map[string]bool{}
	for _, i := range r.idents {
		if !i.bankident() {
			requested[i.id] = i.requestedAt != 0
		}
	}
	for _, h := range r.history {
		refused[h.ident] = refused[h.ident] || h.event == "request_refused"
	}
	sessions := map[string]int{}
	for _, s := range answer.Sessions {
		sessions[s.Tx]++
		if !requested[s.Tx] && !refused[s.Tx] && !r.forgotten[s.Tx] { // refused after an answer that was lost
			w.lose("the provider has a session %s that was not requested", s.Tx)
		}
		if requested[s.Tx] && s.Result != nil && !results[s.Tx][*s.Result] {
			w.lose("the provider's result %s of %s was not taken in", *s.Result, s.Tx)
		}
	}
	for id, yes := range requested {
		if yes && sessions[id] != 1 {
			w.lose("the provider has %d sessions of %s", sessions[id], id)
		}
	}
}

// auditNumbers: there is what was acknowledged, and no more than was sent.
func (w *world) auditNumbers(r *rows, persons []*person, idents []*ident) {
	morePersons, moreIdents := w.erasing()
	for what, n := range map[string][2]int{
		"persons": {len(r.persons), len(persons) + morePersons}, "identifications": {len(r.idents), len(idents) + moreIdents},
	} {
		if n[0] > n[1] {
			w.lose("%d %s, and only %d were sent", n[0], what, n[1])
		}
	}
	keyed := map[string]int{}
	for _, i := range idents {
		if i.key != "" && i.id != "" {
			keyed[i.key]++
		}
	}
	for key, n := range keyed {
		if _, ok := r.replays[key]; !ok || n != 1 {
			w.lose("the key %s: %d identifications, stored answer %t", key, n, ok)
		}
	}
}
