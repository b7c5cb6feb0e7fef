package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// CreatePerson makes a person from a decoded request.
func (s *Service) CreatePerson(ctx context.Context, partnerID string, o Once, body map[string]any) (kyc.Person, *kyc.Replay, error) {
	now := s.Clock.Now()
	given, broken := kyc.ReadPerson(body, now, s.Sandbox)
	if err := kyc.InvalidFields(broken); err != nil {
		return kyc.Person{}, nil, err
	}
	var p kyc.Person
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		personID, err := tx.NewID(id.Person)
		if err != nil {
			return nil, err
		}
		p = kyc.Person{ID: personID, PartnerID: partnerID, Attributes: kyc.Attributes{}, CreatedAt: tx.Now(), Version: 1}
		for path, value := range given.Values {
			p.Attributes.Set(path, value)
		}
		fillIn(p.Attributes, tx.Now())
		if err := s.checkIdentical(tx, p); err != nil {
			return nil, err
		}
		key, err := s.Master.NewKey(p.ID)
		if err != nil {
			return nil, err
		}
		if err := tx.Persons().Insert(p, key); err != nil {
			return nil, err
		}
		return p, s.note(ctx, tx, p, byPartner, "person_created", map[string]any{"values": given.Values.Reveal(), "as_sent": given.Sent})
	})
	return p, replay, err
}

// maxIdentical is what MaxIdentical is if nobody has set it.
const maxIdentical = 1000

func (s *Service) checkIdentical(tx kyc.Tx, p kyc.Person) error {
	if !s.Sandbox {
		return nil
	}
	most := cmp.Or(s.MaxIdentical, maxIdentical)
	n, err := tx.Persons().Identical(p.PartnerID, p.IdentityKey(), most)
	if err != nil || n < most {
		return err
	}
	return kyc.Fail(kyc.Invalid, "invalid_model",
		"There are %d persons with the same first_name, last_name, birth_city and birth_date already. Vary them.", most)
}

// fillIn sets what the server itself knows of a new person (partner-api.md §3.1).
func fillIn(a kyc.Attributes, now time.Time) {
	if !a.Has("tax_information.marital_status") {
		a.Set("tax_information.marital_status", "UNKNOWN")
	}
	fillInIndustry(a)
	a.Set("flagged_by_compliance", false)
	a.Set("screening_progress", "NOT_SCREENED")
	a.Set("risk_classification_status", "NOT_SCORED")
	a.Set("customer_vetting_status", "NOT_VETTED")
	a.Set("aml_follow_up_date", amlFollowUp(now, a))
}

// fillInIndustry gives an employee the industry that the API gives them.
func fillInIndustry(a kyc.Attributes) {
	if a.Text("employment_status") == "EMPLOYED" && !a.Has("industry") && !a.Has("industry_key") {
		a.Set("industry", employeeIndustry)
		a.Set("industry_key", employeeIndustryKey)
	}
}

const (
	employeeIndustry    = "DEBIT_BALANCE_SALARY_ACCOUNT"
	employeeIndustryKey = "ECONOMICALLY_DEPENDENT_INDIVIDUALS"
)

func amlFollowUp(now time.Time, a kyc.Attributes) string { return kyc.AMLFollowUp(now.In(berlin), a) }

// details renders the details of a history entry.
func details(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return `{"error":"details could not be written"}`
	}
	return string(b)
}

// PatchPerson changes fields that are empty so far. If any of the fields has a
// value, nothing is changed yet: a change request comes back (rulings §2).
func (s *Service) PatchPerson(ctx context.Context, partnerID, personID string, body map[string]any) (p kyc.Person, r *kyc.ChangeRequest, err error) {
	now := s.Clock.Now()
	given, broken := kyc.ReadPerson(body, now, s.Sandbox)
	untouchable := deprecated(body)
	broken = append(untouchable, slices.DeleteFunc(broken, func(b kyc.FieldError) bool {
		return slices.ContainsFunc(untouchable, func(u kyc.FieldError) bool { return u.Field == b.Field })
	})...)
	if day := given.Values.Text("aml_confirmed_on").Reveal(); day != "" && !slices.Contains(todayOrTomorrow(now), day) {
		broken = append(broken, kyc.FieldError{Field: "aml_confirmed_on", Message: "must be today or tomorrow"})
	}
	err = s.Store.Tx(ctx, func(tx kyc.Tx) (err error) {
		r = nil
		if p, err = tx.Persons().Get(partnerID, personID); err != nil {
			return err
		}
		wrong := append(slices.Clone(broken), employmentRule(p.Attributes, given.Values)...)
		if err := kyc.InvalidFields(wrong); err != nil {
			return err
		}
		changed, set := difference(p.Attributes, given.Values)
		switch {
		case len(changed) == 0:
			return nil
		case set:
			asked, err := s.requestPersonChange(ctx, tx, p, changed, given.Sent)
			r = &asked
			return err
		}
		return s.changePerson(ctx, tx, &p, changed, byPartner, given.Sent)
	})
	return p, r, err
}

func (s *Service) requestPersonChange(ctx context.Context, tx kyc.Tx, p kyc.Person, changed kyc.Attributes, asSent map[string]string) (kyc.ChangeRequest, error) {
	values, err := json.Marshal(changed.Reveal())
	if err != nil {
		return kyc.ChangeRequest{}, err
	}
	return s.requestChange(ctx, tx, p, kyc.ChangePerson, p.ID, personChange{values, asSent}, slices.Sorted(maps.Keys(changed)))
}

// deprecated lists known fields that PATCH must not touch.
func deprecated(body map[string]any) (fields []kyc.FieldError) {
	for _, f := range kyc.PersonFields {
		parent, _, _ := strings.Cut(f.Path, ".")
		if !f.Patch && body[parent] != nil {
			fields = append(fields, kyc.FieldError{
				Code: "deprecated_params", Field: f.Path, Message: "cannot be updated", Detail: "Updating " + f.Path + " is deprecated.",
			})
		}
	}
	return fields
}

func todayOrTomorrow(now time.Time) []string {
	today := now.In(berlin)
	return []string{today.Format(time.DateOnly), today.AddDate(0, 0, 1).Format(time.DateOnly)}
}

// employmentRule: a consumer who turns FREELANCER or SELF_EMPLOYED must send
// nace_code, or clear both industry fields, in the same request (S4).
func employmentRule(old, given kyc.Attributes) []kyc.FieldError {
	status := given.Text("employment_status").Reveal()
	if !selfEmployed(given) || selfEmployed(old) {
		return nil
	}
	industry, clearsIndustry := given["industry"]
	key, clearsKey := given["industry_key"]
	if given.Has("nace_code") || (clearsIndustry && clearsKey && industry == nil && key == nil) {
		return nil
	}
	return []kyc.FieldError{{
		Field:   "employment_status",
		Message: "can only become " + status + " together with nace_code, or with industry and industry_key set to null",
	}}
}

func selfEmployed(a kyc.Attributes) bool {
	status := a.Text("employment_status")
	return status == "FREELANCER" || status == "SELF_EMPLOYED"
}

// difference returns what really changes, and whether any of it has a value
// already. Who becomes an employee gets an employee's industry.
func difference(old, given kyc.Attributes) (changed kyc.Attributes, set bool) {
	changed = kyc.Attributes{}
	for path, value := range given {
		if reflect.DeepEqual(old[path], value) {
			continue
		}
		set = set || (old.Has(path) && !filledByServer(old, path))
		changed[path] = value
	}
	if _, becomes := changed["employment_status"]; becomes {
		renewed := old.Clone()
		for path, value := range changed {
			renewed.Set(path, value)
		}
		fillInIndustry(renewed)
		for _, path := range []string{"industry", "industry_key"} {
			if _, sent := given[path]; !sent && renewed[path] != old[path] {
				changed[path] = renewed[path]
			}
		}
	}
	return changed, set
}

// filledByServer tells whether the value counts as empty (rulings §2).
func filledByServer(a kyc.Attributes, path string) bool {
	switch path {
	case "tax_information.marital_status":
		return a.Text(path) == "UNKNOWN"
	case "industry":
		return a.Text(path) == employeeIndustry
	case "industry_key":
		return a.Text(path) == employeeIndustryKey
	}
	return false
}

// changePerson writes new values, their history and PERSON_CHANGED. asSent are
// times in the text that came.
func (s *Service) changePerson(ctx context.Context, tx kyc.Tx, p *kyc.Person, changed kyc.Attributes, actor string, asSent map[string]string) error {
	return s.tellChange(ctx, tx, p, changed, actor, map[string]any{"as_sent": asSent})
}

// tellChange is changePerson with more about it for the history: above all where
// the new values come from.
func (s *Service) tellChange(ctx context.Context, tx kyc.Tx, p *kyc.Person, changed kyc.Attributes, actor string, about map[string]any) error {
	if err := s.writePerson(ctx, tx, p, changed, actor, "person_changed", about); err != nil {
		return err
	}
	return notifyPerson(tx, *p, kyc.EventPersonChanged, p.ID, []byte("{}"))
}

// writePerson writes new values and their history, in which it is called event.
func (s *Service) writePerson(ctx context.Context, tx kyc.Tx, p *kyc.Person, changed kyc.Attributes, actor, event string, about map[string]any) error {
	p.Attributes = p.Attributes.Clone()
	type change struct {
		Old any `json:"old"`
		New any `json:"new"`
	}
	changes := map[string]change{}
	for path, value := range changed {
		if !reflect.DeepEqual(p.Attributes[path], value) {
			changes[path] = change{p.Attributes[path], value}
			p.Attributes.Set(path, value)
		}
	}
	if err := tx.Persons().Update(*p); err != nil {
		return err
	}
	p.Version++
	if len(changes) == 0 {
		return nil
	}
	about["changes"] = changes
	return s.note(ctx, tx, *p, actor, event, about)
}
