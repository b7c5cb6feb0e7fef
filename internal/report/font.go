package report

import (
	_ "embed" // for the fonts
	"fmt"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
)

var (
	//go:embed font/DejaVuSans.ttf
	regularFont []byte
	//go:embed font/DejaVuSans-Bold.ttf
	boldFont []byte
)

// printable are the characters that both fonts have and that we set: Latin with
// all its extensions, Greek, Cyrillic, and some signs. No control and no
// formatting characters: those could turn the text of a report round.
var printable = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x0020, Hi: 0x007e, Stride: 1},
		{Lo: 0x00a0, Hi: 0x00ac, Stride: 1},
		{Lo: 0x00ae, Hi: 0x024f, Stride: 1}, // without the soft hyphen
		{Lo: 0x0300, Hi: 0x034e, Stride: 1},
		{Lo: 0x0370, Hi: 0x0377, Stride: 1},
		{Lo: 0x037a, Hi: 0x037e, Stride: 1},
		{Lo: 0x0384, Hi: 0x038a, Stride: 1},
		{Lo: 0x038c, Hi: 0x038c, Stride: 1},
		{Lo: 0x038e, Hi: 0x03a1, Stride: 1},
		{Lo: 0x03a3, Hi: 0x052f - 0x0a, Stride: 1},
		{Lo: 0x1e00, Hi: 0x1ef9, Stride: 1},
		{Lo: 0x2010, Hi: 0x2027, Stride: 1},
		{Lo: 0x2030, Hi: 0x205e, Stride: 1},
		{Lo: 0x20a0, Hi: 0x20b5, Stride: 1},
		{Lo: 0x2116, Hi: 0x2116, Stride: 1},
		{Lo: 0x2122, Hi: 0x2122, Stride: 1},
		{Lo: 0x2190, Hi: 0x2193, Stride: 1},
	},
	LatinOffset: 3,
}

// longest is how much of one value is shown, in characters.
const longest = 1000

// clean makes a text that can be set: white space becomes a blank, a character
// that the fonts lack is named by its number, so that nothing is lost.
func clean(s string) string {
	var out strings.Builder
	n := 0
	for _, c := range s {
		if n++; n > longest {
			out.WriteString(" …")
			break
		}
		switch {
		case unicode.IsSpace(c):
			out.WriteByte(' ')
		case unicode.Is(printable, c):
			out.WriteRune(c)
		default:
			fmt.Fprintf(&out, "[U+%04X]", c)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// fonts returns the two fonts with the printable characters alone. Reading the
// whole ones for each report would take longer than all the rest.
var fonts = sync.OnceValues(func() (regular, bold []byte) {
	var set strings.Builder
	for _, r := range printable.R16 {
		for c := rune(r.Lo); c <= rune(r.Hi); c++ {
			set.WriteRune(c)
		}
	}
	return fpdf.UTF8CutFont(regularFont, set.String()), fpdf.UTF8CutFont(boldFont, set.String())
})
