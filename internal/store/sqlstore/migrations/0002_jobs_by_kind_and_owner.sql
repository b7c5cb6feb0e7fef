-- What is due is looked for kind by kind, so that a hundred thousand links that
-- run out in two weeks are not walked through to find one notification; and
-- owner by owner while one of them has enough running.
CREATE INDEX jobs_by_kind ON jobs (kind, due_at, seq);
CREATE INDEX jobs_by_owner ON jobs (owner, due_at, seq) WHERE owner <> '';
DROP INDEX jobs_due;
DROP INDEX jobs_owner;
