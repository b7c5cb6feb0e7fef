package sqlstore

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/identikit/identikit/internal/kyc"
)

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
		FROM replays WHERE partner_id = $1 AND key IN ($2, $3)`, partnerID, key, disguised(partnerID, key))
}

// disguised is what stands in the place of a key whose answer was erased: the
// partner chose its words, and may have called the customer by name in it. The
// blank keeps it apart from every real key.
func disguised(partnerID, key string) string {
	hash := sha256.Sum256([]byte(partnerID + " " + key))
	return "erased " + hex.EncodeToString(hash[:])
}

// disguise hides the keys of a person's stored answers.
func (s replays) disguise(personID string) error {
	type name struct{ partner, key string }
	all, err := many(s.c, func(scan func(...any) error) (n name, err error) {
		return n, scan(&n.partner, &n.key)
	}, `SELECT partner_id, key FROM replays WHERE person_id = $1 AND person_id <> ''`, personID)
	if err != nil {
		return err
	}
	for _, n := range all {
		err := s.c.exec(`UPDATE replays SET key = $3 WHERE partner_id = $1 AND key = $2`, n.partner, n.key, disguised(n.partner, n.key))
		if err != nil {
			return err
		}
	}
	return nil
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
