package crashtest

import (
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
)

// auditBankident: one document to sign for each that got so far, one that is signed
// for each that succeeded and for nobody else, and whatever waits has its job.
func (w *world) auditBankident(r *rows) {
	w.t.Helper()
	master, err := seal.MasterFromFile(sandbox.MasterKeyFile(w.data), false)
	if err != nil {
		w.t.Fatal(err)
	}
	jobs := map[string]bool{}
	for _, j := range r.jobs {
		jobs[j.kind+" "+j.key] = true
	}
	history := group(r.history, func(h historyRow) string { return h.ident })
	documents := group(r.documents, func(d documentRow) string { return d.ident })
	signings := group(r.signings, func(s signingRow) string { return s.ident })
	for _, i := range r.idents {
		if !i.bankident() {
			continue
		}
		w.auditSigned(i, history[i.id], documents[i.id], signings[i.id])
		w.auditWaiting(r.clock, i, signings[i.id], func(kinds ...kyc.JobKind) bool {
			return slices.ContainsFunc(kinds, func(k kyc.JobKind) bool { return jobs[string(k)+" "+i.id] })
		})
		for _, s := range signings[i.id] {
			if s.person != i.person || s.tries > kyc.OTPTries || s.number != testNumber {
				w.lose("the signing %s of %s is not what it should be: %+v", s.id, i.id, s)
			}
			if key := w.key(master, r, s.person, s.id); key != nil {
				if _, err := key.Open(s.facts, "facts of signing "+s.id); err != nil {
					w.lose("the facts of signing %s: %v", s.id, err)
				}
			}
		}
		delete(signings, i.id)
	}
	for ident := range signings {
		w.lose("there are signings of %s, which is not there", ident)
	}
}

// auditSigned: documents and attempts fit the status.
func (w *world) auditSigned(i identRow, history []historyRow, documents []documentRow, signings []signingRow) {
	count := map[string]int{}
	for _, d := range documents {
		count[d.kind]++
	}
	ready, confirmed := 0, 0
	for _, h := range history {
		if h.moved() && h.to == string(kyc.AuthorizationRequired) {
			ready++
		}
		if h.event == string(kyc.SignConfirmed) {
			confirmed++
		}
	}
	done, token := 0, false
	for _, s := range signings {
		if s.state == string(kyc.SigningDone) {
			done++
		}
		token = token || s.token == i.token
	}
	successful := 0
	if i.state == string(kyc.Successful) {
		successful = 1
	}
	if count[kyc.DocumentQES] != ready || ready > 1 || confirmed > 1 {
		w.lose("identification %s was ready to sign %d times and confirmed %d times, with %d documents", i.id, ready, confirmed, count[kyc.DocumentQES])
	}
	if count[kyc.DocumentSignedQES] != successful || done != successful {
		w.lose("identification %s is %s with %d signed documents and %d signings that are done", i.id, i.state, count[kyc.DocumentSignedQES], done)
	}
	if (i.token != "") != (i.confirmUntil != 0) || i.token != "" && !token || (ready > 0) != (i.authorizeUntil != 0) {
		w.lose("identification %s is half written: %+v", i.id, i)
	}
}

// auditWaiting: who waits for something has a job that sees to it.
func (w *world) auditWaiting(clock time.Time, i identRow, signings []signingRow, has func(...kyc.JobKind) bool) {
	now, ok := clock.UnixMicro(), true
	var last signingRow
	if n := len(signings); n > 0 {
		last = signings[n-1]
	}
	switch kyc.State(i.state) {
	case kyc.Pending:
		ok = now >= i.linkExpiresAt || has(kyc.Expire) && has(kyc.PollResult)
	case kyc.IdentificationDataReq:
		ok = now >= i.linkExpiresAt || has(kyc.Expire)
	case kyc.Processed:
		ok = has(kyc.SubmitData) || i.handle != "" && has(kyc.PollResult)
	case kyc.AuthorizationRequired:
		ok = now >= i.authorizeUntil || has(kyc.Expire)
	case kyc.ConfirmationRequired:
		waits := last.state == string(kyc.SigningOpen) && now < last.expiresAt
		ok = (now >= i.authorizeUntil || has(kyc.Expire)) && (!waits || has(kyc.CollectSigning, kyc.ConfirmSigning))
	case kyc.Confirmed:
		ok = has(kyc.CollectSigning)
	}
	if last.state == string(kyc.SigningAsked) && !has(kyc.AuthorizeSigning) {
		w.lose("identification %s: nobody knows what became of its signing %s", i.id, last.id)
	}
	if !ok {
		w.lose("identification %s is %s, its signing %q, and nobody sees to it", i.id, i.state, last.state)
	}
}
