package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/identikit/identikit/internal/pdf"
)

// BankidentReport is what the report on an identification by bank account says.
// Empty texts print "Nicht angegeben" or "Not given".
type BankidentReport struct {
	Language       string    // "DE", which "" means too, or "EN"
	Method         string    // "bank" or "bank_id"
	Identification string    // our id; it is needed
	Date           time.Time // of the report; it is needed

	Title, FirstName, LastName, BirthName string
	BirthDate                             string // as it is to be printed, like all that follows
	BirthPlace, Nationality               string
	Line1, Line2, PostalCode, City        string
	Country, Phone                        string

	IBAN       string
	Transfer   string // number of the reference transfer
	StatusCode string // what the check of the identity data said; printed with bank_id alone
}

// SignatureField is the name of the one signature field of a Bankident report.
const SignatureField = "customer_signature"

// The place of the signature, in millimetres.
const (
	signatureWidth  = 90.0
	signatureHeight = 24.0
)

// Bankident writes the report that the customer signs ("Identifikationsbericht
// BankIdent"): a PDF/A-2b-style file with one empty signature field on its last
// page. What was and what was not checked of PDF/A stands at pdf.Archive.
func Bankident(w io.Writer, r BankidentReport) error {
	if r.Identification == "" || r.Date.IsZero() {
		return errors.New("report: an identification and a time are needed")
	}
	s, err := newSheet(head{"bankident", "header", r.Identification, r.Date}, language(r.Language))
	if err != nil {
		return err
	}
	s.top("bankident_subtitle")
	s.given("", []Fact{{"ident_id", r.Identification}, {"date", s.time(r.Date)}, {"method", s.say.ofOr(r.Method)}})
	s.given("person", []Fact{
		{"title", r.Title}, {"first_name", r.FirstName}, {"last_name", r.LastName}, {"birth_name", r.BirthName},
		{"birth_date", r.BirthDate}, {"birth_place", r.BirthPlace}, {"nationality", r.Nationality},
	})
	s.given("contact", []Fact{
		{"line_1", r.Line1}, {"line_2", r.Line2}, {"postal_code", r.PostalCode}, {"city", r.City}, {"residence", r.Country}, {"phone", r.Phone},
	})
	data := []Fact{{"iban", r.IBAN}, {"reference_transfer", r.Transfer}}
	if r.Method == "bank_id" {
		data = append(data, Fact{"status_code", r.StatusCode})
	}
	s.given("identification", data)
	s.closing("bankident_closing")
	top := s.signature()
	var made bytes.Buffer
	if err := s.finish(&made); err != nil {
		return err
	}
	file, err := pdf.Archive(made.Bytes(), pdf.Archival{
		Title: s.titleText(), Producer: producer, Language: s.say.of("language"), At: r.Date,
		Field: SignatureField, Label: s.say.of("signature"),
		Left: left * points, Bottom: (pageHeight - top - signatureHeight) * points, Width: signatureWidth * points, Height: signatureHeight * points,
	})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := w.Write(file); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// language gives the words of a report on a German account: German unless asked otherwise.
func language(l string) words {
	if l == "EN" {
		return inEnglish
	}
	return inGerman
}

// given is a section of names and values; a value that is missing is said to be.
func (s *sheet) given(section string, facts []Fact) {
	if section != "" {
		s.section(section)
	}
	const second = left + 80
	for _, f := range facts {
		value := cell{second, right - second, plain, f.Value}
		if clean(f.Value) == "" {
			value.st, value.text = label, s.say.of("not_given")
		}
		s.row(nil, cell{left, second - left, label, s.say.ofOr(f.Label)}, value)
	}
}

// signature draws the frame of the signature field and says where its top is.
func (s *sheet) signature() float64 {
	s.y += 6
	s.need(heading.lineHeight() + signatureHeight + 1.5)
	s.put(left, s.y, width, heading, "L", s.say.of("signature"))
	s.y += heading.lineHeight() + 1.5
	top := s.y
	s.pdf.SetDrawColor(150, 158, 168)
	s.pdf.SetLineWidth(0.2)
	s.pdf.Rect(left, top, signatureWidth, signatureHeight, "D")
	s.y += signatureHeight
	return top
}

// SignatureNote is what a signature says of itself.
type SignatureNote struct {
	Language string // "DE", which "" means too, or "EN"
	Field    string // which signature field; "": the first empty one, or a new one that is not seen
	Name     string // of the person who signs
	Reason   string
	Location string
	At       time.Time // it is needed
}

// Prepare prepares a file for a signature, as pdf.Prepare does, and draws what
// people see of it in the field, in our fonts.
func Prepare(file []byte, n SignatureNote) (pdf.Prepared, error) {
	return pdf.Prepare(file, pdf.Note{
		Field: n.Field, Name: n.Name, Reason: n.Reason, Location: n.Location, At: n.At,
		Look: func(width, height float64) ([]byte, error) { return n.look(width/points, height/points) },
	})
}

// look draws the signature on a page of this size in millimetres.
func (n SignatureNote) look(w, h float64) ([]byte, error) {
	page := canvas(fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: w, Ht: h}}), n.At, "")
	page.SetMargins(0, 0, 0)
	page.AddPage()
	s := &sheet{pdf: page, say: language(n.Language)}
	const inset = 2.5
	scale := min(1, h/signatureHeight)
	line := func(st style, text string, most int) {
		st.size *= scale
		lines := s.wrap(clean(text), st, max(1, w-2*inset))
		if len(lines) > most {
			lines = lines[:most]
			lines[most-1] += " …"
		}
		for _, text := range lines {
			s.put(inset, s.y, w-2*inset, st, "L", text)
			s.y += st.lineHeight()
		}
	}
	s.y = 1.8 * scale // five lines fill the height
	line(small, s.say.of("signed_by"), 1)
	line(style{"", 11, ink}, n.Name, 2)
	line(small, s.say.of("signed_at")+" "+s.time(n.At), 1)
	line(small, strings.Trim(n.Reason+", "+n.Location, ", "), 1)
	var out bytes.Buffer
	if err := page.Output(&out); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return out.Bytes(), nil
}
