package flow

import (
	"encoding/json"

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
		n := kyc.Notification{
			ID: id.Random(id.Plain), PartnerID: sub.PartnerID, SubscriptionID: sub.ID, EventType: sub.EventType,
			EntityID: entityID, Body: body, State: kyc.Queued, CreatedAt: tx.Now(),
		}
		if err := tx.Outbox().Insert(n); err != nil {
			return err
		}
		err := tx.Jobs().Add(kyc.Job{ // of a paused subscription it parks itself
			Kind: kyc.Deliver, Key: n.ID, Owner: sub.ID, Lane: sub.ID + "/" + entityID, Blocking: true, DueAt: tx.Now(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
