package pades

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The values of a PDF file: nil, bool, number, name, text, array, dict, ref, and stream.
type (
	number string // as it is written
	name   string // without the slash, as it is written
	text   string // with its brackets, as it is written
	array  []any
	dict   map[name]any
	ref    struct{ number, generation int }
	stream struct {
		dict dict
		at   int // where its bytes begin
	}
)

var errSyntax = errors.New("pades: the PDF is damaged")

// maxDepth is how deep values may lie in each other.
const maxDepth = 64

// reader reads values from a place on.
type reader struct {
	b  []byte
	at int
}

func isSpace(c byte) bool { return strings.IndexByte("\x00\t\n\f\r ", c) >= 0 }

func isDelimiter(c byte) bool { return strings.IndexByte("()<>[]{}/%", c) >= 0 }

// space skips white space and comments.
func (r *reader) space() {
	for r.at < len(r.b) {
		switch c := r.b[r.at]; {
		case isSpace(c):
			r.at++
		case c == '%':
			for r.at < len(r.b) && r.b[r.at] != '\n' && r.b[r.at] != '\r' {
				r.at++
			}
		default:
			return
		}
	}
}

// word reads what stands until white space or a delimiter.
func (r *reader) word() string {
	r.space()
	from := r.at
	for r.at < len(r.b) && !isSpace(r.b[r.at]) && !isDelimiter(r.b[r.at]) {
		r.at++
	}
	return string(r.b[from:r.at])
}

// integer reads a whole number that is not negative.
func (r *reader) integer() (int, error) {
	n, err := strconv.Atoi(r.word())
	if err != nil || n < 0 {
		return 0, errSyntax
	}
	return n, nil
}

// skip steps over a token if it comes next.
func (r *reader) skip(token string) bool {
	r.space()
	if !bytes.HasPrefix(r.b[r.at:], []byte(token)) {
		return false
	}
	r.at += len(token)
	return true
}

// value reads the value that comes next.
func (r *reader) value(depth int) (any, error) {
	r.space()
	if depth > maxDepth || r.at >= len(r.b) {
		return nil, errSyntax
	}
	switch {
	case r.skip("<<"):
		return r.dict(depth)
	case r.skip("["):
		return r.array(depth)
	case r.b[r.at] == '/':
		r.at++
		from := r.at
		for r.at < len(r.b) && !isSpace(r.b[r.at]) && !isDelimiter(r.b[r.at]) {
			r.at++
		}
		return name(r.b[from:r.at]), nil
	case r.b[r.at] == '(':
		return r.literal()
	case r.b[r.at] == '<':
		end := bytes.IndexByte(r.b[r.at:], '>')
		if end < 0 {
			return nil, errSyntax
		}
		from := r.at
		r.at += end + 1
		return text(r.b[from:r.at]), nil
	}
	return r.plain()
}

// plain reads a number, a reference or a word.
func (r *reader) plain() (any, error) {
	w := r.word()
	switch w {
	case "true", "false":
		return w == "true", nil
	case "null":
		return nil, nil
	case "":
		return nil, errSyntax
	}
	if _, err := strconv.ParseFloat(w, 64); err != nil {
		return nil, errSyntax
	}
	n, err := strconv.Atoi(w)
	if err != nil {
		return number(w), nil
	}
	after := r.at // "12 0 R" is a reference
	if g, err := r.integer(); err == nil && n >= 0 && r.word() == "R" {
		return ref{n, g}, nil
	}
	r.at = after
	return number(w), nil
}

func (r *reader) dict(depth int) (any, error) {
	d := dict{}
	for !r.skip(">>") {
		key, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		k, ok := key.(name)
		if !ok {
			return nil, errSyntax
		}
		if d[k], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (r *reader) array(depth int) (any, error) {
	a := array{}
	for !r.skip("]") {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	return a, nil
}

// literal reads a text in round brackets, which may hold others.
func (r *reader) literal() (any, error) {
	from, open := r.at, 0
	for ; r.at < len(r.b); r.at++ {
		switch r.b[r.at] {
		case '\\':
			r.at++
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				r.at++
				return text(r.b[from:r.at]), nil
			}
		}
	}
	return nil, errSyntax
}

// write appends a value as a PDF file holds it.
func write(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case number:
		return append(b, v...)
	case name:
		return append(append(b, '/'), v...)
	case text:
		return append(b, v...)
	case ref:
		return fmt.Appendf(b, "%d %d R", v.number, v.generation)
	case array:
		b = append(b, '[')
		for _, one := range v {
			b = append(write(b, one), ' ')
		}
		return append(b, ']')
	case dict:
		b = append(b, "<<"...)
		keys := make([]name, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			b = append(write(append(write(b, k), ' '), v[k]), ' ')
		}
		return append(b, ">>"...)
	}
	return b // there are no other kinds
}

// hexText is a text that any letters may be in: UTF-16 in hex digits.
func hexText(s string) text {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16Of(s) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteByte('>')
	return text(b.String())
}
