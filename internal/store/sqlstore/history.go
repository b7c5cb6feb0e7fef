package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type history struct{ c conn }

const entryColumns = `partner_id, person_id, identification_id, at, actor, request_id, event, from_state, to_state, outcome, details`

func readEntry(scan func(...any) error) (e kyc.Entry, err error) {
	var when int64
	err = scan(&e.Seq, &e.PartnerID, &e.PersonID, &e.IdentificationID, &when, &e.Actor, &e.RequestID, &e.Event,
		&e.From, &e.To, &e.Outcome, &e.Details)
	e.At = at(when)
	return e, err
}

func (s history) OfPerson(personID string) ([]kyc.Entry, error) {
	return many(s.c, readEntry, `SELECT seq, `+entryColumns+` FROM history WHERE person_id = $1 ORDER BY seq`, personID)
}

func (s history) Unsuccessful(personID string) (int, error) {
	n, _, err := one(s.c, readInt, `SELECT COUNT(*) FROM history WHERE person_id = $1 AND outcome <> '' AND outcome = 'unsuccessful'
		AND seq > COALESCE((SELECT MAX(seq) FROM history WHERE person_id = $1 AND outcome <> '' AND outcome = 'successful'), 0)`, personID)
	return int(n), err
}

func (s history) HasOutcome(personID, identificationID string) (bool, error) {
	_, ok, err := one(s.c, readInt, `SELECT 1 FROM history WHERE person_id = $1 AND outcome <> '' AND identification_id = $2 LIMIT 1`,
		personID, identificationID)
	return ok, err
}

func (s history) Add(e kyc.Entry) error {
	return s.c.exec(`INSERT INTO history (`+entryColumns+`) VALUES (`+placeholders(1, 11)+`)`,
		e.PartnerID, e.PersonID, e.IdentificationID, us(e.At), e.Actor, e.RequestID, e.Event,
		string(e.From), string(e.To), string(e.Outcome), e.Details)
}
