package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

// errPacked is said of files that are packed in one of the old ways.
var errPacked = errors.New("pdf: the file packs its objects in a way that is not read here")

// raw gives the bytes of a stream as they lie in the file. Their length may stand
// elsewhere, but not in a stream itself: that one could be this.
func (f *file) raw(s stream) ([]byte, error) {
	length := s.dict["Length"]
	if to, ok := length.(ref); ok {
		e, known := f.entries[to.number]
		if !known || e.free || e.within != 0 {
			return nil, errSyntax
		}
		var err error
		if length, err = f.objectAt(e.at, to.number); err != nil {
			return nil, err
		}
	}
	n, ok := whole(length)
	if !ok || n > len(f.b)-s.at {
		return nil, errSyntax
	}
	return f.b[s.at : s.at+n], nil
}

// inflate gives the bytes of a stream that is plain or deflated.
func (f *file) inflate(s stream) ([]byte, error) {
	b, err := f.raw(s)
	if err != nil {
		return nil, err
	}
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
		return nil, errPacked
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, errSyntax
	}
	plain, err := io.ReadAll(io.LimitReader(z, int64(f.left.inflated)+1))
	if f.left.inflated -= len(plain); err != nil || f.left.inflated < 0 {
		return nil, errSyntax
	}
	p, _ := parms.(dict)
	return predicted(plain, p)
}

// predicted undoes the predictions of PNG, which tables are packed with.
func predicted(b []byte, p dict) ([]byte, error) {
	switch kind, _ := whole(p["Predictor"]); {
	case kind < 2:
		return b, nil
	case kind < 10:
		return nil, errPacked
	}
	columns := 1
	if v, set := p["Columns"]; set {
		n, ok := whole(v)
		if !ok || n == 0 || n > 1<<16 {
			return nil, errSyntax
		}
		columns = n
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

// paeth is the prediction of that name (RFC 2083, 6.6).
func paeth(left, above, upLeft byte) byte {
	a, b, c := int(left), int(above), int(upLeft)
	da, db, dc := distance(b, c), distance(a, c), distance(a+b, 2*c)
	switch {
	case da <= db && da <= dc:
		return left
	case db <= dc:
		return above
	}
	return upLeft
}

func distance(a, b int) int { return max(a-b, b-a) }
