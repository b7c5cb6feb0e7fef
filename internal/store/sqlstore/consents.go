package sqlstore

import "github.com/identikit/identikit/internal/kyc"

// consents are what customers agreed to, and their settings.
type consents struct{ c conn }

const deviceConsentColumns = `id, person_id, event_type, confirmed_at, created_at`

func readDeviceConsent(scan func(...any) error) (d kyc.DeviceConsent, err error) {
	var confirmed, created int64
	err = scan(&d.ID, &d.PersonID, &d.EventType, &confirmed, &created)
	d.ConfirmedAt, d.CreatedAt = at(confirmed), at(created)
	return d, err
}

func (s consents) Device(personID, id string) (kyc.DeviceConsent, error) {
	return must(s.c, "Solaris::DeviceConsent", id, readDeviceConsent,
		`SELECT `+deviceConsentColumns+` FROM device_consents WHERE id = $1 AND person_id = $2`+s.c.forUpdate(), id, personID)
}

func (s consents) InsertDevice(d kyc.DeviceConsent) error {
	return s.c.exec(`INSERT INTO device_consents (`+deviceConsentColumns+`) VALUES (`+placeholders(1, 5)+`)`,
		d.ID, d.PersonID, d.EventType, us(d.ConfirmedAt), us(d.CreatedAt))
}

func (s consents) UpdateDevice(d kyc.DeviceConsent) error {
	return s.c.exec(`UPDATE device_consents SET event_type = $2, confirmed_at = $3 WHERE id = $1`, d.ID, d.EventType, us(d.ConfirmedAt))
}

func (s consents) InsertActivity(a kyc.DeviceActivity) error {
	return s.c.exec(`INSERT INTO device_activities (id, person_id, activity_type, device_data, created_at) VALUES (`+placeholders(1, 5)+`)`,
		a.ID, a.PersonID, a.ActivityType, a.DeviceData, us(a.CreatedAt))
}

func (s consents) InsertTerms(e kyc.TermsEvent) error {
	return s.c.exec(`INSERT INTO terms_events (id, document_id, event_type, product_name, signed_by, signed_on_behalf_of, event_at, created_at)
		VALUES (`+placeholders(1, 8)+`)`,
		e.ID, e.DocumentID, e.EventType, e.ProductName, e.SignedBy, e.SignedOnBehalfOf, us(e.EventAt), us(e.CreatedAt))
}

func (s consents) PutLanguage(personID, language string) error {
	return s.c.exec(`INSERT INTO person_settings (person_id, language) VALUES ($1, $2)
		ON CONFLICT (person_id) DO UPDATE SET language = excluded.language`, personID, language)
}

func (s consents) Language(personID string) (string, error) {
	language, _, err := one(s.c, readText, `SELECT language FROM person_settings WHERE person_id = $1`, personID)
	return language, err
}
