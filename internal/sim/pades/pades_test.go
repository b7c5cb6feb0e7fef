package pades_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/identikit/identikit/internal/sim/pades"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// plain is a PDF of two pages with a classic table.
func plain(t testing.TB) []byte {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	for range 2 {
		pdf.AddPage()
		pdf.SetFont("Helvetica", "", 12)
		pdf.Cell(40, 10, "Loan agreement")
	}
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed is a PDF of version 1.5: its objects lie in a stream, and so does the
// table, predicted like those that word processors write. It has a form field.
func packed(t testing.TB) []byte {
	t.Helper()
	deflate := func(b []byte) []byte {
		var out bytes.Buffer
		w := zlib.NewWriter(&out)
		w.Write(b)
		w.Close()
		return out.Bytes()
	}
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R]>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(customer)/Rect[50 50 250 90]>>",
	}
	var head, body string
	for n, o := range objects {
		head += fmt.Sprintf("%d %d ", n+1, len(body))
		body += o + " "
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	holder := b.Len()
	z := deflate([]byte(head + body))
	fmt.Fprintf(&b, "5 0 obj\n<</Type/ObjStm/N %d/First %d/Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream\nendobj\n", len(objects), len(head), len(z), z)
	table := b.Len()
	rows := [][]byte{{0, 0, 0, 0}, {2, 0, 5, 0}, {2, 0, 5, 1}, {2, 0, 5, 2}, {2, 0, 5, 3}, {1, byte(holder >> 8), byte(holder), 0}, {1, byte(table >> 8), byte(table), 0}}
	var up []byte
	above := make([]byte, 4)
	for _, row := range rows {
		up = append(up, 2)
		for i := range row {
			up = append(up, row[i]-above[i])
		}
		above = row
	}
	z = deflate(up)
	fmt.Fprintf(&b, "6 0 obj\n<</Type/XRef/Size 7/W[1 2 1]/Root 1 0 R/Length %d/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 4>>>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(z), z, table)
	return b.Bytes()
}

// pdfsig is what the reader of PDF files that everybody has says of the signatures.
func pdfsig(t *testing.T, pdf []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signed.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdfsig", "-nocert", path).CombinedOutput()
	if err != nil {
		t.Fatalf("pdfsig: %v\n%s", err, out)
	}
	return string(out)
}

func signer(t testing.TB) pades.Signer {
	t.Helper()
	a, err := pades.NewAuthority("Simulation CA", at)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := a.Keep()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = kept.Open(); err != nil { // what is kept is as good
		t.Fatal(err)
	}
	s, err := a.Signer("Anna Müller-Łukasz (née O'Hara)", "TX-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSign: a reader that shares nothing with us finds each signature valid, and
// that it covers the file.
func TestSign(t *testing.T) {
	t.Parallel()
	s := signer(t)
	for _, c := range []struct {
		name   string
		pdf    []byte
		fields []pades.Field
		want   int
	}{
		{"unseen", plain(t), nil, 1},
		{"one field", plain(t), []pades.Field{{Name: "customer", Page: 2, Left: 50, Bottom: 100, Width: 200, Height: 40}}, 1},
		{"two fields", plain(t), []pades.Field{
			{Name: "customer", Page: 1, Left: 50, Bottom: 100, Width: 200, Height: 40}, {Name: "sepa", Page: 2, Left: 50, Bottom: 100, Width: 200, Height: 40},
		}, 2},
		{"objects in streams", packed(t), []pades.Field{{Name: "customer", Page: 1, Left: 50, Bottom: 100, Width: 200, Height: 40}}, 1},
		{"a form field's place", packed(t), []pades.Field{{Name: "a", Acrofield: "customer"}, {Name: "b", Acrofield: "customer"}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := pades.Check(c.pdf, c.fields); err != nil {
				t.Fatal(err)
			}
			signed, err := pades.Sign(c.pdf, c.fields, s)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(signed, c.pdf) {
				t.Error("the bytes that came are not the beginning of those that went")
			}
			said := pdfsig(t, signed)
			for text, want := range map[string]int{
				"Signature is Valid": c.want, "ETSI.CAdES.detached": c.want, "Total document signed": 1, "SHA-256": c.want,
			} {
				if strings.Count(said, text) < want {
					t.Errorf("pdfsig does not say %q %d times:\n%s", text, want, said)
				}
			}
			again, err := pades.Sign(c.pdf, c.fields, s)
			if err != nil || !bytes.Equal(again, signed) {
				t.Errorf("signed again it is another file: %v", err)
			}
			// one letter of the contract changed: the signature is not good any more
			bad := bytes.Clone(signed)
			bad[len(c.pdf)/2] ^= 1
			if said := pdfsig(t, bad); strings.Count(said, "Signature is Valid") == c.want {
				t.Errorf("a changed file passes:\n%s", said)
			}
		})
	}
}

// ownLength is a file with a stream of objects whose length is one of its own objects.
func ownLength() []byte {
	b := []byte("%PDF-1.5\n")
	holder := len(b)
	b = append(b, "1 0 obj\n<</Type/ObjStm/N 1/First 4/Length 2 0 R>>\nstream\n2 0 5\nendstream\nendobj\n"...)
	table := len(b)
	rows := []byte{0, 0, 0, 1, byte(holder), 0, 2, 1, 0, 1, byte(table), 0}
	return fmt.Appendf(b, "3 0 obj\n<</Type/XRef/Size 4/W[1 1 1]/Root 2 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF", len(rows), rows, table)
}

// TestCannotSign: what cannot be signed is refused with the reason.
func TestCannotSign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		pdf   []byte
		field pades.Field
		why   string
	}{
		{"no PDF", []byte("hello"), pades.Field{}, "no PDF"},
		{"cut off", plain(t)[:400], pades.Field{}, "damaged"},
		{"page", plain(t), pades.Field{Page: 3, Width: 1, Height: 1}, "2 pages"},
		{"size", plain(t), pades.Field{Page: 1}, "no size"},
		{"form field", packed(t), pades.Field{Acrofield: "other"}, "no form field"},
		{"a length within itself", ownLength(), pades.Field{}, "damaged"},
		{"encrypted", bytes.Replace(packed(t), []byte("/Root 1 0 R"), []byte("/Encrypt 1 0 R/Root 1 0 R"), 1), pades.Field{}, "encrypted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := pades.Check(c.pdf, []pades.Field{c.field}); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v", err)
			}
		})
	}
}

// FuzzSign: whatever comes is refused or signed; what is signed can be signed again.
func FuzzSign(f *testing.F) {
	f.Add(plain(f))
	f.Add(packed(f))
	s := signer(f)
	f.Fuzz(func(t *testing.T, pdf []byte) {
		signed, err := pades.Sign(pdf, nil, s)
		if err != nil {
			return
		}
		if err := pades.Check(signed, nil); err != nil {
			t.Errorf("what was signed cannot be read: %v", err)
		}
	})
}
