-- What Bankident knows of an identification beside the rest: the session at the
-- provider, the result of the identity data, and the deadlines of the signature.
ALTER TABLE identifications ADD COLUMN handle TEXT NOT NULL DEFAULT '';
ALTER TABLE identifications ADD COLUMN status_code TEXT NOT NULL DEFAULT '';
ALTER TABLE identifications ADD COLUMN reference_token TEXT NOT NULL DEFAULT '';
ALTER TABLE identifications ADD COLUMN authorization_expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identifications ADD COLUMN confirmation_expires_at BIGINT NOT NULL DEFAULT 0;

-- Attempts to have documents signed, one for each authorization.
CREATE TABLE signings (
    seq               {{seq}},
    id                TEXT NOT NULL UNIQUE,
    partner_id        TEXT NOT NULL,
    person_id         TEXT NOT NULL,
    identification_id TEXT NOT NULL,
    state             TEXT NOT NULL,
    number            TEXT NOT NULL,
    token             TEXT NOT NULL,
    facts             {{bytes}} NOT NULL,
    tries             BIGINT NOT NULL,
    prepared_at       BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    asked_at          BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    version           BIGINT NOT NULL CHECK (version > 0)
);
CREATE INDEX signings_by_identification ON signings (identification_id, seq);
CREATE INDEX signings_by_person ON signings (person_id, seq);
-- A sandbox's inbox can be read by number.
CREATE INDEX messages_of_number ON messages (number, seq);
CREATE INDEX signings_by_number ON signings (number, asked_at);
