-- Changes that wait for the customer's consent, the phone that gives it, and the
-- texts for phones. What is personal and not looked up is sealed with the person's key.
CREATE TABLE change_requests (
    seq            {{seq}},
    id             TEXT NOT NULL UNIQUE,
    partner_id     TEXT NOT NULL,
    person_id      TEXT NOT NULL,
    kind           TEXT NOT NULL,
    target_id      TEXT NOT NULL,
    change         {{bytes}},
    device_data    {{bytes}},
    status         TEXT NOT NULL CHECK (status IN ('AUTHORIZATION_REQUIRED', 'CONFIRMATION_REQUIRED', 'COMPLETED', 'FAILED')),
    otp            {{bytes}},
    otp_wrong      BIGINT NOT NULL,
    otp_expires_at BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL CHECK (version > 0)
);
CREATE INDEX change_requests_by_person ON change_requests (person_id);
CREATE INDEX change_requests_by_age ON change_requests (created_at);

CREATE TABLE mobile_numbers (
    person_id      TEXT PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    partner_id     TEXT NOT NULL,
    number         TEXT NOT NULL,
    verified       BOOLEAN NOT NULL,
    device_data    {{bytes}},
    otp            {{bytes}},
    otp_wrong      BIGINT NOT NULL,
    otp_expires_at BIGINT NOT NULL,
    wrong          BIGINT NOT NULL,
    wrong_since    BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL CHECK (version > 0)
);

CREATE TABLE messages (
    seq        {{seq}},
    id         TEXT NOT NULL UNIQUE,
    partner_id TEXT NOT NULL,
    person_id  TEXT NOT NULL,
    number     TEXT NOT NULL,
    text       {{bytes}} NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'refused', 'expired')),
    created_at BIGINT NOT NULL,
    queued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sent_at    BIGINT NOT NULL
);
CREATE INDEX messages_by_number ON messages (number, queued_at);
CREATE INDEX messages_by_person ON messages (person_id);
CREATE INDEX messages_by_age ON messages (created_at);
