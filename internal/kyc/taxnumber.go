package kyc

import (
	"regexp"
	"strings"
)

// taxRules are the tax identification numbers of persons, as the countries
// describe them to each other (the EU's and the OECD's pages on TINs). Where a
// country gives out several kinds, any of them will do.
var taxRules = compile(map[string]numberRule{
	"AT": {`[0-9]{9}`, austrianNumber(0)},
	"BE": {`[0-9]{11}`, func(s string) bool {
		check := remainder(s[9:], 100)
		return 97-remainder(s[:9], 97) == check || 97-remainder("2"+s[:9], 97) == check // born before or since 2000
	}},
	"BG": {`[0-9]{10}`, func(s string) bool { // EGN, or the number of a foreigner
		return weigh(s, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == last(s) || weigh(s, 21, 19, 17, 13, 11, 9, 7, 3, 1)%10 == last(s)
	}},
	"CH": {`756[0-9]{10}`, divisible(10, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)},
	"CY": {`[0-9]{8}[A-Z]`, oddEven},
	"CZ": {`[0-9]{9,10}`, birthNumber},
	"DE": {`[0-9]{11}`, germanNumber},
	"DK": {`(0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])(0[1-9]|1[0-2])[0-9]{6}`, nil}, // its check digit ran out in 2007
	"EE": {`[1-8][0-9]{10}`, baltic},
	"ES": {`([0-9]{8}|[KLMXYZ][0-9]{7})[A-Z]`, spanishNumber},
	"FI": {`[0-9]{6}[+A-FU-Y]?[0-9]{3}[0-9A-Y]`, finnishNumber},
	"FR": {`[0-3][0-9]{12}`, func(s string) bool { return remainder(s[:10], 511) == remainder(s[10:], 1000) }},
	"GB": {`([0-9]{10}|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]?)`, func(s string) bool { // UTR, or the insurance number
		return len(s) != 10 || !digit(rune(s[0])) || "21987654321"[weigh(s, 0, 6, 7, 8, 9, 10, 5, 4, 3, 2)%11] == s[0]
	}},
	"GR": {`[0-9]{9}`, greekNumber},
	"HR": {`[0-9]{11}`, iso11and10},
	"HU": {`8[0-9]{9}`, divisible(11, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1)},
	"IE": {`[0-9]{7}[A-W][A-IW]?`, irishNumber},
	"IS": {`[0-9]{10}`, nil}, // newer ones have no check digit
	"IT": {`([A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]|[0-9]{11})`, func(s string) bool {
		if len(s) == 11 { // given out for a time, until there is the other
			return luhn(s)
		}
		return oddEven(s)
	}},
	"LI": {`[0-9]{1,12}`, nil},
	"LT": {`[0-9]{11}`, baltic},
	"LU": {`[0-9]{13}`, func(s string) bool { return luhn(s[:12]) && verhoeff(s[:11]+s[12:]) }},
	"LV": {`[0-9]{11}`, func(s string) bool { // those from 32 on say nothing of the birth, and have no check digit
		return s[0] == '3' && s[1] >= '2' || (1+weigh(s, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9))%11%10 == last(s)
	}},
	"MT": {`([0-9]{1,7}[MGAPLHBZ]|[0-9]{9})`, nil},
	"NL": {`[0-9]{9}`, dutchNumber},
	"NO": {`[0-9]{11}`, divisible(11, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)}, // the digit before the last will lose its meaning in 2032
	"PL": {`([0-9]{11}|[0-9]{10})`, func(s string) bool { // PESEL, or NIP
		if len(s) == 10 {
			return polishNumber(s)
		}
		return divisible(10, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)(s)
	}},
	"PT": {`[0-9]{9}`, portugueseNumber},
	"RO": {`[0-9]{13}`, romanianNumber},
	"SE": {`([0-9]{2})?[0-9]{6}\+?[0-9]{4}`, func(s string) bool {
		s = strings.Replace(s, "+", "", 1)
		return luhn(s[len(s)-10:])
	}},
	"SI": {`[0-9]{8}`, slovenianNumber},
	"SK": {`[0-9]{9,10}`, birthNumber},
	"TR": {`([1-9][0-9]{10}|[0-9]{10})`, turkishNumber},
	"US": {`[0-9]{9}`, func(s string) bool { // SSN, ITIN
		return s[:3] != "000" && s[:3] != "666" && s[3:5] != "00" && s[5:] != "0000"
	}},
})

// foreignTax is all that is asked of the numbers of other countries.
var foreignTax = regexp.MustCompile(`^[A-Za-z0-9]{2,30}$`)

// ValidTaxNumber tells whether s is a tax identification number that the country
// gives to persons, by form and check digit as far as there is one. The groups
// may be parted by blanks, dots, hyphens and slashes. Test numbers, which some
// country has set apart for that and gives to nobody, are valid when testing.
func ValidTaxNumber(country, s string, testing bool) bool {
	number := plainNumber.Replace(s)
	if country == "DE" && strings.HasPrefix(number, "0") && !testing {
		return false
	}
	if rule, ok := taxRules[country]; ok {
		return rule.fits(number)
	}
	return foreignTax.MatchString(number) && strings.ContainsFunc(number, digit)
}

// TaxIDType is the kind of a valid number where a country gives persons more than
// one (`tax_id_type`): NIF or NIE in Spain; elsewhere empty.
func TaxIDType(country, number string) string {
	number = plainNumber.Replace(number)
	switch {
	case country != "ES" || number == "":
		return ""
	case strings.ContainsRune("XYZ", rune(number[0])):
		return "NIE"
	}
	return "NIF"
}

// germanNumber is the IdNr: of its first ten digits one occurs twice or three
// times, then not in a row, and all others once at most.
func germanNumber(s string) bool {
	var times [10]int
	repeated, most := 0, 0
	for _, d := range s[:10] {
		times[d-'0']++
	}
	for d, n := range times {
		if n > 1 {
			repeated, most = repeated+1, n
		}
		if n == 3 && strings.Contains(s[:10], strings.Repeat(string(rune('0'+d)), 3)) {
			return false
		}
	}
	return repeated == 1 && most <= 3 && iso11and10(s)
}

// finnishNumber has a letter or digit for the number modulo 31, without the sign
// of the century.
func finnishNumber(s string) bool {
	end := len(s) - 1
	return "0123456789ABCDEFHJKLMNPRSTUVWXY"[remainder(s[:6]+s[end-3:end], 31)] == s[end]
}

// turkishNumber is the number of a citizen or foreigner, or that of a tax payer,
// of which the form is enough.
func turkishNumber(s string) bool {
	if len(s) == 10 {
		return true
	}
	tenth := weigh(s, 7, -1, 7, -1, 7, -1, 7, -1, 7) % 10
	return (tenth+10)%10 == int(s[9]-'0') && weigh(s, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)%10 == last(s)
}
