package kyc

import (
	"fmt"
	"strings"
)

// ibanForms is what follows the check digits in the IBANs of a country, as the
// IBAN registry has it: so many digits (n), capital letters (a), or either (c).
var ibanForms = map[string]string{
	"AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c", "BH": "4a14c",
	"BI": "23n", "BR": "23n1a1c", "BY": "4c4n16c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n", "DE": "18n", "DJ": "23n",
	"DK": "14n", "DO": "4c20n", "EE": "16n", "EG": "25n", "ES": "20n", "FI": "14n", "FK": "2a12n", "FO": "14n", "FR": "10n11c2n",
	"GB": "4a14n", "GE": "2a16n", "GI": "4a15c", "GL": "14n", "GR": "7n16c", "GT": "24c", "HN": "4a20n", "HR": "17n", "HU": "24n",
	"IE": "4a14n", "IL": "19n", "IQ": "4a15n", "IS": "22n", "IT": "1a10n12c", "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c",
	"LB": "4n20c", "LC": "4a24c", "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c", "LY": "21n", "MC": "10n11c2n", "MD": "20c",
	"ME": "18n", "MK": "3n10c2n", "MN": "16n", "MR": "23n", "MT": "4a5n18c", "MU": "4a19n3a", "NI": "4a20n", "NL": "4a10n", "NO": "11n",
	"OM": "3n16c", "PK": "4a16c", "PL": "24n", "PS": "4a21c", "PT": "21n", "QA": "4a21c", "RO": "4a16c", "RS": "18n", "RU": "14n15c",
	"SA": "2n18c", "SC": "4a20n3a", "SD": "14n", "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c", "SO": "19n", "ST": "21n",
	"SV": "4a20n", "TL": "19n", "TN": "20n", "TR": "6n16c", "UA": "6n19c", "VA": "18n", "VG": "4a16n", "XK": "16n", "YE": "4a4n18c",
}

const (
	maxIBAN        = 34 // characters, by ISO 13616
	maxIBANWritten = 42 // with a blank after every four
)

// CheckIBAN tells whether s is an IBAN: a country that has them, that country's
// form, and right check digits (ISO 13616). A blank may stand between characters,
// and letters may be small. normal is s without blanks and with capital letters;
// it is there also when the country, the form or the check digits are wrong, but
// empty when s holds anything but letters, digits and such blanks or is too long.
func CheckIBAN(s string) (normal string, ok bool) {
	if len(s) > maxIBANWritten {
		return "", false
	}
	groups := strings.Split(s, " ")
	for _, g := range groups {
		if g == "" {
			return "", false
		}
	}
	b := []byte(strings.Join(groups, ""))
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		} else if !fitsIBAN(c, 'c') {
			return "", false
		}
	}
	if len(b) > maxIBAN {
		return "", false
	}
	normal = string(b)
	return normal, ibanForm(normal) && ibanDigits(normal)
}

// ibanForm tells whether the normal form is that of its country.
func ibanForm(iban string) bool {
	if len(iban) < 4 || !fitsIBAN(iban[2], 'n') || !fitsIBAN(iban[3], 'n') {
		return false
	}
	form, known := ibanForms[iban[:2]]
	rest, n := iban[4:], 0
	for _, f := range []byte(form) {
		if fitsIBAN(f, 'n') {
			n = 10*n + int(f-'0')
			continue
		}
		for ; n > 0; n-- {
			if rest == "" || !fitsIBAN(rest[0], f) {
				return false
			}
			rest = rest[1:]
		}
	}
	return known && rest == ""
}

// fitsIBAN tells whether a character of the normal form is of the class n, a or c.
func fitsIBAN(c, class byte) bool {
	digit, letter := '0' <= c && c <= '9', 'A' <= c && c <= 'Z'
	return digit && class != 'a' || letter && class != 'n'
}

// ibanDigits is ISO 7064, MOD 97-10. 00, 01 and 99 are never made, though the
// remainder would be right.
func ibanDigits(iban string) bool {
	if d := iban[2:4]; d == "00" || d == "01" || d == "99" {
		return false
	}
	var digits strings.Builder
	for _, c := range []byte(iban[4:] + iban[:4]) {
		if fitsIBAN(c, 'a') {
			fmt.Fprint(&digits, int(c-'A')+10)
		} else {
			digits.WriteByte(c)
		}
	}
	return remainder(digits.String(), 97) == 1
}

// MaskIBAN shows enough of an IBAN to recognise it in a log or on a screen, and no
// account: country, check digits and the last four characters, "DE89…3000". What is
// no IBAN by its characters, or too short to hide anything, is "…".
func MaskIBAN(s string) string {
	normal, _ := CheckIBAN(s)
	if len(normal) < 15 { // the shortest, of Norway
		return "…"
	}
	return normal[:4] + "…" + normal[len(normal)-4:]
}
