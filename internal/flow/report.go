package flow

import (
	"bytes"
	"cmp"
	"io"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/report"
)

// verdicts are how a report names the standing of a value.
var verdicts = map[provider.Standing]report.Verdict{
	provider.Confirmed: report.Confirmed, provider.Changed: report.Changed, provider.New: report.New,
}

// report makes the KYC_REPORT of a successful identification from the result of
// the provider of that name.
func (s *Service) report(by string, i kyc.Identification, p kyc.Person, f provider.Finding, evidence []report.File) (provider.File, error) {
	now := s.Clock.Now()
	r := report.Report{
		Language: i.Language, Identification: i.ID, Method: string(i.Method), Provider: by,
		Result: string(kyc.Successful), RequestedAt: i.RequestedAt, IdentifiedAt: f.At, CompletedAt: now, CreatedAt: now,
		Person: checks(p.Attributes, f), Evidence: evidence,
	}
	for _, fact := range []report.Fact{
		{Label: "type", Value: f.Paper.Type}, {Label: "country", Value: f.Paper.Country}, {Label: "number", Value: f.Paper.Number},
		{Label: "issuer", Value: f.Paper.Issuer}, {Label: "issued_on", Value: f.Paper.IssuedOn}, {Label: "valid_until", Value: f.Paper.ValidUntil},
	} {
		if fact.Value != "" {
			r.Document = append(r.Document, fact)
		}
	}
	var b bytes.Buffer
	if err := report.KYC(&b, r); err != nil {
		return provider.File{}, err
	}
	return provider.File{Name: "kyc_report.pdf", Type: kyc.DocumentKYCReport, ContentType: "application/pdf", Open: func() (io.ReadCloser, error) { return io.NopCloser(&b), nil }}, nil
}

// checks are the person's fields as the provider saw them, in the order of the API.
func checks(a kyc.Attributes, f provider.Finding) []report.Check {
	seen := map[string]provider.Value{}
	for _, v := range f.Values {
		seen[v.Path] = v
	}
	var all []report.Check
	for _, field := range kyc.PersonFields {
		v, ok := seen[field.Path]
		if !ok {
			continue
		}
		check := report.Check{Label: field.Path, Value: v.Value, Verdict: verdicts[v.Standing]}
		switch v.Standing {
		case provider.Confirmed:
			check.Value = a.Text(field.Path).Reveal() // as it is written with us
		case provider.Changed:
			check.Original = cmp.Or(v.Original, a.Text(field.Path).Reveal())
		}
		all = append(all, check)
	}
	return all
}
