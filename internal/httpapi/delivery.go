package httpapi

import (
	"net/url"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

// maxDeliveries is how many a page may hold: each can have 25 attempts and more.
const maxDeliveries = 100

// deliveryView is a notification without its body, which may be personal.
type deliveryView struct {
	ID            string                `json:"id"`
	EventType     string                `json:"event_type"`
	EntityID      string                `json:"entity_id"`
	State         kyc.NotificationState `json:"state"`
	CreatedAt     string                `json:"created_at"`
	DeliveredAt   *string               `json:"delivered_at"`
	NextAttemptAt *string               `json:"next_attempt_at"`
	Attempts      []attemptView         `json:"attempts"`
}

type attemptView struct {
	Number     int     `json:"number"`
	At         string  `json:"at"`
	Status     *int    `json:"status"`
	DurationMS int64   `json:"duration_ms"`
	Failure    *string `json:"failure"`
	Answer     *string `json:"answer"`
}

func viewDelivery(d flow.DeliveryRecord) deliveryView {
	v := deliveryView{
		ID: d.ID, EventType: d.EventType, EntityID: d.EntityID, State: d.State, CreatedAt: kyc.FormatInstant(d.CreatedAt),
		DeliveredAt: optionalInstant(d.DeliveredAt), NextAttemptAt: optionalInstant(d.NextAttemptAt), Attempts: make([]attemptView, len(d.Made)),
	}
	for n, a := range d.Made {
		v.Attempts[n] = attemptView{
			Number: a.Number, At: kyc.FormatInstant(a.At), DurationMS: a.Duration.Milliseconds(),
			Failure: kyc.Optional(a.Failure), Answer: kyc.Optional(a.Answer),
		}
		if a.Status != 0 {
			v.Attempts[n].Status = &a.Status
		}
	}
	return v
}

func optionalInstant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return kyc.Optional(kyc.FormatInstant(t))
}

// listDeliveries is ours: what became of every notification of a subscription.
func (s *Server) listDeliveries(c *call) error {
	sub, err := s.subscription(c)
	if err != nil {
		return err
	}
	f := kyc.NotificationFilter{SubscriptionID: sub.ID}
	if f.State, err = stateFilter(c); err != nil {
		return err
	}
	return writeList(s, c, list[flow.DeliveryRecord]{
		wide: "deliveries/" + sub.ID + "/" + string(f.State), largest: maxDeliveries,
		read:  func(v kyc.View, p kyc.Page) ([]flow.DeliveryRecord, error) { return flow.Deliveries(v, f, p) },
		count: func(v kyc.View, atMost int) (int, error) { return v.Outbox().Count(f, atMost) },
		show:  func(d flow.DeliveryRecord) ([]byte, error) { return marshal(viewDelivery(d)) },
	})
}

// stateFilter reads filter[state]: those that were given up can be asked for alone.
func stateFilter(c *call) (kyc.NotificationState, error) {
	q, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return "", kyc.Fail(kyc.Invalid, "validation_error", "The query string is malformed.")
	}
	switch state := kyc.NotificationState(q.Get("filter[state]")); state {
	case "", kyc.Refused, kyc.Exhausted:
		return state, nil
	}
	return "", &kyc.Error{Kind: kyc.Invalid, Code: "validation_error", Fields: []kyc.FieldError{
		{Code: "validation_error", Field: "filter[state]", Message: "must be rejected or exhausted"},
	}}
}
