package sqlstore

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

type outbox struct{ c conn }

const notificationColumns = `id, partner_id, subscription_id, event_type, entity_id, body, state, attempts, first_attempt_at, delivered_at, created_at`

func readNotification(scan func(...any) error) (n kyc.Notification, err error) {
	var first, delivered, created int64
	err = scan(&n.ID, &n.PartnerID, &n.SubscriptionID, &n.EventType, &n.EntityID, &n.Body, &n.State, &n.Attempts, &first, &delivered, &created)
	n.FirstAttemptAt, n.DeliveredAt, n.CreatedAt = at(first), at(delivered), at(created)
	return n, err
}

func (s outbox) Get(id string) (kyc.Notification, error) {
	return must(s.c, "Notification", id, readNotification,
		`SELECT `+notificationColumns+` FROM notifications WHERE id = $1`, id)
}

// toSend is notificationColumns of n, and of s those that a sender reads; all of
// them are empty when there is no subscription.
const toSend = `n.id, n.partner_id, n.subscription_id, n.event_type, n.entity_id, n.body, n.state, n.attempts, n.first_attempt_at,
	n.delivered_at, n.created_at, COALESCE(s.id, ''), COALESCE(s.partner_id, ''), COALESCE(s.event_type, ''), COALESCE(s.url, ''),
	s.sealed_secret, COALESCE(s.paused, FALSE), COALESCE(s.created_at, 0)`

func (s outbox) ToSend(id string) (kyc.Notification, kyc.Subscription, error) {
	type pair struct {
		n kyc.Notification
		s kyc.Subscription
	}
	p, err := must(s.c, "Solaris::Notification", id, func(scan func(...any) error) (p pair, err error) {
		p.n, err = readNotification(func(dest ...any) error {
			p.s, err = readSubscription(func(more ...any) error { return scan(append(dest, more...)...) })
			return err
		})
		return p, err
	}, `SELECT `+toSend+` FROM notifications n LEFT JOIN subscriptions s ON s.id = n.subscription_id WHERE n.id = $1`, id)
	if err == nil && p.s.ID == "" {
		err = kyc.Missing("Solaris::Webhook", p.n.SubscriptionID)
	}
	return p.n, p.s, err
}

// among is what a filter asks for. That the state is one of those that were given
// up is said once more, in the words of the index that holds those alone.
func among(f kyc.NotificationFilter) (string, []any) {
	if f.State == "" {
		return `notifications WHERE subscription_id = $1`, []any{f.SubscriptionID}
	}
	return `notifications WHERE subscription_id = $1 AND state = $2 AND state IN ('rejected', 'exhausted')`, []any{f.SubscriptionID, string(f.State)}
}

const withoutBody = `id, partner_id, subscription_id, event_type, entity_id, NULL, state, attempts, first_attempt_at, delivered_at, created_at`

func (s outbox) List(f kyc.NotificationFilter, p kyc.Page) ([]kyc.Notification, error) {
	from, args := among(f)
	n := len(args)
	return many(s.c, readNotification, `SELECT `+withoutBody+` FROM `+from+order(p)+
		` LIMIT `+placeholders(n+1, 1)+` OFFSET `+placeholders(n+2, 1), append(args, p.Limit, p.Offset)...)
}

func (s outbox) Count(f kyc.NotificationFilter, atMost int) (int, error) {
	from, args := among(f)
	return count(s.c, atMost, from, args...)
}

func readAttempt(scan func(...any) error) (a kyc.Attempt, err error) {
	var when, took int64
	err = scan(&a.NotificationID, &a.Number, &when, &took, &a.Status, &a.Failure, &a.Answer)
	a.At, a.Duration = at(when), time.Duration(took)*time.Microsecond
	return a, err
}

func (s outbox) Attempts(notificationIDs ...string) ([]kyc.Attempt, error) {
	return inChunks(notificationIDs, func(ids []any) ([]kyc.Attempt, error) {
		return many(s.c, readAttempt, `SELECT notification_id, number, at, duration, status, failure, answer
			FROM attempts WHERE notification_id IN (`+placeholders(1, chunk)+`) ORDER BY notification_id, number`, ids...)
	})
}

func (s outbox) DeliveredSince(subscriptionID string, t time.Time) (bool, error) {
	_, ok, err := one(s.c, readInt, `SELECT 1 FROM notifications WHERE subscription_id = $1 AND delivered_at >= $2 AND delivered_at > 0 LIMIT 1`,
		subscriptionID, us(t))
	return ok, err
}

func (s outbox) Insert(n kyc.Notification) error {
	return s.c.exec(`INSERT INTO notifications (`+notificationColumns+`) VALUES (`+placeholders(1, 11)+`)`,
		n.ID, n.PartnerID, n.SubscriptionID, n.EventType, n.EntityID, n.Body, string(n.State), n.Attempts,
		us(n.FirstAttemptAt), us(n.DeliveredAt), us(n.CreatedAt))
}

// Record writes the notification first, for that locks it: it may be about to be
// erased. If it has been, there is no attempt to keep either.
func (s outbox) Record(n kyc.Notification, a kyc.Attempt) error {
	err := s.c.exec(`UPDATE notifications SET state = $2, attempts = $3, first_attempt_at = $4, delivered_at = $5 WHERE id = $1`,
		n.ID, string(n.State), n.Attempts, us(n.FirstAttemptAt), us(n.DeliveredAt))
	if err != nil {
		return err
	}
	return s.c.exec(`INSERT INTO attempts (notification_id, number, at, duration, status, failure, answer)
		SELECT `+placeholders(1, 7)+` FROM notifications WHERE id = $1`,
		a.NotificationID, a.Number, us(a.At), a.Duration.Microseconds(), a.Status, a.Failure, a.Answer)
}
