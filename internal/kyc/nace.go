package kyc

import (
	"regexp"
	"strconv"
)

// naceForm is an optional section, the division, and perhaps group, class and
// the subclass that countries add (56.30.1 in Germany, 56.30.00 in Italy).
var naceForm = regexp.MustCompile(`^(?:([A-V]) ?)?([0-9]{2})(?:\.[0-9]{1,2}(?:\.[0-9]{1,2})?)?$`)

// span is a run of NACE divisions, both ends included.
type span struct{ from, to int }

// naceSections are the sections' divisions in NACE Rev. 2 (Regulation (EC) No
// 1893/2006) and in Rev. 2.1 (Delegated Regulation (EU) 2023/137), which is in
// force since 2025 and moved the letters from J on. Both are in use.
var naceSections = map[string][]span{
	"A": {{1, 3}}, "B": {{5, 9}}, "C": {{10, 33}}, "D": {{35, 35}}, "E": {{36, 39}}, "F": {{41, 43}}, "G": {{45, 47}},
	"H": {{49, 53}}, "I": {{55, 56}},
	"J": {{58, 63}},           // in Rev. 2.1: 58 to 60
	"K": {{64, 66}, {61, 63}}, // Rev. 2, Rev. 2.1
	"L": {{68, 68}, {64, 66}},
	"M": {{69, 75}, {68, 68}},
	"N": {{77, 82}, {69, 75}},
	"O": {{84, 84}, {77, 82}},
	"P": {{85, 85}, {84, 84}},
	"Q": {{86, 88}, {85, 85}},
	"R": {{90, 93}, {86, 88}},
	"S": {{94, 96}, {90, 93}},
	"T": {{97, 98}, {94, 96}},
	"U": {{99, 99}, {97, 98}},
	"V": {{99, 99}},
}

// ValidNACE tells whether s is a code of the European classification of economic
// activities, with or without its section: "I 56.30", "I56.30", "56.30". Section
// and division must belong together in one of the two revisions.
func ValidNACE(s string) bool {
	parts := naceForm.FindStringSubmatch(s)
	if parts == nil {
		return false
	}
	division, err := strconv.Atoi(parts[2])
	if err != nil {
		return false
	}
	sections := naceSections
	if parts[1] != "" {
		sections = map[string][]span{parts[1]: naceSections[parts[1]]}
	}
	for _, spans := range sections {
		for _, s := range spans {
			if s.from <= division && division <= s.to {
				return true
			}
		}
	}
	return false
}
