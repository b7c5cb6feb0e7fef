package flow

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/seal"
)

// ProviderAttempt is one result of a provider as far as its partner may know it.
type ProviderAttempt struct {
	ID      string // 32 hex characters, the same whenever it is asked for
	Result  string // the provider's word
	Reason  string // the provider's word; empty if there is none, or none that is disclosed
	Payload []byte // the provider's own JSON object; nil if it is not kept any more
}

// disclosed are the events of which partners may know the reason and the details.
// Of a suspicion, of what failed for good and of what nobody understands they
// learn that it is so, and no more (S4, rulings §3).
var disclosed = []kyc.Event{kyc.Succeeded, kyc.ReviewStarted, kyc.NothingNew, kyc.AttemptAborted, kyc.CanceledByReview}

// ProviderAttempts opens a list of findings of one identification for its partner.
func (s *Service) ProviderAttempts(persons kyc.PersonReader, i kyc.Identification, findings []kyc.FindingRecord) ([]ProviderAttempt, error) {
	var key *seal.Key
	attempts := make([]ProviderAttempt, 0, len(findings))
	for _, f := range findings {
		a := ProviderAttempt{ID: f.Fingerprint, Result: f.Result}
		open := slices.Contains(disclosed, f.Event)
		if open {
			a.Reason = f.Reason
		}
		if f.Raw != nil && key == nil {
			var err error
			if key, err = s.keyOf(persons, i.PersonID); err != nil {
				return nil, err
			}
		}
		if f.Raw != nil {
			raw, err := key.Open(f.Raw, aboutFinding(i.ID))
			if err != nil {
				return nil, err
			}
			if a.Payload, err = payload(raw, open); err != nil {
				return nil, err
			}
		}
		attempts = append(attempts, a)
	}
	return attempts, nil
}

// harmless are the members of the provider's `identificationprocess` that say
// nothing of why a result is as it is.
var harmless = []string{"result", "companyid", "identificationtime", "id", "type", "transactionnumber", "processtype"}

// payload is the provider's object as it came, or the harmless part of it.
func payload(raw []byte, open bool) ([]byte, error) {
	if open {
		return bytes.ToValidUTF8(raw, []byte("\uFFFD")), nil
	}
	var o struct {
		Process map[string]json.RawMessage `json:"identificationprocess"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, err
	}
	shown := map[string]string{}
	for _, name := range harmless {
		var text string
		if json.Unmarshal(o.Process[name], &text) == nil { // a text; anything else stays here
			shown[name] = text
		}
	}
	return json.Marshal(map[string]any{"identificationprocess": shown})
}
