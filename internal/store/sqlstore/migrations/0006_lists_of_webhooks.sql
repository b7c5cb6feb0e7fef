-- What was not delivered is looked for among very much that was.
CREATE INDEX notifications_open ON notifications (subscription_id, state, seq) WHERE state <> 'delivered';

-- The list of a partner's subscriptions is in the order in which they were made.
CREATE INDEX subscriptions_by_partner ON subscriptions (partner_id, seq);
