package idnow

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// contract is a PDF of one page.
func contract(t testing.TB) string {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.AddPage()
	pdf.SetFont("Helvetica", "", 12)
	pdf.Cell(40, 10, "Loan agreement")
	var b bytes.Buffer
	if err := pdf.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// signingWorld is a world whose account has e-signing, with two definitions: one that must come and one that may.
func signingWorld(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	w := newWorld(t, func(cfg *Config) {
		cfg.ESign = true
		cfg.Dir = t.TempDir()
		for _, f := range change {
			f(cfg)
		}
	})
	for _, d := range []string{
		`{"name":"Loan agreement","identifier":"loan","mimeType":"application/pdf","signatures":{"customer":{"position":{"page":1,"left":50,"bottom":100,"width":200,"height":40}}}}`,
		`{"name":"Direct debit","identifier":"sepa","mimeType":"application/pdf","optional":true}`,
	} {
		if status, body := w.call("POST", "/documentdefinitions", d); status != 201 {
			t.Fatalf("%d %s", status, body)
		}
	}
	return w
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

// TestSigningOnThePage: the customer signs by a code of its own; the signed document comes with the result, and a
// reader that shares nothing with us finds the signature valid.
func TestSigningOnThePage(t *testing.T) {
	w := signingWorld(t)
	w.start("tx-1", map[string]string{"firstname": "Erika", "lastname": "Mustermann"})
	v := w.visit("tx-1")
	v.shows("unready")
	if status, body := w.call("POST", "/identifications/tx-1/documents/loan/data", "no PDF"); status != 400 || !strings.Contains(string(body), "cannot be signed") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := w.call("POST", "/identifications/tx-1/documents/loan/data", contract(t)); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := w.call("POST", "/identifications/tx-1/documents/loan", `{"signatures":{"other":{"position":{"page":9,"width":1,"height":1}}}}`); status != 400 {
		t.Errorf("a place on a page that is not there: %d %s", status, body)
	}
	v.open(v.link)
	v.callUpTo(stepCode)
	if status, body := w.call("POST", "/identifications/tx-1/documents/loan/data", contract(t)); status != 412 {
		t.Errorf("a document that comes too late: %d %s", status, body)
	}
	v.send("code", "123456", "action", "done")
	v.shows("sign")
	if !strings.Contains(v.body, "Loan agreement") || strings.Contains(v.body, "Direct debit") {
		t.Errorf("the page names other documents than came:\n%s", v.body)
	}
	v.send("code", signCode, "action", "done")
	v.shows("sign") // without consent
	v.send("consent", "yes", "code", "123456", "action", "done")
	v.shows("sign") // the ident code is another
	v.send("consent", "yes", "code", signCode, "action", "done")
	v.shows("review")
	if status, _ := w.call("GET", "/identifications/tx-1/documents/loan/signed", nil); status != 412 {
		t.Errorf("signed before there is a result: %d", status)
	}
	signedAt := w.clock.Now()
	w.open() // what was uploaded outlives a restart, and so does the authority
	w.advance(3 * time.Minute)

	got := w.company.take()
	if len(got) != 1 || got[0].body.ESigning == nil || got[0].body.ESigning.Result != "SUCCESS" || len(got[0].body.ESigning.SessionID) != 24 {
		t.Fatalf("%+v", got)
	}
	status, file := w.call("GET", "/identifications/tx-1/documents/loan/signed", nil)
	if status != 200 {
		t.Fatalf("%d %s", status, file)
	}
	said := pdfsig(t, file)
	for _, want := range []string{
		"Signature is Valid", "ETSI.CAdES.detached", "Total document signed", "Signer Certificate Common Name: Erika Mustermann",
		signedAt.Local().Format("Jan 02 2006 15:04:05"),
	} {
		if !strings.Contains(said, want) {
			t.Errorf("pdfsig does not say %q:\n%s", want, said)
		}
	}
	if status, body := w.call("GET", "/identifications/tx-1/documents/loan", nil); status != 200 || !strings.Contains(string(body), `"status":"SIGNED"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := w.call("GET", "/identifications/tx-1/documents/sepa/signed", nil); status != 412 {
		t.Errorf("a document that never came: %d", status)
	}
	if inZIP := w.zipped("tx-1")["loan_signed.pdf"]; !bytes.Equal(inZIP, file) {
		t.Errorf("the ZIP holds another file of %d bytes", len(inZIP))
	}
}

// zipped are the files of a session's evidence.
func (w *world) zipped(tx string) map[string][]byte {
	w.t.Helper()
	_, whole := w.call("GET", "/identifications/"+tx+".zip", nil)
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		w.t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			w.t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			w.t.Fatal(err)
		}
	}
	return files
}

// TestSigningRobots: a robot signs what came until its call was over; HOLDCERTIFICATE delivers ten minutes late,
// FRAUDIDENT does not exist here.
func TestSigningRobots(t *testing.T) {
	w := signingWorld(t)
	if status, body := w.call("POST", "/identifications/tx-0/start", map[string]string{"firstname": "X-AUTOTEST-FRAUDIDENT"}); status != 412 {
		t.Errorf("%d %s", status, body)
	}
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HOLDCERTIFICATE", "lastname": "M"})
	for _, doc := range []string{"loan", "sepa"} {
		if status, body := w.call("POST", "/identifications/tx-1/documents/"+doc+"/data", contract(t)); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	w.advance(9 * time.Minute)
	if got := w.company.take(); len(got) != 0 {
		t.Errorf("too early: %+v", got)
	}
	w.advance(2 * time.Minute)
	got := w.company.take()
	if len(got) != 1 || got[0].body.Process.Result != "SUCCESS" || got[0].body.ESigning == nil {
		t.Fatalf("%+v", got)
	}
	files := w.zipped("tx-1")
	if len(files["loan_signed.pdf"]) == 0 || len(files["sepa_signed.pdf"]) == 0 {
		t.Error("a signed document is missing")
	}
	if _, err := json.Marshal(got[0].body); err != nil {
		t.Error(err)
	}
	if status, _ := w.call("POST", "/identifications/tx-1/copy", map[string]string{"target_companyid": w.cfg.CompanyID, "target_transactionnumber": "tx-2"}); status != 201 {
		t.Fatal(status)
	}
	if status, copied := w.call("GET", "/identifications/tx-2/documents/loan/signed", nil); status != 200 || !strings.Contains(pdfsig(t, copied), "Signature is Valid") {
		t.Errorf("the copy: %d", status)
	}
	w.call("DELETE", "/identifications/tx-1", nil)
	if left, err := filepath.Glob(filepath.Join(w.cfg.Dir, "content-*")); err != nil || len(left) != 2 { // of the copy
		t.Errorf("%v %v", left, err)
	}
}

// TestSigningRefused: three wrong codes end the attempt, and so does a customer who does not want to sign; a second
// attempt is free to sign.
func TestSigningRefused(t *testing.T) {
	w := signingWorld(t)
	w.start("tx-1", map[string]string{"firstname": "Erika", "lastname": "Mustermann"})
	w.call("POST", "/identifications/tx-1/documents/loan/data", contract(t))
	upToSign := func() *visitor {
		v := w.visit("tx-1")
		v.callUpTo(stepCode)
		v.send("code", "123456", "action", "done")
		v.shows("sign")
		return v
	}
	v := upToSign()
	for range codeTries {
		v.send("consent", "yes", "code", "000000", "action", "done")
	}
	v.shows("ended")
	v.send() // again
	v = upToSign()
	v.send("action", "stop")
	v.shows("ended")
	w.advance(time.Minute)
	var reasons []string
	for _, p := range w.company.take() {
		if p.body.ESigning != nil {
			t.Error("signed all the same")
		}
		reasons = append(reasons, p.body.Process.Result+" "+p.body.Process.Reason)
	}
	if got := strings.Join(reasons, ", "); got != "ABORTED IDENT_CODE_REPEATEDLY_INCORRECT, ABORTED USER_CANCELLATION" {
		t.Error(got)
	}
}
