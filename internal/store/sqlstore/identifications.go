package sqlstore

import "github.com/identikit/identikit/internal/kyc"

type identifications struct{ c conn }

const identificationColumns = `id, partner_id, person_id, method, state, reference, url, language,
	proof_of_address_type, proof_of_address_issued_at, iban, terms_signed_at, estimated_waiting_time,
	failure_reason, address, device_data, completed_at, requested_at, link_expires_at, last_finding_at,
	created_at, version, handle, status_code, reference_token, authorization_expires_at, confirmation_expires_at`

func readIdentification(scan func(...any) error) (i kyc.Identification, err error) {
	var terms, completed, requested, expires, finding, created, authorize, confirm int64
	var waiting *int64
	err = scan(&i.ID, &i.PartnerID, &i.PersonID, &i.Method, &i.State, &i.Reference, &i.URL, &i.Language,
		&i.ProofOfAddressType, &i.ProofOfAddressIssuedAt, &i.IBAN, &terms, &waiting,
		&i.FailureReason, &i.Address, &i.DeviceData, &completed, &requested, &expires, &finding,
		&created, &i.Version, &i.Handle, &i.StatusCode, &i.ReferenceToken, &authorize, &confirm)
	if waiting != nil {
		seconds := int(*waiting)
		i.EstimatedWaitingTime = &seconds
	}
	i.TermsSignedAt, i.CompletedAt, i.RequestedAt = at(terms), at(completed), at(requested)
	i.LinkExpiresAt, i.LastFindingAt, i.CreatedAt = at(expires), at(finding), at(created)
	i.AuthorizationExpiresAt, i.ConfirmationExpiresAt = at(authorize), at(confirm)
	return i, err
}

func (s identifications) Get(id string) (kyc.Identification, error) {
	return must(s.c, "Solaris::Identification", id, readIdentification,
		`SELECT `+identificationColumns+` FROM identifications WHERE id = $1 AND partner_id <> ''`+s.c.forUpdate(), id)
}

func (s identifications) Find(partnerID, personID, id string) (kyc.Identification, error) {
	return must(s.c, "Solaris::Identification", id, readIdentification,
		`SELECT `+identificationColumns+` FROM identifications WHERE id = $1 AND partner_id = $2 AND person_id = $3`+
			s.c.forUpdate(), id, partnerID, personID)
}

// where narrows by person if there is one; both have an index of their own, and
// whose the person is, is looked up once and not in each row.
func where(f kyc.IdentificationFilter) (string, []any) {
	if f.PersonID != "" {
		return ` WHERE person_id = $1 AND EXISTS (SELECT 1 FROM persons WHERE id = $1 AND partner_id = $2)`, []any{f.PersonID, f.PartnerID}
	}
	return ` WHERE partner_id = $1`, []any{f.PartnerID}
}

func (s identifications) List(f kyc.IdentificationFilter, p kyc.Page) ([]kyc.Identification, error) {
	cond, args := where(f)
	n := len(args)
	return many(s.c, readIdentification, `SELECT `+identificationColumns+` FROM identifications`+cond+order(p)+
		` LIMIT `+placeholders(n+1, 1)+` OFFSET `+placeholders(n+2, 1), append(args, p.Limit, p.Offset)...)
}

func (s identifications) Count(f kyc.IdentificationFilter, atMost int) (int, error) {
	if f.PersonID != "" {
		n, _, err := one(s.c, readInt, `SELECT identifications FROM persons WHERE id = $1 AND partner_id = $2`, f.PersonID, f.PartnerID)
		return min(int(n), atMost), err
	}
	return count(s.c, atMost, `identifications WHERE partner_id = $1`, f.PartnerID)
}

func (s identifications) Succeeded(personID string, by ...kyc.Method) (bool, error) {
	among, args := "", []any{personID, string(kyc.Successful)}
	if len(by) > 0 {
		among = ` AND method IN (` + placeholders(3, len(by)) + `)`
		for _, m := range by {
			args = append(args, string(m))
		}
	}
	_, found, err := one(s.c, readInt, `SELECT 1 FROM identifications WHERE person_id = $1 AND state = $2`+among+` LIMIT 1`, args...)
	return found, err
}

// waiting keeps the difference between no estimate and an estimate of 0 s.
func waiting(i kyc.Identification) any {
	if i.EstimatedWaitingTime == nil {
		return nil
	}
	return int64(*i.EstimatedWaitingTime)
}

// Insert loses the race against an erasure of the person as against a newer
// version (docs/adr/0003).
func (s identifications) Insert(i kyc.Identification) error {
	err := s.c.exec(`UPDATE persons SET identifications = identifications + 1,
		version = CASE WHEN erased_at = 0 THEN version ELSE -1 END WHERE id = $1`, i.PersonID)
	if err != nil {
		return err
	}
	return s.c.exec(`INSERT INTO identifications (`+identificationColumns+`) VALUES (`+placeholders(1, 27)+`)`,
		i.ID, i.PartnerID, i.PersonID, string(i.Method), string(i.State), i.Reference, i.URL, i.Language,
		i.ProofOfAddressType, i.ProofOfAddressIssuedAt, i.IBAN, us(i.TermsSignedAt), waiting(i),
		i.FailureReason, i.Address, i.DeviceData, us(i.CompletedAt), us(i.RequestedAt), us(i.LinkExpiresAt),
		us(i.LastFindingAt), us(i.CreatedAt), 1, i.Handle, i.StatusCode, i.ReferenceToken,
		us(i.AuthorizationExpiresAt), us(i.ConfirmationExpiresAt))
}

func (s identifications) Update(i kyc.Identification) error {
	return s.c.exec(`UPDATE identifications SET state = $3, reference = $4, url = $5, estimated_waiting_time = $6,
		failure_reason = $7, address = $8, device_data = $9, completed_at = $10, requested_at = $11,
		link_expires_at = $12, last_finding_at = $13, handle = $14, status_code = $15, reference_token = $16,
		authorization_expires_at = $17, confirmation_expires_at = $18,
		version = CASE WHEN version = $2 THEN version + 1 ELSE -1 END WHERE id = $1`,
		i.ID, i.Version, string(i.State), i.Reference, i.URL, waiting(i),
		i.FailureReason, i.Address, i.DeviceData, us(i.CompletedAt), us(i.RequestedAt),
		us(i.LinkExpiresAt), us(i.LastFindingAt), i.Handle, i.StatusCode, i.ReferenceToken,
		us(i.AuthorizationExpiresAt), us(i.ConfirmationExpiresAt))
}
