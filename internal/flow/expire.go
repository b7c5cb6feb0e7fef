package flow

import (
	"context"
	"errors"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

const (
	// reviewPatience is how long an expiry waits for a review before it looks again.
	reviewPatience = 6 * time.Hour
	// providerPatience and maxAsks are how often an expiry asks a provider that
	// does not answer before it goes on without it.
	providerPatience = time.Hour
	maxAsks          = 48
)

// Expire is the job of a link whose lifetime is over. It asks the firm once more,
// since the push of a result may have been lost; a result that is being reviewed
// holds it up.
func (s *Service) Expire(ctx context.Context, j kyc.Job) error {
	if err := s.collectBefore(ctx, j.Key); err != nil {
		return err
	}
	err := s.fetch(ctx, j.Key, func(tx kyc.Tx, _ kyc.Identification) error { return s.expire(ctx, tx, j) })
	if err == nil {
		return nil
	}
	if notNow(err) && j.Attempt < maxStarts {
		return s.Store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().PutOff(j, tx.Now().Add(soon(j))) })
	}
	after, not := notCalled(err)
	if !not {
		s.Log.Warn("the provider could not be asked before an expiry", "identification", j.Key, "attempt", j.Attempt, "error", kyc.Brief(err))
	}
	if j.Attempt >= maxAsks {
		return s.Store.Tx(ctx, func(tx kyc.Tx) error { return s.expire(ctx, tx, j) })
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if not {
			return s.expireOrWait(ctx, tx, j, after)
		}
		return tx.Jobs().PutOff(j, tx.Now().Add(providerPatience))
	})
}

// expireOrWait waits for a provider that is not called, and goes on without it
// at the time at which it would have been given up, had it been called in vain.
func (s *Service) expireOrWait(ctx context.Context, tx kyc.Tx, j kyc.Job, after time.Duration) error {
	i, err := tx.Identifications().Get(j.Key)
	if err != nil {
		return err
	}
	if tx.Now().Before(i.LinkExpiresAt.Add(maxAsks * providerPatience)) {
		return tx.Jobs().Wait(j, tx.Now().Add(after))
	}
	return s.expire(ctx, tx, j)
}

func (s *Service) expire(ctx context.Context, tx kyc.Tx, j kyc.Job) error {
	i, err := tx.Identifications().Get(j.Key)
	if err != nil {
		return err
	}
	switch to, ok := s.Rules[i.Method].Machine.Next(i.State, kyc.DeadlinePassed); {
	case ok && tx.Now().Before(deadline(i)): // it has come further meanwhile, and has time again
		return tx.Jobs().PutOff(j, deadline(i))
	case ok:
		if busy, err := s.busy(tx, kyc.ConfirmSigning, i.ID); err != nil || busy { // given in time, and not yet looked at
			return errors.Join(err, tx.Jobs().Wait(j, tx.Now().Add(collectGap)))
		}
		if err := s.move(ctx, tx, &i, kyc.DeadlinePassed, to, bySystem, ""); err != nil {
			return err
		}
		if err := s.follow(tx, i, false); err != nil {
			return err
		}
	case i.State.UnderReview():
		return tx.Jobs().PutOff(j, tx.Now().Add(reviewPatience))
	}
	return tx.Jobs().Done(j)
}
