package sqlstore

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

type outbox struct{ c conn }

const notificationColumns = `id, partner_id, subscription_id, event_type, entity_id, body, state, attempts, first_attempt_at, created_at`

func readNotification(scan func(...any) error) (n kyc.Notification, err error) {
	var first, created int64
	err = scan(&n.ID, &n.PartnerID, &n.SubscriptionID, &n.EventType, &n.EntityID, &n.Body, &n.State, &n.Attempts, &first, &created)
	n.FirstAttemptAt, n.CreatedAt = at(first), at(created)
	return n, err
}

func (s outbox) Get(id string) (kyc.Notification, error) {
	return must(s.c, "Notification", id, readNotification,
		`SELECT `+notificationColumns+` FROM notifications WHERE id = $1`, id)
}

func (s outbox) List(subscriptionID string, p kyc.Page) ([]kyc.Notification, error) {
	return many(s.c, readNotification, `SELECT `+notificationColumns+` FROM notifications
		WHERE subscription_id = $1`+order(p)+` LIMIT $2 OFFSET $3`, subscriptionID, p.Limit, p.Offset)
}

func readAttempt(scan func(...any) error) (a kyc.Attempt, err error) {
	var when, took int64
	err = scan(&a.NotificationID, &a.Number, &when, &took, &a.Status, &a.Failure, &a.Answer)
	a.At, a.Duration = at(when), time.Duration(took)*time.Microsecond
	return a, err
}

func (s outbox) Attempts(notificationID string) ([]kyc.Attempt, error) {
	return many(s.c, readAttempt, `SELECT notification_id, number, at, duration, status, failure, answer
		FROM attempts WHERE notification_id = $1 ORDER BY number`, notificationID)
}

func (s outbox) DeliveredSince(subscriptionID string, t time.Time) (bool, error) {
	_, ok, err := one(s.c, readInt, `SELECT 1 FROM notifications WHERE subscription_id = $1 AND delivered_at >= $2 LIMIT 1`,
		subscriptionID, us(t))
	return ok, err
}

func (s outbox) Insert(n kyc.Notification) error {
	return s.c.exec(`INSERT INTO notifications (`+notificationColumns+`, delivered_at) VALUES (`+placeholders(1, 11)+`)`,
		n.ID, n.PartnerID, n.SubscriptionID, n.EventType, n.EntityID, n.Body, string(n.State), n.Attempts,
		us(n.FirstAttemptAt), us(n.CreatedAt), 0)
}

func (s outbox) Record(n kyc.Notification, a kyc.Attempt) error {
	var delivered int64
	if n.State == kyc.Delivered {
		delivered = us(a.At)
	}
	err := s.c.exec(`INSERT INTO attempts (notification_id, number, at, duration, status, failure, answer)
		SELECT `+placeholders(1, 7)+` FROM notifications WHERE id = $1`+s.c.forShare(), // it may have been erased meanwhile
		a.NotificationID, a.Number, us(a.At), a.Duration.Microseconds(), a.Status, a.Failure, a.Answer)
	if err != nil {
		return err
	}
	return s.c.exec(`UPDATE notifications SET state = $2, attempts = $3, first_attempt_at = $4, delivered_at = $5 WHERE id = $1`,
		n.ID, string(n.State), n.Attempts, us(n.FirstAttemptAt), delivered)
}
