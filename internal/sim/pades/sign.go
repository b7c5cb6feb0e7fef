package pades

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Field is the place of one signature.
type Field struct {
	Name      string
	Acrofield string // the form field whose place it takes; "": Page and the rectangle
	Page      int    // from 1; 0: the signature cannot be seen
	// Left, Bottom, Width and Height are in points, from the page's lower left corner.
	Left, Bottom, Width, Height float64
}

// contentsSize is how many bytes the CMS signature may have.
const contentsSize = 8192

// Sign signs the file once for each field, one revision after the other; with no
// field once, unseen. The bytes that came are the beginning of those that go.
func Sign(pdf []byte, fields []Field, s Signer) ([]byte, error) {
	if len(fields) == 0 {
		fields = []Field{{Name: "signature"}}
	}
	for _, field := range fields {
		next, err := signOnce(pdf, field, s)
		if err != nil {
			return nil, err
		}
		pdf = next
	}
	return pdf, nil
}

// Check says why the file cannot be signed in these places.
func Check(pdf []byte, fields []Field) error {
	f, err := parse(pdf)
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		fields = []Field{{}}
	}
	for _, field := range fields {
		if _, err := f.find(field); err != nil {
			return err
		}
	}
	_, _, err = f.catalog()
	return err
}

// place is where a signature comes: a page and a rectangle on it.
type place struct {
	at   ref // of the page
	page dict
	rect [4]float64
}

// catalog is the file's root and the number of its object.
func (f *file) catalog() (ref, dict, error) {
	at, ok := f.trailer["Root"].(ref)
	if !ok {
		return at, nil, errSyntax
	}
	v, err := f.get(at)
	root, ok := v.(dict)
	if err == nil && !ok {
		err = errSyntax
	}
	return at, root, err
}

// pages lists the file's pages.
func (f *file) pages() ([]place, error) {
	_, root, err := f.catalog()
	if err != nil {
		return nil, err
	}
	var all []place
	seen := map[ref]bool{}
	var walk func(v any, depth int) error
	walk = func(v any, depth int) error {
		at, ok := v.(ref)
		if !ok || seen[at] || len(seen) > maxPages || depth > maxDepth {
			return errSyntax
		}
		seen[at] = true
		node, err := f.get(at)
		d, ok := node.(dict)
		if err != nil || !ok {
			return errors.Join(err, errSyntax)
		}
		kids, err := f.get(d["Kids"])
		if err != nil {
			return err
		}
		list, branch := kids.(array)
		if !branch {
			all = append(all, place{at: at, page: d})
		}
		for _, kid := range list {
			if err := walk(kid, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return all, walk(root["Pages"], 0)
}

// find finds the place of a field.
func (f *file) find(field Field) (place, error) {
	pages, err := f.pages()
	switch {
	case err != nil:
		return place{}, err
	case len(pages) == 0:
		return place{}, errSyntax
	case field.Acrofield != "":
		return f.findWidget(pages, field.Acrofield)
	case field.Page == 0:
		return pages[0], nil
	case field.Page < 0 || field.Page > len(pages):
		return place{}, fmt.Errorf("pades: the PDF has %d pages, and a signature is to stand on page %d", len(pages), field.Page)
	case field.Width <= 0 || field.Height <= 0:
		return place{}, errors.New("pades: the place of a signature has no size")
	}
	p := pages[field.Page-1]
	p.rect = [4]float64{field.Left, field.Bottom, field.Left + field.Width, field.Bottom + field.Height}
	return p, nil
}

// findWidget finds the place of a form field by its name.
func (f *file) findWidget(pages []place, wanted string) (place, error) {
	for _, p := range pages {
		list, err := f.get(p.page["Annots"])
		if err != nil {
			return p, err
		}
		annots, _ := list.(array)
		for _, a := range annots {
			v, err := f.get(a)
			if err != nil {
				return p, err
			}
			widget, _ := v.(dict)
			if t, ok := widget["T"].(text); !ok || plainText(t) != wanted {
				continue
			}
			corners, _ := widget["Rect"].(array)
			if len(corners) != 4 {
				return p, errSyntax
			}
			for n, corner := range corners {
				c, _ := corner.(number)
				if p.rect[n], err = strconv.ParseFloat(string(c), 64); err != nil {
					return p, errSyntax
				}
			}
			return p, nil
		}
	}
	return place{}, errors.New("pades: the PDF has no form field by the name of the signature's place")
}

// plainText is a short text without its brackets: ASCII, or UTF-16 in hex digits.
func plainText(t text) string {
	if inner, ok := strings.CutPrefix(string(t), "("); ok {
		return strings.TrimSuffix(inner, ")")
	}
	b, err := hex.DecodeString(strings.Trim(string(t), "<>"))
	if err != nil {
		return ""
	}
	if rest, wide := bytes.CutPrefix(b, []byte{0xFE, 0xFF}); wide {
		var s strings.Builder
		for n := 1; n < len(rest); n += 2 {
			s.WriteRune(rune(rest[n-1])<<8 | rune(rest[n]))
		}
		return s.String()
	}
	return string(b)
}

// update is a revision of a file in the making.
type update struct {
	*file
	out  []byte
	next int         // the number of the next new object
	at   map[int]int // where the objects of the revision are, by number
}

// put writes an object.
func (u *update) put(n int, body []byte) {
	u.at[n] = len(u.out)
	u.out = append(fmt.Appendf(u.out, "%d 0 obj\n", n), body...)
	u.out = append(u.out, "\nendobj\n"...)
}

// add writes a new object and gives its number.
func (u *update) add(body []byte) ref {
	n := u.next
	u.next++
	u.put(n, body)
	return ref{number: n}
}

// signOnce adds one revision with one signature.
func signOnce(pdf []byte, field Field, s Signer) ([]byte, error) {
	f, err := parse(pdf)
	if err != nil {
		return nil, err
	}
	size, ok := whole(f.trailer["Size"])
	if !ok || size > maxObjects {
		return nil, errSyntax
	}
	where, err := f.find(field)
	if err != nil {
		return nil, err
	}
	rootAt, root, err := f.catalog()
	if err != nil {
		return nil, err
	}
	u := &update{file: f, out: append(slices.Clone(pdf), '\n'), next: size, at: map[int]int{}}
	signature := u.add(signatureBody(s))
	contents := bytes.Index(u.out[len(pdf):], []byte("/Contents <")) + len(pdf) + len("/Contents ")
	widget := u.add(write(nil, dict{
		"Type": name("Annot"), "Subtype": name("Widget"), "FT": name("Sig"), "F": 132, "V": signature,
		"T": hexText(u.freeName(field.Name)), "P": where.at, "Rect": rectangle(where.rect), "AP": dict{"N": u.appearance(where.rect, s)},
	}))
	if err := u.form(rootAt, root, widget); err != nil {
		return nil, err
	}
	if err := u.annotate(where, widget); err != nil {
		return nil, err
	}
	u.table()
	return u.seal(contents, s)
}

// rangeRoom keeps the place of the byte range, which is known when all is written.
const rangeRoom = "[0 9999999999 9999999999 9999999999]"

// signatureBody is the signature's dictionary with room for what is known last.
func signatureBody(s Signer) []byte {
	b := write(nil, dict{
		"Type": name("Sig"), "Filter": name("Adobe.PPKLite"), "SubFilter": name("ETSI.CAdES.detached"),
		"M": text("(D:" + s.At.UTC().Format("20060102150405") + "Z)"), "Name": hexText(s.Name),
		"Reason": hexText("Simulation: this signature is worth nothing"),
	})
	b = b[:len(b)-len(">>")]
	b = append(b, "/ByteRange "+rangeRoom+" /Contents <"...)
	b = append(b, bytes.Repeat([]byte("0"), 2*contentsSize)...)
	return append(b, "> >>"...)
}

// freeName is the field's name, or one like it that the form does not have yet:
// a file may be signed again.
func (u *update) freeName(wanted string) string {
	return fmt.Sprintf("%s-%d", wanted, u.next)
}

func rectangle(r [4]float64) array {
	var a array
	for _, v := range r {
		a = append(a, number(strconv.FormatFloat(v, 'f', 2, 64)))
	}
	return a
}

// appearance writes what people see of the signature.
func (u *update) appearance(r [4]float64, s Signer) ref {
	w, h := r[2]-r[0], r[3]-r[1]
	size := max(3, min(8, h/4.2))
	var b []byte
	if w > 0 && h > 0 {
		b = fmt.Appendf(b, "0.15 0.27 0.47 RG 0.5 w 0.25 0.25 %.2f %.2f re S BT /F %.2f Tf %.2f TL 3 %.2f Td", w-0.5, h-0.5, size, size*1.25, h-size*1.2)
		for _, line := range []string{"Signed electronically by", s.Name, s.At.UTC().Format("2006-01-02 15:04:05 UTC"), "SIMULATION"} {
			b = fmt.Appendf(b, " (%s) Tj T*", escape(line))
		}
		b = append(b, " ET"...)
	}
	head := write(nil, dict{
		"Type": name("XObject"), "Subtype": name("Form"), "Length": len(b), "BBox": rectangle([4]float64{0, 0, w, h}),
		"Resources": dict{"Font": dict{"F": dict{
			"Type": name("Font"), "Subtype": name("Type1"), "BaseFont": name("Helvetica"), "Encoding": name("WinAnsiEncoding"),
		}}},
	})
	return u.add(slices.Concat(head, []byte("\nstream\n"), b, []byte("\nendstream")))
}

// escape writes a text for a font of Latin-1.
func escape(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '(' || c == ')' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c > 255:
			b.WriteByte('?')
		case c < 127:
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, "\\%03o", c)
		}
	}
	return b.String()
}

// form enters the field in the file's form.
func (u *update) form(rootAt ref, root dict, widget ref) error {
	v, err := u.get(root["AcroForm"])
	if err != nil {
		return err
	}
	old, _ := v.(dict)
	form := dict{}
	maps.Copy(form, old)
	v, err = u.get(form["Fields"])
	if err != nil {
		return err
	}
	fields, _ := v.(array)
	form["Fields"] = append(slices.Clone(fields), widget)
	form["SigFlags"] = 3
	root = maps.Clone(root)
	if at, own := root["AcroForm"].(ref); own {
		u.put(at.number, write(nil, form))
		return nil
	}
	root["AcroForm"] = form
	u.put(rootAt.number, write(nil, root))
	return nil
}

// annotate puts the field on its page.
func (u *update) annotate(where place, widget ref) error {
	v, err := u.get(where.page["Annots"])
	if err != nil {
		return err
	}
	annots, _ := v.(array)
	page := maps.Clone(where.page)
	page["Annots"] = append(slices.Clone(annots), widget)
	u.put(where.at.number, write(nil, page))
	return nil
}

// table writes the revision's section of the cross-reference table, in the form
// that the file's last one has.
func (u *update) table() {
	trailer := dict{"Prev": u.start, "Root": u.trailer["Root"]}
	for _, key := range []name{"Info", "ID"} {
		if v, ok := u.trailer[key]; ok {
			trailer[key] = v
		}
	}
	start := len(u.out)
	if u.streams {
		u.at[u.next] = start
		u.next++
	}
	numbers := slices.Sorted(maps.Keys(u.at))
	trailer["Size"] = u.next
	if u.streams {
		var rows []byte
		var index array
		for _, n := range numbers {
			at := u.at[n]
			rows = append(rows, 1, byte(at>>24), byte(at>>16), byte(at>>8), byte(at), 0)
			index = append(index, n, 1)
		}
		maps.Copy(trailer, dict{"Type": name("XRef"), "W": array{1, 4, 1}, "Index": index, "Length": len(rows)})
		u.out = fmt.Appendf(u.out, "%d 0 obj\n", u.next-1)
		u.out = slices.Concat(write(u.out, trailer), []byte("\nstream\n"), rows, []byte("\nendstream\nendobj\n"))
	} else {
		u.out = append(u.out, "xref\n"...)
		for _, n := range numbers {
			u.out = fmt.Appendf(u.out, "%d 1\n%010d 00000 n\r\n", n, u.at[n])
		}
		u.out = append(write(append(u.out, "trailer\n"...), trailer), '\n')
	}
	u.out = fmt.Appendf(u.out, "startxref\n%d\n%%%%EOF\n", start)
}

// seal fills in what the signature covers, and the signature.
func (u *update) seal(contents int, s Signer) ([]byte, error) {
	end := contents + 2*contentsSize + 2
	covered := fmt.Sprintf("[0 %d %d %d]", contents, end, len(u.out)-end)
	at := bytes.LastIndex(u.out[:contents], []byte(rangeRoom))
	copy(u.out[at:], covered+strings.Repeat(" ", len(rangeRoom)-len(covered)))
	hash := sha256.New()
	hash.Write(u.out[:contents])
	hash.Write(u.out[end:])
	cms, err := s.detached([sha256.Size]byte(hash.Sum(nil)))
	if err != nil {
		return nil, err
	}
	if len(cms) > contentsSize {
		return nil, errors.New("pades: the signature is too large")
	}
	hex.Encode(u.out[contents+1:], cms)
	return u.out, nil
}
