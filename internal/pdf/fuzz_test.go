package pdf_test

import (
	"bytes"
	"crypto/sha512"
	"testing"

	"github.com/identikit/identikit/internal/pdf"
)

// FuzzPrepare: whatever comes is refused or prepared; what was prepared waits for
// its CMS, takes it, and shows it again.
func FuzzPrepare(f *testing.F) {
	f.Add(plain(f))
	f.Add(packed(withFields...))
	f.Add(classic("/ID[(a)(b)]", withFields...))
	f.Add(ownLength())
	cms := []byte{0x30, 0x03, 0x02, 0x01, 0x05}
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := pdf.Prepare(file, note)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(p.PDF, file) {
			t.Fatal("the bytes that came are not the beginning")
		}
		out, err := pdf.Embed(p.PDF, cms)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pdf.Examine(out)
		if err != nil {
			t.Fatal(err)
		}
		s := all[len(all)-1]
		if !s.Whole || !bytes.Equal(s.CMS, cms) || s.Sum != p.SHA512 || s.Sum != sha512.Sum512(covered(s, out)) {
			t.Errorf("%+v", s)
		}
	})
}

// FuzzVerify: whatever a firm sends as a CMS is refused, or kept as it is; none of
// it is a signature of the file by chance.
func FuzzVerify(f *testing.F) {
	who := newSignatory(f, "ecdsa")
	p := prepare(f, plain(f), note)
	f.Add(who.sign(f, []byte("another contract")))
	f.Add(who.ca.Raw)
	f.Add(who.crl)
	f.Fuzz(func(t *testing.T, cms []byte) {
		out, err := pdf.Embed(p.PDF, cms)
		if err != nil {
			return
		}
		s := examine(t, out)[0]
		if !bytes.Equal(s.CMS, cms) {
			t.Error("another CMS")
		}
		if _, err := s.Verify(); err == nil {
			t.Error("it passes")
		}
		if long, err := pdf.AddValidation(out, pdf.Validation{CRLs: [][]byte{cms}}); err != nil || len(examine(t, long)) != 1 {
			t.Errorf("%v", err)
		}
	})
}
