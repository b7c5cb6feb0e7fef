-- Tax identifications of persons. The number and why there is none are sealed
-- with the person's key. A person has one for a country, and one that is primary.
CREATE TABLE tax_identifications (
    seq           {{seq}},
    id            TEXT NOT NULL UNIQUE,
    partner_id    TEXT NOT NULL,
    person_id     TEXT NOT NULL,
    country       TEXT NOT NULL,
    is_primary    BOOLEAN NOT NULL,
    reason_no_tin TEXT NOT NULL,
    sealed        {{bytes}} NOT NULL,
    created_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL CHECK (version > 0),
    UNIQUE (person_id, country)
);
CREATE INDEX tax_identifications_by_person ON tax_identifications (person_id, seq);
CREATE UNIQUE INDEX tax_identifications_primary ON tax_identifications (person_id) WHERE is_primary;

-- What a provider answered is listed in the order in which it came.
CREATE INDEX findings_by_identification ON findings (identification_id, seq);
