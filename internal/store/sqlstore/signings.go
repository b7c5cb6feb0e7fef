package sqlstore

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

type signings struct{ c conn }

const signingColumns = `id, partner_id, person_id, identification_id, state, number, token, facts, tries,
	prepared_at, expires_at, asked_at, created_at, version`

func readSigning(scan func(...any) error) (s kyc.Signing, err error) {
	var prepared, expires, asked, created, tries int64
	err = scan(&s.ID, &s.PartnerID, &s.PersonID, &s.IdentificationID, &s.State, &s.Number, &s.Token, &s.Facts, &tries,
		&prepared, &expires, &asked, &created, &s.Version)
	s.Tries = int(tries)
	s.PreparedAt, s.ExpiresAt, s.AskedAt, s.CreatedAt = at(prepared), at(expires), at(asked), at(created)
	return s, err
}

func (s signings) Get(id string) (kyc.Signing, error) {
	return must(s.c, "Solaris::Signing", id, readSigning, `SELECT `+signingColumns+` FROM signings WHERE id = $1`, id)
}

func (s signings) Latest(identificationID string) (kyc.Signing, bool, error) {
	return one(s.c, readSigning, `SELECT `+signingColumns+` FROM signings WHERE identification_id = $1 ORDER BY seq DESC LIMIT 1`, identificationID)
}

func (s signings) Open(identificationID string) (kyc.Signing, bool, error) {
	return one(s.c, readSigning, `SELECT `+signingColumns+` FROM signings WHERE identification_id = $1 AND state = $2 ORDER BY seq DESC LIMIT 1`,
		identificationID, string(kyc.SigningOpen))
}

func (s signings) SentTo(number, personID string, since time.Time) (int, error) {
	return count(s.c, kyc.MessagesPerHour, `signings WHERE number = $1 AND asked_at > $2 AND ($3 = '' OR person_id = $3)`, number, us(since), personID)
}

func (s signings) Insert(n kyc.Signing) error {
	return s.c.exec(`INSERT INTO signings (`+signingColumns+`) VALUES (`+placeholders(1, 14)+`)`,
		n.ID, n.PartnerID, n.PersonID, n.IdentificationID, string(n.State), n.Number, n.Token, n.Facts, int64(n.Tries),
		us(n.PreparedAt), us(n.ExpiresAt), us(n.AskedAt), us(n.CreatedAt), 1)
}

func (s signings) Update(n kyc.Signing) error {
	return s.c.exec(`UPDATE signings SET state = $3, facts = $4, tries = $5, expires_at = $6,
		version = CASE WHEN version = $2 THEN version + 1 ELSE -1 END WHERE id = $1`,
		n.ID, n.Version, string(n.State), n.Facts, int64(n.Tries), us(n.ExpiresAt))
}
