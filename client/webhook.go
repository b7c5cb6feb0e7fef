package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// EventType is what a webhook tells of.
type EventType string

// The types of events about persons and their identification. The API's
// description has all names that may be subscribed to.
const (
	EventIdentification                 EventType = "IDENTIFICATION"
	EventOrigination                    EventType = "IDENTIFICATION_ORIGINATION"
	EventPersonChanged                  EventType = "PERSON_CHANGED"
	EventPersonDeleted                  EventType = "PERSON_DELETED"
	EventPersonMobileNumberCreated      EventType = "PERSON_MOBILE_NUMBER_CREATED"
	EventPersonMobileNumberDeleted      EventType = "PERSON_MOBILE_NUMBER_DELETED"
	EventPersonTaxIdentificationChanged EventType = "PERSON_TAX_IDENTIFICATION_CHANGED"
	EventPotentialAccountBlocking       EventType = "POTENTIAL_ACCOUNT_BLOCKING"

	// EventSubscription asks a new receiver whether it is there.
	EventSubscription EventType = "WEBHOOK-SUBSCRIPTION"
)

// Webhook is a subscription to one type of events. The secret is there when it
// is created, and never again: keep it.
type Webhook struct {
	ID        string    `json:"id"`
	EventType EventType `json:"event_type"`
	URL       string    `json:"url"`
	Secret    string    `json:"secret"`
	// Paused means that nothing could be delivered for days: what is queued waits
	// until the operator resumes the subscription.
	Paused bool `json:"paused"`
}

// CreateWebhook subscribes a URL to a type of events. The receiver must serve
// already: it is called before the answer comes. As the API takes no
// Idempotency-Key here, the call is not repeated when its answer is lost.
func (c *Client) CreateWebhook(ctx context.Context, event EventType, url string) (Webhook, error) {
	return send[Webhook](ctx, c, to(http.MethodPost, "v1", "webhooks").with(struct {
		EventType EventType `json:"event_type"`
		URL       string    `json:"url"`
	}{event, url}))
}

// Webhooks lists the subscriptions, oldest first. Takes [PageSize] and
// [NewestFirst].
func (c *Client) Webhooks(ctx context.Context, options ...QueryOption) iter.Seq2[Webhook, error] {
	return list[Webhook](ctx, c, to(http.MethodGet, "v1", "webhooks"), options)
}

// Webhook reads a subscription.
func (c *Client) Webhook(ctx context.Context, id string) (Webhook, error) {
	return send[Webhook](ctx, c, to(http.MethodGet, "v1", "webhooks", id))
}

// DeleteWebhook ends a subscription. What is queued for it is dropped.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	_, err := send[struct{}](ctx, c, to(http.MethodDelete, "v1", "webhooks", id))
	return err
}

// DeliveryState is what became of a notification.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryQueued    DeliveryState = "queued"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryRejected  DeliveryState = "rejected"  // answered with 422
	DeliveryExhausted DeliveryState = "exhausted" // all attempts were used
)

// Delivery is a notification and every attempt to deliver it.
type Delivery struct {
	ID            string            `json:"id"` // what Event.ID is
	EventType     EventType         `json:"event_type"`
	EntityID      string            `json:"entity_id"`
	State         DeliveryState     `json:"state"`
	CreatedAt     time.Time         `json:"created_at"`
	DeliveredAt   time.Time         `json:"delivered_at"`
	NextAttemptAt time.Time         `json:"next_attempt_at"`
	Attempts      []DeliveryAttempt `json:"attempts"`
}

// DeliveryAttempt is one call to the receiver.
type DeliveryAttempt struct {
	Number         int       `json:"number"` // from 1
	At             time.Time `json:"at"`
	Status         int       `json:"status"` // of the receiver's answer; 0 without one
	DurationMillis int       `json:"duration_ms"`
	Failure        string    `json:"failure"` // why there was no answer
	Answer         string    `json:"answer"`  // the beginning of it
}

// InState lists only deliveries that were given up in the state: DeliveryRejected
// or DeliveryExhausted.
func InState(state DeliveryState) QueryOption {
	return func(q url.Values) { q.Set("filter[state]", string(state)) }
}

// Deliveries lists what became of each notification of a subscription, oldest
// first. Takes [PageSize] (at most 100), [NewestFirst] and [InState].
func (c *Client) Deliveries(ctx context.Context, webhookID string, options ...QueryOption) iter.Seq2[Delivery, error] {
	return list[Delivery](ctx, c, to(http.MethodGet, "v1", "webhooks", webhookID, "deliveries"), options)
}
