package kyc

import (
	"strings"
	"unicode"
)

// Personal data is written in Latin script, as documents show it in their Latin
// transcription: with other characters an identification fails (partner-api.md
// §2.2). Letters may be composed (é) or followed by their marks (e and U+0301);
// both are stored as they were sent.

// What stands in texts besides letters and their marks.
const (
	// nameMarks join and part the words of a name: the hyphens, the apostrophes
	// as people type them, the dot of initials and the one of Catalan, the slash
	// of "N/A", the no-break space.
	nameMarks = " -.,/·'’‘`´\u2010\u2011\u2013\u00a0"
	// textMarks are what texts have besides ASCII.
	textMarks = "\u00a0¡¢£¤¥¦§¨©«¬®¯°±²³´µ¶·¸¹»¼½¾¿×÷\u2010\u2011–—―‘’‚‛“”„‟†‡•…‰′″‹›€№™"
)

// latinLetter tells whether r is a letter of the Latin script. The modifier
// letters stand for an apostrophe (Oʼahu) or transcribe one (Maʾmūn).
func latinLetter(r rune) bool {
	switch {
	case r < 0x80:
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	case 0x2b9 <= r && r <= 0x2bf:
		return true
	}
	return unicode.Is(unicode.Latin, r) && unicode.IsLetter(r)
}

// combining tells whether r is a mark over or under the letter before it.
func combining(r rune) bool { return 0x300 <= r && r <= 0x36f }

// latin tells whether s has only Latin letters, each perhaps with marks, and
// other characters that pass besides.
func latin(s string, besides func(rune) bool) bool {
	before := false // a letter, or a mark of one
	for _, r := range s {
		letter := latinLetter(r) || before && combining(r)
		if !letter && !besides(r) {
			return false
		}
		before = letter
	}
	return true
}

func digit(r rune) bool { return '0' <= r && r <= '9' }

// checkName says what is wrong with a name, or "". Digits are let pass: test
// persons are numbered, and some documents write "3rd".
func checkName(s string) string {
	if !latin(s, func(r rune) bool { return digit(r) || strings.ContainsRune(nameMarks, r) }) {
		return "must be in Latin script, as the document transcribes it: letters, digits, blanks, hyphens, apostrophes, '.', ',' and '/'"
	}
	if !strings.ContainsFunc(s, latinLetter) {
		return "must have at least one letter; write N/A if there is no such name"
	}
	return ""
}

// CheckLatin says what is wrong with a text about a person that is no name, in the
// words of the API, or "".
func CheckLatin(s string) string {
	if !latin(s, func(r rune) bool { return ' ' <= r && r <= '~' || strings.ContainsRune(textMarks, r) }) {
		return "must be in Latin script: letters, digits and the usual punctuation, no emoji"
	}
	return ""
}

// marksOfALetter is how many marks of a letter count as a part of it; Vietnamese has two.
const marksOfALetter = 3

// characters counts a letter with its marks once, so that it does not matter
// how é is written.
func characters(s string) int {
	n, marks := 0, 0
	for _, r := range s {
		if combining(r) && n > 0 && marks < marksOfALetter {
			marks++
			continue
		}
		n, marks = n+1, 0
	}
	return n
}
