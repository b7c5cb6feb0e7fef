package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type originations struct{ c conn }

const originationColumns = `id, partner_id, person_id, identification_id, esigning_id, status, description, contracts, created_at, version`

func readOrigination(scan func(...any) error) (o kyc.Origination, err error) {
	var created int64
	err = scan(&o.ID, &o.PartnerID, &o.PersonID, &o.IdentificationID, &o.ESigningID, &o.Status, &o.Description, &o.Contracts, &created, &o.Version)
	o.CreatedAt = at(created)
	return o, err
}

func (s originations) Find(partnerID, personID, id string) (kyc.Origination, error) {
	return must(s.c, "Solaris::IdentificationOrigination", id, readOrigination,
		`SELECT `+originationColumns+` FROM originations WHERE id = $1 AND partner_id = $2 AND person_id = $3`, id, partnerID, personID)
}

func (s originations) OfIdentification(identificationID string) (kyc.Origination, bool, error) {
	return one(s.c, readOrigination, `SELECT `+originationColumns+` FROM originations WHERE identification_id = $1`, identificationID)
}

func (s originations) Insert(o kyc.Origination) error {
	return s.c.exec(`INSERT INTO originations (`+originationColumns+`) VALUES (`+placeholders(1, 10)+`)`,
		o.ID, o.PartnerID, o.PersonID, o.IdentificationID, o.ESigningID, string(o.Status), o.Description, o.Contracts, us(o.CreatedAt), 1)
}

func (s originations) Update(o kyc.Origination) error {
	return s.c.exec(`UPDATE originations SET status = $3, description = $4,
		version = CASE WHEN version = $2 THEN version + 1 ELSE -1 END WHERE id = $1`,
		o.ID, o.Version, string(o.Status), o.Description)
}
