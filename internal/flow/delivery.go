package flow

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// The retry schedule (rulings §4): 25 attempts over about 5 days.
const (
	MaxAttempts  = 25
	firstGap     = 5500 * time.Millisecond
	growth       = 1.561
	jitter       = 0.10
	blockingUpTo = 3 // so many failures hold back the entity's next event
)

// Gap is how long after the n-th attempt (from 1) the next one follows.
func Gap(n int) time.Duration {
	return time.Duration(float64(firstGap) * math.Pow(growth, float64(n-1)))
}

// Delivery is everything that is needed to send a notification once.
type Delivery struct {
	Job          kyc.Job
	Notification kyc.Notification
	Subscription kyc.Subscription
	Secret       string
	Attempt      int // from 1
}

// Delivery reads what the job of a notification is about. ok is false when
// there is nothing left to send; the job is settled then.
func (s *Service) Delivery(ctx context.Context, j kyc.Job) (d Delivery, ok bool, err error) {
	d.Job = j
	err = s.Store.View(ctx, func(v kyc.View) error {
		d.Notification, d.Subscription, err = v.Outbox().ToSend(j.Key)
		return err
	})
	if err == nil {
		d.Secret, err = s.secretOf(d.Subscription)
	}
	if kyc.IsKind(err, kyc.NotFound) || (err == nil && !d.wanted()) {
		return d, false, s.drop(ctx, j, d.Notification.SubscriptionID, err != nil)
	}
	if err == nil && d.Subscription.Paused {
		return d, false, s.park(ctx, j, d.Subscription.ID)
	}
	d.Attempt = d.Notification.Attempts + 1
	return d, err == nil, err
}

// wanted tells whether there is something to send. An event whose person was
// erased has no body any more, and is not told again.
func (d Delivery) wanted() bool {
	if d.Job.Kind == kyc.ReplayDelivery {
		return len(d.Notification.Body) > 0
	}
	return d.Notification.State == kyc.Queued
}

// drop settles a job that has nothing to send. Of a subscription that is gone
// it removes what is queued too: a change that began before the removal may have
// committed after it.
func (s *Service) drop(ctx context.Context, j kyc.Job, subscription string, gone bool) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if gone && subscription != "" {
			if err := tx.Subscriptions().Delete(subscription); err != nil {
				return err
			}
		}
		return tx.Jobs().Done(j)
	})
}

// park keeps a job for the day on which its subscription is resumed. Whether it
// still is paused is read again under lock: it may have been resumed just now.
func (s *Service) park(ctx context.Context, j kyc.Job, subscription string) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		sub, err := tx.Subscriptions().Get(subscription)
		if kyc.IsKind(err, kyc.NotFound) {
			return tx.Jobs().Done(j)
		}
		if err != nil {
			return err
		}
		if !sub.Paused {
			return tx.Jobs().PutOff(j, tx.Now())
		}
		return tx.Jobs().PutOff(j, kyc.Never)
	})
}

// Record writes an attempt and what follows from it.
func (s *Service) Record(ctx context.Context, d Delivery, a kyc.Attempt) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		n := d.Notification
		n.Attempts = a.Number
		if n.FirstAttemptAt.IsZero() {
			n.FirstAttemptAt = a.At
		}
		if a.Status == http.StatusGone {
			return tx.Subscriptions().Delete(n.SubscriptionID)
		}
		replayed := d.Job.Kind == kyc.ReplayDelivery
		if state := verdict(a); !replayed || state == kyc.Delivered {
			n.State = state // a replay can only make it better
		}
		if a.Status/100 == 2 {
			n.DeliveredAt = a.At
		}
		if err := tx.Outbox().Record(n, a); err != nil {
			return err
		}
		if replayed {
			return tx.Jobs().Done(d.Job)
		}
		switch n.State {
		case kyc.Queued:
			j := d.Job
			j.Blocking = a.Number < blockingUpTo
			gap := time.Duration(float64(Gap(a.Number)) * id.Jitter(jitter))
			return tx.Jobs().PutOff(j, tx.Now().Add(gap))
		case kyc.Exhausted:
			if err := s.pauseIfDead(tx, n); err != nil {
				return err
			}
		}
		return tx.Jobs().Done(d.Job)
	})
}

// verdict says what an attempt makes of its notification (partner-api.md §5.4).
func verdict(a kyc.Attempt) kyc.NotificationState {
	switch {
	case a.Status >= 200 && a.Status < 300:
		return kyc.Delivered
	case a.Status == http.StatusUnprocessableEntity:
		return kyc.Refused
	case a.Number >= MaxAttempts:
		return kyc.Exhausted
	}
	return kyc.Queued
}

// pauseIfDead pauses the subscription when nothing at all was delivered since
// the first attempt of a notification that used all of its attempts.
func (s *Service) pauseIfDead(tx kyc.Tx, n kyc.Notification) error {
	alive, err := tx.Outbox().DeliveredSince(n.SubscriptionID, n.FirstAttemptAt)
	if err != nil || alive {
		return err
	}
	s.Log.Warn("a webhook subscription is paused: nothing could be delivered for days", "subscription", n.SubscriptionID)
	if err := tx.Subscriptions().SetPaused(n.SubscriptionID, true); err != nil {
		return err
	}
	return tx.Jobs().Park(n.SubscriptionID, true)
}
