// Package report makes the documents that people read: the reports on an
// identification, as PDF files, and what is seen of a signature. It is given
// everything as plain values and knows nothing else of identikit; what signing
// does to a file is done by package pdf. The same input gives the same bytes.
package report

import (
	"errors"
	"io"
	"time"
)

// Report is what a report on one identification says. Empty texts, zero times
// and empty lists are left out.
type Report struct {
	Language       string // "DE"; everything else is English
	Identification string // our id: the reference of the report
	Method         string // "idnow" and the like
	Provider       string
	Result         string // the status, "successful" and the like

	RequestedAt  time.Time
	IdentifiedAt time.Time // when the provider decided
	CompletedAt  time.Time
	CreatedAt    time.Time // of the report; it is needed

	Person   []Check
	Document []Fact // of the identity document
	Evidence []File
}

// Check is a value about the person and what the provider made of it.
type Check struct {
	Label    string // a field's path ("address.city") is put into words
	Value    string
	Verdict  Verdict
	Original string // what it was before, when it was changed
}

// Verdict is what became of a value.
type Verdict string

// The verdicts. The empty one means that the provider did not say.
const (
	Confirmed Verdict = "confirmed"
	Changed   Verdict = "changed"
	New       Verdict = "new"
)

// Fact is a value with a name.
type Fact struct {
	Label string // a known name ("number", "valid_until") is put into words
	Value string
}

// File is a piece of evidence that is kept.
type File struct {
	Name   string
	Type   string // "ID_DOCUMENT" and the like
	Size   int64
	SHA256 string // in hex
}

// KYC writes the report as a PDF.
func KYC(w io.Writer, r Report) error {
	if r.Identification == "" || r.CreatedAt.IsZero() {
		return errors.New("report: an identification and a time are needed")
	}
	say := inEnglish
	if r.Language == "DE" {
		say = inGerman
	}
	s, err := newSheet(head{"title", "header", r.Identification, r.CreatedAt}, say)
	if err != nil {
		return err
	}
	s.top("subtitle")
	s.summary(r)
	s.person(r)
	s.document(r)
	s.evidence(r)
	s.closing("closing")
	return s.finish(w)
}
