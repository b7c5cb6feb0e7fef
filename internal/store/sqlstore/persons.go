package sqlstore

import (
	"encoding/json"

	"github.com/identikit/identikit/internal/kyc"
)

type persons struct{ c conn }

const personColumns = `id, partner_id, attributes, created_at, version`

func readPerson(scan func(...any) error) (p kyc.Person, err error) {
	var attributes string
	var created int64
	if err = scan(&p.ID, &p.PartnerID, &attributes, &created, &p.Version); err != nil {
		return p, err
	}
	p.CreatedAt = at(created)
	p.Attributes, err = kyc.DecodeAttributes([]byte(attributes))
	return p, err
}

func (s persons) Get(partnerID, id string) (kyc.Person, error) {
	return must(s.c, "Solaris::Person", id, readPerson,
		`SELECT `+personColumns+` FROM persons WHERE id = $1 AND partner_id = $2 AND erased_at = 0`+s.c.forUpdate(), id, partnerID)
}

func (s persons) List(partnerID string, p kyc.Page) ([]kyc.Person, error) {
	return many(s.c, readPerson, `SELECT `+personColumns+` FROM persons WHERE partner_id = $1`+order(p)+` LIMIT $2 OFFSET $3`,
		partnerID, p.Limit, p.Offset)
}

func (s persons) Count(partnerID string, atMost int) (int, error) {
	return count(s.c, atMost, `persons WHERE partner_id = $1`, partnerID)
}

func (s persons) Identical(partnerID, identityKey string, atMost int) (int, error) {
	return count(s.c, atMost, `persons WHERE partner_id = $1 AND identity_key = $2`, partnerID, identityKey)
}

func readBytes(scan func(...any) error) (b []byte, err error) { return b, scan(&b) }

func (s persons) Key(personID string) ([]byte, error) {
	return must(s.c, "Key", personID, readBytes,
		`SELECT sealed_key FROM person_keys WHERE person_id = $1`, personID)
}

func (s persons) Insert(p kyc.Person, sealedKey []byte) error {
	attributes, err := json.Marshal(p.Attributes.Reveal())
	if err != nil {
		return err
	}
	err = s.c.exec(`INSERT INTO persons (`+personColumns+`, identity_key) VALUES (`+placeholders(1, 6)+`)`,
		p.ID, p.PartnerID, string(attributes), us(p.CreatedAt), 1, p.IdentityKey())
	if err != nil {
		return err
	}
	return s.c.exec(`INSERT INTO person_keys (person_id, sealed_key) VALUES ($1, $2)`, p.ID, sealedKey)
}

func (s persons) Update(p kyc.Person) error {
	attributes, err := json.Marshal(p.Attributes.Reveal())
	if err != nil {
		return err
	}
	return s.c.exec(`UPDATE persons SET attributes = $3, identity_key = $4,
		version = CASE WHEN version = $2 THEN version + 1 ELSE -1 END WHERE id = $1`,
		p.ID, p.Version, string(attributes), p.IdentityKey())
}
