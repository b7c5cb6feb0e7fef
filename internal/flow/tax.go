package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/pii"
)

// taxValues is what a partner says of a tax identification.
type taxValues struct {
	Number            string `json:"number"`
	ReasonNoTIN       string `json:"reason_no_tin"`
	ReasonDescription string `json:"reason_description"`
}

// taxChange is a change while it waits for the customer's consent.
type taxChange struct {
	From    taxValues `json:"from"`    // as they were when it was asked for
	To      taxValues `json:"to"`      // as they shall be; the same if only Primary changes
	Primary bool      `json:"primary"` // it becomes the primary one; false leaves that as it is
}

// taxState is what the history says of a tax identification.
type taxState struct {
	taxValues
	Primary bool `json:"primary"`
}

// maxTaxNumber is far more than any country needs.
const maxTaxNumber = 64

// with returns the values after the request: a number and a reason why there is
// none take each other's place.
func (v taxValues) with(f *fields) taxValues {
	number, reason := f.text("number", maxTaxNumber), f.oneOf("reason_no_tin", append(slices.Clone(kyc.ReasonsNoTIN), kyc.HaveTaxID))
	description := f.text("reason_description", 255)
	if message := kyc.CheckLatin(description); message != "" {
		f.fail("reason_description", message)
	}
	switch {
	case reason == kyc.HaveTaxID:
		v = taxValues{Number: cmp.Or(number, v.Number)}
	case number != "":
		v = taxValues{Number: number, ReasonNoTIN: reason}
	case reason != "" && reason != v.ReasonNoTIN:
		v = taxValues{ReasonNoTIN: reason}
	}
	v.ReasonDescription = cmp.Or(description, v.ReasonDescription)
	return v
}

// checkTax holds the values to the rules; an unknown country has none.
func (s *Service) checkTax(f *fields, country string, v taxValues) {
	switch {
	case v.ReasonNoTIN == "" && v.Number == "":
		f.fail("number", "can't be blank")
	case v.ReasonNoTIN != "" && v.Number != "":
		f.fail("number", "must be empty if reason_no_tin is given")
	case v.Number != "" && kyc.KnownCountry(country) && !kyc.ValidTaxNumber(country, v.Number, s.Sandbox):
		f.fail("number", "is not a valid person tax identification number for country: "+country)
	}
	switch {
	case v.ReasonNoTIN == kyc.OtherReason && v.ReasonDescription == "":
		f.fail("reason_description", "can't be blank")
	case v.ReasonNoTIN == "" && v.ReasonDescription != "":
		f.fail("reason_description", "must be empty unless reason_no_tin is given")
	}
}

const noOtherPrimary = "can't be false when no other primary is available"

// CreateTaxIdentification gives a person another tax identification. The first
// one is primary; a new primary one takes the place of the old.
func (s *Service) CreateTaxIdentification(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (kyc.TaxIdentification, *kyc.Replay, error) {
	var t kyc.TaxIdentification
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		others, err := tx.TaxIdentifications().OfPerson(personID)
		if err != nil {
			return nil, err
		}
		f := &fields{body: body}
		t = kyc.TaxIdentification{
			PartnerID: partnerID, PersonID: personID, Country: f.required("country", f.text("country", 255)), CreatedAt: tx.Now(), Version: 1,
		}
		switch {
		case t.Country != "" && !kyc.KnownCountry(t.Country):
			f.fail("country", "is not a country code of ISO 3166-1 alpha-2, like DE")
		case slices.ContainsFunc(others, func(x kyc.TaxIdentification) bool { return x.Country == t.Country }):
			f.fail("country", "has already been taken")
		}
		values := taxValues{}.with(f)
		s.checkTax(f, t.Country, values)
		primary, sent := f.yesNo("primary")
		if t.Primary = primary || len(others) == 0; t.Primary && sent && !primary {
			f.fail("primary", noOtherPrimary)
		}
		if err := kyc.InvalidFields(f.broken); err != nil {
			return nil, err
		}
		if t.ID, err = tx.NewID(id.Tax); err != nil {
			return nil, err
		}
		if err := s.sealTax(tx, &t, values); err != nil {
			return nil, err
		}
		if err := demote(tx, t, others); err != nil {
			return nil, err
		}
		if err := tx.TaxIdentifications().Insert(t); err != nil {
			return nil, err
		}
		return t, s.tellTax(ctx, tx, p, t, "tax_identification_created", map[string]any{
			"id": t.ID, "country": t.Country, "primary": t.Primary, "values": values,
		})
	})
	return t, replay, err
}

// demote makes room for a new primary one.
func demote(tx kyc.Tx, t kyc.TaxIdentification, others []kyc.TaxIdentification) error {
	for _, other := range others {
		if !t.Primary || !other.Primary || other.ID == t.ID {
			continue
		}
		other.Primary = false
		if err := tx.TaxIdentifications().Update(other); err != nil {
			return err
		}
	}
	return nil
}

// tellTax writes the history and the event of a change. The event names the person.
func (s *Service) tellTax(ctx context.Context, tx kyc.Tx, p kyc.Person, t kyc.TaxIdentification, event string, what map[string]any) error {
	if err := s.note(ctx, tx, p, byPartner, event, what); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"id": p.ID})
	if err != nil {
		return err
	}
	return notifyPerson(tx, p, kyc.EventTaxIdentificationChanged, t.ID, body)
}

// PatchTaxIdentification asks for the customer's consent to other values; nothing
// is changed yet. If nothing would change, there is no change request.
func (s *Service) PatchTaxIdentification(ctx context.Context, partnerID, personID, taxID string, body map[string]any) (t kyc.TaxIdentification, r *kyc.ChangeRequest, err error) {
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		r = nil
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return err
		}
		if t, err = s.openedTax(tx, partnerID, personID, taxID); err != nil {
			return err
		}
		f := &fields{body: body}
		if country := f.text("country", 255); country != "" && country != t.Country {
			f.fail("country", "cannot be changed: create another tax identification")
		}
		old := valuesOf(t)
		change := taxChange{From: old, To: old.with(f)}
		s.checkTax(f, t.Country, change.To)
		primary, sent := f.yesNo("primary")
		if change.Primary = primary && !t.Primary; sent && !primary && t.Primary {
			f.fail("primary", noOtherPrimary)
		}
		if err := kyc.InvalidFields(f.broken); err != nil {
			return err
		}
		about := change.about()
		if len(about) == 0 {
			return nil
		}
		asked, err := s.requestChange(ctx, tx, p, kyc.ChangeTaxIdentification, t.ID, change, about)
		r = &asked
		return err
	})
	return t, r, err
}

// about lists the fields that the change changes.
func (c taxChange) about() (about []string) {
	for _, field := range []struct {
		name    string
		differs bool
	}{
		{"number", c.To.Number != c.From.Number}, {"primary", c.Primary}, {"reason_no_tin", c.To.ReasonNoTIN != c.From.ReasonNoTIN},
		{"reason_description", c.To.ReasonDescription != c.From.ReasonDescription},
	} {
		if field.differs {
			about = append(about, field.name)
		}
	}
	return about
}

// applyTaxChange writes what was consented to, as far as it differs now. Number
// and reason go together: if another change came first, there is nothing left of
// what the customer consented to.
func (s *Service) applyTaxChange(ctx context.Context, tx kyc.Tx, p kyc.Person, taxID string, change []byte) (any, error) {
	t, err := s.openedTax(tx, p.PartnerID, p.ID, taxID)
	if err != nil {
		return nil, err
	}
	var c taxChange
	if err := json.Unmarshal(change, &c); err != nil {
		return nil, err
	}
	was := taxState{valuesOf(t), t.Primary}
	is := taxState{c.To, t.Primary || c.Primary}
	switch {
	case c.From == c.To:
		is.taxValues = was.taxValues
	case was.taxValues != c.From && was.taxValues != c.To:
		return nil, kyc.Missing("Solaris::TaxIdentification", taxID)
	}
	if is == was {
		return t, nil
	}
	t.Primary = is.Primary
	if err := s.sealTax(tx, &t, is.taxValues); err != nil {
		return nil, err
	}
	others, err := tx.TaxIdentifications().OfPerson(p.ID)
	if err != nil {
		return nil, err
	}
	if err := demote(tx, t, others); err != nil {
		return nil, err
	}
	if err := tx.TaxIdentifications().Update(t); err != nil {
		return nil, err
	}
	t.Version++
	return t, s.tellTax(ctx, tx, p, t, "tax_identification_changed", map[string]any{
		"id": t.ID, "old": was, "new": is,
	})
}

func aboutTax(t kyc.TaxIdentification) string { return "tax identification " + t.ID }

// sealTax puts the values into the tax identification.
func (s *Service) sealTax(tx kyc.Tx, t *kyc.TaxIdentification, v taxValues) error {
	key, err := s.keyOf(tx.Persons(), t.PersonID)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return err
	}
	t.Sealed, err = key.Seal(plain, aboutTax(*t))
	fillTax(t, v)
	return err
}

// OpenTaxIdentifications opens the seals of one person's tax identifications.
func (s *Service) OpenTaxIdentifications(persons kyc.PersonReader, list []kyc.TaxIdentification) ([]kyc.TaxIdentification, error) {
	if len(list) == 0 {
		return nil, nil
	}
	key, err := s.keyOf(persons, list[0].PersonID)
	if err != nil {
		return nil, err
	}
	opened := slices.Clone(list)
	for n := range opened {
		plain, err := key.Open(opened[n].Sealed, aboutTax(opened[n]))
		if err != nil {
			return nil, err
		}
		var v taxValues
		if err := json.Unmarshal(plain, &v); err != nil {
			return nil, err
		}
		fillTax(&opened[n], v)
	}
	return opened, nil
}

// openedTax finds and opens one.
func (s *Service) openedTax(tx kyc.Tx, partnerID, personID, taxID string) (kyc.TaxIdentification, error) {
	t, err := tx.TaxIdentifications().Find(partnerID, personID, taxID)
	if err != nil {
		return t, err
	}
	opened, err := s.OpenTaxIdentifications(tx.Persons(), []kyc.TaxIdentification{t})
	if err != nil {
		return t, err
	}
	return opened[0], nil
}

func valuesOf(t kyc.TaxIdentification) taxValues {
	return taxValues{Number: t.Number.Reveal(), ReasonNoTIN: t.ReasonNoTIN, ReasonDescription: t.ReasonDescription.Reveal()}
}

func fillTax(t *kyc.TaxIdentification, v taxValues) {
	t.Number, t.ReasonNoTIN, t.ReasonDescription = pii.String(v.Number), v.ReasonNoTIN, pii.String(v.ReasonDescription)
}
