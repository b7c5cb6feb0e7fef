package pades

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
)

func utf16Of(s string) []uint16 { return utf16.Encode([]rune(s)) }

// Limits of what is read.
const (
	maxSections = 100       // of the cross-reference table
	maxObjects  = 1_000_000 // numbers
	maxInflated = 32 << 20  // bytes of one stream of objects
	maxPages    = 10_000    // nodes of the page tree
)

// entry says where an object is: at a place of the file, or in a stream of objects.
type entry struct {
	at     int
	within int // number of the stream of objects; 0: none
	nth    int
}

// file is a PDF file as far as signing it needs.
type file struct {
	b       []byte
	start   int // of the last section of the cross-reference table
	streams bool
	trailer dict
	entries map[int]entry
	packed  map[int][]any // objects of the streams that were opened
}

// parse reads the cross-reference table of a PDF file.
func parse(b []byte) (*file, error) {
	if !bytes.HasPrefix(b, []byte("%PDF-")) {
		return nil, errors.New("pades: this is no PDF")
	}
	f := &file{b: b, entries: map[int]entry{}, packed: map[int][]any{}}
	last := bytes.LastIndex(b, []byte("startxref"))
	if last < 0 {
		return nil, errSyntax
	}
	r := &reader{b, last + len("startxref")}
	at, err := r.integer()
	if err != nil {
		return nil, err
	}
	f.start = at
	for n := 0; ; n++ {
		if n == maxSections || at >= len(b) {
			return nil, errSyntax
		}
		trailer, err := f.section(at)
		if err != nil {
			return nil, err
		}
		if f.trailer == nil {
			f.trailer = trailer
		}
		if hybrid, ok := whole(trailer["XRefStm"]); ok {
			if hybrid >= len(b) {
				return nil, errSyntax
			}
			if _, err := f.section(hybrid); err != nil {
				return nil, err
			}
		}
		var more bool
		if at, more = whole(trailer["Prev"]); !more {
			break
		}
	}
	if _, locked := f.trailer["Encrypt"]; locked {
		return nil, errors.New("pades: the PDF is encrypted, so it cannot be signed")
	}
	return f, nil
}

func whole(v any) (int, bool) {
	n, ok := v.(number)
	i, err := strconv.Atoi(string(n))
	return i, ok && err == nil && i >= 0
}

// section reads one section of the cross-reference table and gives its trailer.
func (f *file) section(at int) (dict, error) {
	r := &reader{f.b, at}
	if !r.skip("xref") {
		return f.streamSection(at)
	}
	for !r.skip("trailer") {
		first, err := r.integer()
		if err != nil {
			return nil, err
		}
		count, err := r.integer()
		if err != nil || first > maxObjects || count > maxObjects {
			return nil, errSyntax
		}
		for n := range count {
			offset, err := r.integer()
			if err != nil {
				return nil, err
			}
			if _, err := r.integer(); err != nil {
				return nil, err
			}
			if kind := r.word(); kind == "n" {
				f.add(first+n, entry{at: offset})
			}
		}
	}
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	d, ok := v.(dict)
	if !ok {
		return nil, errSyntax
	}
	return d, nil
}

// add notes where an object is; a later section of the file was read before.
func (f *file) add(n int, e entry) {
	if _, known := f.entries[n]; !known {
		f.entries[n] = e
	}
}

// streamSection reads a section that is a stream (PDF 1.5).
func (f *file) streamSection(at int) (dict, error) {
	v, err := f.objectAt(at)
	if err != nil {
		return nil, err
	}
	s, ok := v.(stream)
	if !ok || s.dict["Type"] != name("XRef") {
		return nil, errSyntax
	}
	if f.trailer == nil {
		f.streams = true
	}
	b, err := f.inflate(s)
	if err != nil {
		return nil, err
	}
	widths, _ := s.dict["W"].(array)
	if len(widths) != 3 {
		return nil, errSyntax
	}
	var w [3]int
	for n := range w {
		if w[n], ok = whole(widths[n]); !ok || w[n] > 8 {
			return nil, errSyntax
		}
	}
	index, _ := s.dict["Index"].(array)
	if index == nil {
		index = array{number("0"), s.dict["Size"]}
	}
	for n := 0; n+1 < len(index); n += 2 {
		first, ok1 := whole(index[n])
		count, ok2 := whole(index[n+1])
		if !ok1 || !ok2 || first > maxObjects || count > maxObjects {
			return nil, errSyntax
		}
		for i := range count {
			if len(b) < w[0]+w[1]+w[2] || w[0]+w[1]+w[2] == 0 {
				return nil, errSyntax
			}
			kind, one, two := 1, field(b[w[0]:w[0]+w[1]]), field(b[w[0]+w[1]:w[0]+w[1]+w[2]])
			if w[0] > 0 {
				kind = field(b[:w[0]])
			}
			b = b[w[0]+w[1]+w[2]:]
			switch kind {
			case 1:
				f.add(first+i, entry{at: one})
			case 2:
				f.add(first+i, entry{within: one, nth: two})
			}
		}
	}
	return s.dict, nil
}

func field(b []byte) (n int) {
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n
}

// objectAt reads the object whose number stands at a place of the file.
func (f *file) objectAt(at int) (any, error) {
	if at < 0 || at >= len(f.b) {
		return nil, errSyntax
	}
	r := &reader{f.b, at}
	for range 2 {
		if _, err := r.integer(); err != nil {
			return nil, err
		}
	}
	if !r.skip("obj") {
		return nil, errSyntax
	}
	v, err := r.value(0)
	d, isDict := v.(dict)
	if err != nil || !isDict || !r.skip("stream") {
		return v, err
	}
	r.at += len(lineEnd(f.b[r.at:]))
	return stream{d, r.at}, nil
}

func lineEnd(b []byte) []byte {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return b[:2]
	case bytes.HasPrefix(b, []byte("\n")):
		return b[:1]
	}
	return nil
}

// get follows references until a value comes.
func (f *file) get(v any) (any, error) {
	for range maxDepth {
		to, ok := v.(ref)
		if !ok {
			return v, nil
		}
		var err error
		if v, err = f.object(to.number); err != nil {
			return nil, err
		}
	}
	return nil, errSyntax
}

// object reads an object by its number; one that is not there is null.
func (f *file) object(n int) (any, error) {
	e, ok := f.entries[n]
	switch {
	case !ok:
		return nil, nil
	case e.within == 0:
		return f.objectAt(e.at)
	}
	all, err := f.unpack(e.within)
	if err != nil || e.nth < 0 || e.nth >= len(all) {
		return nil, errors.Join(err, errSyntax)
	}
	return all[e.nth], nil
}

// unpack reads a stream of objects, once.
func (f *file) unpack(n int) ([]any, error) {
	if all, done := f.packed[n]; done {
		return all, nil
	}
	holder, ok := f.entries[n]
	if !ok || holder.within != 0 {
		return nil, errSyntax
	}
	v, err := f.objectAt(holder.at)
	if err != nil {
		return nil, err
	}
	s, ok := v.(stream)
	if !ok {
		return nil, errSyntax
	}
	b, err := f.inflate(s)
	if err != nil {
		return nil, err
	}
	count, ok1 := whole(s.dict["N"])
	first, ok2 := whole(s.dict["First"])
	if !ok1 || !ok2 || count > maxObjects || first > len(b) {
		return nil, errSyntax
	}
	var all []any
	for head := (&reader{b, 0}); count > 0; count-- {
		if _, err := head.integer(); err != nil {
			return nil, err
		}
		at, err := head.integer()
		if err != nil || first+at > len(b) {
			return nil, errSyntax
		}
		one, err := (&reader{b, first + at}).value(0)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	f.packed[n] = all
	return all, nil
}

// inflate gives the bytes of a stream that is plain or deflated. Its length may
// stand elsewhere, but not in a stream: that one could be this, without an end.
func (f *file) inflate(s stream) ([]byte, error) {
	length := s.dict["Length"]
	if to, ok := length.(ref); ok {
		e, known := f.entries[to.number]
		if !known || e.within != 0 {
			return nil, errSyntax
		}
		var err error
		if length, err = f.objectAt(e.at); err != nil {
			return nil, err
		}
	}
	n, ok := whole(length)
	if !ok || s.at+n > len(f.b) {
		return nil, errSyntax
	}
	b := f.b[s.at : s.at+n]
	filter, parms := s.dict["Filter"], s.dict["DecodeParms"]
	if a, ok := filter.(array); ok && len(a) == 1 {
		filter = a[0]
		if p, ok := parms.(array); ok && len(p) == 1 {
			parms = p[0]
		}
	}
	switch filter {
	case nil:
		return b, nil
	case name("FlateDecode"):
	default:
		return nil, errors.New("pades: the PDF packs its objects in a way that is not read here")
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, errSyntax
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxInflated+1))
	if err != nil || len(plain) > maxInflated {
		return nil, errSyntax
	}
	p, _ := parms.(dict)
	return predicted(plain, p)
}

// predicted undoes PNG's prediction "up" and its like, which tables are packed with.
func predicted(b []byte, p dict) ([]byte, error) {
	if kind, _ := whole(p["Predictor"]); kind < 2 {
		return b, nil
	} else if kind < 10 {
		return nil, errors.New("pades: the PDF packs its objects in a way that is not read here")
	}
	columns, ok := whole(p["Columns"])
	if !ok {
		columns = 1
	}
	if columns == 0 || columns > 1<<16 {
		return nil, errSyntax
	}
	out, above := make([]byte, 0, len(b)), make([]byte, columns)
	for len(b) >= columns+1 {
		kind, row := b[0], b[1:columns+1]
		b = b[columns+1:]
		for i := range row {
			var left, upLeft byte
			if i > 0 {
				left, upLeft = row[i-1], above[i-1]
			}
			switch kind {
			case 1:
				row[i] += left
			case 2:
				row[i] += above[i]
			case 3:
				row[i] += byte((int(left) + int(above[i])) / 2)
			case 4:
				row[i] += paeth(left, above[i], upLeft)
			}
		}
		above = row
		out = append(out, row...)
	}
	return out, nil
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(n int) int { return max(n, -n) }
