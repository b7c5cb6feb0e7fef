package flow

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
)

var errNotAllowed = kyc.Fail(kyc.Forbidden, "unauthorized_action", "Unauthorized action is not allowed.")

// CreateIdentification makes an identification from a decoded request. Nothing
// is started at the provider (S4). Person, partner and subscriptions are read
// beforehand: what changes them meanwhile is concurrent, and counts as later.
func (s *Service) CreateIdentification(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (kyc.Identification, *kyc.Replay, error) {
	var p kyc.Person
	var partner kyc.Partner
	var subscriptions []kyc.Subscription
	var before bool // is there a successful one already?
	var number kyc.MobileNumber
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		if p, err = v.Persons().Get(partnerID, personID); err != nil {
			return err
		}
		if s.renews(body) {
			if before, err = v.Identifications().Succeeded(personID); err != nil {
				return err
			}
		}
		if partner, err = v.Partners().Get(partnerID); err != nil {
			return err
		}
		if s.endsSigned(body) {
			if number, _, err = v.MobileNumbers().OfPerson(personID); err != nil {
				return err
			}
		}
		subscriptions, err = v.Subscriptions().ByEvent(partnerID, kyc.EventIdentification)
		return err
	})
	if err != nil {
		return kyc.Identification{}, nil, err
	}
	var i kyc.Identification
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		if i, err = s.readIdentification(tx.Now(), partner, p, before, number.Verified, body); err != nil {
			return nil, err
		}
		if i.ID, err = tx.NewID(id.Identification); err != nil {
			return nil, err
		}
		if data, _ := body["device_data"].(string); data != "" {
			if i.DeviceData, err = s.sealDeviceData(tx, i, data); err != nil {
				return nil, err
			}
		}
		if err := tx.Identifications().Insert(i); err != nil {
			return nil, err
		}
		err = tx.History().Add(kyc.Entry{
			PartnerID: partnerID, PersonID: personID, IdentificationID: i.ID, At: tx.Now(), Actor: byPartner,
			RequestID: requestID(ctx), Event: "created", To: i.State, Details: details(createdDetails(i, body)),
		})
		if err != nil {
			return nil, err
		}
		return i, queueIdentification(tx, subscriptions, i)
	})
	return i, replay, err
}

// createdDetails are what the history says of a new identification: the time of
// consent in the very text that was sent.
func createdDetails(i kyc.Identification, body map[string]any) map[string]any {
	about := map[string]any{"method": i.Method}
	if !i.TermsSignedAt.IsZero() {
		about["as_sent"] = map[string]any{"terms_and_conditions_signed_at": body["terms_and_conditions_signed_at"]}
	}
	return about
}

// renews tells whether the request is for a method that only persons can use who
// were identified before.
func (s *Service) renews(body map[string]any) bool {
	m, _ := body["method"].(string)
	return s.Rules[kyc.Method(m)].Renews
}

// endsSigned tells whether the request is for a method that ends with a signature.
func (s *Service) endsSigned(body map[string]any) bool {
	m, _ := body["method"].(string)
	return s.Rules[kyc.Method(m)].Signs()
}

// readIdentification checks the request: the fields, the method, the person.
func (s *Service) readIdentification(now time.Time, partner kyc.Partner, p kyc.Person, before, reachable bool, body map[string]any) (kyc.Identification, error) {
	f := &fields{body: body}
	i := kyc.Identification{
		PartnerID: p.PartnerID, PersonID: p.ID, State: kyc.Created, CreatedAt: now, Version: 1,
		Method:             kyc.Method(f.text("method", 64)),
		Language:           f.oneOf("language", kyc.Languages),
		ProofOfAddressType: f.oneOf("proof_of_address_type", kyc.ProofOfAddressTypes),
		TermsSignedAt:      f.instant("terms_and_conditions_signed_at", now),
		Address:            addressOf(p.Attributes),
	}
	rules, built := s.Rules[i.Method]
	i.IBAN = s.account(f, rules)
	f.text("reference", 255) // the provider gives the one that counts
	i.ProofOfAddressIssuedAt = f.proofOfAddress(now)
	f.deviceData()
	switch {
	case i.Method == "":
		f.fail("method", "can't be blank")
	case !kyc.KnownMethod(i.Method):
		f.fail("method", kyc.NotIncluded(kyc.Methods))
	}
	if built {
		if rules.SignerTerms && i.TermsSignedAt.IsZero() {
			f.fail("terms_and_conditions_signed_at", "can't be blank")
		}
		f.broken = append(f.broken, s.hindrances(rules, p.Attributes, before)...)
		if rules.Signs() && !reachable && !(s.Sandbox && p.Attributes.Scenario()) {
			f.fail("mobile_number", "must be verified (POST /v1/persons/{person_id}/mobile_number, authorize and confirm)")
		}
	}
	if err := kyc.InvalidFields(f.broken); err != nil {
		return i, err
	}
	if !built || !s.mayUse(partner, i.Method) {
		return i, errNotAllowed
	}
	return i, nil
}

// hindrances are what keeps the person from being identified this way. A
// scenario's person needs its names and nothing else, in a sandbox.
func (s *Service) hindrances(rules method.Rules, a kyc.Attributes, before bool) []kyc.FieldError {
	broken := rules.Check(a, before)
	if s.Sandbox && a.Scenario() {
		broken = slices.DeleteFunc(broken, func(b kyc.FieldError) bool { return b.Field != "first_name" && b.Field != "last_name" })
	}
	return broken
}

// proofOfAddress reads the date and checks the pair: together or not at all,
// not in the future, not older than 6 months.
func (f *fields) proofOfAddress(now time.Time) string {
	kind, date := f.text("proof_of_address_type", 255), f.text("proof_of_address_issued_at", 64)
	switch {
	case kind != "" && date == "":
		f.fail("proof_of_address_issued_at", "can't be blank when proof_of_address_type is given")
	case kind == "" && date != "":
		f.fail("proof_of_address_type", "can't be blank when proof_of_address_issued_at is given")
	}
	if date == "" {
		return ""
	}
	issued, ok := kyc.ParseDate(date)
	today, _ := kyc.ParseDate(now.In(berlin).Format(time.DateOnly))
	switch {
	case !ok:
		f.fail("proof_of_address_issued_at", "is not a date of the form YYYY-MM-DD")
	case issued.After(today):
		f.fail("proof_of_address_issued_at", "must not be in the future")
	case issued.Before(sixMonthsBefore(today)):
		f.fail("proof_of_address_issued_at", "must not be older than 6 months")
	}
	return issued.Format(time.DateOnly)
}

// sixMonthsBefore a day that the month does not have is the last one it has.
func sixMonthsBefore(day time.Time) time.Time {
	before := day.AddDate(0, -6, 0)
	if before.Day() != day.Day() {
		return before.AddDate(0, 0, -before.Day())
	}
	return before
}

// addressOf is the person's address as the identification keeps it.
func addressOf(a kyc.Attributes) string {
	address := map[string]string{}
	for _, m := range kyc.AddressMembers {
		if v := a.Text("address." + m); !v.Empty() {
			address[m] = v.Reveal()
		}
	}
	b, _ := json.Marshal(address) // texts by text: cannot fail
	return string(b)
}

func (s *Service) sealDeviceData(tx kyc.Tx, i kyc.Identification, data string) ([]byte, error) {
	key, err := s.keyOf(tx.Persons(), i.PersonID)
	if err != nil {
		return nil, err
	}
	return key.Seal([]byte(data), "device data of "+i.ID)
}
