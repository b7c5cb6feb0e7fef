package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type documents struct{ c conn }

const documentColumns = `id, partner_id, person_id, identification_id, name, content_type, document_type, size,
	customer_accessible, blob, created_at, deleted_at, sealed_name, digest`

func readDocument(scan func(...any) error) (d kyc.Document, err error) {
	var created, deleted int64
	err = scan(&d.ID, &d.PartnerID, &d.PersonID, &d.IdentificationID, &d.Name, &d.ContentType, &d.Type, &d.Size,
		&d.CustomerAccessible, &d.Blob, &created, &deleted, &d.SealedName, &d.Digest)
	d.CreatedAt, d.DeletedAt = at(created), at(deleted)
	return d, err
}

func (s documents) Find(partnerID, personID, id string) (kyc.Document, error) {
	return must(s.c, "Solaris::Document", id, readDocument,
		`SELECT `+documentColumns+` FROM documents WHERE id = $1 AND partner_id = $2 AND person_id = $3`, id, partnerID, personID)
}

// which is the condition of a filter; its arguments are $1 and $2.
func which(f kyc.DocumentFilter) (string, []any) {
	cond := ` WHERE person_id = $1 AND partner_id = $2`
	if !f.IncludeDeleted {
		cond += ` AND deleted_at = 0`
	}
	if f.CustomerAccessible != nil {
		cond += map[bool]string{true: ` AND customer_accessible`, false: ` AND NOT customer_accessible`}[*f.CustomerAccessible]
	}
	return cond, []any{f.PersonID, f.PartnerID}
}

func (s documents) List(f kyc.DocumentFilter, p kyc.Page) ([]kyc.Document, error) {
	cond, args := which(f)
	return many(s.c, readDocument, `SELECT `+documentColumns+` FROM documents`+cond+order(p)+` LIMIT $3 OFFSET $4`,
		append(args, p.Limit, p.Offset)...)
}

func (s documents) Count(f kyc.DocumentFilter, atMost int) (int, error) {
	cond, args := which(f)
	return count(s.c, atMost, `documents`+cond, args...)
}

func (s documents) OfIdentification(id string) ([]kyc.Document, error) {
	return few(s.c, readDocument, `SELECT `+documentColumns+` FROM documents
		WHERE identification_id = $1 AND deleted_at = 0 ORDER BY seq`, id)
}

func (s documents) SameUpload(identificationID, documentType string, digest []byte) (bool, error) {
	_, ok, err := one(s.c, readInt, `SELECT 1 FROM documents WHERE identification_id = $1 AND document_type = $2 AND digest = $3`,
		identificationID, documentType, digest)
	return ok, err
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
	return s.c.exec(`INSERT INTO documents (`+documentColumns+`) VALUES (`+placeholders(1, 14)+`)`,
		d.ID, d.PartnerID, d.PersonID, d.IdentificationID, d.Name, d.ContentType, d.Type, d.Size,
		d.CustomerAccessible, d.Blob, us(d.CreatedAt), us(d.DeletedAt), d.SealedName, d.Digest)
}

func (s documents) Hold(partnerID, personID, id string) (kyc.Document, error) {
	return must(s.c, "Solaris::Document", id, readDocument, `SELECT `+documentColumns+` FROM documents
		WHERE id = $1 AND partner_id = $2 AND person_id = $3`+s.c.forUpdate(), id, partnerID, personID)
}

func (s documents) Update(d kyc.Document) error {
	return s.c.exec(`UPDATE documents SET document_type = $2, customer_accessible = $3, deleted_at = $4 WHERE id = $1`,
		d.ID, d.Type, d.CustomerAccessible, us(d.DeletedAt))
}
