package flow

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// changeAppliers do what was consented to, by kind: they read the change's JSON,
// write what is different now, and return the noun as it stands. A NotFound
// says that there is nothing left to change.
var changeAppliers = map[kyc.ChangeKind]func(s *Service, ctx context.Context, tx kyc.Tx, p kyc.Person, targetID string, change []byte) (any, error){
	kyc.ChangePerson:            (*Service).applyPersonChange,
	kyc.RemoveMobileNumber:      (*Service).applyRemoval,
	kyc.ChangeTaxIdentification: (*Service).applyTaxChange,
}

// Deliveries of the TAN (partner-api.md §3.2).
const (
	byMobileNumber  = "mobile_number"
	byDeviceSigning = "device_signing"
	byStatic        = "static" // a TAN that is always the same; in a sandbox only
)

var errNobodyConsents = kyc.Fail(kyc.Forbidden, "Unauthorized Change Request",
	"This change needs the consent of the customer, which is given by a confirmed mobile number. This person has none: create, authorize and confirm one first.")

// confirmedNumber is the number by which the person can consent.
func confirmedNumber(tx kyc.Tx, personID string) (kyc.MobileNumber, error) {
	m, ok, err := tx.MobileNumbers().OfPerson(personID)
	if err == nil && (!ok || !m.Verified) {
		err = errNobodyConsents
	}
	return m, err
}

// requestChange keeps a change until the customer consents. about is for the
// history and holds no values.
func (s *Service) requestChange(ctx context.Context, tx kyc.Tx, p kyc.Person, kind kyc.ChangeKind, targetID string, change any, about []string) (r kyc.ChangeRequest, err error) {
	if _, err := confirmedNumber(tx, p.ID); err != nil {
		return r, err
	}
	r = kyc.ChangeRequest{
		PartnerID: p.PartnerID, PersonID: p.ID, Kind: kind, TargetID: targetID, Status: kyc.ChangeAuthorizationRequired,
		CreatedAt: tx.Now(), UpdatedAt: tx.Now(), Version: 1,
	}
	if r.ID, err = tx.NewID(id.ChangeRequest); err != nil {
		return r, err
	}
	plain, err := json.Marshal(change)
	if err != nil {
		return r, err
	}
	key, err := s.keyOf(tx.Persons(), p.ID)
	if err != nil {
		return r, err
	}
	if r.Change, err = key.Seal(plain, aboutChange(r)); err != nil {
		return r, err
	}
	if err := tx.ChangeRequests().Insert(r); err != nil {
		return r, err
	}
	return r, s.note(ctx, tx, p, byPartner, "change_requested", map[string]any{"change_request": r.ID, "kind": kind, "fields": about})
}

func aboutChange(r kyc.ChangeRequest) string { return "change " + r.ID }

// changeCall is what both calls about a change request begin with: it exists,
// the fields are there, it belongs to the person and is not too old.
func (s *Service) changeCall(tx kyc.Tx, partnerID, changeID string, f *fields) (r kyc.ChangeRequest, p kyc.Person, err error) {
	if r, err = tx.ChangeRequests().Find(partnerID, changeID); err != nil {
		return r, p, err
	}
	personID, device := f.text("person_id", 64), f.text("device_id", 64)
	if personID == "" && device == "" {
		f.fail("person_id", "can't be blank")
	}
	if err := kyc.InvalidFields(f.broken); err != nil {
		return r, p, err
	}
	if personID != "" && personID != r.PersonID {
		return r, p, kyc.Fail(kyc.Unprocessable, "unprocessable_entity", "Unknown change request for Solaris::Person %s", personID)
	}
	if tx.Now().Sub(r.CreatedAt) > kyc.ChangeLifetime {
		return r, p, kyc.Fail(kyc.Unprocessable, "unprocessable_entity",
			"This change request is older than 5 minutes and cannot be used any more. Send the change again.")
	}
	if p, err = tx.Persons().Get(partnerID, r.PersonID); err != nil {
		return r, p, err
	}
	if personID == "" {
		return r, p, kyc.Fail(kyc.Forbidden, "Unauthorized Change Request", "No device is bound to this person: send person_id, and delivery_method mobile_number.")
	}
	return r, p, nil
}

// moveChange takes a change request to its next status.
func moveChange(tx kyc.Tx, r *kyc.ChangeRequest, ev kyc.ChangeEvent) error {
	to, ok := kyc.ChangeMoves[r.Status][ev]
	if !ok {
		return kyc.Fail(kyc.Unprocessable, "unprocessable_entity", "This change request is %s: it cannot be %s.", r.Status, ev)
	}
	r.Status, r.UpdatedAt = to, tx.Now()
	if len(kyc.ChangeMoves[to]) == 0 {
		r.Change, r.OTP = nil, kyc.OTP{} // nobody needs them any more
	}
	err := tx.ChangeRequests().Update(*r)
	r.Version++
	return err
}

// AuthorizeChange sends the TAN of a change request.
func (s *Service) AuthorizeChange(ctx context.Context, partnerID, changeID string, o Once, body map[string]any) (kyc.ChangeRequest, *kyc.Replay, error) {
	var r kyc.ChangeRequest
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		f := &fields{body: body}
		methods := []string{byMobileNumber, byDeviceSigning}
		if s.Sandbox {
			methods = append(methods, byStatic)
		}
		delivery := f.oneOf("delivery_method", methods)
		var p kyc.Person
		var err error
		if r, p, err = s.changeCall(tx, partnerID, changeID, f); err != nil {
			return nil, err
		}
		if _, ok := kyc.ChangeMoves[r.Status][kyc.ChangeAuthorized]; !ok {
			return nil, moveChange(tx, &r, kyc.ChangeAuthorized)
		}
		m, err := confirmedNumber(tx, p.ID)
		if err == nil {
			err = s.mayTry(m)
		}
		if err != nil {
			return nil, err
		}
		if err := s.sendTAN(tx, p, m, &r, delivery); err != nil {
			return nil, err
		}
		if err := moveChange(tx, &r, kyc.ChangeAuthorized); err != nil {
			return nil, err
		}
		return r, s.note(ctx, tx, p, byPartner, "change_authorized", map[string]any{"change_request": r.ID, "delivery_method": delivery})
	})
	return r, replay, err
}

// sendTAN makes a new TAN; how often a wrong one was given is not forgotten.
func (s *Service) sendTAN(tx kyc.Tx, p kyc.Person, m kyc.MobileNumber, r *kyc.ChangeRequest, delivery string) (err error) {
	wrong, expires := r.OTP.Wrong, r.CreatedAt.Add(kyc.ChangeLifetime)
	var code string
	switch delivery {
	case byDeviceSigning:
		return kyc.Fail(kyc.Forbidden, "Unauthorized Change Request", "No device is bound to this person: use delivery_method mobile_number.")
	case byStatic:
		r.OTP, err = s.sealOTP(tx, p.ID, r.ID, sandboxOTP, expires)
	default:
		if err := s.canText(); err != nil {
			return err
		}
		if r.OTP, code, err = s.newOTP(tx, p.ID, r.ID, m.Number, expires); err == nil {
			text := "confirm_change"
			if r.Kind == kyc.RemoveMobileNumber { // after it any other phone can consent: its owner must see what this is
				text = "confirm_removal"
			}
			err = s.text(tx, p, m.Number, text, code, expires)
		}
	}
	r.OTP.Wrong = wrong
	return err
}

// Confirmed is a change request that was confirmed, and what it changed as it
// stands now: a kyc.Person, say.
type Confirmed struct {
	kyc.ChangeRequest
	Changed any
}

// ConfirmChange does what was asked for, if the TAN is right.
func (s *Service) ConfirmChange(ctx context.Context, partnerID, changeID string, o Once, body map[string]any) (Confirmed, *kyc.Replay, error) {
	var done Confirmed
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		f := &fields{body: body}
		tan, device := f.text("tan", 64), f.deviceData()
		if tan == "" && f.body["device_id"] == nil {
			f.fail("tan", "can't be blank")
		}
		r, p, err := s.changeCall(tx, partnerID, changeID, f)
		if err != nil {
			return nil, err
		}
		if _, ok := kyc.ChangeMoves[r.Status][kyc.ChangeConfirmed]; !ok {
			return nil, moveChange(tx, &r, kyc.ChangeConfirmed)
		}
		m, err := confirmedNumber(tx, p.ID)
		if err != nil {
			return nil, err
		}
		change, err := s.openChange(tx, r)
		if err != nil {
			return nil, err
		}
		right, err := s.tryOTP(tx, &m, r.ID, &r.OTP, tan)
		if err != nil {
			return nil, err
		}
		if !right {
			return nil, s.wrongTAN(ctx, tx, p, r, m)
		}
		if r.Device, err = s.sealDevice(tx, p.ID, r.ID, device); err != nil {
			return nil, err
		}
		done, err = s.consented(ctx, tx, p, r, change)
		return done, err
	})
	return done, replay, err
}

func (s *Service) openChange(tx kyc.Tx, r kyc.ChangeRequest) ([]byte, error) {
	key, err := s.keyOf(tx.Persons(), r.PersonID)
	if err != nil {
		return nil, err
	}
	return key.Open(r.Change, aboutChange(r))
}

// wrongTAN counts it; with too many the change request is over.
func (s *Service) wrongTAN(ctx context.Context, tx kyc.Tx, p kyc.Person, r kyc.ChangeRequest, m kyc.MobileNumber) error {
	if err := tx.MobileNumbers().Update(m); err != nil {
		return err
	}
	if r.OTP.Wrong < kyc.OTPTries {
		if err := tx.ChangeRequests().Update(r); err != nil {
			return err
		}
	} else if err := moveChange(tx, &r, kyc.ChangeRefused); err != nil {
		return err
	}
	err := s.note(ctx, tx, p, byPartner, "change_not_confirmed", map[string]any{"change_request": r.ID, "status": r.Status})
	if err != nil {
		return err
	}
	return refusal{errWrongTAN(m.ID)}
}

// consented completes the change request and changes what it is about.
func (s *Service) consented(ctx context.Context, tx kyc.Tx, p kyc.Person, r kyc.ChangeRequest, change []byte) (Confirmed, error) {
	changed, err := changeAppliers[r.Kind](s, ctx, tx, p, r.TargetID, change)
	if kyc.IsKind(err, kyc.NotFound) {
		if err := moveChange(tx, &r, kyc.ChangeRefused); err != nil {
			return Confirmed{}, err
		}
		return Confirmed{}, refusal{kyc.Fail(kyc.Unprocessable, "unprocessable_entity", "What this change request is about is not there any more.")}
	}
	if err != nil {
		return Confirmed{}, err
	}
	if err := moveChange(tx, &r, kyc.ChangeConfirmed); err != nil {
		return Confirmed{}, err
	}
	return Confirmed{r, changed}, s.note(ctx, tx, p, byPartner, "change_confirmed", map[string]any{"change_request": r.ID})
}

// personChange is the change of a person while it waits.
type personChange struct {
	Values json.RawMessage   `json:"values"`
	AsSent map[string]string `json:"as_sent"`
}

func (s *Service) applyPersonChange(ctx context.Context, tx kyc.Tx, p kyc.Person, _ string, change []byte) (any, error) {
	var c personChange
	if err := json.Unmarshal(change, &c); err != nil {
		return nil, err
	}
	values, err := kyc.DecodeAttributes(c.Values)
	if err != nil {
		return nil, fmt.Errorf("flow: a change request of %s: %w", p.ID, err)
	}
	if changed, _ := difference(p.Attributes, values); len(changed) > 0 {
		err = s.changePerson(ctx, tx, &p, changed, byPartner, c.AsSent)
	}
	return p, err
}

func (s *Service) applyRemoval(ctx context.Context, tx kyc.Tx, p kyc.Person, targetID string, _ []byte) (any, error) {
	m, ok, err := tx.MobileNumbers().OfPerson(p.ID)
	if err != nil {
		return nil, err
	}
	if !ok || m.ID != targetID {
		return nil, kyc.Missing("Solaris::MobileNumber", p.ID)
	}
	return m, s.removeMobileNumber(ctx, tx, p, m)
}
