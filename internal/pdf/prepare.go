package pdf

import (
	"bytes"
	"crypto/sha512"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// MaxCMS is how many bytes a CMS may have for which Prepare leaves room: a
// signature with its certificates, a time stamp and revocation data has 10 to 25 KB.
const MaxCMS = 32 << 10

// Note is what a signature says of itself. Empty texts are left out.
type Note struct {
	Field    string // which signature field; "": the first empty one, or a new one
	Name     string // of the person who signs
	Reason   string
	Location string
	At       time.Time // of the signing, as claimed; it is needed

	// Look draws what people see in the field, as a PDF of one page of this size
	// in points; nil: nothing. It is not called for a field that is not seen.
	Look func(width, height float64) ([]byte, error)
}

// Prepared is a file that waits for its CMS.
type Prepared struct {
	PDF    []byte
	SHA512 [sha512.Size]byte // of all but the room for the CMS: what is to be signed
}

// rangeRoom keeps the place of the byte range, which is known when all is written.
const rangeRoom = "[0 9999999999 9999999999 9999999999]"

// Prepare adds a revision with a signature that lacks its CMS (subfilter
// ETSI.CAdES.detached). It takes the signature field that the note names, or
// the first empty one; if there is none it adds one that is not seen, on the
// first page. The same input gives the same bytes.
//
// Errors: the file is damaged, encrypted or packed in a way that is not read; it
// forbids changes; the field is signed already; a signature that is there does
// not cover its revision, or waits for its CMS.
func Prepare(pdf []byte, n Note) (Prepared, error) {
	if n.At.IsZero() {
		return Prepared{}, errors.New("pdf: a signature needs a time")
	}
	f, err := parse(pdf)
	if err != nil {
		return Prepared{}, err
	}
	rootAt, root, err := f.catalog()
	if err != nil {
		return Prepared{}, err
	}
	if err := f.mayChange(root); err != nil {
		return Prepared{}, err
	}
	formAt, form, fields, err := f.form()
	if err != nil {
		return Prepared{}, err
	}
	if err := f.complete(fields); err != nil {
		return Prepared{}, err
	}
	s, found, err := choose(fields, n.Field)
	if err != nil {
		return Prepared{}, err
	}
	u, err := f.update()
	if err != nil {
		return Prepared{}, err
	}
	signature := u.reserve()
	hole := u.putSignature(signature, n)
	root, form = maps.Clone(root), maps.Clone(form)
	if form == nil {
		form = dict{}
	}
	if found {
		err = u.fill(s, signature, n)
	} else {
		if n.Field == "" {
			n.Field = freeName(fields)
		}
		err = u.addField(form, signature, n)
	}
	if err != nil {
		return Prepared{}, err
	}
	form["SigFlags"] = 3 // there are signatures, and changes are only added
	if formAt != (ref{}) {
		u.put(formAt, form)
	} else {
		root["AcroForm"] = form
	}
	if err := extend(u, root, 2); err != nil {
		return Prepared{}, err
	}
	u.put(rootAt, root)
	u.close()
	return u.seal(hole), nil
}

// complete refuses a file with a signature that is not one, or that still waits
// for its CMS: better now than when the customer has signed.
func (f *file) complete(fields []field) error {
	all, err := f.signatures(fields)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.CMS == nil {
			return errors.New("pdf: the file waits for a signature already")
		}
	}
	return nil
}

// mayChange refuses what a further signature would break or would not reach.
func (f *file) mayChange(root dict) error {
	form, err := f.getDict(root["AcroForm"])
	if err != nil {
		return err
	}
	if form["XFA"] != nil {
		return errors.New("pdf: the file has a form of the kind XFA, which cannot be signed")
	}
	perms, err := f.getDict(root["Perms"])
	if err != nil {
		return err
	}
	certified, err := f.getDict(perms["DocMDP"])
	if err != nil {
		return err
	}
	references, err := f.getArray(certified["Reference"])
	if err != nil {
		return err
	}
	for _, v := range references {
		reference, err := f.getDict(v)
		if err != nil {
			return err
		}
		parms, err := f.getDict(reference["TransformParams"])
		if err != nil {
			return err
		}
		if allowed, ok := whole(parms["P"]); ok && allowed == 1 {
			return errors.New("pdf: the file is certified, and its author allows no further signature")
		}
	}
	return nil
}

// putSignature writes the signature's dictionary with room for what is known
// last, and says where the room for the CMS begins.
func (u *update) putSignature(to ref, n Note) int {
	d := dict{
		"Type": name("Sig"), "Filter": name("Adobe.PPKLite"), "SubFilter": name("ETSI.CAdES.detached"),
		"M": text{n.At.UTC().Format("(D:20060102150405Z)"), -1},
	}
	for key, s := range map[name]string{"Name": n.Name, "Reason": n.Reason, "Location": n.Location} {
		if s != "" {
			d[key] = hexText(s)
		}
	}
	b := write(nil, d)
	b = append(b[:len(b)-len(">>")], "/ByteRange "+rangeRoom+" /Contents "...)
	u.at[to.number] = entry{at: len(u.out)}
	u.out = fmt.Appendf(u.out, "%d 0 obj\n", to.number)
	u.out = append(u.out, b...)
	hole := len(u.out)
	u.out = slices.Concat(u.out, []byte("<"), bytes.Repeat([]byte("0"), 2*MaxCMS), []byte("> >>\nendobj\n"))
	return hole
}

// fill gives an empty field its signature.
func (u *update) fill(s field, signature ref, n Note) error {
	width, height, err := u.size(s)
	if err != nil {
		return err
	}
	changed := maps.Clone(s.dict)
	changed["V"] = signature
	if n.Look != nil && width > 1 && height > 1 {
		page, err := n.Look(width, height)
		if err != nil {
			return fmt.Errorf("pdf: the look of the signature: %w", err)
		}
		look, err := u.look(page, width, height)
		if err != nil {
			return err
		}
		if s.placeAt == s.at {
			changed["AP"] = dict{"N": look}
		} else {
			place := maps.Clone(s.place)
			place["AP"] = dict{"N": look}
			u.put(s.placeAt, place)
		}
	}
	u.put(s.at, changed)
	return nil
}

// look makes the first page of a file what is seen in a field.
func (u *update) look(from []byte, width, height float64) (ref, error) {
	f, err := parse(from)
	if err != nil {
		return ref{}, err
	}
	pages, err := f.pages()
	if err != nil {
		return ref{}, err
	}
	first := pages[0].dict
	v, err := f.get(first["Contents"])
	content, ok := v.(stream)
	if err != nil || !ok {
		return ref{}, errSyntax
	}
	raw, err := f.raw(content)
	if err != nil {
		return ref{}, err
	}
	resources, err := u.take(first["Resources"], f, map[ref]ref{})
	if err != nil {
		return ref{}, err
	}
	d := dict{
		"Type": name("XObject"), "Subtype": name("Form"), "BBox": rectangle(0, 0, width, height), "Resources": resources,
	}
	if filter, packed := content.dict["Filter"]; packed {
		d["Filter"] = filter
	}
	return u.addStream(d, raw), nil
}

func rectangle(left, bottom, right, top float64) array {
	var a array
	for _, v := range []float64{left, bottom, right, top} {
		a = append(a, number(strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00")))
	}
	return a
}

// addField adds a signature field that is not seen to the form and the first page.
func (u *update) addField(form dict, signature ref, n Note) error {
	if strings.Contains(n.Field, ".") {
		return errors.New("pdf: the file has no signature field of this name, and a new one may have no dot in it")
	}
	pages, err := u.pages()
	if err != nil {
		return err
	}
	first := pages[0]
	widget := u.add(dict{
		"Type": name("Annot"), "Subtype": name("Widget"), "FT": name("Sig"), "F": 132, // printed, locked
		"T": hexText(n.Field), "V": signature, "P": first.at, "Rect": array{0, 0, 0, 0},
	})
	fields, err := u.getArray(form["Fields"])
	if err != nil {
		return err
	}
	form["Fields"] = append(slices.Clone(fields), widget)
	annots, err := u.getArray(first.dict["Annots"])
	if err != nil {
		return err
	}
	changed := maps.Clone(first.dict)
	changed["Annots"] = append(slices.Clone(annots), widget)
	u.put(first.at, changed)
	return nil
}

// seal fills in what the signature covers.
func (u *update) seal(hole int) Prepared {
	end := hole + 2*MaxCMS + 2
	covered := fmt.Sprintf("[0 %d %d %d]", hole, end, len(u.out)-end)
	at := bytes.LastIndex(u.out[:hole], []byte(rangeRoom))
	copy(u.out[at:], covered+strings.Repeat(" ", len(rangeRoom)-len(covered)))
	return Prepared{u.out, digest(u.out, hole, end, len(u.out))}
}

func digest(b []byte, hole, after, end int) [sha512.Size]byte {
	h := sha512.New()
	h.Write(b[:hole])
	h.Write(b[after:end])
	return [sha512.Size]byte(h.Sum(nil))
}
