package idnow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
)

var (
	validTransaction = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	countryCode      = regexp.MustCompile(`^[A-Z]{2}$`)
	languageCode     = regexp.MustCompile(`^[A-Za-z]{2}([_-][A-Za-z]{2})?$`)
	phoneNumber      = regexp.MustCompile(`^\+?[0-9][0-9 ()/.-]{2,30}$`)
	emailAddress     = regexp.MustCompile(`^[^\s@]+@[^\s@]+$`)
)

// fields is every text field of /start, with what its value must be. There are no greatest lengths in the protocol.
var fields = map[string]func(string) bool{
	"birthday": validDate, "birthname": validText, "birthplace": validText, "city": validText, "street": validText,
	"streetnumber": validText, "zipcode": validText, "firstname": validText, "lastname": validText, "title": validText,
	"country": countryCode.MatchString, "nationality": countryCode.MatchString,
	"gender":      func(v string) bool { return v == "MALE" || v == "FEMALE" },
	"email":       emailAddress.MatchString,
	"mobilephone": phoneNumber.MatchString,
	"custom1":     validText, "custom2": validText, "custom3": validText, "custom4": validText, "custom5": validText,
	"trackingid": validText, "preferredLang": languageCode.MatchString,
}

func validText(v string) bool { return !strings.ContainsFunc(v, unicode.IsControl) }

func validDate(v string) bool {
	_, err := time.Parse(time.DateOnly, v)
	return err == nil
}

// person is the body of /start.
type person struct {
	Data      map[string]string // fields that were sent with a value
	Questions json.RawMessage
}

// readPerson reads the body of /start. A strict reading refuses fields that the protocol does not know.
func readPerson(body []byte, strict bool) (person, *apiError) {
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(body, &sent); err != nil || sent == nil {
		return person{}, &apiError{Status: 400, Cause: "UNPARSEABLE_JSON"}
	}
	p := person{Data: map[string]string{}}
	for name, raw := range sent {
		valid, known := fields[name]
		switch {
		case !known && name != "questions":
			if strict {
				return person{}, &apiError{Status: 400, Cause: "UNRECOGNIZED_FIELD", Key: name,
					Message: fmt.Sprintf("Unrecognized field '%s'", name)}
			}
		case bytes.Equal(raw, []byte("null")): // as good as absent
		case name == "questions":
			var questions map[string]struct{ Value any }
			if err := json.Unmarshal(raw, &questions); err != nil {
				return person{}, wrongValue(name)
			}
			p.Questions = raw
		default:
			var value string
			if err := json.Unmarshal(raw, &value); err != nil || value != "" && !valid(value) {
				return person{}, wrongValue(name)
			}
			if value != "" {
				p.Data[name] = value
			}
		}
	}
	return p, nil
}
