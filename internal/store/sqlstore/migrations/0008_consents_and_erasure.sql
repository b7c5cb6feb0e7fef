-- What customers agreed to; and what erasure needs. An erased person has no
-- partner any more. Its record, if the law keeps one, is sealed with its key.
CREATE TABLE device_consents (
    seq          {{seq}},
    id           TEXT NOT NULL UNIQUE,
    person_id    TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX device_consents_by_person ON device_consents (person_id, seq);

CREATE TABLE device_activities (
    seq           {{seq}},
    id            TEXT NOT NULL UNIQUE,
    person_id     TEXT NOT NULL,
    activity_type TEXT NOT NULL,
    device_data   {{bytes}},
    created_at    BIGINT NOT NULL
);
CREATE INDEX device_activities_by_person ON device_activities (person_id, seq);

CREATE TABLE terms_events (
    seq                 {{seq}},
    id                  TEXT NOT NULL UNIQUE,
    document_id         TEXT NOT NULL,
    event_type          TEXT NOT NULL,
    product_name        TEXT NOT NULL,
    signed_by           TEXT NOT NULL,
    signed_on_behalf_of TEXT NOT NULL,
    event_at            BIGINT NOT NULL,
    created_at          BIGINT NOT NULL
);
CREATE INDEX terms_events_by_person ON terms_events (signed_by, seq);

CREATE TABLE person_settings (
    person_id TEXT PRIMARY KEY,
    language  TEXT NOT NULL
);

ALTER TABLE persons ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE persons ADD COLUMN keep_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE persons ADD COLUMN record {{bytes}};

-- Whose data a stored answer holds. Those of before, and of a server of before that
-- still runs, do not say so: they are found by the id with which each begins.
ALTER TABLE replays ADD COLUMN person_id TEXT NOT NULL DEFAULT '';
CREATE INDEX replays_by_person ON replays (person_id) WHERE person_id <> '';
CREATE INDEX replays_of_before ON replays (substr(body, 8, 36)) WHERE person_id = '';
CREATE INDEX notifications_by_entity ON notifications (entity_id);
