package xs2a

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// titles and joints are words that make no name.
var titles = []string{"dr", "prof", "professor", "dipl", "ing", "med", "phil", "jur", "rer", "nat", "hc", "mag", "herr", "frau", "mr", "mrs", "ms"}

var joints = []string{"und", "and", "oder", "u", "o"}

var spelling = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "ø", "oe", "æ", "ae", "å", "aa", "ł", "l", "đ", "d")

// nameWords breaks a name into the words that count, sorted.
func nameWords(name string) []string {
	plain := norm.NFD.String(spelling.Replace(strings.ToLower(norm.NFC.String(name))))
	plain = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' { // the accent of a letter, or O'Neill's
			return -1
		}
		return r
	}, plain)
	words := strings.FieldsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return slices.Contains(titles, w) || slices.Contains(joints, w) })
	slices.Sort(words)
	return words
}

// sameName compares two names with tolerance: case, umlauts and accents, titles, the order of the words, and words that
// one of them leaves out (a second first name, half of a double name), as long as two words are left that agree.
func sameName(a, b string) bool {
	short, long := nameWords(a), nameWords(b)
	if len(short) > len(long) {
		short, long = long, short
	}
	if len(short) == 0 || len(short) == 1 && len(long) > 1 {
		return false
	}
	for _, w := range short {
		i := slices.Index(long, w)
		if i < 0 {
			return false
		}
		long = slices.Delete(slices.Clone(long), i, i+1)
	}
	return true
}
