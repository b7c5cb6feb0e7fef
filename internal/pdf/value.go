package pdf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The values of a PDF file: nil, bool, int (written only), number, name, text,
// array, dict, ref and stream (ISO 32000-1, 7.3).
type (
	number string // as it is written
	name   string // without the slash, as it is written
	array  []any
	dict   map[name]any
	ref    struct{ number, generation int }
	stream struct {
		dict dict
		at   int // where its bytes begin in the file
	}
	// text is a string with its brackets, as it is written.
	text struct {
		raw string
		at  int // of the first bracket in the file; -1: it lay in a stream
	}
)

// errSyntax is all that is said of a file that cannot be read: its texts are
// somebody's, so none is quoted.
var errSyntax = errors.New("pdf: the file is damaged")

// Limits of what is read of one file.
const (
	maxDepth    = 64        // values within each other
	maxValues   = 2_000_000 // read in all, rows of tables included
	maxInflated = 64 << 20  // bytes unpacked in all
)

// budget is what is left of the limits of a file.
type budget struct{ values, inflated int }

// reader reads values from a place on.
type reader struct {
	b    []byte
	at   int
	file bool // b is the file itself, not an unpacked stream
	left *budget
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

// regular reads what stands until white space or a delimiter.
func (r *reader) regular() string {
	from := r.at
	for r.at < len(r.b) && !isSpace(r.b[r.at]) && !isDelimiter(r.b[r.at]) {
		r.at++
	}
	return string(r.b[from:r.at])
}

func (r *reader) word() string {
	r.space()
	return r.regular()
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
	if r.left.values--; depth > maxDepth || r.at >= len(r.b) || r.left.values < 0 {
		return nil, errSyntax
	}
	switch {
	case r.skip("<<"):
		return r.dict(depth)
	case r.skip("["):
		return r.array(depth)
	case r.b[r.at] == '/':
		r.at++
		return name(r.regular()), nil
	case r.b[r.at] == '(':
		return r.literal()
	case r.b[r.at] == '<':
		end := bytes.IndexByte(r.b[r.at:], '>')
		if end < 0 {
			return nil, errSyntax
		}
		return r.text(r.at + end + 1), nil
	}
	return r.plain()
}

// text takes what stands until end.
func (r *reader) text(end int) text {
	t := text{string(r.b[r.at:end]), -1}
	if r.file {
		t.at = r.at
	}
	r.at = end
	return t
}

// plain reads a number, a reference or a word.
func (r *reader) plain() (any, error) {
	w := r.word()
	switch w {
	case "true", "false":
		return w == "true", nil
	case "null":
		return nil, nil
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

// dict reads a dictionary. One that has a key twice is refused: readers would
// differ in what it says.
func (r *reader) dict(depth int) (any, error) {
	d := dict{}
	for !r.skip(">>") {
		key, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		k, ok := key.(name)
		if _, twice := d[k]; !ok || twice {
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
	open := 0
	for at := r.at; at < len(r.b); at++ {
		switch r.b[at] {
		case '\\':
			at++
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				return r.text(at + 1), nil
			}
		}
	}
	return nil, errSyntax
}

// whole gives a number that is whole and not negative.
func whole(v any) (int, bool) {
	n, ok := v.(number)
	i, err := strconv.Atoi(string(n))
	return i, ok && err == nil && i >= 0
}

// real gives a number.
func real(v any) (float64, bool) {
	n, ok := v.(number)
	f, err := strconv.ParseFloat(string(n), 64)
	return f, ok && err == nil
}

// write appends a value as a PDF file holds it.
func write(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case number:
		return append(b, v...)
	case name:
		return append(append(b, '/'), v...)
	case text:
		return append(b, v.raw...)
	case ref:
		return fmt.Appendf(b, "%d %d R", v.number, v.generation)
	case array:
		b = append(b, '[')
		for n, one := range v {
			if n > 0 {
				b = append(b, ' ')
			}
			b = write(b, one)
		}
		return append(b, ']')
	case dict:
		b = append(b, "<<"...)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b = append(write(append(write(b, k), ' '), v[k]), ' ')
		}
		return append(b, ">>"...)
	}
	return append(b, "null"...)
}

// hexText writes a text of any letters: UTF-16 in hex digits.
func hexText(s string) text {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteByte('>')
	return text{b.String(), -1}
}

// hexBytes writes bytes as a text.
func hexBytes(b []byte) text { return text{fmt.Sprintf("<%X>", b), -1} }

// bytes gives what a text holds.
func (t text) bytes() []byte {
	raw := t.raw
	if len(raw) < 2 {
		return nil
	}
	raw = raw[1 : len(raw)-1]
	if t.raw[0] == '(' {
		return unescape(raw)
	}
	digits := strings.Map(func(c rune) rune {
		if c < 0x80 && isSpace(byte(c)) {
			return -1
		}
		return c
	}, raw)
	if len(digits)%2 == 1 {
		digits += "0"
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil // not hex: it says nothing
	}
	return b
}

// unescape reads the inside of a text in round brackets.
func unescape(s string) []byte {
	var out []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			out = append(out, c)
			continue
		}
		i++
		if at := strings.IndexByte("nrtbf", s[i]); at >= 0 {
			out = append(out, "\n\r\t\b\f"[at])
			continue
		}
		if s[i] == '\n' || s[i] == '\r' { // a line that goes on
			continue
		}
		if s[i] < '0' || s[i] > '7' {
			out = append(out, s[i])
			continue
		}
		code, digits := 0, 0
		for ; digits < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7'; digits++ {
			code = code*8 + int(s[i]-'0')
			i++
		}
		i--
		out = append(out, byte(code))
	}
	return out
}

// String gives the letters of a text: UTF-16, UTF-8, or as in Latin-1, which is
// what the letters of names have in common with PDF's own encoding.
func (t text) String() string {
	b := t.bytes()
	switch {
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		var units []uint16
		for b = b[2:]; len(b) >= 2; b = b[2:] {
			units = append(units, uint16(b[0])<<8|uint16(b[1]))
		}
		return string(utf16.Decode(units))
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return strings.ToValidUTF8(string(b[3:]), "\ufffd")
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}
