-- The partner's own account at the provider, sealed with the master key.
ALTER TABLE partners ADD COLUMN idnow_account {{bytes}};
