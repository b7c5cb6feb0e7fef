package flow

import (
	"cmp"
	"slices"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// Legitimation is the ID document by which a person was identified, read from
// the finding that was kept. Only a successful identification has one: what was
// shown in a failed one, or in one that a review canceled, proves nothing.
func (s *Service) Legitimation(v kyc.View, i kyc.Identification) (provider.Paper, error) {
	none := kyc.Missing("Solaris::LegitimationData", i.ID)
	adapter := s.Providers[i.Method]
	if i.State != kyc.Successful || adapter.Reader == nil {
		return provider.Paper{}, none
	}
	findings, err := v.Findings().OfIdentification(i.ID)
	if err != nil {
		return provider.Paper{}, err
	}
	slices.SortStableFunc(findings, func(a, b kyc.FindingRecord) int { return cmp.Compare(b.At.UnixMicro(), a.At.UnixMicro()) })
	n := slices.IndexFunc(findings, func(f kyc.FindingRecord) bool { return f.Event == kyc.Succeeded && f.Raw != nil })
	if n < 0 {
		return provider.Paper{}, none
	}
	key, err := s.keyOf(v.Persons(), i.PersonID)
	if err != nil {
		return provider.Paper{}, err
	}
	raw, err := key.Open(findings[n].Raw, aboutFinding(i.ID))
	if err != nil {
		return provider.Paper{}, err
	}
	f, err := adapter.Reader.Read(i.ID, raw)
	if err == nil && f.Paper == (provider.Paper{}) {
		err = none
	}
	return f.Paper, err
}
