package flow

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Erased is how a person was erased.
type Erased struct {
	PersonID  string
	At        time.Time
	KeptUntil time.Time // until when the record is kept, sealed; zero: nothing is
}

// ErasePerson erases a person because an operator says so: for a customer, when
// the relationship has ended, which it did at the given moment. What the law
// does not keep is gone when it returns (docs/adr/0009).
func (s *Service) ErasePerson(ctx context.Context, personID string, ended time.Time) (Erased, error) {
	return s.erase(ctx, personID, order{actor: byOperator, ended: ended})
}

// order is an erasure to be carried out.
type order struct {
	actor string
	ended time.Time // when the relationship ended
	// stale erases only who did not become a customer and is not about to;
	// settle is told, in the transaction, when to look again: zero for never.
	stale  bool
	settle func(tx kyc.Tx, again time.Time) error
}

func (s *Service) erase(ctx context.Context, personID string, o order) (Erased, error) {
	var done Erased
	var blobs []string
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		done, blobs = Erased{}, nil
		p, err := tx.Erasures().Subject(personID)
		if err != nil {
			return err
		}
		customer, err := tx.Erasures().Customer(personID)
		if err != nil {
			return err
		}
		if o.stale {
			again, err := s.again(tx, p)
			switch {
			case err != nil:
				return err
			case !p.ErasedAt.IsZero() || customer || s.EraseAfter <= 0:
				return o.settle(tx, time.Time{})
			case !again.IsZero():
				return o.settle(tx, again)
			}
		}
		if !p.ErasedAt.IsZero() {
			return erasedAlready(p)
		}
		if done, blobs, err = s.eraseNow(ctx, tx, p, customer, o); err != nil || o.settle == nil {
			return err
		}
		return o.settle(tx, time.Time{})
	})
	if err != nil {
		return Erased{}, err
	}
	return done, s.forget(ctx, blobs)
}

// erasedAlready says so.
func erasedAlready(p kyc.Subject) error {
	kept := "Nothing is kept of it."
	if !p.KeepUntil.IsZero() {
		kept = "What the law keeps is destroyed by itself on " + p.KeepUntil.In(berlin).Format(time.DateOnly) + "."
	}
	return kyc.Fail(kyc.Conflict, "person_erased", "The person '%s' was erased at %s already. %s", p.ID, kyc.FormatInstant(p.ErasedAt), kept)
}

// eraseNow erases within a transaction. Of a customer it keeps the record until
// the law lets it go; of anybody else it destroys everything.
func (s *Service) eraseNow(ctx context.Context, tx kyc.Tx, p kyc.Subject, customer bool, o order) (done Erased, blobs []string, err error) {
	done = Erased{PersonID: p.ID, At: tx.Now()}
	if customer {
		if err := plausibleEnd(tx, p, o.ended); err != nil {
			return done, nil, err
		}
	}
	until := kyc.KeepUntil(o.ended.In(berlin))
	keep := customer && until.After(tx.Now())
	var record []byte
	if keep {
		done.KeptUntil = until
		if record, err = s.sealRecord(tx, p); err != nil {
			return done, nil, err
		}
	}
	subscriptions, err := tx.Subscriptions().ByEvent(p.PartnerID, kyc.EventPersonDeleted)
	if err != nil {
		return done, nil, err
	}
	if err := tx.Erasures().Blank(p.ID); err != nil {
		return done, nil, err
	}
	if keep {
		err = errors.Join(tx.Erasures().Keep(p.ID, record, until), tx.Jobs().Add(kyc.Job{Kind: kyc.DestroyRecord, Key: p.ID, DueAt: until}))
	} else {
		blobs, err = tx.Erasures().Destroy(p.ID)
	}
	if err != nil {
		return done, nil, err
	}
	if err := rememberErasure(ctx, tx, p.PartnerID, p.ID, "person_erased", o.actor, done.KeptUntil); err != nil {
		return done, nil, err
	}
	body, err := json.Marshal(map[string]string{"id": p.ID})
	if err != nil {
		return done, nil, err
	}
	return done, blobs, queue(tx, subscriptions, p.ID, body)
}

// plausibleEnd refuses an end of the relationship before the customer was
// identified: a slip of the year would destroy at once what the law keeps.
func plausibleEnd(tx kyc.Tx, p kyc.Subject, ended time.Time) error {
	identifications, err := tx.Erasures().Identifications(p.ID)
	if err != nil {
		return err
	}
	for _, i := range identifications {
		known := i.CompletedAt.In(berlin).Format(time.DateOnly)
		if i.State == kyc.Failed || i.CompletedAt.IsZero() || ended.In(berlin).Format(time.DateOnly) >= known {
			continue
		}
		return kyc.Fail(kyc.Invalid, "invalid_model",
			"The relationship with the person '%s' cannot have ended before %s, when they were identified.", p.ID, known)
	}
	return nil
}

// rememberErasure is the line of the history that outlives the rest.
func rememberErasure(ctx context.Context, tx kyc.Tx, partnerID, personID, event, actor string, until time.Time) error {
	about := map[string]any{}
	if !until.IsZero() {
		about["kept_until"] = kyc.FormatInstant(until)
	}
	return tx.History().Add(kyc.Entry{
		PartnerID: partnerID, PersonID: personID, At: tx.Now(), Actor: actor, RequestID: requestID(ctx), Event: event, Details: details(about),
	})
}

// forget deletes bytes that no row names any more. Where they cannot be reached,
// or the program dies before, the sweep does it within a day; nobody can read
// them meanwhile, for their key is gone.
func (s *Service) forget(ctx context.Context, blobs []string) error {
	if len(blobs) == 0 || s.Blobs == nil {
		return nil
	}
	if err := s.sweep(context.WithoutCancel(ctx), blobs); err != nil {
		s.Log.Warn("the documents of an erased person are left to the sweep", "error", kyc.Brief(err))
	}
	return nil
}

// DestroyRecord is the job of the day on which the law keeps a customer's record
// no longer.
func (s *Service) DestroyRecord(ctx context.Context, j kyc.Job) error {
	var blobs []string
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		blobs = nil
		p, err := tx.Erasures().Subject(j.Key)
		switch {
		case kyc.IsKind(err, kyc.NotFound), err == nil && p.KeepUntil.IsZero():
			return tx.Jobs().Done(j)
		case err != nil:
			return err
		case p.KeepUntil.After(tx.Now()):
			return tx.Jobs().PutOff(j, p.KeepUntil)
		}
		if blobs, err = tx.Erasures().Destroy(p.ID); err != nil {
			return err
		}
		partnerID, err := partnerOf(tx, p.ID)
		if err != nil {
			return err
		}
		if err := rememberErasure(ctx, tx, partnerID, p.ID, "record_destroyed", bySystem, time.Time{}); err != nil {
			return err
		}
		return tx.Jobs().Done(j)
	})
	if err != nil {
		return err
	}
	return s.forget(ctx, blobs)
}

// partnerOf is whose an erased person was: the history knows.
func partnerOf(v kyc.Tx, personID string) (string, error) {
	lines, err := v.History().OfPerson(personID)
	if err != nil || len(lines) == 0 {
		return "", err
	}
	return lines[0].PartnerID, nil
}
