package flow

import (
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// fields reads the members of a request's object and gathers what is wrong.
type fields struct {
	body   map[string]any
	broken []kyc.FieldError
}

func (f *fields) fail(name, message string) {
	f.broken = append(f.broken, kyc.FieldError{Field: name, Message: message})
}

// text reads a text of at most max characters; null and absent are empty.
func (f *fields) text(name string, max int) string {
	raw := f.body[name]
	if raw == nil {
		return ""
	}
	s, ok := raw.(string)
	if !ok {
		f.broken = append(f.broken, kyc.FieldError{Code: "type_error", Field: name, Message: "must be a string"})
		return ""
	}
	if message := kyc.CheckText(s, max); message != "" {
		f.fail(name, message)
		return ""
	}
	return s
}

// oneOf reads a text that must be one of the values, if it is there.
func (f *fields) oneOf(name string, values []string) string {
	s := f.text(name, 255)
	if s != "" && !slices.Contains(values, s) {
		f.fail(name, kyc.NotIncluded(values))
	}
	return s
}

// instant reads a time of consent.
func (f *fields) instant(name string, now time.Time) time.Time {
	s := f.text(name, 64)
	if s == "" {
		return time.Time{}
	}
	t, ok := kyc.ParseInstant(s)
	switch {
	case !ok:
		f.fail(name, "is not a time of RFC 3339, like 2019-01-01T00:00:00Z")
	case t.After(now.Add(kyc.ConsentSlack)):
		f.fail(name, "must not be in the future")
	}
	return t
}
