package report

import (
	"strings"
	"testing"
	"time"
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
