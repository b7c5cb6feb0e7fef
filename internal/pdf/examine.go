package pdf

import (
	"bytes"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"time"
)

// Signature is a signature that was found in a file.
type Signature struct {
	Field string // name of its field
	Name  string // of the person who signed, as the signature says
	At    time.Time
	Hole  [2]int            // where the text with the CMS begins and ends, its brackets included
	End   int               // of the revision that is signed: everything before it is covered, but the hole
	Whole bool              // nothing comes after that revision
	CMS   []byte            // DER, without what fills the room up; nil: it was prepared only
	Sum   [sha512.Size]byte // SHA-512 of what is covered

	padded []byte // the CMS and what fills the room up
	pdf    []byte
}

// maxSignatures of one file: each means reading a revision again.
const maxSignatures = 50

// Examine finds the signatures of a file, in the order in which they were made.
// Each one covers everything of its revision but its own CMS, and that revision
// is a whole file; a file with one that does not is refused. What the CMS says is
// for Verify.
func Examine(pdf []byte) ([]Signature, error) {
	f, err := parse(pdf)
	if err != nil {
		return nil, err
	}
	_, _, fields, err := f.form()
	if err != nil {
		return nil, err
	}
	return f.signatures(fields)
}

// signatures reads those of the fields that have one.
func (f *file) signatures(fields []field) ([]Signature, error) {
	var all []Signature
	for _, one := range fields {
		if !one.signed {
			continue
		}
		if len(all) == maxSignatures {
			return nil, errors.New("pdf: the file has too many signatures")
		}
		s, err := f.signature(one)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Signature) int { return a.End - b.End })
	for n := 1; n < len(all); n++ {
		if all[n].End == all[n-1].End {
			return nil, errCover
		}
	}
	return all, nil
}

var errCover = errors.New("pdf: a signature does not cover its revision of the file")

// signature reads the signature of a field.
func (f *file) signature(one field) (Signature, error) {
	d, err := f.getDict(one.dict["V"])
	if err != nil {
		return Signature{}, err
	}
	covered, err := f.getArray(d["ByteRange"])
	if err != nil {
		return Signature{}, err
	}
	contents, ok := d["Contents"].(text)
	if !ok || len(covered) != 4 || contents.at < 0 || contents.raw[0] != '<' {
		return Signature{}, errCover
	}
	var r [4]int
	for n := range r {
		if r[n], ok = whole(covered[n]); !ok || r[n] > len(f.b) {
			return Signature{}, errCover
		}
	}
	s := Signature{Field: one.name, Hole: [2]int{contents.at, contents.at + len(contents.raw)}, End: r[2] + r[3], pdf: f.b}
	if r[0] != 0 || r[1] != s.Hole[0] || r[2] != s.Hole[1] || s.End > len(f.b) || !revision(f.b[:s.End], one.at) {
		return Signature{}, errCover
	}
	s.Whole = s.End == len(f.b)
	s.Sum = digest(f.b, s.Hole[0], s.Hole[1], s.End)
	if t, ok := d["Name"].(text); ok {
		s.Name = t.String()
	}
	if t, ok := d["M"].(text); ok {
		s.At = date(t.String())
	}
	if s.padded = contents.bytes(); 2*len(s.padded) != len(contents.raw)-2 {
		return Signature{}, errCMS
	}
	if len(bytes.Trim(s.padded, "\x00")) > 0 {
		if s.CMS, err = der(s.padded); err != nil {
			return Signature{}, err
		}
	}
	return s, nil
}

// date reads a time as a PDF file has it; one that is written otherwise is zero.
func date(s string) time.Time {
	t, err := time.Parse("D:20060102150405Z0700", strings.ReplaceAll(s, "'", ""))
	if err != nil {
		return time.Time{}
	}
	return t
}

// revision says whether this is a whole file, in which the field is signed.
func revision(b []byte, at ref) bool {
	if !bytes.HasSuffix(bytes.TrimRight(b, "\r\n"), []byte("%%EOF")) {
		return false
	}
	f, err := parse(b)
	if err != nil {
		return false
	}
	_, _, fields, err := f.form()
	return err == nil && slices.ContainsFunc(fields, func(s field) bool { return s.at == at && s.signed })
}

// der gives the first value of DER, which only zeros follow.
func der(b []byte) ([]byte, error) {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(b, &v)
	if err != nil || v.Class != asn1.ClassUniversal || v.Tag != asn1.TagSequence || !v.IsCompound || len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, errCMS
	}
	return v.FullBytes, nil
}

// last is the file's last signature.
func last(pdf []byte) (Signature, error) {
	all, err := Examine(pdf)
	if err != nil {
		return Signature{}, err
	}
	if len(all) == 0 {
		return Signature{}, errors.New("pdf: the file has no signature")
	}
	return all[len(all)-1], nil
}
