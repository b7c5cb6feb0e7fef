-- What was not delivered yet is not looked for by when it was: a notification
-- that is queued has one index entry less.
CREATE INDEX notifications_delivered_at ON notifications (subscription_id, delivered_at) WHERE delivered_at > 0;
DROP INDEX notifications_delivered;
