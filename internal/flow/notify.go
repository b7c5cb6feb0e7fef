package flow

import (
	"encoding/json"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// identificationEvent is the body of IDENTIFICATION (rulings §4).
type identificationEvent struct {
	ID          string     `json:"id"`
	Reference   *string    `json:"reference"`
	URL         *string    `json:"url"`
	Status      kyc.State  `json:"status"`
	CompletedAt *string    `json:"completed_at"`
	Method      kyc.Method `json:"method"`
	PersonID    string     `json:"person_id"`
	Metadata    any        `json:"metadata"` // for bank_plus only
}

// notifyIdentification tells whoever asked for it how the identification stands.
// It comes after the identification's own row was written, so that the order of
// the queue is the order of the changes.
func (s *Service) notifyIdentification(tx kyc.Tx, i kyc.Identification) error {
	subscriptions, err := tx.Subscriptions().ByEvent(i.PartnerID, kyc.EventIdentification)
	if err != nil {
		return err
	}
	return queueIdentification(tx, subscriptions, i)
}

// queueIdentification is notifyIdentification for subscriptions that were read already.
func queueIdentification(tx kyc.Tx, subscriptions []kyc.Subscription, i kyc.Identification) error {
	if len(subscriptions) == 0 {
		return nil
	}
	event := identificationEvent{
		ID: i.ID, Reference: kyc.Optional(i.Reference), URL: kyc.Optional(i.URL), Status: i.State, Method: i.Method, PersonID: i.PersonID,
	}
	if !i.CompletedAt.IsZero() {
		event.CompletedAt = kyc.Optional(kyc.FormatInstant(i.CompletedAt))
	}
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	return queue(tx, subscriptions, i.ID, body)
}

// queue queues an event of an entity for the subscriptions that asked for it.
func queue(tx kyc.Tx, subscriptions []kyc.Subscription, entityID string, body []byte) error {
	for _, sub := range subscriptions {
		due, err := dueFor(tx, sub)
		if kyc.IsKind(err, kyc.NotFound) {
			continue // cancelled just now
		}
		if err != nil {
			return err
		}
		n := kyc.Notification{
			ID: id.Random(id.Plain), PartnerID: sub.PartnerID, SubscriptionID: sub.ID, EventType: sub.EventType,
			EntityID: entityID, Body: body, State: kyc.Queued, CreatedAt: tx.Now(),
		}
		if err := tx.Outbox().Insert(n); err != nil {
			return err
		}
		err = tx.Jobs().Add(kyc.Job{
			Kind: kyc.Deliver, Key: n.ID, Owner: sub.ID, Lane: laneOf(sub.ID, entityID), Blocking: true, DueAt: due,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dueFor is now, or never while the subscription is paused. That is looked at
// once more under lock, lest it is resumed and this one waits for ever. A job
// of one that is paused just now parks itself (Delivery).
func dueFor(tx kyc.Tx, sub kyc.Subscription) (time.Time, error) {
	if !sub.Paused {
		return tx.Now(), nil
	}
	held, err := tx.Subscriptions().Hold(sub.ID)
	if err != nil || !held.Paused {
		return tx.Now(), err
	}
	return kyc.Never, nil
}
