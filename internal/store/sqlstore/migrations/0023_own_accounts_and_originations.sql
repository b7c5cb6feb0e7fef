-- The partner's own account at the provider, sealed with the master key.
ALTER TABLE partners ADD COLUMN idnow_account {{bytes}};

-- Identifications in which the customer signs contracts. Which ones, and where, is
-- sealed with the person's key.
CREATE TABLE originations (
    seq               {{seq}},
    id                TEXT NOT NULL UNIQUE,
    partner_id        TEXT NOT NULL,
    person_id         TEXT NOT NULL,
    identification_id TEXT NOT NULL UNIQUE,
    esigning_id       TEXT NOT NULL,
    status            TEXT NOT NULL,
    description       TEXT NOT NULL,
    contracts         {{bytes}} NOT NULL,
    created_at        BIGINT NOT NULL,
    version           BIGINT NOT NULL CHECK (version > 0)
);
CREATE INDEX originations_by_person ON originations (person_id, seq);
