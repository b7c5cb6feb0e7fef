package ais

import (
	"bytes"
	"context"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

func tlsClient(s *Server) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.TLSRoots(), Certificates: []tls.Certificate{s.ClientCertificate()}}}}
}

// openssl runs the program in a folder of files; it says what the program said.
func openssl(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "openssl", args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	return string(out), err
}

func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOpensslVerifies: a reader that is not ours accepts each signature of a batch for its document, at the time of the
// signing and years later at that time; for another document it does not.
func TestOpensslVerifies(t *testing.T) {
	for _, start := range []time.Time{testStart, testStart.AddDate(12, 0, 0)} {
		w := newWorld(t, nil)
		w.now = start
		response, _ := w.begin("req-1", 3)
		if err := w.server.SetResult(t.Context(), "req-1", success); err != nil {
			t.Fatal(err)
		}
		w.advance(time.Minute)
		r := w.poll(response)
		all := r.SignResponse.SignatureObject.Other.Objects.All
		if len(all) != 3 || r.SignResponse.OptionalOutputs.StepUp.Result.Serial == "" {
			t.Fatalf("%d signatures, %s", len(all), r.word())
		}
		at := strconv.FormatInt(start.Add(signingTime).Unix(), 10)
		for n, one := range all {
			put(t, w.cfg.Dir, "content", content(n))
			put(t, w.cfg.Dir, "signature.der", one.Base64Signature.DER)
			args := []string{"cms", "-verify", "-inform", "DER", "-in", "signature.der", "-content", "content", "-binary", "-CAfile", "root.pem", "-purpose", "any", "-cades", "-attime", at, "-out", os.DevNull}
			if out, err := openssl(t, w.cfg.Dir, args...); err != nil {
				t.Errorf("signature %d: %v\n%s", n, err, out)
			}
			put(t, w.cfg.Dir, "content", content(n+1))
			if out, err := openssl(t, w.cfg.Dir, args...); err == nil {
				t.Errorf("signature %d is accepted for another document\n%s", n, out)
			}
		}
		stamped(t, w, all[2].Base64Signature.DER, at)
		revocation(t, w, r, start.Add(signingTime))
	}
}

// stamped: openssl accepts the time stamp of the signature that was looked at last.
func stamped(t *testing.T, w *world, der []byte, at string) {
	t.Helper()
	// The token and the signature that it is of are looked for in the DER, not with the code that made it.
	info := bytes.Index(der, []byte{0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e})
	if info < 0 {
		t.Fatal("there is no time stamp")
	}
	put(t, w.cfg.Dir, "token.der", der[info+13+4:]) // after the head of the set
	parsed, err := openssl(t, w.cfg.Dir, "cms", "-cmsout", "-print", "-inform", "DER", "-in", "signature.der")
	if err != nil {
		t.Fatalf("%v\n%s", err, parsed)
	}
	signature := hexBlock(t, parsed[:strings.Index(parsed, "unsignedAttrs:\n")], "signature:")
	put(t, w.cfg.Dir, "stamped", signature)
	if out, err := openssl(t, w.cfg.Dir, "ts", "-verify", "-in", "token.der", "-token_in", "-data", "stamped", "-CAfile", "root.pem", "-attime", at); err != nil {
		t.Errorf("the time stamp: %v\n%s", err, out)
	}
	sum := sha512.Sum512([]byte("something else"))
	if out, err := openssl(t, w.cfg.Dir, "ts", "-verify", "-in", "token.der", "-token_in", "-digest", hex.EncodeToString(sum[:]), "-CAfile", "root.pem", "-attime", at); err == nil {
		t.Errorf("the time stamp is accepted for something else\n%s", out)
	}
}

// hexBlock reads the lines of hex digits after the last heading of this name.
func hexBlock(t *testing.T, text, heading string) []byte {
	t.Helper()
	var out []byte
	for _, line := range strings.Split(text[strings.LastIndex(text, heading)+len(heading):], "\n")[1:] {
		_, after, ok := strings.Cut(line, " - ")
		if !ok {
			break
		}
		digits, _, _ := strings.Cut(after, "   ")
		b, err := hex.DecodeString(strings.NewReplacer(" ", "", "-", "").Replace(digits))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, b...)
	}
	return out
}

// revocation: what comes with the signatures says that the certificates are good, and who says so may.
func revocation(t *testing.T, w *world, r reply, at time.Time) {
	t.Helper()
	answers := r.SignResponse.OptionalOutputs.Revocation.OCSPs["sc.OCSP"]
	if len(answers) != 2 {
		t.Fatalf("%d OCSP answers", len(answers))
	}
	for _, text := range answers {
		answer, err := ocsp.ParseResponse(unbase64(t, text), w.server.ca.issuing.cert)
		if err != nil || answer.Status != ocsp.Good || answer.ThisUpdate.After(at) || answer.NextUpdate.Before(at) || !answer.ProducedAt.Equal(at) {
			t.Errorf("%v: %+v", err, answer)
		}
	}
	put(t, w.cfg.Dir, "answer.der", unbase64(t, answers[0]))
	out, err := openssl(t, w.cfg.Dir, "ocsp", "-respin", "answer.der", "-CAfile", "root.pem", "-verify_other", "issuing.pem", "-text", "-attime", strconv.FormatInt(at.Unix(), 10))
	if err != nil || !strings.Contains(out, "Cert Status: good") || !strings.Contains(out, "Response verify OK") {
		t.Errorf("OCSP: %v\n%s", err, out)
	}
	list, err := x509.ParseRevocationList(unbase64(t, r.SignResponse.OptionalOutputs.Revocation.CRLs["sc.CRL"]))
	if err != nil || list.CheckSignatureFrom(w.server.ca.root.cert) != nil || len(list.RevokedCertificateEntries) != 0 {
		t.Errorf("%v: %+v", err, list)
	}
}

// TestPdfsigVerifies: a reader of PDF files takes the signature, unless a byte of the file was changed.
func TestPdfsigVerifies(t *testing.T) {
	w := newWorld(t, nil)
	pdf, from, to := unsignedPDF()
	sum := sha512.Sum512(append(append([]byte{}, pdf[:from]...), pdf[to:]...))
	w.begin("req-1", 1)
	_, err := w.server.change("req-1", func(r *request) error {
		r.Documents[0].Digest = sum[:]
		r.end(success, w.clock())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.advance(time.Minute)
	der := w.server.request("req-1").Signed.CMS[0]
	copy(pdf[from+1:], hex.EncodeToString(der))
	for name, c := range map[string]struct {
		change func([]byte)
		want   string
	}{
		"as it is": {func([]byte) {}, "Signature is Valid"}, "a byte changed": {func(b []byte) { b[20] ^= 1 }, "Digest Mismatch"},
	} {
		changed := bytes.Clone(pdf)
		c.change(changed)
		put(t, w.cfg.Dir, "signed.pdf", changed)
		out, err := exec.CommandContext(t.Context(), "pdfsig", "-nocert", filepath.Join(w.cfg.Dir, "signed.pdf")).CombinedOutput()
		if !strings.Contains(string(out), c.want) || !strings.Contains(string(out), "SHA-512") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// unsignedPDF is a PDF file with a place for a signature, and where that is.
func unsignedPDF() (pdf []byte, from, to int) {
	const room = 32768
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := []int{}
	for n, body := range []string{
		"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] /SigFlags 3 >> >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Annots [4 0 R] >>",
		"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature) /Rect [0 0 0 0] /F 132 /V 5 0 R /P 3 0 R >>",
		"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 AAAAAAAA BBBBBBBB CCCCCCCC] /Contents <" + strings.Repeat("0", 2*room) + "> >>",
	} {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n+1, body)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 6\n0000000000 65535 f \n")
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", xref)
	pdf = b.Bytes()
	from = bytes.Index(pdf, []byte("/Contents <")) + len("/Contents ")
	to = from + 2*room + 2
	for name, n := range map[string]int{"AAAAAAAA": from, "BBBBBBBB": to, "CCCCCCCC": len(pdf) - to} {
		pdf = bytes.Replace(pdf, []byte(name), fmt.Appendf(nil, "%-8d", n), 1)
	}
	return pdf, from, to
}

// TestTLS: who has no certificate of the firm's gets no connection, who has another's is not the customer.
func TestTLS(t *testing.T) {
	w := newWorld(t, nil)
	stranger := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.server.TLSRoots()}}}
	req, err := http.NewRequestWithContext(context.Background(), "POST", w.api.URL+"/AIS-Server/rs/v1.0/sign", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := stranger.Do(req); err == nil {
		resp.Body.Close()
		t.Error("a client without a certificate is served")
	}
	w.cfg.Customer, w.cfg.Dir = "other", t.TempDir()
	other, err := New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	foreign := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.server.TLSRoots(), Certificates: []tls.Certificate{other.ClientCertificate()}}}}
	req.Body, req.GetBody = http.NoBody, nil
	if resp, err := foreign.Do(req); err == nil {
		resp.Body.Close()
		t.Error("a client with a certificate of somebody else is served")
	}
	w.server.cfg.Customer = "other" // its certificate is still that of "bank"
	r := w.sign(signBody("req-1", 1, func(_, options object) { options["ClaimedIdentity"] = object{"Name": "other:" + DefaultEntity} }))
	if r.word() != "RequesterError AuthenticationFailed" {
		t.Error(r.word())
	}
}
