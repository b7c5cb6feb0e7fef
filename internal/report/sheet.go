package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// The page, in millimetres: A4 with room for a header and a footer.
const (
	left       = 20.0
	right      = 190.0
	top        = 30.0
	bottom     = 274.0
	width      = right - left
	pageHeight = 297.0
	points     = 72 / 25.4 // of one millimetre
)

// sheet is a report while it is written. y is where the next line goes.
type sheet struct {
	pdf *fpdf.Fpdf
	head
	say words
	y   float64
}

// head is what the furniture of every page says.
type head struct {
	title, header  string // names of words
	identification string
	at             time.Time // when the report was made
}

const producer = "identikit"

func newSheet(h head, say words) (*sheet, error) {
	s := &sheet{pdf: canvas(fpdf.New("P", "mm", "A4", ""), h.at, "", "B"), head: h, say: say}
	s.pdf.SetLang(say.of("language"))
	s.pdf.SetTitle(s.titleText(), true)
	s.pdf.SetMargins(left, top, left)
	s.page()
	return s, s.pdf.Error()
}

// titleText names the report among others.
func (s *sheet) titleText() string {
	return s.say.of(s.title) + " " + clean(s.identification)
}

// canvas gives a document our font in these weights, and what makes the same
// input the same bytes.
func canvas(pdf *fpdf.Fpdf, at time.Time, weights ...string) *fpdf.Fpdf {
	regular, bold := fonts()
	for _, weight := range weights {
		pdf.AddUTF8FontFromBytes("sans", weight, map[string][]byte{"": regular, "B": bold}[weight])
	}
	pdf.SetCreationDate(at.UTC())
	pdf.SetModificationDate(at.UTC())
	pdf.SetCatalogSort(true)
	pdf.SetProducer(producer, true)
	pdf.SetCellMargin(0)
	pdf.SetAutoPageBreak(false, 0)
	return pdf
}

// page begins a new page. Header and footer come at the end, when the number
// of pages is known.
func (s *sheet) page() {
	s.pdf.AddPage()
	s.y = top
}

// need begins a new page unless there are so many millimetres left.
func (s *sheet) need(height float64) bool {
	if s.y+height <= bottom {
		return false
	}
	s.page()
	return true
}

type style struct {
	weight string
	size   float64 // points
	ink    [3]int
}

var (
	ink  = [3]int{27, 36, 48}
	soft = [3]int{100, 110, 122}

	plain   = style{"", 9, ink}
	strong  = style{"B", 9, ink}
	label   = style{"", 9, soft}
	small   = style{"", 7.5, soft}
	heading = style{"B", 11, ink}
	column  = style{"B", 7.5, soft}
)

func (s *sheet) use(st style) {
	s.pdf.SetFont("sans", st.weight, st.size)
	s.pdf.SetTextColor(st.ink[0], st.ink[1], st.ink[2])
}

// lineHeight is in millimetres for a size in points.
func (st style) lineHeight() float64 { return st.size * 0.3528 * 1.38 }

// put sets one line with its top at y.
func (s *sheet) put(x, y, w float64, st style, align, text string) {
	s.use(st)
	s.pdf.SetXY(x, y)
	s.pdf.CellFormat(w, st.lineHeight(), text, "", 0, align+"M", false, 0, "")
}

// rule draws a hair line across the page.
func (s *sheet) rule(y, thickness float64, grey int) {
	s.pdf.SetDrawColor(grey, grey, grey+4)
	s.pdf.SetLineWidth(thickness)
	s.pdf.Line(left, y, right, y)
}

// wrap breaks a cleaned text into lines that fit; a word too long is cut.
func (s *sheet) wrap(text string, st style, w float64) []string {
	s.use(st)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for {
			longer := word
			if line != "" {
				longer = line + " " + word
			}
			if s.pdf.GetStringWidth(longer) <= w {
				line = longer
				break
			}
			if line != "" {
				lines, line = append(lines, line), ""
				continue
			}
			fits := s.fitting(word, w)
			lines, word = append(lines, word[:fits]), word[fits:]
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// fitting says how many bytes of a word fit, one character at least.
func (s *sheet) fitting(word string, w float64) int {
	fits := len(word)
	for i := range word {
		if i > 0 && s.pdf.GetStringWidth(word[:i]) > w {
			break
		}
		if i > 0 {
			fits = i
		}
	}
	if fits == len(word) && s.pdf.GetStringWidth(word) > w { // only the last character is too much, or there is but one
		return len(word)
	}
	return fits
}

// cell is one column's part of a row.
type cell struct {
	x, w float64
	st   style
	text string
}

// row sets cells side by side, each as high as it needs, and a line below. On a
// new page again sets what must stand there first, the names of the columns.
func (s *sheet) row(again func(), cells ...cell) {
	s.cells(again, cells...)
	s.y += padding
	s.rule(s.y, 0.1, 222)
}

const (
	padding = 1.3 // above and below a row
	gutter  = 3.0 // between columns
)

func (s *sheet) cells(again func(), cells ...cell) {
	height := 0.0
	wrapped := make([][]string, len(cells))
	for i, c := range cells {
		wrapped[i] = s.wrap(clean(c.text), c.st, c.w-gutter)
		height = max(height, float64(len(wrapped[i]))*c.st.lineHeight())
	}
	if s.need(height+2*padding) && again != nil {
		again()
	}
	s.y += padding
	for i, c := range cells {
		for j, line := range wrapped[i] {
			s.put(c.x, s.y+float64(j)*c.st.lineHeight(), c.w, c.st, "L", line)
		}
	}
	s.y += height
}

// section begins a part of the report; it never stands alone at the bottom.
func (s *sheet) section(name string) {
	s.y += 7
	s.need(26)
	s.put(left, s.y, width, heading, "L", s.say.of(name))
	s.y += heading.lineHeight() + 1.5
	s.rule(s.y, 0.25, 120)
}

// furniture sets header and footer of every page.
func (s *sheet) furniture() {
	pages := s.pdf.PageCount()
	id := clean(s.identification)
	made := fmt.Sprintf("%s %s", s.say.of("made"), s.time(s.at))
	for n := 1; n <= pages; n++ {
		s.pdf.SetPage(n)
		s.pdf.SetFont("sans", "", small.size+1) // a change, so that the font is named on this page too
		s.put(left, 14, width/2, small, "L", s.say.of(s.header))
		s.put(left+width/2, 14, width/2, small, "R", id)
		s.rule(19, 0.25, 120)
		s.rule(281, 0.1, 200)
		s.put(left, 283, width/2, small, "L", made)
		s.put(left+width/2, 283, width/2, small, "R", fmt.Sprintf(s.say.of("page"), n, pages))
	}
}

func (s *sheet) finish(w io.Writer) error {
	s.furniture()
	if err := s.pdf.Output(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (s *sheet) time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(s.say.of("time"))
}
