package flow

import (
	"context"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// DeliveryRecord is a notification as people look at it: without its body, with
// every attempt.
type DeliveryRecord struct {
	kyc.Notification
	NextAttemptAt time.Time // zero: none is due, or the subscription is paused
	Made          []kyc.Attempt
}

// Deliveries lists the notifications of a subscription with their attempts, in
// a number of queries that grows with the page alone.
func Deliveries(v kyc.View, f kyc.NotificationFilter, p kyc.Page) ([]DeliveryRecord, error) {
	list, err := v.Outbox().List(f, p)
	if err != nil {
		return nil, err
	}
	records, ids := make([]DeliveryRecord, len(list)), make([]string, len(list))
	at := make(map[string]*DeliveryRecord, len(list))
	for n, x := range list {
		records[n].Notification, ids[n] = x, x.ID
		at[x.ID] = &records[n]
	}
	attempts, err := v.Outbox().Attempts(ids...)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		at[a.NotificationID].Made = append(at[a.NotificationID].Made, a)
	}
	for _, kind := range []kyc.JobKind{kyc.Deliver, kyc.ReplayDelivery} {
		jobs, err := v.Jobs().FindAll(kind, ids)
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			if !j.DueAt.Equal(kyc.Never) {
				at[j.Key].NextAttemptAt = asap(j.DueAt, at[j.Key].CreatedAt)
			}
		}
	}
	return records, nil
}

// asap is when a job is due; one that is overdue on any clock was due since the
// notification was there.
func asap(due, created time.Time) time.Time {
	if due.Before(created) {
		return created
	}
	return due
}

// Replay sends a notification once more, now: a further attempt with its own
// number, the same id and the same bytes. It starts no retries, and when it
// fails, what was delivered stays delivered. The next attempt of one that is
// still queued is brought forward instead; the order of its entity's events
// holds. A server that runs on the store does the sending.
func Replay(ctx context.Context, store kyc.Store, notificationID string) (n kyc.Notification, err error) {
	err = store.Tx(ctx, func(tx kyc.Tx) error {
		n, err = tx.Outbox().Get(notificationID)
		if err != nil {
			return err
		}
		sub, err := tx.Subscriptions().Hold(n.SubscriptionID)
		switch {
		case err != nil:
			return err
		case sub.Paused:
			return kyc.Fail(kyc.PreconditionFailed, "webhook_paused",
				"The subscription %s is paused. Let it go on first: identikit webhook resume %s", sub.ID, sub.ID)
		case len(n.Body) == 0:
			return kyc.Fail(kyc.PreconditionFailed, "notification_erased",
				"The body of this notification was erased with its person. There is nothing to send.")
		}
		j := kyc.Job{Kind: kyc.ReplayDelivery, Key: n.ID, Owner: sub.ID} // due at no time is overdue on any clock
		if n.State == kyc.Queued {
			j.Kind, j.Lane, j.Blocking = kyc.Deliver, laneOf(sub.ID, n.EntityID), true
		}
		return tx.Jobs().Add(j)
	})
	return n, err
}

// laneOf is the lane of an entity's events to a subscription.
func laneOf(subscription, entity string) string { return subscription + "/" + entity }
