package pdf_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/pdf"
	"github.com/identikit/identikit/internal/sim/pades"
)

var note = pdf.Note{Name: "Zoë Müller", Reason: "Vertrag (1)", Location: "Köln", At: at}

// covered is what is signed, cut out by hand.
func covered(s pdf.Signature, file []byte) []byte {
	return slices.Concat(file[:s.Hole[0]], file[s.Hole[1]:s.End])
}

func prepare(t testing.TB, file []byte, n pdf.Note) pdf.Prepared {
	t.Helper()
	p, err := pdf.Prepare(file, n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func examine(t testing.TB, file []byte) []pdf.Signature {
	t.Helper()
	all, err := pdf.Examine(file)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// signed prepares a file, has it signed, and embeds what comes.
func signed(t testing.TB, who signatory, file []byte, n pdf.Note) []byte {
	t.Helper()
	p := prepare(t, file, n)
	all := examine(t, p.PDF)
	content := covered(all[len(all)-1], p.PDF)
	if sha512.Sum512(content) != p.SHA512 {
		t.Fatal("the digest is one of other bytes")
	}
	out, err := pdf.Embed(p.PDF, who.sign(t, content))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSign: programs that share nothing with us find the signature valid, and
// that it covers the file.
func TestSign(t *testing.T) {
	t.Parallel()
	named := func(field string) pdf.Note {
		n := note
		n.Field = field
		return n
	}
	for _, c := range []struct {
		name, key string
		file      []byte
		note      pdf.Note
		field     string
	}{
		{"no form", "ecdsa", plain(t), note, "Signature1"},
		{"no form, a name", "rsa", plain(t), named("customer"), "customer"},
		{"compressed tables", "pss", packed("<</Type/Catalog/Pages 2 0 R>>", withFields[1], "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"), note, "Signature1"},
		{"compressed tables, the first empty field", "ecdsa", packed(withFields...), note, "bank.ü"},
		{"classic tables, the first empty field", "rsa", classic("", withFields...), note, "bank.ü"},
		{"the field that is named", "ecdsa", classic("/ID[(a)(b)]", withFields...), named("customer"), "customer"},
		{"a field that is not there", "ecdsa", packed(withFields...), named("other"), "other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			who := newSignatory(t, c.key)
			if again := prepare(t, c.file, c.note); !bytes.Equal(again.PDF, prepare(t, c.file, c.note).PDF) {
				t.Error("prepared again it is another file")
			}
			out := signed(t, who, c.file, c.note)
			if !bytes.HasPrefix(out, c.file) {
				t.Error("the bytes that came are not the beginning of those that went")
			}
			says(t, pdfsig(t, out), map[string]int{
				"Signature is Valid": 1, "ETSI.CAdES.detached": 1, "  - Total document signed": 1, "SHA-512": 1, "Signer Certificate Common Name: Zoë Müller": 1,
				"Signature Field Name: " + c.field + "\n": 1,
			})
			all := examine(t, out)
			if len(all) != 1 || all[0].Field != c.field || all[0].Name != note.Name || !all[0].At.Equal(at) || !all[0].Whole || all[0].End != len(out) {
				t.Fatalf("%+v", all)
			}
			who.verify(t, all[0].CMS, covered(all[0], out))
			if cert, err := all[0].Verify(); err != nil || !cert.Equal(who.cert) {
				t.Errorf("%v", err)
			}
			if all[0].Sum != sha512.Sum512(covered(all[0], out)) {
				t.Error("another sum")
			}
		})
	}
}

// TestChanged: one byte changed anywhere in what is signed is seen, by others and by us.
func TestChanged(t *testing.T) {
	t.Parallel()
	who := newSignatory(t, "ecdsa")
	file := classic("/ID[(a)(b)]", withFields...)
	out := signed(t, who, file, note)
	find := func(s string) int {
		at := bytes.LastIndex(out, []byte(s))
		if at < 0 {
			t.Fatalf("there is no %q", s)
		}
		return at
	}
	for name, at := range map[string]int{
		"the version":                 7,
		"a page":                      bytes.Index(out, []byte("/MediaBox")) + 14,
		"the old table":               bytes.Index(out, []byte("xref\n")) + 30,
		"the name of who signed":      find("/Name <") + 10,
		"the time":                    find("/M (D:") + 8,
		"the byte range":              find("/ByteRange [0 ") + 14,
		"the byte range's end":        find("/ByteRange [0 ") + 22,
		"a blank after the range":     find("] ") + 1,
		"the bracket before the hole": find("/Contents <") + 10,
		"the field":                   find("/Parent 6 0 R") + 8,
		"the catalog":                 find("/Type /Catalog") + 8,
		"the new table":               find("xref\n") + 12,
		"the trailer":                 find("/Prev ") + 6,
		"the last letter but one":     len(out) - 2,
		"the last":                    len(out) - 1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := bytes.Clone(out)
			bad[at] ^= 1
			if said := pdfsig(t, bad); strings.Contains(said, "Signature is Valid") {
				t.Errorf("pdfsig passes it:\n%s", said)
			}
			all, err := pdf.Examine(bad)
			if err == nil && len(all) == 1 {
				_, err = all[0].Verify()
			}
			if err == nil && len(all) == 1 {
				t.Error("it passes")
			}
		})
	}
	t.Run("the signature within", func(t *testing.T) {
		s := examine(t, out)[0]
		for place := len(s.CMS) - 60; place < len(s.CMS); place++ { // the CMS ends with it
			bad, digit := bytes.Clone(out), s.Hole[0]+1+2*place
			bad[digit] = "123456789abcdef0"[strings.IndexByte("0123456789abcdef", out[digit])]
			if _, err := examine(t, bad)[0].Verify(); err == nil {
				t.Errorf("byte %d of %d", place, len(s.CMS))
			}
			bad[digit] = 'x' // no digit at all
			if _, err := pdf.Examine(bad); err == nil {
				t.Errorf("digit %d", digit)
			}
		}
	})
}

// TestTwice: each of two signatures stays valid, the first for its revision.
func TestTwice(t *testing.T) {
	t.Parallel()
	who := newSignatory(t, "ecdsa")
	for name, c := range map[string]struct {
		file   []byte
		fields []string
	}{
		"no form":            {plain(t), []string{"Signature1", "Signature2"}},
		"classic, two empty": {classic("", withFields...), []string{"bank.ü", "customer"}},
		"packed, two empty":  {packed(withFields...), []string{"bank.ü", "customer"}},
	} {
		t.Run(name, func(t *testing.T) {
			first := signed(t, who, c.file, note)
			both := signed(t, who, first, pdf.Note{Name: "Bank", At: at.Add(time.Hour)})
			says(t, pdfsig(t, both), map[string]int{"Signature is Valid": 2, "  - Total document signed": 1, "Not total document signed": 1})
			all := examine(t, both)
			if len(all) != 2 || all[0].Field != c.fields[0] || all[1].Field != c.fields[1] || all[0].End != len(first) || all[0].Whole || !all[1].Whole {
				t.Fatalf("%+v", all)
			}
			for _, s := range all {
				who.verify(t, s.CMS, covered(s, both))
				if _, err := s.Verify(); err != nil {
					t.Error(err)
				}
			}
			n := note
			n.Field = c.fields[0]
			if _, err := pdf.Prepare(both, n); err == nil || !strings.Contains(err.Error(), "signed already") {
				t.Errorf("a field is signed twice: %v", err)
			}
		})
	}
}

// TestPlaceApart: a field and its place may be two objects; the value goes to the
// first, the look to the second. (pdfsig looks at the second alone.)
func TestPlaceApart(t *testing.T) {
	t.Parallel()
	who := newSignatory(t, "ecdsa")
	objects := slices.Clone(withFields)
	objects[7] = "<</FT/Sig/T(customer)/Kids[10 0 R]>>"
	objects[9] = "<</Type/Annot/Subtype/Widget/Parent 8 0 R/Rect[50 250 250 290]/F 4>>"
	n := note
	n.Field, n.Look = "customer", func(float64, float64) ([]byte, error) { return plain(t), nil }
	out := signed(t, who, packed(objects...), n)
	s := examine(t, out)
	if len(s) != 1 || s[0].Field != "customer" {
		t.Fatalf("%+v", s)
	}
	who.verify(t, s[0].CMS, covered(s[0], out))
	says(t, string(out), map[string]int{"8 0 obj\n<</FT /Sig /Kids [10 0 R] /T (customer) /V ": 1, "10 0 obj\n<</AP <</N ": 1})
}

// TestValidation: what is added to check the signature later leaves it valid.
func TestValidation(t *testing.T) {
	t.Parallel()
	who := newSignatory(t, "ecdsa")
	v := pdf.Validation{Certificates: [][]byte{who.cert.Raw, who.ca.Raw, who.ca.Raw}, OCSPs: [][]byte{who.ocsp(t)}, CRLs: [][]byte{who.crl}}
	for name, file := range map[string][]byte{"classic": classic("", withFields...), "packed": packed(withFields...)} {
		t.Run(name, func(t *testing.T) {
			one := signed(t, who, file, note)
			long, err := pdf.AddValidation(one, v)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := pdf.AddValidation(one, v); err != nil || !bytes.Equal(again, long) {
				t.Errorf("added again it is another file: %v", err)
			}
			if !bytes.HasPrefix(long, one) {
				t.Error("the signed bytes are not the beginning")
			}
			says(t, pdfsig(t, long), map[string]int{"Signature is Valid": 1, "Not total document signed": 1})
			s := examine(t, long)
			if len(s) != 1 || s[0].Whole || s[0].End != len(one) {
				t.Fatalf("%+v", s)
			}
			who.verify(t, s[0].CMS, covered(s[0], long))
			// the entry of this signature is named by the whole text of its CMS
			padded, err := hex.DecodeString(string(long[s[0].Hole[0]+1 : s[0].Hole[1]-1]))
			if err != nil {
				t.Fatal(err)
			}
			added := string(long[len(one):])
			says(t, added, map[string]int{
				fmt.Sprintf("/VRI <</%X <<", sha1.Sum(padded)): 1, "/DSS ": 2, "/Type /DSS": 1, "/ESIC <</BaseVersion /1.7 /ExtensionLevel 5 >>": 1,
				"stream\n" + string(who.cert.Raw): 1, "stream\n" + string(who.ca.Raw): 1, "stream\n" + string(v.OCSPs[0]): 1, "stream\n" + string(who.crl): 1,
			})
			// another signature, and what it needs, join what is there
			both, err := pdf.AddValidation(signed(t, who, long, pdf.Note{At: at}), pdf.Validation{CRLs: [][]byte{who.crl}})
			if err != nil {
				t.Fatal(err)
			}
			says(t, pdfsig(t, both), map[string]int{"Signature is Valid": 2})
			store := string(both[bytes.LastIndex(both, []byte("/Type /DSS"))-2000:])
			if !strings.Contains(store, fmt.Sprintf("/%X <<", sha1.Sum(padded))) || len(examine(t, both)) != 2 {
				t.Error("the first entry is lost")
			}
			if same, err := pdf.AddValidation(one, pdf.Validation{}); err != nil || !bytes.Equal(same, one) {
				t.Errorf("nothing to add, and it is another file: %v", err)
			}
		})
	}
}

// TestTheirs: a file that a trust service has signed whole is read as well, and
// can be signed once more.
func TestTheirs(t *testing.T) {
	t.Parallel()
	authority, err := pades.NewAuthority("Simulation CA", at)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := authority.Signer("Anna Müller", "TX-1", at)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"classic": plain(t), "packed": packed(withFields...)} {
		theirs, err := pades.Sign(file, []pades.Field{{Name: "theirs"}, {Name: "more"}}, signer)
		if err != nil {
			t.Fatal(err)
		}
		out := signed(t, newSignatory(t, "ecdsa"), theirs, note)
		all := examine(t, out)
		if len(all) != 3 {
			t.Fatalf("%s: %+v", name, all)
		}
		for n, s := range all {
			if cert, err := s.Verify(); err != nil || n < 2 && (s.Name != signer.Name || cert.Subject.CommonName != signer.Name) {
				t.Errorf("%s, signature %d: %v", name, n, err)
			}
		}
	}
}

// TestLook: what is seen of a signature comes from a page that is given.
func TestLook(t *testing.T) {
	t.Parallel()
	var sizes [][2]float64
	n := note
	n.Look = func(w, h float64) ([]byte, error) {
		sizes = append(sizes, [2]float64{w, h})
		return plain(t), nil
	}
	for _, field := range []string{"bank.ü", "customer"} {
		n.Field = field
		p := prepare(t, classic("", withFields...), n)
		if added := string(p.PDF); !strings.Contains(added, "/AP <</N ") || !strings.Contains(added, "/BBox [0 0 200 40]") || !strings.Contains(added, "/BaseFont /Helvetica") {
			t.Errorf("%s has no look", field)
		}
	}
	if want := [][2]float64{{200, 40}, {200, 40}}; !slices.Equal(sizes, want) {
		t.Errorf("%v", sizes)
	}
	n.Field = ""
	prepare(t, plain(t), n) // a field that nobody sees
	if len(sizes) != 2 {
		t.Error("what is not seen was drawn")
	}
	n.Field = "customer"
	broken := errors.New("no ink")
	n.Look = func(float64, float64) ([]byte, error) { return nil, broken }
	if _, err := pdf.Prepare(classic("", withFields...), n); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	n.Look = func(float64, float64) ([]byte, error) { return []byte("ink"), nil }
	if _, err := pdf.Prepare(classic("", withFields...), n); err == nil {
		t.Error("what is no PDF was taken")
	}
}

// TestCannotPrepare: what cannot be signed is refused with the reason, and
// without anything that stands in the file.
func TestCannotPrepare(t *testing.T) {
	t.Parallel()
	page := withFields[1:3]
	catalog := func(more string) []string {
		return append([]string{"<</Type/Catalog/Pages 2 0 R" + more + ">>"}, page...)
	}
	bomb := deflate(make([]byte, 100<<20))
	for name, c := range map[string]struct {
		file []byte
		why  string
	}{
		"no PDF":               {[]byte("Anna Schmidt"), "no PDF"},
		"nothing":              {nil, "no PDF"},
		"cut off":              {plain(t)[:400], "damaged"},
		"encrypted":            {classic("/Encrypt 1 0 R", withFields...), "encrypted"},
		"XFA":                  {classic("", catalog("/AcroForm<</XFA(Anna)>>")...), "XFA"},
		"certified":            {classic("", catalog("/Perms<</DocMDP<</Reference[<</TransformParams<</P 1>>>>]>>>>")...), "allows no further"},
		"no page":              {classic("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>"), "no page"},
		"pages in a ring":      {classic("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R]/Count 1>>"), "damaged"},
		"fields in a ring":     {classic("", catalog("/AcroForm<</Fields[4 0 R]>>")[0], page[0], page[1], "<</T(a)/Kids[4 0 R]>>"), "damaged"},
		"a key twice":          {classic("", catalog("/AcroForm<</Fields[]/Fields[]>>")...), "damaged"},
		"a table in a ring":    {classic("/Prev 9", withFields...), "damaged"},
		"too deep":             {classic("", catalog("/A"+strings.Repeat("[", 100000))...), "damaged"},
		"references in a ring": {classic("", "<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R>>", page[0], "3 0 R"), "damaged"},
		"a bomb": {fmt.Appendf(nil, "%%PDF-1.5\n1 0 obj\n<</Type/XRef/Size 3/W[1 2 1]/Root 2 0 R/Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream\nendobj\nstartxref\n9\n%%%%EOF", len(bomb), bomb),
			"damaged"},
		"a stream whose length lies in itself": {ownLength(), "damaged"},
		"a packing of old": {[]byte("%PDF-1.5\n1 0 obj\n<</Type/XRef/Size 3/W[1 2 1]/Root 2 0 R/Length 3/Filter/LZWDecode>>\nstream\nabc\nendstream\nendobj\nstartxref\n9\n%%EOF"),
			"in a way that is not read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := pdf.Prepare(c.file, note); err == nil || !strings.Contains(err.Error(), c.why) || strings.Contains(err.Error(), "Anna") {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := pdf.Prepare(prepare(t, plain(t), note).PDF, note); err == nil || !strings.Contains(err.Error(), "waits for a signature already") {
		t.Errorf("prepared twice: %v", err)
	}
	if _, err := pdf.Prepare(plain(t), pdf.Note{}); err == nil {
		t.Error("signed at no time")
	}
	dotted := note
	dotted.Field = "a.b"
	if _, err := pdf.Prepare(plain(t), dotted); err == nil {
		t.Error("a name with a dot")
	}
}

// ownLength is a file with a stream of objects whose length is one of its own objects.
func ownLength() []byte {
	b := []byte("%PDF-1.5\n")
	holder := len(b)
	b = append(b, "1 0 obj\n<</Type/ObjStm/N 1/First 4/Length 2 0 R>>\nstream\n2 0 5\nendstream\nendobj\n"...)
	table := len(b)
	rows := []byte{0, 0, 0, 1, byte(holder), 0, 2, 1, 0, 1, byte(table), 0}
	b = fmt.Appendf(b, "3 0 obj\n<</Type/XRef/Size 4/W[1 1 1]/Root 2 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF", len(rows), rows, table)
	return b
}

// TestCannotEmbed: only one value of DER that fits, and only into a file that waits.
func TestCannotEmbed(t *testing.T) {
	t.Parallel()
	who := newSignatory(t, "ecdsa")
	p := prepare(t, plain(t), note)
	good := who.sign(t, covered(examine(t, p.PDF)[0], p.PDF))
	out, err := pdf.Embed(p.PDF, good)
	if err != nil {
		t.Fatal(err)
	}
	large := append([]byte{0x30, 0x82, 0x80, 0x00}, make([]byte, 0x8000)...)
	for name, c := range map[string]struct {
		file, cms []byte
		why       string
	}{
		"too large":       {p.PDF, large, "there is room for 32768"},
		"nothing":         {p.PDF, nil, "no CMS in DER"},
		"BER":             {p.PDF, []byte{0x30, 0x80, 0, 0}, "no CMS in DER"},
		"more than one":   {p.PDF, append(slices.Clone(good), good...), "no CMS in DER"},
		"zeros behind":    {p.PDF, append(slices.Clone(good), 0), "no CMS in DER"},
		"signed already":  {out, good, "waits for no"},
		"never prepared":  {plain(t), good, "no signature"},
		"another's bytes": {[]byte("x"), good, "no PDF"},
		"more behind it":  {append(slices.Clone(p.PDF), "\n%%EOF\n"...), good, "waits for no"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := pdf.Embed(c.file, c.cms); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v", err)
			}
		})
	}
	for name, c := range map[string]struct {
		file []byte
		v    pdf.Validation
	}{
		"no signature":    {plain(t), pdf.Validation{CRLs: [][]byte{who.crl}}},
		"waits for it":    {p.PDF, pdf.Validation{CRLs: [][]byte{who.crl}}},
		"not DER":         {out, pdf.Validation{OCSPs: [][]byte{[]byte("ocsp")}}},
		"DER and more":    {out, pdf.Validation{Certificates: [][]byte{append(slices.Clone(who.ca.Raw), 0)}}},
		"PEM":             {out, pdf.Validation{Certificates: [][]byte{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: who.ca.Raw})}}},
		"far too many":    {out, pdf.Validation{CRLs: slices.Repeat([][]byte{who.crl}, 2000)}},
		"an empty answer": {out, pdf.Validation{OCSPs: [][]byte{nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := pdf.AddValidation(c.file, c.v); err == nil {
				t.Error("it was taken")
			}
		})
	}
}

// TestVerifyRefuses: a CMS that is right in itself but not one of this file.
func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	who := newSignatory(t, "ecdsa")
	p := prepare(t, plain(t), note)
	content := covered(examine(t, p.PDF)[0], p.PDF)
	good := who.sign(t, content)
	forged := slices.Clone(good)
	forged[len(forged)-1] ^= 1 // the signature ends there
	variant := func(args ...string) []byte {
		who.keep(t, "content", content)
		who.openssl(t, append([]string{"cms", "-sign", "-binary", "-in", "content", "-signer", "signer.pem", "-inkey", "signer.key", "-outform", "DER", "-out", "cms"}, args...)...)
		return who.read(t, "cms")
	}
	for name, c := range map[string]struct {
		cms []byte
		why string
	}{
		"other bytes":              {who.sign(t, []byte("another contract")), "other bytes"},
		"another signature":        {forged, "not made with the key"},
		"no certificate":           {variant("-md", "sha512", "-nocerts"), "not carry the certificate"},
		"no attributes":            {variant("-md", "sha512", "-noattr"), "no CMS in DER"},
		"the bytes within":         {variant("-md", "sha512", "-nodetach"), "no CMS in DER"},
		"a digest of old":          {variant("-md", "sha1"), "digest that is not accepted"},
		"two signers":              {variant("-md", "sha512", "-signer", "ca.pem", "-inkey", "ca.key"), "no CMS in DER"},
		"no CMS but a certificate": {who.ca.Raw, "no CMS in DER"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := pdf.Embed(p.PDF, c.cms)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := examine(t, out)[0].Verify(); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := examine(t, p.PDF)[0].Verify(); err == nil {
		t.Error("no CMS at all")
	}
}
