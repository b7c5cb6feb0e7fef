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

// fail notes what is wrong with a field; the first thing counts.
func (f *fields) fail(name, message string) { f.failAs("", name, message) }

func (f *fields) failAs(code, name, message string) {
	if !slices.ContainsFunc(f.broken, func(b kyc.FieldError) bool { return b.Field == name }) {
		f.broken = append(f.broken, kyc.FieldError{Code: code, Field: name, Message: message})
	}
}

// str reads a string of any form; null and absent are empty.
func (f *fields) str(name string) string {
	s, ok := f.body[name].(string)
	if !ok && f.body[name] != nil {
		f.failAs("type_error", name, "must be a string")
	}
	return s
}

// text reads a text of at most max characters.
func (f *fields) text(name string, max int) string {
	s := f.str(name)
	if message := kyc.CheckText(s, max); message != "" {
		f.fail(name, message)
		return ""
	}
	return s
}

// required notes that a text has to be there.
func (f *fields) required(name, text string) string {
	if text == "" {
		f.fail(name, "can't be blank")
	}
	return text
}

// yesNo reads true or false; null and absent are neither.
func (f *fields) yesNo(name string) (yes, sent bool) {
	yes, sent = f.body[name].(bool)
	if !sent && f.body[name] != nil {
		f.failAs("type_error", name, "must be true or false")
	}
	return yes, sent
}

// maxDeviceData is the most that `device_data` may hold, in bytes (rulings §3).
const maxDeviceData = 64 << 10

// deviceData reads what a device says of itself: any string that is not too long.
func (f *fields) deviceData() string {
	s := f.str("device_data")
	if len(s) > maxDeviceData {
		f.fail("device_data", "is too long (maximum is 64 KiB)")
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
