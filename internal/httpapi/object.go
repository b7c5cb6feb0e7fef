package httpapi

import (
	"encoding/json"
	"strconv"
	"strings"
)

// object writes a JSON object member by member, in the order of the calls.
// Persons and identifications are written with it: they are what is asked for
// most, and a walk by reflection took a tenth of the whole request.
type object struct {
	b     []byte
	first bool // no member yet
}

func newObject() *object { return &object{b: append(make([]byte, 0, 1024), '{'), first: true} }

// key begins a member. Names are ours and need no escaping.
func (o *object) key(name string) {
	if !o.first {
		o.b = append(o.b, ',')
	}
	o.first = false
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

// open begins a member that is an object itself; it lasts until shut.
func (o *object) open(name string) {
	o.key(name)
	o.b = append(o.b, '{')
	o.first = true
}

// shut ends the object that was begun last.
func (o *object) shut() {
	o.b = append(o.b, '}')
	o.first = false
}

// text writes a text, null if it is empty.
func (o *object) text(name, v string) {
	o.key(name)
	if v == "" {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = appendText(o.b, v)
}

// number writes a whole number, null if there is none.
func (o *object) number(name string, n *int) {
	o.key(name)
	if n == nil {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = strconv.AppendInt(o.b, int64(*n), 10)
}

// value writes anything else.
func (o *object) value(name string, v any) error {
	switch v := v.(type) {
	case nil:
		o.text(name, "")
		return nil
	case string:
		if v != "" {
			o.text(name, v)
			return nil
		}
	}
	b, err := marshal(v)
	if err != nil {
		return err
	}
	o.key(name)
	o.b = append(o.b, b...)
	return nil
}

// end returns the whole object.
func (o *object) end() []byte { return append(o.b, '}') }

// appendText writes a JSON string; one that needs escaping is left to the library.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			escaped, _ := marshal(s) // a string can always be written
			return append(b, escaped...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// textsOf reads an object of texts that we have stored. Where nothing is escaped,
// quotation marks only begin and end texts, so a member is found by its name;
// what is escaped is left to the library, which took a sixteenth of a whole read.
func textsOf(stored string) (member func(name string) string, err error) {
	if strings.Contains(stored, `\`) {
		var all map[string]string
		err := json.Unmarshal([]byte(stored), &all)
		return func(name string) string { return all[name] }, err
	}
	return func(name string) string {
		_, rest, _ := strings.Cut(stored, `"`+name+`":"`)
		text, _, _ := strings.Cut(rest, `"`)
		return text
	}, nil
}
