package kyc

import (
	"regexp"
	"strings"
)

// vatRules are the VAT identification numbers of the EU's members (EL is Greece),
// of the United Kingdom (XI for Northern Ireland), Switzerland and Norway, without
// the two letters of the country.
var vatRules = compile(map[string]numberRule{
	"AT": {`U[0-9]{8}`, func(s string) bool { return austrianNumber(4)(s[1:]) }},
	"BE": {`[01][0-9]{9}`, func(s string) bool { return remainder(s[:8], 97)+remainder(s[8:], 100) == 97 }},
	"BG": {`[0-9]{9,10}`, func(s string) bool {
		return len(s) == 10 || twoTries([]int{1, 2, 3, 4, 5, 6, 7, 8}, []int{3, 4, 5, 6, 7, 8, 9, 10})(s)
	}},
	"CH": {`E[0-9]{9}(MWST|TVA|IVA|TPV)?`, func(s string) bool { return divisible(11, 5, 4, 3, 2, 7, 6, 5, 4, 1)(s[1:10]) }},
	"CY": {`[0-9]{8}[A-Z]`, oddEven},
	"CZ": {`[0-9]{8,10}`, czechVAT},
	"DE": {`[1-9][0-9]{8}`, func(s string) bool { return iso11and10(s) || s == "999999999" }}, // the example of the API
	"DK": {`[0-9]{8}`, divisible(11, 2, 7, 6, 5, 4, 3, 2, 1)},
	"EE": {`[0-9]{9}`, divisible(10, 3, 7, 1, 3, 7, 1, 3, 7, 1)},
	"EL": {`[0-9]{9}`, greekNumber},
	"ES": {`([0-9]{8}|[A-HJ-NP-SUVWXYZ][0-9]{7})[0-9A-Z]`, spanishNumber},
	"FI": {`[0-9]{8}`, divisible(11, 7, 9, 10, 5, 8, 4, 2, 1)},
	"FR": {`[0-9A-HJ-NP-Z]{2}[0-9]{9}`, frenchVAT},
	"GB": {britishForm, britishVAT},
	"HR": {`[0-9]{11}`, iso11and10},
	"HU": {`[0-9]{8}`, divisible(10, 9, 7, 3, 1, 9, 7, 3, 1)},
	"IE": {`([0-9]{7}[A-W][A-I]?|[0-9][A-Z+*][0-9]{5}[A-W])`, irishVAT},
	"IT": {`[0-9]{11}`, luhn},
	"LT": {`([0-9]{9}|[0-9]{12})`, baltic},
	"LU": {`[0-9]{8}`, func(s string) bool { return remainder(s[:6], 89) == remainder(s[6:], 100) }},
	"LV": {`[0-9]{11}`, func(s string) bool { return s[0] <= '3' || weigh(s, 9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1)%11 == 3 }},
	"MT": {`[0-9]{8}`, divisible(37, 3, 4, 6, 7, 8, 9, 10, 1)},
	"NL": {`[0-9]{9}B[0-9]{2}`, func(s string) bool { return dutchNumber(s[:9]) || remainder("2321"+s[:9]+"11"+s[10:], 97) == 1 }},
	"NO": {`[0-9]{9}(MVA)?`, func(s string) bool { return divisible(11, 3, 2, 7, 6, 5, 4, 3, 2, 1)(s[:9]) }},
	"PL": {`[0-9]{10}`, polishNumber},
	"PT": {`[0-9]{9}`, portugueseNumber},
	"RO": {`([1-9][0-9]{1,9}|[0-9]{13})`, romanianVAT},
	"SE": {`[0-9]{10}[0-9]{2}`, func(s string) bool { return luhn(s[:10]) }},
	"SI": {`[1-9][0-9]{7}`, slovenianNumber},
	"SK": {`[0-9]{10}`, func(s string) bool { return remainder(s, 11) == 0 }},
	"XI": {britishForm, britishVAT},
})

// foreignVAT is all that is asked of the numbers of other countries.
var foreignVAT = regexp.MustCompile(`^[A-Z]{2}[A-Z0-9]{2,14}$`)

// ValidVAT tells whether s is a VAT identification number with its country's
// letters in front, by form and check digit as far as there is one. The groups
// may be parted by blanks, dots and hyphens.
func ValidVAT(s string) bool {
	number := plainNumber.Replace(s)
	if !foreignVAT.MatchString(number) {
		return false
	}
	country := number[:2]
	if rule, ok := vatRules[country]; ok {
		return rule.fits(number[2:])
	}
	return KnownCountry(country) && strings.ContainsFunc(number, digit)
}

const britishForm = `([0-9]{9}|[0-9]{12}|GD[0-4][0-9]{2}|HA[5-9][0-9]{2})`

func britishVAT(s string) bool {
	if len(s) == 5 { // a ministry or a health authority
		return true
	}
	r := (weigh(s, 8, 7, 6, 5, 4, 3, 2) + remainder(s[7:9], 100)) % 97
	return r == 0 || s[0] != '0' && (r == 42 || r == 55) // newer ones count 55 more, or less
}

// czechVAT of a company has eight digits; a person's is the number of birth.
func czechVAT(s string) bool {
	if len(s) > 8 {
		return birthNumber(s)
	}
	switch r := weigh(s, 8, 7, 6, 5, 4, 3, 2) % 11; r {
	case 0:
		return last(s) == 1
	case 1:
		return last(s) == 0
	default:
		return last(s) == 11-r
	}
}

// frenchVAT checks the SIREN, and the key before it. Monaco's have no SIREN.
func frenchVAT(s string) bool {
	key, siren := s[:2], s[2:]
	if siren[:3] != "000" && !luhn(siren) {
		return false
	}
	if digit(rune(key[0])) && digit(rune(key[1])) {
		return remainder(siren+"12", 97) == remainder(key, 100)
	}
	const alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	first, second := strings.IndexByte(alphabet, key[0]), strings.IndexByte(alphabet, key[1])
	c := first*34 + second - 100
	if digit(rune(key[0])) {
		c = first*24 + second - 10
	}
	return (remainder(siren, 11)+c/11+1)%11 == c%11
}

// irishVAT knows the form of today, and the old one with a sign in second place.
func irishVAT(s string) bool {
	if !digit(rune(s[1])) {
		s = "0" + s[2:7] + s[:1] + s[7:]
	}
	return irishNumber(s)
}

func romanianVAT(s string) bool {
	if len(s) == 13 { // a person's number of birth
		return romanianNumber(s)
	}
	s = strings.Repeat("0", 10-len(s)) + s
	return 10*weigh(s, 7, 5, 3, 2, 1, 7, 5, 3, 2)%11%10 == last(s)
}

// romanianNumber is the CNP.
func romanianNumber(s string) bool {
	r := weigh(s, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11
	if r == 10 {
		r = 1
	}
	return r == last(s)
}
