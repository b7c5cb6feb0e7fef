package crashtest

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// consents: what a customer agrees to, and what a partner may set in a sandbox.
func consents(s *stage) error {
	p, err := s.createPerson(byHand, true)
	if err != nil {
		return err
	}
	base := "/v1/persons/" + p.id
	made, err := s.ask(request{method: "POST", path: base + "/device_consents", body: object{"event_type": "APPROVED", "confirmed_at": "2020-01-01T00:00:00Z"}})
	if err != nil {
		return err
	}
	for _, r := range []request{
		{method: "PATCH", path: base + "/device_consents/" + made.text("id"), body: object{"event_type": "REJECTED", "confirmed_at": "2020-01-02T00:00:00Z"}},
		{method: "PATCH", path: base + "/update_for_development", body: object{"aml_follow_up_date": "2020-01-01"}},
	} {
		a, err := s.ask(r)
		if err != nil {
			return err
		}
		if a.status != 200 {
			return s.unexpected(r.path, a)
		}
	}
	return nil
}

// erase lets a command erase the person.
func (s *stage) erase(p *person) error {
	s.w.note(func() { p.erasing = true })
	_, err := s.w.command(s.p, "person", "erase", p.id, "--yes", "--json")
	return err
}

// erasure: of a bank of its own, a customer whose document runs out, is erased and
// whose record is destroyed; somebody who never became one, erased by command;
// and one whom the server erases because the time is over.
func erasure(s *stage) error {
	own, err := s.bank("forgetful")
	if err != nil {
		return err
	}
	customer, err := own.requested(byHand)
	if err != nil {
		return err
	}
	nobody, err := own.identified(byHand)
	if err != nil {
		return err
	}
	stale, err := own.createPerson(byHand, true)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return own.choose(customer, "SUCCESS", "") },
		func() error {
			return s.w.put(kyc.Job{Kind: kyc.PaperExpiry, Key: customer.person.id}, kyc.Job{Kind: kyc.EraseStale, Key: "persons"})
		},
		func() error { return own.advance("1s") },
		func() error { return own.erase(customer.person) },
		func() error { return own.erase(nobody.person) },
		func() error {
			s.w.note(func() { stale.erasing = true })
			return s.w.put(kyc.Job{Kind: kyc.ErasePerson, Key: stale.id})
		},
		func() error { return s.w.overdue(customer.person.id) },
		func() error { return own.advance("1s") },
	)
}

// overdue makes the record of a customer one that the law keeps no longer.
func (w *world) overdue(person string) error {
	return w.elsewhere(func(tx kyc.Tx) error {
		p, err := tx.Erasures().Subject(person)
		if err != nil || p.Record == nil { // destroyed already, in a round before
			return err
		}
		if err := tx.Erasures().Keep(person, p.Record, longAgo.Add(time.Hour)); err != nil {
			return err
		}
		return tx.Jobs().Add(kyc.Job{Kind: kyc.DestroyRecord, Key: person, DueAt: longAgo})
	})
}
