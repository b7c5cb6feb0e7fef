package kyc

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ConsentSlack is how far ahead of our clock a time of consent may be.
const ConsentSlack = 60 * time.Second

// Given is what a request says about a person: values by path. A path that is
// present with a nil value was sent as null.
type Given struct {
	Values Attributes
	Sent   map[string]string // times of consent in the very text that was sent
}

// ReadPerson checks a decoded JSON object against PersonFields and returns the
// values it gives. Unknown members, the server's own fields and null are left
// out; broken rules come back all at once.
func ReadPerson(body map[string]any, now time.Time, scenarioNames bool) (Given, []FieldError) {
	given := Given{Values: Attributes{}, Sent: map[string]string{}}
	var broken []FieldError
	for _, f := range PersonFields {
		if f.Server {
			continue
		}
		raw, sent, bad := member(body, f.Path)
		if bad != "" {
			if !slices.ContainsFunc(broken, func(b FieldError) bool { return b.Field == bad }) {
				broken = append(broken, FieldError{Code: "type_error", Field: bad, Message: "must be an object"})
			}
			continue
		}
		if !sent {
			continue
		}
		if raw == nil {
			if f.Clear {
				given.Values[f.Path] = nil
			}
			continue
		}
		if name, _ := raw.(string); scenarioNames && isName(f.Path) && scenarioName(name) {
			f.Max, f.Type = 0, Text // names of scenarios are long, and some have an underscore
		}
		value, failure := f.read(raw, now)
		if failure == nil && f.Type == Subdivision {
			failure = checkState(body, f.Path, value)
		}
		if failure != nil {
			failure.Field = f.Path
			broken = append(broken, *failure)
			continue
		}
		if f.Consent {
			given.Sent[f.Path], _ = raw.(string)
		}
		given.Values[f.Path] = value
	}
	return given, broken
}

// member finds a dotted path; bad names a parent that is no object.
func member(body map[string]any, path string) (value any, sent bool, bad string) {
	parent, child, nested := strings.Cut(path, ".")
	if !nested {
		value, sent = body[path]
		return value, sent, ""
	}
	raw, ok := body[parent]
	if !ok || raw == nil {
		return nil, false, ""
	}
	object, ok := raw.(map[string]any)
	if !ok {
		return nil, false, parent
	}
	value, sent = object[child]
	return value, sent, ""
}

// checkState looks for the state in its country's table, if the country is named
// beside it.
func checkState(body map[string]any, path string, value any) *FieldError {
	state, _ := value.(string)
	if state == "" {
		return nil
	}
	country := ""
	if parent, _, nested := strings.Cut(path, "."); nested {
		raw, _, _ := member(body, parent+".country")
		country, _ = raw.(string)
	}
	if KnownSubdivision(country, state) {
		return nil
	}
	return &FieldError{Message: "is not a code of ISO 3166-2 in this country, like BE or DE-BE for Berlin"}
}

// read turns a JSON value into a stored one.
func (f Field) read(raw any, now time.Time) (any, *FieldError) {
	switch f.Type {
	case Bool:
		if b, ok := raw.(bool); ok {
			return b, nil
		}
		return nil, typeError("true or false")
	case Integer:
		return readInteger(raw)
	case Countries:
		return readCountries(raw)
	}
	s, ok := raw.(string)
	if !ok {
		return nil, typeError("a string")
	}
	if message := CheckText(s, f.max()); message != "" {
		return nil, &FieldError{Message: message}
	}
	if s == "" {
		return nil, nil
	}
	return f.readText(s, now)
}

func (f Field) max() int {
	if f.Max > 0 {
		return f.Max
	}
	return 255
}

func (f Field) readText(s string, now time.Time) (any, *FieldError) {
	switch f.Type {
	case Text:
		if message := CheckLatin(s); message != "" {
			return nil, &FieldError{Message: message}
		}
	case Name:
		if message := checkName(s); message != "" {
			return nil, &FieldError{Message: message}
		}
	case Enum:
		if !slices.Contains(f.Values, s) {
			return nil, &FieldError{Message: NotIncluded(f.Values)}
		}
	case Country:
		if !KnownCountry(s) {
			return nil, &FieldError{Message: "is not a country code of ISO 3166-1 alpha-2, like DE"}
		}
	case Date:
		return f.readDate(s, now)
	case Instant:
		return f.readInstant(s, now)
	case Phone:
		number, ok := NormalizePhone(s)
		if !ok {
			return nil, &FieldError{Message: "is not a phone number in the form of E.164, like +4930123456"}
		}
		return number, nil
	case Email:
		if !ValidEmail(s) {
			return nil, &FieldError{Message: "is not an e-mail address, like antonia@example.com"}
		}
	case NACE:
		if !ValidNACE(s) {
			return nil, &FieldError{Message: "is not a NACE code with the section of its division, like I 56.30"}
		}
	case VAT:
		if !ValidVAT(s) {
			return nil, &FieldError{Message: "is not a VAT identification number with its country's letters and a right check digit, like DE136695976"}
		}
	}
	return s, nil
}

// earliest is where times begin to make sense for consents and confirmations: it
// leaves out the zero times of computers, 1970 and before.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// aDayAhead is when the day after today ends anywhere in Europe, at the latest.
const aDayAhead = 26 * time.Hour

func (f Field) readDate(s string, now time.Time) (any, *FieldError) {
	t, ok := ParseDate(s)
	if !ok {
		return nil, &FieldError{Message: "is not a date of the form YYYY-MM-DD"}
	}
	switch {
	case f.Path == "birth_date":
		if t.After(now) || t.Year() < 1900 {
			return nil, &FieldError{Message: "must be between 1900-01-01 and today"}
		}
	case t.Before(earliest) || t.After(now.Add(aDayAhead)):
		return nil, &FieldError{Message: "must be between 1990-01-01 and tomorrow"}
	}
	return t.Format(time.DateOnly), nil
}

func (f Field) readInstant(s string, now time.Time) (any, *FieldError) {
	t, ok := ParseInstant(s)
	if !ok {
		return nil, &FieldError{Message: "is not a time of RFC 3339, like 2019-01-01T00:00:00Z"}
	}
	if f.Consent && t.After(now.Add(ConsentSlack)) {
		return nil, &FieldError{Message: "must not be in the future"}
	}
	if f.Consent && t.Before(earliest) {
		return nil, &FieldError{Message: "must not be before 1990-01-01"}
	}
	return FormatInstant(t), nil
}

func typeError(want string) *FieldError {
	return &FieldError{Code: "type_error", Message: "must be " + want}
}

func readInteger(raw any) (any, *FieldError) {
	n, ok := raw.(json.Number)
	if !ok {
		return nil, typeError("a whole number")
	}
	i, err := n.Int64()
	if err != nil {
		f, ferr := n.Float64()
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return nil, typeError("a whole number")
		}
		i = int64(f)
	}
	if i < 0 {
		return nil, &FieldError{Message: "must be greater than or equal to 0"}
	}
	return i, nil
}

func readCountries(raw any) (any, *FieldError) {
	list, ok := raw.([]any)
	if !ok {
		return nil, typeError("a list of country codes")
	}
	var countries []string
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, typeError("a list of country codes")
		}
		if !KnownCountry(s) {
			return nil, &FieldError{Message: "holds something that is not a country code of ISO 3166-1 alpha-2"}
		}
		countries = append(countries, s)
	}
	if len(countries) == 0 {
		return nil, nil
	}
	return countries, nil
}

// CheckText says what is wrong with a text, in the words of the API, or "".
func CheckText(s string, max int) string {
	switch {
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case strings.TrimSpace(s) != s:
		return "must not have leading or trailing white space"
	case characters(s) > max:
		return "is too long (maximum is " + strconv.Itoa(max) + " characters)"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "must not hold control characters"
	}
	return ""
}

// NotIncluded is the message for a value that is not in the list.
func NotIncluded[T ~string](values []T) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(string(v))
	}
	return fmt.Sprintf("is not included in the list [%s]", strings.Join(quoted, ", "))
}

// ParseInstant reads any form of RFC 3339, with a blank or lower-case t too.
func ParseInstant(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, strings.ToUpper(strings.Replace(s, " ", "T", 1)))
	if t = t.UTC(); err != nil || t.Year() < 1900 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

// FormatInstant writes a time as the API does: UTC with milliseconds.
func FormatInstant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Optional is nil for an empty text, which the API shows as null.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ParseDate reads YYYY-MM-DD; of a date-time it takes the date as written.
func ParseDate(s string) (time.Time, bool) {
	if len(s) > len(time.DateOnly) {
		if _, ok := ParseInstant(s); !ok {
			return time.Time{}, false
		}
		s = s[:len(time.DateOnly)]
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

var (
	phoneNoise = strings.NewReplacer(" ", "", "-", "", "_", "", "/", "")
	e164       = regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`)
)

// NormalizePhone strips blanks, -, _ and / and checks for E.164.
func NormalizePhone(s string) (string, bool) {
	number := phoneNoise.Replace(s)
	return number, e164.MatchString(number)
}
