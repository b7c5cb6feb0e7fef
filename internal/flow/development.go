package flow

import (
	"context"
	"reflect"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// UpdateForDevelopment sets fields that a partner cannot set otherwise, so that
// what follows from them can be tried: in a sandbox (partner-api.md §3.1, P5).
func (s *Service) UpdateForDevelopment(ctx context.Context, partnerID, personID string, body map[string]any) (p kyc.Person, err error) {
	f := &fields{body: body}
	given := kyc.Attributes{}
	given.Set("aml_follow_up_date", f.date("aml_follow_up_date"))
	given.Set("aml_confirmed_on", f.date("aml_confirmed_on"))
	given.Set("birth_city", f.text("birth_city", 255))
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		var err error
		if p, err = tx.Persons().Get(partnerID, personID); err != nil {
			return err
		}
		if err := kyc.InvalidFields(f.broken); err != nil {
			return err
		}
		changed := kyc.Attributes{}
		for path, value := range given {
			if !reflect.DeepEqual(p.Attributes[path], value) {
				changed[path] = value
			}
		}
		if len(changed) == 0 {
			return nil
		}
		return s.changePerson(ctx, tx, &p, changed, byPartner, nil)
	})
	return p, err
}

// date reads a day; empty if there is none.
func (f *fields) date(name string) string {
	s := f.text(name, 64)
	if s == "" {
		return ""
	}
	day, ok := kyc.ParseDate(s)
	if !ok {
		f.fail(name, "is not a date of the form YYYY-MM-DD")
		return ""
	}
	return day.Format(time.DateOnly)
}

// CheckPaper does now what PaperExpiry does in its time: it tells whether the
// identity document is good for a while, and if it is not, the partner is told
// that the account may be blocked (P6). Where no document is known, none can run out.
func (s *Service) CheckPaper(ctx context.Context, partnerID, personID string, o Once) (valid bool, _ *kyc.Replay, err error) {
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		due, known := paperDue(p)
		if valid = !known || due.After(tx.Now()); valid {
			return valid, nil
		}
		return valid, s.tellPaperExpires(ctx, tx, p, byPartner)
	})
	return valid, replay, err
}
