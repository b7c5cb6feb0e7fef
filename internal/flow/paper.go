package flow

import (
	"context"
	"encoding/json"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// paperEvent is the body of POTENTIAL_ACCOUNT_BLOCKING.
type paperEvent struct {
	BlockingDate string `json:"blocking_date"`
	Reason       string `json:"reason"`
}

// paperDue is when the partner is told that the person's identity document runs
// out: at the beginning of that day in Berlin. It is false if none is known.
func paperDue(p kyc.Person) (time.Time, bool) {
	day, ok := kyc.PaperNoticeDay(p.Attributes.Text("legitimation_valid_until").Reveal())
	if !ok {
		return time.Time{}, false
	}
	due, err := time.ParseInLocation(time.DateOnly, day, berlin)
	return due, err == nil
}

// watchPaper makes sure that the day is not missed. If there is a job already it
// looks at the date again when it runs, so a later date needs no more than that.
func watchPaper(tx kyc.Tx, p kyc.Person) error {
	due, known := paperDue(p)
	if !known {
		return nil
	}
	return tx.Jobs().Add(kyc.Job{Kind: kyc.PaperExpiry, Key: p.ID, DueAt: due})
}

// PaperExpiry is the job of the day on which the partner is told that an
// identity document runs out.
func (s *Service) PaperExpiry(ctx context.Context, j kyc.Job) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		p, err := tx.Erasures().Subject(j.Key)
		if err != nil && !kyc.IsKind(err, kyc.NotFound) {
			return err
		}
		due, known := paperDue(p.Person)
		switch {
		case err != nil || !known: // nobody, or erased
			return tx.Jobs().Done(j)
		case due.After(tx.Now()): // a newer document is good for longer
			return tx.Jobs().PutOff(j, due)
		}
		if err := s.tellPaperExpires(ctx, tx, p.Person, bySystem); err != nil {
			return err
		}
		return tx.Jobs().Done(j)
	})
}

// tellPaperExpires fires POTENTIAL_ACCOUNT_BLOCKING. The account may be blocked
// from the last day of the document on.
func (s *Service) tellPaperExpires(ctx context.Context, tx kyc.Tx, p kyc.Person, actor string) error {
	told := paperEvent{BlockingDate: p.Attributes.Text("legitimation_valid_until").Reveal(), Reason: "IDENTIFICATION_DOCUMENT_EXPIRED"}
	body, err := json.Marshal(told)
	if err != nil {
		return err
	}
	if err := s.note(ctx, tx, p, actor, "document_expiry_told", told); err != nil {
		return err
	}
	return notifyPerson(tx, p, kyc.EventPaperExpiry, p.ID, body)
}
