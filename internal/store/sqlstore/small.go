package sqlstore

import "github.com/identikit/identikit/internal/kyc"

// replays are the stored answers of requests that carried an idempotency key.
type replays struct{ c conn }

func readReplay(scan func(...any) error) (r kyc.Replay, err error) {
	var created int64
	err = scan(&r.PartnerID, &r.Key, &r.RequestHash, &r.Status, &r.Body, &created, &r.PersonID)
	r.CreatedAt = at(created)
	return r, err
}

func (s replays) Find(partnerID, key string) (kyc.Replay, bool, error) {
	return one(s.c, readReplay, `SELECT partner_id, key, request_hash, status, body, created_at, person_id
		FROM replays WHERE partner_id = $1 AND key = $2`, partnerID, key)
}

func (s replays) Insert(r kyc.Replay) error {
	return s.c.exec(`INSERT INTO replays (partner_id, key, request_hash, status, body, created_at, person_id) VALUES (`+placeholders(1, 7)+`)`,
		r.PartnerID, r.Key, r.RequestHash, r.Status, r.Body, us(r.CreatedAt), r.PersonID)
}

// settings are small facts about the installation.
type settings struct{ c conn }

func (s settings) Get(name string) (string, bool, error) {
	return one(s.c, readText, `SELECT value FROM settings WHERE name = $1`, name)
}

func (s settings) Put(name, value string) error {
	return s.c.exec(`INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}
