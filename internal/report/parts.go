package report

import (
	"fmt"
	"strings"
)

// The columns of the table of the person.
const (
	column1 = left
	column2 = left + 46
	column3 = left + 106
	column4 = left + 130
)

func (s *sheet) top(subtitle string) {
	big := style{"B", 18, ink}
	s.put(left, s.y, width, big, "L", s.say.of(s.title))
	s.y += big.lineHeight() + 1
	s.put(left, s.y, width, label, "L", s.say.of(subtitle))
	s.y += label.lineHeight() + 5
}

// summary is the box that a reader in a hurry reads.
func (s *sheet) summary(r Report) {
	facts := []Fact{
		{"identification", r.Identification},
		{"method", s.say.ofOr(r.Method)},
		{"provider", r.Provider},
		{"requested_at", s.time(r.RequestedAt)},
		{"identified_at", s.time(r.IdentifiedAt)},
		{"completed_at", s.time(r.CompletedAt)},
	}
	const height = 15.0
	colour := resultColour(r.Result)
	s.pdf.SetFillColor(245, 247, 249)
	s.pdf.Rect(left, s.y, width, height, "F")
	s.pdf.SetFillColor(colour[0], colour[1], colour[2])
	s.pdf.Rect(left, s.y, 1.2, height, "F")
	s.put(left+5, s.y+2, width-10, small, "L", s.say.of("result"))
	result := s.wrap(clean(s.say.ofOr(r.Result)), style{"B", 13, ink}, width-10)
	s.put(left+5, s.y+6.5, width-10, style{"B", 13, ink}, "L", result[0])
	s.y += height + 3
	s.facts(facts)
}

// facts is a list of names and values; empty values are left out.
func (s *sheet) facts(facts []Fact) {
	for _, f := range facts {
		if f.Label == "type" {
			f.Value = s.say.ofOr(f.Value)
		}
		if f.Value != "" {
			s.row(nil, cell{column1, column2 - column1, label, s.say.ofOr(f.Label)}, cell{column2, right - column2, plain, f.Value})
		}
	}
}

func (s *sheet) person(r Report) {
	if len(r.Person) == 0 {
		return
	}
	s.section("person")
	names := func() {
		s.row(nil,
			cell{column1, column2 - column1, column, s.say.of("field")},
			cell{column2, column3 - column2, column, s.say.of("value")},
			cell{column3, column4 - column3, column, s.say.of("verdict")},
			cell{column4, right - column4, column, s.say.of("original")})
	}
	names()
	for _, c := range r.Person {
		st, verdict := plain, "–"
		if c.Verdict != "" {
			verdict = s.say.ofOr(string(c.Verdict))
		}
		if c.Verdict == Changed || c.Verdict == New {
			st = strong
		}
		value := c.Value
		if value == "" {
			value = "–"
		}
		s.row(names,
			cell{column1, column2 - column1, label, s.say.ofOr(c.Label)},
			cell{column2, column3 - column2, plain, value},
			cell{column3, column4 - column3, st, verdict},
			cell{column4, right - column4, label, c.Original})
	}
}

func (s *sheet) document(r Report) {
	if len(r.Document) == 0 {
		return
	}
	s.section("document")
	s.facts(r.Document)
}

func (s *sheet) evidence(r Report) {
	if len(r.Evidence) == 0 {
		return
	}
	s.section("evidence")
	for _, f := range r.Evidence {
		s.need(14) // the name and its sum stay together
		s.cells(nil,
			cell{column1, column3 - column1, plain, f.Name},
			cell{column3, right - column3, label, s.say.ofOr(f.Type) + ", " + s.size(f.Size)})
		s.y -= padding
		s.row(nil, cell{column1, width, small, "SHA-256 " + f.SHA256})
	}
}

// closing says how the report came about.
func (s *sheet) closing(text string) {
	s.y += 6
	lines := s.wrap(s.say.of(text), small, width)
	s.need(float64(len(lines)) * small.lineHeight())
	for _, line := range lines {
		s.put(left, s.y, width, small, "L", line)
		s.y += small.lineHeight()
	}
}

// size writes bytes for people, with the decimal sign of the language.
func (s *sheet) size(n int64) string {
	text := fmt.Sprintf("%d B", n)
	switch {
	case n >= 1_000_000:
		text = fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1_000:
		text = fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return strings.Replace(text, ".", s.say.of("decimal"), 1)
}

func resultColour(result string) [3]int {
	switch result {
	case "successful":
		return [3]int{46, 125, 79}
	case "failed", "rejected", "canceled", "aborted", "expired":
		return [3]int{176, 58, 46}
	}
	return [3]int{140, 148, 158}
}
