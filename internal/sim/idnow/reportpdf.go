package idnow

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// reportPDF is the firm's report of an identification for people. The same result gives the same bytes.
func reportPDF(r result, front, portrait []byte) ([]byte, error) {
	made, err := time.Parse(time.RFC3339, r.Process.Time)
	if err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(made)
	pdf.SetModificationDate(made)
	toPDF := pdf.UnicodeTranslatorFromDescriptor("")
	p := &reportPage{pdf, func(s string) string { return toPDF(pdfText(s)) }}
	pdf.SetTitle("Identification report "+r.Process.Tx, true)
	pdf.SetMargins(20, 18, 20)
	pdf.AddPage()
	title := "Video identification report"
	if r.Attachments[liveness] != "" {
		title = "Automatic identification report"
	}
	p.head(title)
	p.picture("portrait", portrait, 165, 52, 25)
	p.section("Identification")
	p.row("Result", r.Process.Result, "", "")
	p.row("Time", r.Process.Time, "", "")
	p.row("Agent", r.Process.Agent, "", "")
	p.row("Transaction", r.Process.Tx, "", "")
	p.row("Company", r.Process.CompanyID, "", "")
	p.section("Person")
	p.cells(r.User.person())
	if r.User.Address != nil {
		p.cells(r.User.Address.cells())
	}
	if r.Contact.Mobile != nil {
		p.row("mobilephone", *r.Contact.Mobile, "", "")
	}
	if r.Document != nil {
		p.section("Document")
		p.cells(r.Document.cells())
	}
	pdf.Ln(4)
	p.picture("front", front, 20, pdf.GetY(), 82)
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	return out.Bytes(), nil
}

// reportPage draws on the report; text translates to the font's letters.
type reportPage struct {
	pdf  *fpdf.Fpdf
	text func(string) string
}

func (p *reportPage) head(title string) {
	p.pdf.SetFillColor(255, 232, 170)
	p.pdf.SetFont("Helvetica", "B", 10)
	p.pdf.CellFormat(0, 8, p.text("SIMULATION – this report identifies nobody"), "", 1, "C", true, 0, "")
	p.pdf.Ln(4)
	p.pdf.SetFont("Helvetica", "B", 18)
	p.pdf.CellFormat(0, 10, title, "", 1, "L", false, 0, "")
}

func (p *reportPage) section(title string) {
	p.pdf.Ln(3)
	p.pdf.SetFont("Helvetica", "B", 12)
	p.pdf.SetTextColor(38, 70, 120)
	p.pdf.CellFormat(0, 7, title, "B", 1, "L", false, 0, "")
	p.pdf.SetTextColor(0, 0, 0)
	p.pdf.Ln(1)
}

// row is a name, a value, how it compares and what had been sent. Long values are cut at the column's end.
func (p *reportPage) row(name, value, status, original string) {
	column := func(width, size float64, style, text string) {
		p.pdf.SetFont("Helvetica", style, size)
		text = p.text(text)
		for len(text) > 0 && p.pdf.GetStringWidth(text) > width-2 {
			text = text[:len(text)-1]
		}
		p.pdf.CellFormat(width, 5.2, text, "", 0, "L", false, 0, "")
	}
	column(32, 9, "", name)
	column(66, 9, "B", value)
	column(20, 8, "", status)
	if original != "" {
		column(52, 8, "", "sent: "+original)
	}
	p.pdf.Ln(-1)
}

func (p *reportPage) cells(cells []namedCell) {
	for _, named := range cells {
		if c := *named.cell; c != nil {
			p.row(named.name, c.Value, c.Status, c.Original)
		}
	}
}

// picture places a JPEG, width millimetres wide.
func (p *reportPage) picture(name string, data []byte, x, y, width float64) {
	options := fpdf.ImageOptions{ImageType: "JPEG"}
	p.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(data))
	p.pdf.ImageOptions(name, x, y, width, 0, false, options, 0, "")
}
