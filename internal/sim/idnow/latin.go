package idnow

import (
	"strings"
	"unicode"
)

// icaoLatin is how a machine readable zone writes the letters of Latin-1 and Latin Extended-A (ICAO 9303, part 3, section 6).
var icaoLatin = letters(map[string]string{
	"A": "ÀÁÂÃĀĂĄ", "AE": "ÄÆ", "AA": "Å", "C": "ÇĆĈĊČ", "D": "ÐĎĐ", "E": "ÈÉÊËĒĔĖĘĚ", "G": "ĜĞĠĢ", "H": "ĤĦ",
	"I": "ÌÍÎÏĨĪĬĮİ", "IJ": "Ĳ", "J": "Ĵ", "K": "Ķ", "L": "ĹĻĽĿŁ", "N": "ÑŃŅŇŊŉ", "O": "ÒÓÔÕŌŎŐ", "OE": "ÖØŒ",
	"Q": "ĸ", "R": "ŔŖŘ", "S": "ŚŜŞŠ", "SS": "ßẞ", "T": "ŢŤŦ", "TH": "Þ", "U": "ÙÚÛŨŪŬŮŰŲ", "UE": "Ü", "W": "Ŵ",
	"Y": "ÝŶŸ", "Z": "ŹŻŽ",
})

func letters(groups map[string]string) map[rune]string {
	table := map[rune]string{}
	for plain, group := range groups {
		for _, r := range group {
			table[r] = plain
		}
	}
	return table
}

// mrzText writes s with the letters A to Z, digits and single spaces. Hyphens become spaces, apostrophes and the like
// vanish, letters of other scripts become X.
func mrzText(s string) string {
	var out strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch plain := icaoLatin[r]; {
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			out.WriteRune(r)
		case plain != "":
			out.WriteString(plain)
		case r == '-' || unicode.IsSpace(r):
			out.WriteByte(' ')
		case unicode.IsLetter(r):
			out.WriteByte('X')
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// cardText writes s for the bitmap font: like mrzText, but keeping the punctuation that the font has.
func cardText(s string) string {
	var out strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch plain := icaoLatin[r]; {
		case r >= ' ' && r <= 'Z':
			out.WriteRune(r)
		case plain != "":
			out.WriteString(plain)
		default:
			out.WriteByte('?')
		}
	}
	return out.String()
}

// pdfText writes s with the letters of Windows-1252, which is what a PDF's own fonts have. Letters of Latin Extended-A
// that it lacks lose their marks.
func pdfText(s string) string {
	var out strings.Builder
	for _, r := range s {
		plain := icaoLatin[unicode.ToUpper(r)]
		switch {
		case r < 0x80 || r >= 0xA0 && r <= 0xFF || strings.ContainsRune("€‚„…ŠŒŽ‘’“”•–—šœžŸ", r):
			out.WriteRune(r)
		case plain != "" && unicode.IsLower(r):
			out.WriteString(strings.ToLower(plain))
		case plain != "":
			out.WriteString(plain)
		default:
			out.WriteByte('?')
		}
	}
	return out.String()
}
