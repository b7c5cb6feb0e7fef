package pdf_test

import (
	"bytes"
	"compress/zlib"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// plain is a PDF of two pages with a classic table and no form.
func plain(t testing.TB) []byte {
	t.Helper()
	file := fpdf.New("P", "mm", "A4", "")
	file.SetCreationDate(at)
	file.SetModificationDate(at)
	for range 2 {
		file.AddPage()
		file.SetFont("Helvetica", "", 12)
		file.Cell(40, 10, "Loan agreement")
	}
	var b bytes.Buffer
	if err := file.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// packed is a PDF of version 1.5: its objects, of which the first is the catalog,
// lie in a stream, and so does the table, predicted like those that word
// processors write.
func packed(objects ...string) []byte {
	var head, body string
	for n, o := range objects {
		head += fmt.Sprintf("%d %d ", n+1, len(body))
		body += o + " "
	}
	holder, table := len(objects)+1, len(objects)+2
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	holderAt := b.Len()
	z := deflate([]byte(head + body))
	fmt.Fprintf(&b, "%d 0 obj\n<</Type/ObjStm/N %d/First %d/Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream\nendobj\n", holder, len(objects), len(head), len(z), z)
	tableAt := b.Len()
	rows := [][]byte{{0, 0, 0, 0}}
	for n := range objects {
		rows = append(rows, []byte{2, 0, byte(holder), byte(n)})
	}
	rows = append(rows, []byte{1, byte(holderAt >> 8), byte(holderAt), 0}, []byte{1, byte(tableAt >> 8), byte(tableAt), 0})
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
	fmt.Fprintf(&b, "%d 0 obj\n<</Type/XRef/Size %d/W[1 2 1]/Root 1 0 R/ID[<01><02>]/Length %d/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 4>>>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		table, table+1, len(z), z, tableAt)
	return b.Bytes()
}

// classic is a PDF of these objects with a classic table.
func classic(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	table := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for n, o := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "%strailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF", table, len(objects)+1, trailer, start)
	return b.Bytes()
}

// withFields are the objects of a contract with a text field, and with two
// signature fields, the first below another field.
var withFields = []string{
	"<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>",
	"<</Type/Pages/Kids[3 0 R]/Count 1>>",
	"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots 9 0 R>>",
	"<</Fields[5 0 R 6 0 R 8 0 R]/SigFlags 1>>",
	"<</Type/Annot/Subtype/Widget/FT/Tx/T(text)/Rect[50 50 250 90]>>",
	"<</T(b\\141nk)/FT/Sig/Kids[7 0 R]>>",
	"<</Type/Annot/Subtype/Widget/T<FEFF00FC>/Parent 6 0 R/Rect[50 150 250 190]/F 4>>",
	"<</Type/Annot/Subtype/Widget/FT/Sig/T(customer)/Rect[50 250 250 290]/F 4>>",
	"[5 0 R 7 0 R 8 0 R]",
	"(unused)",
}

// signatory is a person with a certificate, made by an authority that is nobody's.
type signatory struct {
	dir  string // signer.pem, signer.key, ca.pem, ca.key
	ca   *x509.Certificate
	cert *x509.Certificate
	crl  []byte
	args []string // of the signing program
}

// newSignatory makes an authority and a certificate for a key of this kind.
func newSignatory(t testing.TB, kind string) signatory {
	t.Helper()
	fail := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	s := signatory{dir: t.TempDir()}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fail(err)
	var key crypto.Signer = caKey
	if kind != "ecdsa" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
		fail(err)
	}
	if kind == "pss" {
		s.args = []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Nobody's CA"}, NotBefore: at.AddDate(-10, 0, 0), NotAfter: at.AddDate(50, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, caKey.Public(), caKey)
	fail(err)
	s.ca, err = x509.ParseCertificate(der)
	fail(err)
	template = &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Zoë Müller"}, NotBefore: template.NotBefore, NotAfter: template.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	der, err = x509.CreateCertificate(rand.Reader, template, s.ca, key.Public(), caKey)
	fail(err)
	s.cert, err = x509.ParseCertificate(der)
	fail(err)
	s.crl, err = x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: at, NextUpdate: at.AddDate(1, 0, 0)}, s.ca, caKey)
	fail(err)
	for name, private := range map[string]crypto.Signer{"signer.key": key, "ca.key": caKey} {
		der, err := x509.MarshalPKCS8PrivateKey(private)
		fail(err)
		s.keep(t, name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	s.keep(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.ca.Raw}))
	s.keep(t, "signer.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw}))
	return s
}

func (s signatory) keep(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openssl runs the program that everybody has in the folder of the signatory.
func (s signatory) openssl(t testing.TB, args ...string) string {
	t.Helper()
	command := exec.Command("openssl", args...)
	command.Dir = s.dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// sign makes the CMS of what a prepared file lets sign.
func (s signatory) sign(t testing.TB, content []byte) []byte {
	t.Helper()
	s.keep(t, "content", content)
	s.openssl(t, append([]string{
		"cms", "-sign", "-binary", "-cades", "-md", "sha512", "-in", "content", "-signer", "signer.pem", "-inkey", "signer.key",
		"-certfile", "ca.pem", "-outform", "DER", "-out", "cms",
	}, s.args...)...)
	return s.read(t, "cms")
}

// verify has the program judge a CMS.
func (s signatory) verify(t testing.TB, cms, content []byte) {
	t.Helper()
	s.keep(t, "theirs", cms)
	s.keep(t, "content", content)
	if said := s.openssl(t, "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "theirs", "-content", "content", "-CAfile", "ca.pem", "-out", os.DevNull); !strings.Contains(said, "successful") {
		t.Errorf("openssl: %s", said)
	}
}

// ocsp is an answer about the certificate.
func (s signatory) ocsp(t testing.TB) []byte {
	t.Helper()
	s.keep(t, "index.txt", []byte("V\t491231235959Z\t\t02\tunknown\t/CN=Zoe\n"))
	s.openssl(t, "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-issuer", "ca.pem", "-cert", "signer.pem", "-respout", "ocsp", "-noverify")
	return s.read(t, "ocsp")
}

func (s signatory) read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pdfsig is what a reader of PDF files that shares nothing with us says of the signatures.
func pdfsig(t testing.TB, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signed.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdfsig", "-nocert", path).CombinedOutput()
	if len(out) == 0 {
		t.Fatalf("pdfsig says nothing: %v", err)
	}
	return string(out)
}

// says wants a text so many times.
func says(t testing.TB, said string, want map[string]int) {
	t.Helper()
	for text, n := range want {
		if strings.Count(said, text) != n {
			t.Errorf("%q does not stand there %d times:\n%s", text, n, said)
		}
	}
}
