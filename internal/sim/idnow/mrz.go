package idnow

import (
	"strings"
	"time"
)

// mrzData is what a machine readable zone says. Dates are YYYY-MM-DD, empty if unknown; countries alpha-2.
type mrzData struct {
	Kind                string // "ID", "P" or "AR", the first characters of the zone
	Issuer, Nationality string
	Number              string
	Birth, Expiry       string
	Gender              string // MALE, FEMALE or empty
	Surname, Given      string
}

// td1 is the zone of a card: three lines of 30 characters (ICAO 9303, part 5).
func (d mrzData) td1() []string {
	number := fill(mrzText(d.Number), 9)
	birth, expiry := mrzDate(d.Birth), mrzDate(d.Expiry)
	first := fill(d.Kind, 2) + fill(mrzCountry(d.Issuer), 3) + number + checkDigit(number) + fill("", 15)
	second := birth + checkDigit(birth) + d.sex() + expiry + checkDigit(expiry) + fill(mrzCountry(d.Nationality), 3) + fill("", 11)
	composite := first[5:30] + second[0:7] + second[8:15] + second[18:29]
	return []string{first, second + checkDigit(composite), fill(d.names(), 30)}
}

// td3 is the zone of a passport: two lines of 44 characters (ICAO 9303, part 4).
func (d mrzData) td3() []string {
	number := fill(mrzText(d.Number), 9)
	birth, expiry := mrzDate(d.Birth), mrzDate(d.Expiry)
	personal := fill("", 14)
	first := fill(d.Kind, 2) + fill(mrzCountry(d.Issuer), 3) + fill(d.names(), 39)
	second := number + checkDigit(number) + fill(mrzCountry(d.Nationality), 3) + birth + checkDigit(birth) + d.sex() +
		expiry + checkDigit(expiry) + personal + checkDigit(personal)
	composite := second[0:10] + second[13:20] + second[21:43]
	return []string{first, second + checkDigit(composite)}
}

func (d mrzData) names() string {
	return strings.ReplaceAll(mrzText(d.Surname)+"<<"+mrzText(d.Given), " ", "<")
}

func (d mrzData) sex() string {
	switch d.Gender {
	case "MALE":
		return "M"
	case "FEMALE":
		return "F"
	}
	return "<"
}

// fill cuts or lengthens s to n characters.
func fill(s string, n int) string {
	return (s + strings.Repeat("<", n))[:n]
}

// mrzDate is a date as YYMMDD, fillers if it is unknown.
func mrzDate(date string) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return fill("", 6)
	}
	return day.Format("060102")
}

// checkDigit is the digit that guards s: the weighted sum of its characters modulo 10 (ICAO 9303, part 3, 4.9).
func checkDigit(s string) string {
	sum := 0
	for i, c := range s {
		value := 0
		switch {
		case c >= '0' && c <= '9':
			value = int(c - '0')
		case c >= 'A' && c <= 'Z':
			value = int(c-'A') + 10
		}
		sum += value * []int{7, 3, 1}[i%3]
	}
	return string(rune('0' + sum%10))
}
