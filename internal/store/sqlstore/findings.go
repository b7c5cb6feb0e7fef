package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type findings struct{ c conn }

const findingColumns = `identification_id, fingerprint, at, received_at, result, reason, event, raw, archive`

func readFinding(scan func(...any) error) (f kyc.FindingRecord, err error) {
	var when, received int64
	err = scan(&f.IdentificationID, &f.Fingerprint, &when, &received, &f.Result, &f.Reason, &f.Event, &f.Raw, &f.Archive)
	f.At, f.ReceivedAt = at(when), at(received)
	return f, err
}

func (s findings) Known(identificationID, fingerprint string) (bool, error) {
	_, ok, err := one(s.c, readInt, `SELECT 1 FROM findings WHERE identification_id = $1 AND fingerprint = $2`,
		identificationID, fingerprint)
	return ok, err
}

func (s findings) OfIdentification(id string) ([]kyc.FindingRecord, error) {
	return many(s.c, readFinding, `SELECT `+findingColumns+` FROM findings WHERE identification_id = $1 ORDER BY seq`, id)
}

func (s findings) List(identificationID string, p kyc.Page) ([]kyc.FindingRecord, error) {
	return many(s.c, readFinding, `SELECT `+findingColumns+` FROM findings WHERE identification_id = $1`+order(p)+` LIMIT $2 OFFSET $3`,
		identificationID, p.Limit, p.Offset)
}

func (s findings) Count(identificationID string, atMost int) (int, error) {
	return count(s.c, atMost, `findings WHERE identification_id = $1`, identificationID)
}

func (s findings) Archives(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return many(s.c, readText, `SELECT DISTINCT archive FROM findings WHERE archive IN (`+placeholders(1, len(names))+`)`, anys(names)...)
}

func (s findings) Insert(f kyc.FindingRecord) error {
	return s.c.exec(`INSERT INTO findings (`+findingColumns+`) VALUES (`+placeholders(1, 9)+`)`,
		f.IdentificationID, f.Fingerprint, us(f.At), us(f.ReceivedAt), f.Result, f.Reason, string(f.Event), f.Raw, f.Archive)
}

func (s findings) SetArchive(identificationID, fingerprint, blob string) error {
	return s.c.exec(`UPDATE findings SET archive = $3 WHERE identification_id = $1 AND fingerprint = $2`,
		identificationID, fingerprint, blob)
}
