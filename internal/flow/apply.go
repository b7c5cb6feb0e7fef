package flow

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// errMoved says that the identification changed while the provider was asked:
// its answer may be older than what we know, so ask again.
var errMoved = errors.New("flow: the identification changed meanwhile; ask the provider again")

// errTooEarly says that the session's start is not written yet.
var errTooEarly = errors.New("flow: the start of the session is not settled yet")

// evidence is what was kept of a session: sealed already, rows to be written.
type evidence struct {
	documents []kyc.Document
	archive   string // blob of the provider's whole file
}

// apply takes a provider's finding in: seen is the identification as it was
// before the provider was asked. What the table does not allow is kept as
// evidence and changes nothing.
func (s *Service) apply(ctx context.Context, seen kyc.Identification, f provider.Finding, kept evidence, settle func(kyc.Tx) error) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		i, err := tx.Identifications().Get(seen.ID)
		if err != nil {
			return err
		}
		if i.Version != seen.Version {
			return errMoved
		}
		known, err := tx.Findings().Known(i.ID, f.Fingerprint)
		if err != nil {
			return err
		}
		if !known {
			if err := s.take(ctx, tx, i, f, kept); err != nil {
				return err
			}
		}
		return settle(tx)
	})
}

func (s *Service) take(ctx context.Context, tx kyc.Tx, i kyc.Identification, f provider.Finding, kept evidence) error {
	f, err := s.judge(tx, i, f)
	if err != nil {
		return err
	}
	to, possible := s.Rules[i.Method].Machine.Next(i.State, f.Event)
	if early, err := s.tooEarly(tx, i, to); early || err != nil {
		return cmp.Or(err, errTooEarly)
	}
	raw, err := s.sealFinding(tx, i, f)
	if err != nil {
		return err
	}
	err = tx.Findings().Insert(kyc.FindingRecord{
		IdentificationID: i.ID, Fingerprint: f.Fingerprint, At: f.At, ReceivedAt: tx.Now(),
		Result: f.Result, Reason: f.Reason, Event: f.Event, Raw: raw, Archive: kept.archive,
	})
	if err != nil {
		return err
	}
	if f.Event == kyc.NotUnderstood { // here, and not where it is fetched: polls fetch it again and again
		s.Log.Error("the provider answered with a result that is not known; it is kept and changes nothing", "identification", i.ID, "result", f.Result)
	}
	late := f.At.Before(i.LastFindingAt)
	if !possible || late {
		s.Log.Info("a result changed nothing", "identification", i.ID, "state", i.State, "result", f.Result, "late", late)
		return tx.History().Add(kyc.Entry{
			PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID, At: tx.Now(), Actor: byProvider,
			Event: string(f.Event), From: i.State, To: i.State,
			Details: details(map[string]any{"result": f.Result, "reason": f.Reason, "changed_nothing": true}),
		})
	}
	i.LastFindingAt = f.At
	if f.StatusCode != "" {
		i.StatusCode = f.StatusCode
	}
	if to == kyc.AuthorizationRequired {
		if err := s.readyToSign(tx, &i, kept); err != nil {
			return err
		}
	}
	if to != kyc.Successful {
		if err := s.move(ctx, tx, &i, f.Event, to, byProvider, f.Reason); err != nil {
			return err
		}
		return s.follow(tx, i, false)
	}
	return s.succeed(ctx, tx, i, f, kept)
}

// tooEarly tells whether a start is under way whose acceptance would hide the
// result: what leads to a state that can be requested must come after it.
func (s *Service) tooEarly(tx kyc.Tx, i kyc.Identification, to kyc.State) (bool, error) {
	m := s.Rules[i.Method].Machine
	if _, again := m.Next(to, kyc.Requested); i.State != m.Start && !again {
		return false, nil
	}
	_, starting, err := tx.Jobs().Find(kyc.StartSession, i.ID)
	return starting || i.State == m.Start, err
}

// succeed moves to successful: documents first, then the row and what the
// provider corrected in the person.
func (s *Service) succeed(ctx context.Context, tx kyc.Tx, i kyc.Identification, f provider.Finding, kept evidence) error {
	p, err := tx.Persons().Get(i.PartnerID, i.PersonID)
	if err != nil {
		return err
	}
	corrected := corrections(p.Attributes, f)
	renewed := p.Attributes.Clone()
	for path, value := range corrected {
		renewed.Set(path, value)
	}
	i.Address = addressOf(renewed)
	if err := s.move(ctx, tx, &i, f.Event, kyc.Successful, byProvider, f.Reason); err != nil {
		return err
	}
	if err := s.follow(tx, i, f.Signed); err != nil {
		return err
	}
	if err := insertDocuments(tx, kept.documents); err != nil {
		return err
	}
	if err := s.adoptNumber(ctx, tx, p, f.Phone); err != nil {
		return err
	}
	told := len(corrected) > 0
	corrected["aml_follow_up_date"] = amlFollowUp(tx.Now(), p.Attributes)
	corrected["legitimation_valid_until"] = nil
	if f.Paper.ValidUntil != "" {
		corrected["legitimation_valid_until"] = f.Paper.ValidUntil
	}
	source := map[string]any{"identification": i.ID, "result": f.Result}
	if told {
		err = s.tellChange(ctx, tx, &p, corrected, byProvider, source)
	} else { // IDENTIFICATION tells of the success, and this follows from it
		err = s.writePerson(ctx, tx, &p, corrected, byProvider, "legitimation_changed", source)
	}
	if err != nil {
		return err
	}
	return watchPaper(tx, p)
}

func insertDocuments(tx kyc.Tx, documents []kyc.Document) error {
	for _, d := range documents {
		var err error
		if d.ID, err = tx.NewID(id.Document); err != nil {
			return err
		}
		d.CreatedAt = tx.Now()
		if err := tx.Documents().Insert(d); err != nil {
			return err
		}
	}
	return nil
}

// corrections are the values that the provider changed or added (rulings §3).
// Letter case alone is no change: providers answer in capitals.
func corrections(a kyc.Attributes, f provider.Finding) kyc.Attributes {
	corrected := kyc.Attributes{}
	for _, v := range f.Values {
		if v.Standing == provider.Confirmed || strings.EqualFold(a.Text(v.Path).Reveal(), v.Value) {
			continue
		}
		corrected[v.Path] = v.Value
	}
	// what stood beside a replaced value belongs to the old address
	for replaced, beside := range map[string]string{"address.line_1": "address.line_2", "address.country": "address.state"} {
		if _, changed := corrected[replaced]; changed && a.Has(beside) {
			corrected[beside] = nil
		}
	}
	if f.Phone != "" && !a.Has("mobile_number") {
		corrected["mobile_number"] = f.Phone
	}
	return corrected
}

func (s *Service) sealFinding(tx kyc.Tx, i kyc.Identification, f provider.Finding) ([]byte, error) {
	key, err := s.keyOf(tx.Persons(), i.PersonID)
	if err != nil {
		return nil, err
	}
	return key.Seal(f.Raw, aboutFinding(i.ID))
}

func aboutFinding(identificationID string) string { return "finding of " + identificationID }
