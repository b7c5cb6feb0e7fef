package client

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ErrSignature is the error of a webhook that the server has not sent, or that
// was changed on the way.
var ErrSignature = errors.New("identikit: the webhook's signature is missing or wrong")

// Event is a webhook whose body was signed with the secret. Only the body is
// signed: take the rest as a hint, and read again what it tells of before you
// rely on it. Events may come twice and out of order.
type Event struct {
	ID             string // the same on every attempt: take each once
	SubscriptionID string
	Type           EventType
	EntityID       string    // what it is about: an identification, a person
	Attempt        int       // counts from 1
	CalledAt       time.Time // when this attempt was made
	Body           []byte    // the bytes that were signed
}

// IdentificationEvent is the body of an IDENTIFICATION.
type IdentificationEvent struct {
	ID          string          `json:"id"`
	Reference   string          `json:"reference"`
	URL         string          `json:"url"`
	Status      Status          `json:"status"`
	CompletedAt time.Time       `json:"completed_at"`
	Method      Method          `json:"method"`
	PersonID    string          `json:"person_id"`
	Metadata    json.RawMessage `json:"metadata"`
}

// PersonEvent is the body of PERSON_DELETED and PERSON_TAX_IDENTIFICATION_CHANGED.
type PersonEvent struct {
	ID string `json:"id"`
}

// MobileNumberEvent is the body of PERSON_MOBILE_NUMBER_DELETED.
type MobileNumberEvent struct {
	ID string `json:"id"`
}

// DocumentExpiryEvent is the body of POTENTIAL_ACCOUNT_BLOCKING.
type DocumentExpiryEvent struct {
	BlockingDate Date   `json:"blocking_date"` // the last day of the identity document
	Reason       string `json:"reason"`
}

// Read reads the body into the type that belongs to the event's own. The body of
// the other types is {}: the EntityID says all.
func (e Event) Read(into any) error {
	if err := json.Unmarshal(e.Body, into); err != nil {
		return fmt.Errorf("identikit: the body of %s: %w", e.Type, err)
	}
	return nil
}

// Identification reads the body of an IDENTIFICATION.
func (e Event) Identification() (IdentificationEvent, error) {
	var body IdentificationEvent
	if e.Type != EventIdentification {
		return body, fmt.Errorf("identikit: the event is %q, not %s", e.Type, EventIdentification)
	}
	err := e.Read(&body)
	return body, err
}

// maxEvent is how long the body of a webhook may be, in bytes.
const maxEvent = 1 << 20

// VerifyWebhook reads a webhook and makes sure that it was signed with the
// secret of the subscription. A wrong signature is [ErrSignature]; answer it
// with 401. The first call to a new subscription, [EventSubscription], comes
// before the secret is known and cannot be verified: [WebhookHandler] knows how
// to answer it.
func VerifyWebhook(r *http.Request, secret string) (Event, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxEvent+1))
	if err != nil {
		return Event{}, fmt.Errorf("identikit: read the webhook: %w", err)
	}
	if len(body) > maxEvent {
		return Event{}, errors.New("identikit: the webhook is too long")
	}
	return VerifyWebhookBody(r.Header, body, secret)
}

// VerifyWebhookBody is VerifyWebhook for a body that was read already: exactly
// the bytes that came, before any parsing.
func VerifyWebhookBody(header http.Header, body []byte, secret string) (Event, error) {
	signatures := header.Values("Solaris-Webhook-Signature")
	if secret == "" || len(signatures) != 1 {
		return Event{}, ErrSignature
	}
	mac := hmac.New(sha256.New, []byte(secret)) // the text as it was handed out
	mac.Write(body)
	want := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(signatures[0])) {
		return Event{}, ErrSignature
	}
	e := Event{
		ID: header.Get("Solaris-Webhook-Id"), SubscriptionID: header.Get(subscriptionHeader),
		Type: EventType(header.Get(typeHeader)), EntityID: header.Get("Solaris-Entity-Id"), Body: body,
	}
	if n, err := strconv.Atoi(header.Get("Solaris-Webhook-Attempt")); err == nil {
		e.Attempt = n
	}
	if seconds, err := strconv.ParseInt(header.Get("Solaris-Webhook-Callout-Timestamp"), 10, 64); err == nil {
		e.CalledAt = time.Unix(seconds, 0).UTC()
	}
	return e, nil
}

const (
	typeHeader         = "Solaris-Webhook-Event-Type"
	subscriptionHeader = "Solaris-Webhook-Subscription-Id"
)

// Errors that Handle may return, also wrapped, to say more than try again.
var (
	// ErrReject refuses this event for good.
	ErrReject = errors.New("identikit: the event is refused")
	// ErrUnsubscribe ends the subscription.
	ErrUnsubscribe = errors.New("identikit: the subscription is not wanted any more")
)

// WebhookHandler receives webhooks: it answers the call to a new subscription,
// verifies every other, and hands it on.
type WebhookHandler struct {
	// Secret is the secret of a subscription; empty while it is not known, for
	// which the server tries again later.
	Secret func(ctx context.Context, subscriptionID string) string
	// Handle takes an event. nil means that it was taken; ErrReject and
	// ErrUnsubscribe are told to the server; after any other error it tries
	// again later. An event may come twice: look at its ID.
	Handle func(context.Context, Event) error
}

// ServeHTTP answers 200, 401 to a wrong signature, 410 and 422 as Handle says,
// and 500 or 503 when the server should try again.
func (h WebhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(h.serve(r))
}

func (h WebhookHandler) serve(r *http.Request) int {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	if EventType(r.Header.Get(typeHeader)) == EventSubscription {
		return http.StatusOK // it says nothing, so whoever sent it
	}
	secret := h.Secret(r.Context(), r.Header.Get(subscriptionHeader))
	if secret == "" {
		return http.StatusServiceUnavailable
	}
	event, err := VerifyWebhook(r, secret)
	if err == nil {
		err = h.Handle(r.Context(), event)
	}
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, ErrSignature):
		return http.StatusUnauthorized
	case errors.Is(err, ErrReject):
		return http.StatusUnprocessableEntity
	case errors.Is(err, ErrUnsubscribe):
		return http.StatusGone
	}
	return http.StatusInternalServerError
}
