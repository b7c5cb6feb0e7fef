package flow

import (
	"context"
	"regexp"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// deviceConsent reads what a customer said to having their device watched.
func (f *fields) deviceConsent(now time.Time) (d kyc.DeviceConsent) {
	d.EventType = f.required("event_type", f.oneOf("event_type", kyc.ConsentTypes))
	f.required("confirmed_at", f.text("confirmed_at", 64))
	before := len(f.broken)
	d.ConfirmedAt = f.instant("confirmed_at", now)
	if d.ConfirmedAt.After(now.Add(kyc.ConsentSlack)) && len(f.broken) > before {
		// the words of partner-api.md §2.8
		f.broken[before] = kyc.FieldError{
			Code: "constraint_violation", Field: "confirmed_at", Message: "must not be in the future",
			Detail: "confirmedAt --> Date mustn't be in the future.",
		}
	}
	return d
}

// CreateDeviceConsent writes down what a customer said.
func (s *Service) CreateDeviceConsent(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (d kyc.DeviceConsent, _ *kyc.Replay, _ error) {
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		f := &fields{body: body}
		d = f.deviceConsent(tx.Now())
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if d.ID, err = tx.NewID(id.Consent); err != nil {
			return nil, err
		}
		d.PersonID, d.CreatedAt = personID, tx.Now()
		if err := tx.Consents().InsertDevice(d); err != nil {
			return nil, err
		}
		return d, s.note(ctx, tx, p, byPartner, "device_consent_created", map[string]any{
			"id": d.ID, "event_type": d.EventType, "as_sent": map[string]any{"confirmed_at": body["confirmed_at"]},
		})
	})
	return d, replay, err
}

// ChangeDeviceConsent writes down that the customer changed their mind. What
// they said before stays in the history.
func (s *Service) ChangeDeviceConsent(ctx context.Context, partnerID, personID, consentID string, body map[string]any) (d kyc.DeviceConsent, _ error) {
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return err
		}
		old, err := tx.Consents().Device(personID, consentID)
		if err != nil {
			return err
		}
		f := &fields{body: body}
		d = f.deviceConsent(tx.Now())
		if err := kyc.InvalidFields(f.broken); err != nil {
			return err
		}
		d.ID, d.PersonID, d.CreatedAt = old.ID, old.PersonID, old.CreatedAt
		if d.EventType == old.EventType && d.ConfirmedAt.Equal(old.ConfirmedAt) {
			return nil
		}
		if err := tx.Consents().UpdateDevice(d); err != nil {
			return err
		}
		return s.note(ctx, tx, p, byPartner, "device_consent_changed", map[string]any{
			"id": d.ID, "event_type": d.EventType, "as_sent": map[string]any{"confirmed_at": body["confirmed_at"]},
			"before": map[string]any{"event_type": old.EventType, "confirmed_at": kyc.FormatInstant(old.ConfirmedAt)},
		})
	})
	return d, err
}

// activityForm is what the guide's codes look like; their list is not public.
var activityForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// CreateDeviceActivity keeps what a device said when its customer did something.
func (s *Service) CreateDeviceActivity(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (a kyc.DeviceActivity, _ *kyc.Replay, _ error) {
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		f := &fields{body: body}
		a = kyc.DeviceActivity{PersonID: personID, ActivityType: f.required("activity_type", f.text("activity_type", 64)), CreatedAt: tx.Now()}
		if a.ActivityType != "" && !activityForm.MatchString(a.ActivityType) {
			f.fail("activity_type", "must be a code like APP_START")
		}
		data := f.required("device_data", f.deviceData())
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if a.ID, err = tx.NewID(id.DeviceActivity); err != nil {
			return nil, err
		}
		key, err := s.keyOf(tx.Persons(), personID)
		if err != nil {
			return nil, err
		}
		if a.DeviceData, err = key.Seal([]byte(data), "device data of "+a.ID); err != nil {
			return nil, err
		}
		if err := tx.Consents().InsertActivity(a); err != nil {
			return nil, err
		}
		return a, s.note(ctx, tx, p, byPartner, "device_activity", map[string]any{"id": a.ID, "activity_type": a.ActivityType})
	})
	return a, replay, err
}

// SignTerms writes down what a person said to terms and conditions.
func (s *Service) SignTerms(ctx context.Context, partnerID string, o Once, body map[string]any) (e kyc.TermsEvent, _ *kyc.Replay, _ error) {
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		f := &fields{body: body}
		e = kyc.TermsEvent{SignedBy: f.required("signed_by", f.text("signed_by", 64)), CreatedAt: tx.Now()}
		var p kyc.Person
		var err error
		if e.SignedBy != "" {
			if p, err = tx.Persons().Get(partnerID, e.SignedBy); err != nil {
				return nil, err
			}
		}
		e.DocumentID = f.required("document_id", f.text("document_id", 64))
		e.EventType = f.required("event_type", f.oneOf("event_type", kyc.ConsentTypes))
		e.ProductName = f.required("product_name", f.oneOf("product_name", kyc.TermsProducts))
		e.SignedOnBehalfOf = f.text("signed_on_behalf_of", 64)
		f.required("event_timestamp", f.text("event_timestamp", 64))
		e.EventAt = f.instant("event_timestamp", tx.Now())
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if e.ID, err = tx.NewID(id.TermsEvent); err != nil {
			return nil, err
		}
		if err := tx.Consents().InsertTerms(e); err != nil {
			return nil, err
		}
		return e, s.note(ctx, tx, p, byPartner, "terms_event", map[string]any{
			"id": e.ID, "document_id": e.DocumentID, "event_type": e.EventType, "product_name": e.ProductName,
			"signed_on_behalf_of": e.SignedOnBehalfOf, "as_sent": map[string]any{"event_timestamp": body["event_timestamp"]},
		})
	})
	return e, replay, err
}

var languageForm = regexp.MustCompile(`^[A-Za-z]{2}$`)

// Settings are what a person chose for themselves.
type Settings struct {
	PersonID string
	Language string // two letters, as they were sent
}

// PutSettings stores a person's settings.
func (s *Service) PutSettings(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (chosen Settings, _ *kyc.Replay, _ error) {
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		f := &fields{body: body}
		chosen = Settings{PersonID: personID, Language: f.required("language", f.text("language", 2))}
		if chosen.Language != "" && !languageForm.MatchString(chosen.Language) {
			f.fail("language", "must be a language of ISO 639-1, like de")
		}
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if err := tx.Consents().PutLanguage(personID, chosen.Language); err != nil {
			return nil, err
		}
		return chosen, s.note(ctx, tx, p, byPartner, "settings_changed", map[string]any{"language": chosen.Language})
	})
	return chosen, replay, err
}
