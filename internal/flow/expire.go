package flow

import (
	"context"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// reviewPatience is how long an expiry waits for a review before it looks again.
const reviewPatience = 6 * time.Hour

// Expire is the job of a link whose lifetime is over. A result that is being
// reviewed holds it up.
func (s *Service) Expire(ctx context.Context, j kyc.Job) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		i, err := tx.Identifications().Get(j.Key)
		if err != nil {
			return err
		}
		switch to, ok := s.Rules[i.Method].Machine.Next(i.State, kyc.DeadlinePassed); {
		case ok:
			if err := s.move(ctx, tx, &i, kyc.DeadlinePassed, to, bySystem, ""); err != nil {
				return err
			}
		case i.State == kyc.PendingSuccessful || i.State == kyc.PendingFailed:
			return tx.Jobs().PutOff(j, tx.Now().Add(reviewPatience))
		}
		return tx.Jobs().Done(j)
	})
}
