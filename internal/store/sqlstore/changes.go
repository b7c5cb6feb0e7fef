package sqlstore

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

type changeRequests struct{ c conn }

const changeRequestColumns = `id, partner_id, person_id, kind, target_id, change, device_data, status,
	otp, otp_wrong, otp_expires_at, created_at, updated_at, version`

func readChangeRequest(scan func(...any) error) (r kyc.ChangeRequest, err error) {
	var expires, created, updated int64
	err = scan(&r.ID, &r.PartnerID, &r.PersonID, &r.Kind, &r.TargetID, &r.Change, &r.Device, &r.Status,
		&r.OTP.Sealed, &r.OTP.Wrong, &expires, &created, &updated, &r.Version)
	r.OTP.ExpiresAt, r.CreatedAt, r.UpdatedAt = at(expires), at(created), at(updated)
	return r, err
}

func (s changeRequests) Find(partnerID, id string) (kyc.ChangeRequest, error) {
	return must(s.c, "Solaris::Changeset", id, readChangeRequest,
		`SELECT `+changeRequestColumns+` FROM change_requests WHERE id = $1 AND partner_id = $2`+s.c.forUpdate(), id, partnerID)
}

func (s changeRequests) Insert(r kyc.ChangeRequest) error {
	return s.c.exec(`INSERT INTO change_requests (`+changeRequestColumns+`) VALUES (`+placeholders(1, 14)+`)`,
		r.ID, r.PartnerID, r.PersonID, string(r.Kind), r.TargetID, r.Change, r.Device, string(r.Status),
		r.OTP.Sealed, r.OTP.Wrong, us(r.OTP.ExpiresAt), us(r.CreatedAt), us(r.UpdatedAt), 1)
}

func (s changeRequests) Update(r kyc.ChangeRequest) error {
	return s.c.exec(`UPDATE change_requests SET change = $3, device_data = $4, status = $5, otp = $6, otp_wrong = $7,
		otp_expires_at = $8, updated_at = $9, version = CASE WHEN version = $2 THEN version + 1 ELSE -1 END WHERE id = $1`,
		r.ID, r.Version, r.Change, r.Device, string(r.Status), r.OTP.Sealed, r.OTP.Wrong, us(r.OTP.ExpiresAt), us(r.UpdatedAt))
}

func (s changeRequests) Purge(createdBefore time.Time) error {
	return s.c.exec(`DELETE FROM change_requests WHERE created_at < $1`, us(createdBefore))
}

type mobileNumbers struct{ c conn }

const mobileNumberColumns = `id, partner_id, person_id, number, verified, device_data, otp, otp_wrong, otp_expires_at,
	wrong, wrong_since, created_at, version`

func readMobileNumber(scan func(...any) error) (m kyc.MobileNumber, err error) {
	var expires, since, created int64
	err = scan(&m.ID, &m.PartnerID, &m.PersonID, &m.Number, &m.Verified, &m.Device,
		&m.OTP.Sealed, &m.OTP.Wrong, &expires, &m.Wrong, &since, &created, &m.Version)
	m.OTP.ExpiresAt, m.WrongSince, m.CreatedAt = at(expires), at(since), at(created)
	return m, err
}

func (s mobileNumbers) OfPerson(personID string) (kyc.MobileNumber, bool, error) {
	return one(s.c, readMobileNumber,
		`SELECT `+mobileNumberColumns+` FROM mobile_numbers WHERE person_id = $1`+s.c.forUpdate(), personID)
}

func (s mobileNumbers) Insert(m kyc.MobileNumber) error {
	return s.c.exec(`INSERT INTO mobile_numbers (`+mobileNumberColumns+`) VALUES (`+placeholders(1, 13)+`)`,
		m.ID, m.PartnerID, m.PersonID, m.Number, m.Verified, m.Device,
		m.OTP.Sealed, m.OTP.Wrong, us(m.OTP.ExpiresAt), m.Wrong, us(m.WrongSince), us(m.CreatedAt), 1)
}

func (s mobileNumbers) Update(m kyc.MobileNumber) error {
	return s.c.exec(`UPDATE mobile_numbers SET verified = $3, otp = $4, otp_wrong = $5, otp_expires_at = $6,
		wrong = $7, wrong_since = $8, version = CASE WHEN version = $2 THEN version + 1 ELSE -1 END WHERE id = $1`,
		m.ID, m.Version, m.Verified, m.OTP.Sealed, m.OTP.Wrong, us(m.OTP.ExpiresAt), m.Wrong, us(m.WrongSince))
}

func (s mobileNumbers) Delete(personID string) error {
	return s.c.exec(`DELETE FROM mobile_numbers WHERE person_id = $1`, personID)
}

type messages struct {
	c  conn
	tx *tx // nil in a view
}

const messageColumns = `id, partner_id, person_id, number, text, state, created_at, queued_at, expires_at, sent_at`

func readMessage(scan func(...any) error) (m kyc.Message, err error) {
	var created, queued, expires, sent int64
	err = scan(&m.ID, &m.PartnerID, &m.PersonID, &m.Number, &m.Sealed, &m.State, &created, &queued, &expires, &sent)
	m.CreatedAt, m.QueuedAt, m.ExpiresAt, m.SentAt = at(created), at(queued), at(expires), at(sent)
	return m, err
}

func (s messages) Get(id string) (kyc.Message, error) {
	return must(s.c, "Message", id, readMessage, `SELECT `+messageColumns+` FROM messages WHERE id = $1`, id)
}

func (s messages) List(number string, p kyc.Page) ([]kyc.Message, error) {
	if number != "" {
		return many(s.c, readMessage, `SELECT `+messageColumns+` FROM messages WHERE number = $1`+order(p)+` LIMIT $2 OFFSET $3`, number, p.Limit, p.Offset)
	}
	return many(s.c, readMessage, `SELECT `+messageColumns+` FROM messages`+order(p)+` LIMIT $1 OFFSET $2`, p.Limit, p.Offset)
}

func (s messages) Count(number string, atMost int) (int, error) {
	if number != "" {
		return count(s.c, atMost, `messages WHERE number = $1`, number)
	}
	return count(s.c, atMost, `messages`)
}

// SentTo lets one transaction at a time count the messages to a number, so that
// two do not both send the last one.
func (s messages) SentTo(number, personID string, since time.Time) (int, error) {
	if s.tx != nil && s.tx.dialect.alone != "" {
		if err := s.c.exec(s.tx.dialect.alone, "messages to "+number); err != nil {
			return 0, err
		}
	}
	return count(s.c, kyc.MessagesPerHour, `messages WHERE number = $1 AND queued_at > $2 AND ($3 = '' OR person_id = $3)`, number, us(since), personID)
}

func (s messages) Insert(m kyc.Message) error {
	return s.c.exec(`INSERT INTO messages (`+messageColumns+`) VALUES (`+placeholders(1, 10)+`)`,
		m.ID, m.PartnerID, m.PersonID, m.Number, m.Sealed, string(m.State), us(m.CreatedAt), us(m.QueuedAt), us(m.ExpiresAt), us(m.SentAt))
}

func (s messages) Settle(id string, state kyc.MessageState, when time.Time) error {
	return s.c.exec(`UPDATE messages SET state = $2, sent_at = $3 WHERE id = $1`, id, string(state), us(when))
}

func (s messages) Purge(createdBefore time.Time) error {
	return s.c.exec(`DELETE FROM messages WHERE created_at < $1`, us(createdBefore))
}
