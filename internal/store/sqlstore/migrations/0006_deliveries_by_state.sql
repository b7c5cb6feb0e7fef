-- What was not delivered is looked for among very much that was.
CREATE INDEX notifications_open ON notifications (subscription_id, state, seq) WHERE state <> 'delivered';
