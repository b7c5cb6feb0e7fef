package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type taxIdentifications struct{ c conn }

const taxColumns = `id, partner_id, person_id, country, is_primary, reason_no_tin, sealed, created_at, version`

func readTax(scan func(...any) error) (t kyc.TaxIdentification, err error) {
	var created int64
	err = scan(&t.ID, &t.PartnerID, &t.PersonID, &t.Country, &t.Primary, &t.ReasonNoTIN, &t.Sealed, &created, &t.Version)
	t.CreatedAt = at(created)
	return t, err
}

func (s taxIdentifications) Find(partnerID, personID, id string) (kyc.TaxIdentification, error) {
	return must(s.c, "Solaris::TaxIdentification", id, readTax,
		`SELECT `+taxColumns+` FROM tax_identifications WHERE id = $1 AND partner_id = $2 AND person_id = $3`, id, partnerID, personID)
}

func (s taxIdentifications) OfPerson(personID string) ([]kyc.TaxIdentification, error) {
	return few(s.c, readTax, `SELECT `+taxColumns+` FROM tax_identifications WHERE person_id = $1 ORDER BY seq`, personID)
}

func (s taxIdentifications) List(partnerID, personID string, p kyc.Page) ([]kyc.TaxIdentification, error) {
	return many(s.c, readTax, `SELECT `+taxColumns+` FROM tax_identifications WHERE person_id = $1 AND partner_id = $2`+order(p)+` LIMIT $3 OFFSET $4`,
		personID, partnerID, p.Limit, p.Offset)
}

func (s taxIdentifications) Count(partnerID, personID string, atMost int) (int, error) {
	return count(s.c, atMost, `tax_identifications WHERE person_id = $1 AND partner_id = $2`, personID, partnerID)
}

func (s taxIdentifications) Insert(t kyc.TaxIdentification) error {
	return s.c.exec(`INSERT INTO tax_identifications (`+taxColumns+`) VALUES (`+placeholders(1, 9)+`)`,
		t.ID, t.PartnerID, t.PersonID, t.Country, t.Primary, t.ReasonNoTIN, t.Sealed, us(t.CreatedAt), 1)
}

func (s taxIdentifications) Update(t kyc.TaxIdentification) error {
	return s.c.exec(`UPDATE tax_identifications SET is_primary = $3, reason_no_tin = $4, sealed = $5,
		version = CASE WHEN version = $2 THEN version + 1 ELSE -1 END WHERE id = $1`,
		t.ID, t.Version, t.Primary, t.ReasonNoTIN, t.Sealed)
}
