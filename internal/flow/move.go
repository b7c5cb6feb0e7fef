package flow

import (
	"context"

	"github.com/identikit/identikit/internal/kyc"
)

// unexplained is shown for a cancellation without a reason (rulings §3).
const unexplained = "OTHER_MISCELLANEOUS_PERMANENT"

// move writes one step of the table: the row, its history, the notification.
// It is the only place where an identification changes its state.
func (s *Service) move(ctx context.Context, tx kyc.Tx, i *kyc.Identification, ev kyc.Event, to kyc.State, actor, reason string) error {
	from := i.State
	i.State, i.FailureReason = to, ""
	switch to {
	case kyc.Aborted:
		i.FailureReason = reason
	case kyc.Canceled:
		i.FailureReason = reason
		if reason == "" {
			i.FailureReason = unexplained
		}
	case kyc.Successful:
		i.CompletedAt = tx.Now()
	case kyc.Failed:
		i.CompletedAt = tx.Now()
		i.FailureReason = reasonToTell(*i, reason)
	case kyc.Expired:
		i.FailureReason = reasonToTell(*i, kyc.ReasonExpired)
	}
	outcome := kyc.OutcomeOf(to)
	if to == kyc.Expired {
		counted, err := tx.History().HasOutcome(i.PersonID, i.ID)
		if err != nil {
			return err
		}
		if counted {
			outcome = kyc.NoOutcome
		}
	}
	if err := tx.Identifications().Update(*i); err != nil {
		return err
	}
	i.Version++
	err := tx.History().Add(kyc.Entry{
		PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID, At: tx.Now(), Actor: actor,
		RequestID: requestID(ctx), Event: string(ev), From: from, To: to, Outcome: outcome,
		Details: details(map[string]any{"reason": reason}),
	})
	if err != nil {
		return err
	}
	if ev == kyc.Authorized && from == to {
		return nil // another password: partners are told of statuses, and of each attempt that was broken off
	}
	return s.notifyIdentification(tx, *i)
}

// reasonToTell is the reason of a failure if the method tells partners of it.
func reasonToTell(i kyc.Identification, reason string) string {
	if i.Method.Bankident() {
		return reason
	}
	return ""
}
