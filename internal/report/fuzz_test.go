package report

import (
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/pdf"
)

// FuzzKYC sends anything at all, of the length that a value can have: it must
// stay one well-formed PDF.
func FuzzKYC(f *testing.F) {
	f.Add("Müller", "EN", uint8(1))
	f.Add(") Tj ET Q endstream endobj %%EOF", "DE", uint8(3))
	f.Add("{nb}\\() <</Type /Page\n", "EN", uint8(2))
	f.Add(strings.Repeat("W", 1000), "DE", uint8(20))
	f.Add("\u202e\x00\xff😀", "", uint8(0))
	f.Fuzz(func(t *testing.T, s, language string, n uint8) {
		s = s[:min(len(s), 1000)]
		r := Report{
			Language: language, Identification: "x" + s, Method: s, Provider: s, Result: s, CreatedAt: time.Unix(1, 0),
			Document: []Fact{{s, s}}, Evidence: []File{{s, s, -1, s}},
		}
		for range n % 21 {
			r.Person = append(r.Person, Check{s, s, Verdict(s), s})
		}
		pages(t, render(t, r))
	})
}

// FuzzBankident sends anything at all: the report can be prepared for its
// signature, in the field that is meant for it.
func FuzzBankident(f *testing.F) {
	f.Add("Müller", "EN")
	f.Add(") Tj ET Q endstream endobj %%EOF", "DE")
	f.Add(strings.Repeat("W", 1000), "")
	f.Add("\u202e\x00\xff😀", "xx")
	f.Fuzz(func(t *testing.T, s, language string) {
		s = s[:min(len(s), 1000)]
		at := time.Unix(1, 0)
		file := renderBankident(t, BankidentReport{
			Language: language, Method: s, Identification: "x" + s, Date: at, Title: s, FirstName: s, LastName: s, BirthName: s, BirthDate: s, BirthPlace: s,
			Nationality: s, Line1: s, Line2: s, PostalCode: s, City: s, Country: s, Phone: s, IBAN: s, Transfer: s, StatusCode: s,
		})
		prepared, err := Prepare(file, SignatureNote{Language: language, Name: s, Reason: s, Location: s, At: at})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := pdf.Examine(prepared.PDF); err != nil || len(found) != 1 || found[0].Field != SignatureField {
			t.Errorf("%v %v", found, err)
		}
	})
}
