-- What was given up is looked for among very much that was delivered. Only those
-- are in the index, so that it costs nothing for the others.
CREATE INDEX notifications_given_up ON notifications (subscription_id, state, seq) WHERE state IN ('rejected', 'exhausted');

-- The list of a partner's subscriptions is in the order in which they were made.
CREATE INDEX subscriptions_by_partner ON subscriptions (partner_id, seq);
