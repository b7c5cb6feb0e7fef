package flow

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// numberOTPLifetime is how long the one-time password of a number is good.
const numberOTPLifetime = kyc.ChangeLifetime

// phone reads a phone number, which has to be there.
func (f *fields) phone(name string) string {
	given := f.text(name, 64)
	number, ok := kyc.NormalizePhone(given)
	switch {
	case given == "":
		f.fail(name, "can't be blank")
	case !ok:
		f.fail(name, "is not a phone number in the form of E.164, like +4930123456")
	}
	return number
}

// CreateMobileNumber gives the person a number, not yet verified.
func (s *Service) CreateMobileNumber(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (kyc.MobileNumber, *kyc.Replay, error) {
	var m kyc.MobileNumber
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		f := &fields{body: body}
		m = kyc.MobileNumber{PartnerID: partnerID, PersonID: personID, Number: f.phone("number"), CreatedAt: tx.Now(), Version: 1}
		device := f.deviceData()
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if _, ok, err := tx.MobileNumbers().OfPerson(personID); err != nil || ok {
			if err == nil {
				err = kyc.Fail(kyc.Conflict, "mobile_number_exists", "Mobile number already added for person: %s.", personID)
			}
			return nil, err
		}
		return m, s.addMobileNumber(ctx, tx, p, &m, device, byPartner)
	})
	return m, replay, err
}

// addMobileNumber writes a number, its history and its event.
func (s *Service) addMobileNumber(ctx context.Context, tx kyc.Tx, p kyc.Person, m *kyc.MobileNumber, device, actor string) (err error) {
	if m.ID, err = tx.NewID(id.MobileNumber); err != nil {
		return err
	}
	if m.Device, err = s.sealDevice(tx, p.ID, m.ID, device); err != nil {
		return err
	}
	if err := tx.MobileNumbers().Insert(*m); err != nil {
		return err
	}
	err = s.note(ctx, tx, p, actor, "mobile_number_created", map[string]any{"id": m.ID, "number": m.Number, "verified": m.Verified})
	if err != nil {
		return err
	}
	return notifyPerson(tx, p, kyc.EventMobileNumberCreated, p.ID, []byte("{}"))
}

// sealDevice seals what a device said of itself; nil if it said nothing.
func (s *Service) sealDevice(tx kyc.Tx, personID, about, data string) ([]byte, error) {
	if data == "" {
		return nil, nil
	}
	key, err := s.keyOf(tx.Persons(), personID)
	if err != nil {
		return nil, err
	}
	return key.Seal([]byte(data), "device data of "+about)
}

// note adds a line to the person's history.
func (s *Service) note(ctx context.Context, tx kyc.Tx, p kyc.Person, actor, event string, what any) error {
	return tx.History().Add(kyc.Entry{
		PartnerID: p.PartnerID, PersonID: p.ID, At: tx.Now(), Actor: actor, RequestID: requestID(ctx), Event: event, Details: details(what),
	})
}

// notifyPerson queues an event about the person for whoever asked for it.
func notifyPerson(tx kyc.Tx, p kyc.Person, event, entityID string, body []byte) error {
	subscriptions, err := tx.Subscriptions().ByEvent(p.PartnerID, event)
	if err != nil {
		return err
	}
	return queue(tx, subscriptions, entityID, body)
}

// theNumber finds the person's number, which must be the one that was named.
func theNumber(tx kyc.Tx, personID, number string) (kyc.MobileNumber, error) {
	m, ok, err := tx.MobileNumbers().OfPerson(personID)
	if err == nil && (!ok || m.Number != number) {
		err = kyc.Missing("Solaris::MobileNumber", personID)
		if ok {
			err = kyc.Fail(kyc.NotFound, "model_not_found",
				"Couldn't find 'Solaris::MobileNumber' for id '%s' with this number: the person has another one.", personID)
		}
	}
	return m, err
}

// AuthorizeMobileNumber sends a one-time password to the number.
func (s *Service) AuthorizeMobileNumber(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (kyc.MobileNumber, *kyc.Replay, error) {
	var m kyc.MobileNumber
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		f := &fields{body: body}
		number := f.phone("number")
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if m, err = theNumber(tx, personID, number); err != nil {
			return nil, err
		}
		if err := cmp.Or(s.mayTry(m), s.canText()); err != nil {
			return nil, err
		}
		var code string
		if m.OTP, code, err = s.newOTP(tx, p.ID, m.ID, m.Number, tx.Now().Add(numberOTPLifetime)); err != nil {
			return nil, err
		}
		if err := tx.MobileNumbers().Update(m); err != nil {
			return nil, err
		}
		if err := s.note(ctx, tx, p, byPartner, "mobile_number_authorized", map[string]any{"id": m.ID}); err != nil {
			return nil, err
		}
		return m, s.text(tx, p, m.Number, "confirm_number", code, m.OTP.ExpiresAt)
	})
	return m, replay, err
}

// ConfirmMobileNumber verifies the number by the one-time password that was sent to it.
func (s *Service) ConfirmMobileNumber(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (kyc.MobileNumber, *kyc.Replay, error) {
	var m kyc.MobileNumber
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		f := &fields{body: body}
		number, token := f.phone("number"), f.required("token", f.text("token", 64))
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if m, err = theNumber(tx, personID, number); err != nil {
			return nil, err
		}
		right, err := s.tryOTP(tx, &m, m.ID, &m.OTP, token)
		if err != nil {
			return nil, err
		}
		m.Verified = m.Verified || right
		if err := tx.MobileNumbers().Update(m); err != nil {
			return nil, err
		}
		event := "mobile_number_confirmed"
		if !right {
			event = "mobile_number_not_confirmed"
		}
		if err := s.note(ctx, tx, p, byPartner, event, map[string]any{"id": m.ID}); err != nil {
			return nil, err
		}
		if !right {
			return nil, refusal{errWrongTAN(m.ID)}
		}
		return m, nil
	})
	return m, replay, err
}

// DeleteMobileNumber removes a number that was never verified. A verified one
// waits for the customer's consent: then a change request comes back.
func (s *Service) DeleteMobileNumber(ctx context.Context, partnerID, personID string, body map[string]any) (m kyc.MobileNumber, r *kyc.ChangeRequest, err error) {
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		m, r = kyc.MobileNumber{}, nil
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return err
		}
		f := &fields{body: body}
		number := f.phone("number")
		if err := kyc.InvalidFields(f.broken); err != nil {
			return err
		}
		if _, ok, err := tx.MobileNumbers().OfPerson(personID); err != nil || !ok {
			if err == nil {
				err = kyc.Fail(kyc.Forbidden, "unauthorized_action",
					"Unauthorized action 'destroy' is not allowed for 'Solaris::Service::Person::MobileNumber'")
			}
			return err
		}
		if m, err = theNumber(tx, personID, number); err != nil {
			return err
		}
		if m.Verified {
			asked, err := s.requestChange(ctx, tx, p, kyc.RemoveMobileNumber, m.ID, struct{}{}, nil)
			r = &asked
			return err
		}
		return s.removeMobileNumber(ctx, tx, p, m)
	})
	return m, r, err
}

// removeMobileNumber takes the number away and tells whose it was.
func (s *Service) removeMobileNumber(ctx context.Context, tx kyc.Tx, p kyc.Person, m kyc.MobileNumber) error {
	if err := tx.MobileNumbers().Delete(p.ID); err != nil {
		return err
	}
	if err := s.note(ctx, tx, p, byPartner, "mobile_number_deleted", map[string]any{"id": m.ID, "number": m.Number}); err != nil {
		return err
	}
	if m.Verified && s.canText() == nil {
		err := s.text(tx, p, m.Number, "number_removed", "", tx.Now().Add(removalToldFor))
		if err != nil && !kyc.IsKind(err, kyc.TooMany) { // a flood of messages must not keep a number from being removed
			return err
		}
	}
	body, err := json.Marshal(map[string]string{"id": m.ID})
	if err != nil {
		return err
	}
	return notifyPerson(tx, p, kyc.EventMobileNumberDeleted, m.ID, body)
}

// adoptNumber makes the number that was checked in an identification the
// person's verified one, when there is none (rulings §3).
func (s *Service) adoptNumber(ctx context.Context, tx kyc.Tx, p kyc.Person, number string) error {
	number, ok := kyc.NormalizePhone(number)
	if !ok {
		return nil // not in a form that a text could be sent to
	}
	m, ok, err := tx.MobileNumbers().OfPerson(p.ID)
	switch {
	case err != nil:
		return err
	case !ok:
		return s.addMobileNumber(ctx, tx, p, &kyc.MobileNumber{
			PartnerID: p.PartnerID, PersonID: p.ID, Number: number, Verified: true, CreatedAt: tx.Now(), Version: 1,
		}, "", byProvider)
	case m.Verified || m.Number != number:
		return nil
	}
	m.Verified = true
	if err := tx.MobileNumbers().Update(m); err != nil {
		return err
	}
	return s.note(ctx, tx, p, byProvider, "mobile_number_confirmed", map[string]any{"id": m.ID})
}
