package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type subscriptions struct{ c conn }

const subscriptionColumns = `id, partner_id, event_type, url, sealed_secret, paused, created_at`

func readSubscription(scan func(...any) error) (s kyc.Subscription, err error) {
	var created int64
	err = scan(&s.ID, &s.PartnerID, &s.EventType, &s.URL, &s.SealedSecret, &s.Paused, &created)
	s.CreatedAt = at(created)
	return s, err
}

func (s subscriptions) Get(id string) (kyc.Subscription, error) {
	return must(s.c, "Solaris::Webhook", id, readSubscription,
		`SELECT `+subscriptionColumns+` FROM subscriptions WHERE id = $1`+s.c.forUpdate(), id)
}

func (s subscriptions) Find(partnerID, id string) (kyc.Subscription, error) {
	return must(s.c, "Solaris::Webhook", id, readSubscription,
		`SELECT `+subscriptionColumns+` FROM subscriptions WHERE id = $1 AND partner_id = $2`, id, partnerID)
}

func (s subscriptions) List(partnerID string, p kyc.Page) ([]kyc.Subscription, error) {
	return many(s.c, readSubscription, `SELECT `+subscriptionColumns+` FROM subscriptions WHERE partner_id = $1`+order(p)+` LIMIT $2 OFFSET $3`,
		partnerID, p.Limit, p.Offset)
}

func (s subscriptions) Count(partnerID string, atMost int) (int, error) {
	return count(s.c, atMost, `subscriptions WHERE partner_id = $1`, partnerID)
}

func (s subscriptions) ByEvent(partnerID, eventType string) ([]kyc.Subscription, error) {
	return few(s.c, readSubscription, `SELECT `+subscriptionColumns+` FROM subscriptions
		WHERE partner_id = $1 AND event_type = $2 ORDER BY seq`, partnerID, eventType)
}

func (s subscriptions) Insert(x kyc.Subscription) error {
	return s.c.exec(`INSERT INTO subscriptions (`+subscriptionColumns+`) VALUES (`+placeholders(1, 7)+`)`,
		x.ID, x.PartnerID, x.EventType, x.URL, x.SealedSecret, x.Paused, us(x.CreatedAt))
}

func (s subscriptions) Hold(id string) (kyc.Subscription, error) {
	return must(s.c, "Solaris::Webhook", id, readSubscription,
		`SELECT `+subscriptionColumns+` FROM subscriptions WHERE id = $1`+s.c.forShare(), id)
}

func (s subscriptions) SetPaused(id string, paused bool) error {
	return s.c.exec(`UPDATE subscriptions SET paused = $2 WHERE id = $1`, id, paused)
}

// Delete removes the subscription and everything that waits for it. What was
// delivered stays on record.
func (s subscriptions) Delete(id string) error {
	for _, text := range []string{
		`DELETE FROM subscriptions WHERE id = $1`, // first: whoever holds it is waited for, and what he wrote goes too
		`DELETE FROM jobs WHERE owner = $1`,
		`DELETE FROM attempts WHERE notification_id IN
			(SELECT id FROM notifications WHERE subscription_id = $1 AND state = 'queued')`,
		`DELETE FROM notifications WHERE subscription_id = $1 AND state = 'queued'`,
	} {
		if err := s.c.exec(text, id); err != nil {
			return err
		}
	}
	return nil
}
