package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type documents struct{ c conn }

const documentColumns = `id, partner_id, person_id, identification_id, name, content_type, document_type, size,
	customer_accessible, blob, created_at, deleted_at`

func readDocument(scan func(...any) error) (d kyc.Document, err error) {
	var created, deleted int64
	err = scan(&d.ID, &d.PartnerID, &d.PersonID, &d.IdentificationID, &d.Name, &d.ContentType, &d.Type, &d.Size,
		&d.CustomerAccessible, &d.Blob, &created, &deleted)
	d.CreatedAt, d.DeletedAt = at(created), at(deleted)
	return d, err
}

func (s documents) Find(partnerID, personID, id string) (kyc.Document, error) {
	return must(s.c, kyc.Missing("Solaris::Document", id), readDocument,
		`SELECT `+documentColumns+` FROM documents WHERE id = $1 AND partner_id = $2 AND person_id = $3`, id, partnerID, personID)
}

func (s documents) List(partnerID, personID string, p kyc.Page) ([]kyc.Document, error) {
	return many(s.c, readDocument, `SELECT `+documentColumns+` FROM documents
		WHERE person_id = $1 AND partner_id = $2 AND deleted_at = 0`+order(p)+` LIMIT $3 OFFSET $4`,
		personID, partnerID, p.Limit, p.Offset)
}

func (s documents) Count(partnerID, personID string, atMost int) (int, error) {
	n, _, err := one(s.c, readInt, `SELECT COUNT(*) FROM (SELECT 1 FROM documents
		WHERE person_id = $1 AND partner_id = $2 AND deleted_at = 0 LIMIT $3) AS page`, personID, partnerID, atMost)
	return int(n), err
}

func (s documents) OfIdentification(id string) ([]kyc.Document, error) {
	return many(s.c, readDocument, `SELECT `+documentColumns+` FROM documents
		WHERE identification_id = $1 AND deleted_at = 0 ORDER BY seq`, id)
}

func (s documents) Blobs(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return many(s.c, readText, `SELECT DISTINCT blob FROM documents WHERE blob IN (`+placeholders(1, len(names))+`)`, anys(names)...)
}

func anys(names []string) []any {
	args := make([]any, len(names))
	for i, n := range names {
		args[i] = n
	}
	return args
}

func (s documents) Insert(d kyc.Document) error {
	return s.c.exec(`INSERT INTO documents (`+documentColumns+`) VALUES (`+placeholders(1, 12)+`)`,
		d.ID, d.PartnerID, d.PersonID, d.IdentificationID, d.Name, d.ContentType, d.Type, d.Size,
		d.CustomerAccessible, d.Blob, us(d.CreatedAt), us(d.DeletedAt))
}
