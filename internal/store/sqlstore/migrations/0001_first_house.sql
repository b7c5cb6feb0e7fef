-- One text for SQLite and PostgreSQL. Two tokens differ: {{seq}}, a growing
-- primary key, and {{bytes}}. Times are microseconds since 1970 in UTC, 0 is
-- "none". A stale version turns into -1 and breaks the CHECK (docs/adr/0003).

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE sequences (
    name TEXT PRIMARY KEY,
    pos  BIGINT NOT NULL
);

CREATE TABLE partners (
    seq               {{seq}},
    id                TEXT NOT NULL UNIQUE,
    name              TEXT NOT NULL,
    client_id         TEXT NOT NULL UNIQUE,
    secret_hash       {{bytes}} NOT NULL,
    ident_secret_hash {{bytes}},
    methods           TEXT NOT NULL,
    greeting          TEXT NOT NULL,
    success_url       TEXT NOT NULL,
    failure_url       TEXT NOT NULL,
    created_at        BIGINT NOT NULL
);

CREATE TABLE tokens (
    hash       {{bytes}} PRIMARY KEY,
    partner_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE persons (
    seq          {{seq}},
    id           TEXT NOT NULL UNIQUE,
    partner_id   TEXT NOT NULL,
    attributes   TEXT NOT NULL,
    identity_key TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL CHECK (version > 0)
);
CREATE INDEX persons_by_partner ON persons (partner_id, seq);
CREATE INDEX persons_by_identity ON persons (partner_id, identity_key);

CREATE TABLE person_keys (
    person_id  TEXT PRIMARY KEY,
    sealed_key {{bytes}} NOT NULL
);

CREATE TABLE identifications (
    seq                        {{seq}},
    id                         TEXT NOT NULL UNIQUE,
    partner_id                 TEXT NOT NULL,
    person_id                  TEXT NOT NULL,
    method                     TEXT NOT NULL,
    state                      TEXT NOT NULL CHECK (state IN ({{states}})),
    reference                  TEXT NOT NULL,
    url                        TEXT NOT NULL,
    language                   TEXT NOT NULL,
    proof_of_address_type      TEXT NOT NULL,
    proof_of_address_issued_at TEXT NOT NULL,
    iban                       TEXT NOT NULL,
    terms_signed_at            BIGINT NOT NULL,
    estimated_waiting_time     BIGINT,
    failure_reason             TEXT NOT NULL,
    address                    TEXT NOT NULL,
    device_data                {{bytes}},
    completed_at               BIGINT NOT NULL,
    requested_at               BIGINT NOT NULL,
    link_expires_at            BIGINT NOT NULL,
    last_finding_at            BIGINT NOT NULL,
    created_at                 BIGINT NOT NULL,
    version                    BIGINT NOT NULL CHECK (version > 0)
);
CREATE INDEX identifications_by_person ON identifications (person_id, seq);
CREATE INDEX identifications_by_partner ON identifications (partner_id, seq);

CREATE TABLE documents (
    seq                 {{seq}},
    id                  TEXT NOT NULL UNIQUE,
    partner_id          TEXT NOT NULL,
    person_id           TEXT NOT NULL,
    identification_id   TEXT NOT NULL,
    name                TEXT NOT NULL,
    content_type        TEXT NOT NULL,
    document_type       TEXT NOT NULL,
    size                BIGINT NOT NULL,
    customer_accessible BOOLEAN NOT NULL,
    blob                TEXT NOT NULL,
    created_at          BIGINT NOT NULL,
    deleted_at          BIGINT NOT NULL
);
CREATE INDEX documents_by_person ON documents (person_id, seq);
CREATE INDEX documents_by_identification ON documents (identification_id, seq);
CREATE INDEX documents_by_blob ON documents (blob);

CREATE TABLE findings (
    seq               {{seq}},
    identification_id TEXT NOT NULL,
    fingerprint       TEXT NOT NULL,
    at                BIGINT NOT NULL,
    received_at       BIGINT NOT NULL,
    result            TEXT NOT NULL,
    reason            TEXT NOT NULL,
    event             TEXT NOT NULL,
    raw               {{bytes}},
    archive           TEXT NOT NULL,
    UNIQUE (identification_id, fingerprint)
);
CREATE INDEX findings_by_archive ON findings (archive);

CREATE TABLE history (
    seq               {{seq}},
    partner_id        TEXT NOT NULL,
    person_id         TEXT NOT NULL,
    identification_id TEXT NOT NULL,
    at                BIGINT NOT NULL,
    actor             TEXT NOT NULL,
    request_id        TEXT NOT NULL,
    event             TEXT NOT NULL,
    from_state        TEXT NOT NULL,
    to_state          TEXT NOT NULL,
    outcome           TEXT NOT NULL,
    details           TEXT NOT NULL
);
CREATE INDEX history_by_person ON history (person_id, seq);
CREATE INDEX history_outcomes ON history (person_id, seq) WHERE outcome <> '';

CREATE TABLE subscriptions (
    seq           {{seq}},
    id            TEXT NOT NULL UNIQUE,
    partner_id    TEXT NOT NULL,
    event_type    TEXT NOT NULL,
    url           TEXT NOT NULL,
    sealed_secret {{bytes}} NOT NULL,
    paused        BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX subscriptions_by_event ON subscriptions (partner_id, event_type, seq);

CREATE TABLE notifications (
    seq              {{seq}},
    id               TEXT NOT NULL UNIQUE,
    partner_id       TEXT NOT NULL,
    subscription_id  TEXT NOT NULL,
    event_type       TEXT NOT NULL,
    entity_id        TEXT NOT NULL,
    body             {{bytes}} NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'rejected', 'exhausted')),
    attempts         BIGINT NOT NULL,
    first_attempt_at BIGINT NOT NULL,
    delivered_at     BIGINT NOT NULL,
    created_at       BIGINT NOT NULL
);
CREATE INDEX notifications_by_subscription ON notifications (subscription_id, seq);
CREATE INDEX notifications_delivered ON notifications (subscription_id, delivered_at);

CREATE TABLE attempts (
    notification_id TEXT NOT NULL,
    number          BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    duration        BIGINT NOT NULL,
    status          BIGINT NOT NULL,
    failure         TEXT NOT NULL,
    answer          TEXT NOT NULL,
    PRIMARY KEY (notification_id, number)
);

CREATE TABLE jobs (
    seq         {{seq}},
    kind        TEXT NOT NULL,
    key         TEXT NOT NULL,
    owner       TEXT NOT NULL,
    lane        TEXT NOT NULL,
    blocking    BOOLEAN NOT NULL,
    due_at      BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempt     BIGINT NOT NULL,
    generation  BIGINT NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX jobs_due ON jobs (due_at, seq);
CREATE INDEX jobs_lane ON jobs (lane, seq) WHERE blocking AND lane <> '';
CREATE INDEX jobs_owner ON jobs (owner) WHERE owner <> '';

CREATE TABLE replays (
    partner_id   TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash {{bytes}} NOT NULL,
    status       BIGINT NOT NULL,
    body         {{bytes}} NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (partner_id, key)
);
