package sqlstore

// trace says what erasure does with one table. Every column of every table
// stands in traces once, and a test compares them with the schema: whoever adds
// one must decide here what becomes of it.
type trace struct {
	table string
	rows  string // which rows are a person's: a condition on $1, its id; empty: the table holds nothing about persons

	blanked []string // assignments that blank what can be read, at once
	dropped bool     // the rows go at once

	sealed      []string // assignments that blank what is sealed with the person's key, when that is destroyed
	droppedLast bool     // the rows go then

	harmless []string // columns that say nothing about a person: our own ids, our own times, states
}

// entities are the ids under which things about a person are told and done.
// Every table that has an id and a person_id belongs in here.
const entities = `SELECT id FROM persons WHERE id = $1
	UNION ALL SELECT id FROM identifications WHERE person_id = $1
	UNION ALL SELECT id FROM documents WHERE person_id = $1
	UNION ALL SELECT id FROM device_consents WHERE person_id = $1
	UNION ALL SELECT id FROM device_activities WHERE person_id = $1
	UNION ALL SELECT id FROM change_requests WHERE person_id = $1
	UNION ALL SELECT id FROM mobile_numbers WHERE person_id = $1
	UNION ALL SELECT id FROM messages WHERE person_id = $1
	UNION ALL SELECT id FROM tax_identifications WHERE person_id = $1
	UNION ALL SELECT id FROM originations WHERE person_id = $1
	UNION ALL SELECT id FROM signings WHERE person_id = $1`

// traces is everything. Rows that others are found by come after those others.
var traces = []trace{
	{table: "schema_migrations"}, {table: "settings"}, {table: "sequences"}, {table: "partners"}, {table: "tokens"}, {table: "subscriptions"},
	{table: "jobs"}, // they carry ids, never data; unqueue drops them
	{
		table: "attempts", rows: `notification_id IN (SELECT id FROM notifications WHERE entity_id IN (` + entities + `))`,
		blanked:  []string{`failure = ''`, `answer = ''`}, // what a receiver answers may quote what it was sent
		harmless: []string{"notification_id", "number", "at", "duration", "status"},
	},
	{
		table: "notifications", rows: `entity_id IN (` + entities + `)`,
		blanked: []string{`body = ''`},
		harmless: []string{
			"seq", "id", "partner_id", "subscription_id", "event_type", "entity_id", "state", "attempts",
			"first_attempt_at", "delivered_at", "created_at",
		},
	},
	{
		table: "replays", rows: `person_id = $1 AND person_id <> ''`,
		blanked:  []string{`request_hash = ''`, `body = ''`},
		harmless: []string{"partner_id", "key", "status", "created_at", "person_id"}, // the key is disguised
	},
	{
		table: "history", rows: `person_id = $1`,
		blanked: []string{`details = '{}'`}, // that something happened, when, by whom and through which request stays
		harmless: []string{
			"seq", "partner_id", "person_id", "identification_id", "at", "actor", "request_id", "event", "from_state", "to_state", "outcome",
		},
	},
	{
		table: "findings", rows: `identification_id IN (SELECT id FROM identifications WHERE person_id = $1)`,
		blanked:  []string{`fingerprint = 'erased ' || seq`, `reason = ''`},
		sealed:   []string{`raw = NULL`, `archive = ''`},
		harmless: []string{"seq", "identification_id", "at", "received_at", "result", "event"},
	},
	{
		table: "documents", rows: `person_id = $1`,
		blanked: []string{`partner_id = ''`, `name = ''`},
		sealed:  []string{`blob = ''`, `sealed_name = NULL`, `digest = NULL`},
		harmless: []string{
			"seq", "id", "person_id", "identification_id", "content_type", "document_type", "size", "customer_accessible", "created_at", "deleted_at",
		},
	},
	{
		table: "identifications", rows: `person_id = $1`,
		blanked: []string{
			`partner_id = ''`, `reference = ''`, `url = ''`, `language = ''`, `proof_of_address_type = ''`, `proof_of_address_issued_at = ''`,
			`iban = ''`, `terms_signed_at = 0`, `failure_reason = ''`, `address = '{}'`, `device_data = NULL`,
			`handle = ''`, `status_code = ''`, `reference_token = ''`,
		},
		harmless: []string{
			"seq", "id", "person_id", "method", "state", "estimated_waiting_time", "completed_at", "requested_at", "link_expires_at",
			"last_finding_at", "created_at", "version", "authorization_expires_at", "confirmation_expires_at",
		},
	},
	{table: "change_requests", rows: `person_id = $1`, dropped: true},
	{table: "mobile_numbers", rows: `person_id = $1`, dropped: true},
	{table: "messages", rows: `person_id = $1`, dropped: true},
	{table: "tax_identifications", rows: `person_id = $1`, dropped: true},
	{table: "originations", rows: `person_id = $1`, dropped: true},
	{table: "signings", rows: `person_id = $1`, dropped: true},
	{table: "device_activities", rows: `person_id = $1`, dropped: true},
	{table: "device_consents", rows: `person_id = $1`, dropped: true},
	{table: "terms_events", rows: `signed_by = $1`, dropped: true},
	{table: "person_settings", rows: `person_id = $1`, dropped: true},
	{
		table: "persons", rows: `id = $1`,
		blanked:  []string{`partner_id = ''`, `attributes = '{}'`, `identity_key = ''`},
		sealed:   []string{`record = NULL`, `keep_until = 0`},
		harmless: []string{"seq", "id", "created_at", "version", "identifications", "erased_at"},
	},
	{table: "person_keys", rows: `person_id = $1`, droppedLast: true},
}
