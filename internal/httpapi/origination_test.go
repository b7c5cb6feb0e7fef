package httpapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/coverage"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// contractPDF is a PDF of one page that can be signed.
func contractPDF(t testing.TB) string {
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

// uploadedPDF gives the person a contract and returns its id.
func uploadedPDF(t testing.TB, l *testkit.Live, person, content string) string {
	t.Helper()
	status, _, body := post(t, l, "", "/v1/persons/"+person+"/documents", typed("LOAN_MANDATE_CONTRACT"), pdfFile(content))
	if status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	return objectOf(t, body)["id"].(string)
}

func originations(person string) string {
	return "/v1/identification_origination/persons/" + person + "/identifications"
}

// signing is the body of an origination with one contract.
func signing(document string) object {
	return object{"method": "idnow", "additional_documents": []object{{
		"identifier": "loan", "document_id": document,
		"signature_position": object{"customer": object{"position": object{"page": 1, "left": 50, "bottom": 100.5, "width": 200, "height": 40}}},
	}}}
}

// TestOrigination: the customer is identified and signs in one call; the signed
// contract comes back, and a reader of PDF that shares nothing with us finds the
// signature valid.
func TestOrigination(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		hooks := testkit.NewReceiver(t)
		hooks.Subscribe(l, "IDENTIFICATION_ORIGINATION")
		person := l.Person("Antonia")
		plain := contractPDF(t)
		o := l.Call(201, "POST", originations(person), signing(uploadedPDF(t, l, person, plain)))
		one := originations(person) + "/" + o["identification_origination_id"].(string)
		ident := "/v1/persons/" + person + "/identifications/" + o["identification_id"].(string)
		if o["status"] != "identification_trigger_pending" || o["status_description"] == "" || !strings.HasSuffix(o["esigning_id"].(string), "csig") {
			t.Errorf("%v", o)
		}
		l.Advance("1s")
		if o := l.Call(200, "GET", one, nil); o["status"] != "esign_pending" {
			t.Fatalf("%v", o)
		}
		if i := l.Call(200, "GET", ident, nil); i["status"] != "pending" || !strings.Contains(i["url"].(string), "/"+l.ESign.CompanyID+"/") {
			t.Errorf("%v", i)
		}

		p := testkit.OpenPage(t, l.Call(200, "GET", ident, nil)["url"].(string))
		p.Send("terms", "yes", "ready", "yes", "recording", "yes", "document", "IDCARD", "issuer", "DE", "language", "en", "mobile", "01510000000")
		for range 7 { // the call, up to the ident code
			p.Send("action", "done", "answer", "a loan")
		}
		p.Send("action", "done", "code", "123456")
		p.Send("action", "done", "code", "654321", "consent", "yes")
		l.Advance("5m")

		if o := l.Call(200, "GET", one, nil); o["status"] != "completed" {
			t.Errorf("%v", o)
		}
		full := l.Call(200, "GET", ident+"?include_documents=true", nil)
		at := slices.IndexFunc(full["documents"].([]any), func(d any) bool { return d.(object)["document_type"] == "SIGNED_CONTRACT" })
		if full["status"] != "successful" || at < 0 {
			t.Fatalf("no signed contract: %v", full)
		}
		contract := full["documents"].([]any)[at].(object)
		_, _, signed := l.Do("GET", "/v1/persons/"+person+"/documents/"+contract["id"].(string)+"/file", nil)
		if contract["name"] != "loan_signed.pdf" || contract["content_type"] != "application/pdf" || !bytes.HasPrefix(signed, []byte(plain)) {
			t.Errorf("%v, %d bytes", contract, len(signed))
		}
		file := filepath.Join(t.TempDir(), "signed.pdf")
		if err := os.WriteFile(file, signed, 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command("pdfsig", "-nocert", file).CombinedOutput()
		for _, want := range []string{"Signature is Valid", "ETSI.CAdES.detached", "Total document signed", "Antonia"} {
			if err != nil || !strings.Contains(string(said), want) {
				t.Errorf("pdfsig does not say %q: %v\n%s", want, err, said)
			}
		}
		payload := l.Array(ident + "/idnow_attempts")[0]["payload"].(object)
		if payload["esigning"].(object)["result"] != "SUCCESS" {
			t.Errorf("%v", payload["esigning"])
		}
		proof.Row("S4 document types", "SIGNED_CONTRACT")
		var statuses []string
		for _, h := range hooks.Hooks() {
			body := objectOf(t, h.Body)
			if h.Header.Get("Solaris-Entity-Id") != path.Base(one) || body["identification_id"] != path.Base(ident) {
				t.Errorf("%v %s", h.Header, h.Body)
			}
			statuses = append(statuses, body["status"].(string))
		}
		same(t, "told", statuses, []string{"identification_trigger_pending", "esign_pending", "completed"})
	})
}

// TestOriginationEnds: each way an origination can end, on the simulated provider.
func TestOriginationEnds(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	l := testkit.Start(t, "")
	for _, c := range []struct{ name, content, wait, want string }{
		{"X-AUTOTEST-HAPPYPATH", contractPDF(t), "5m", "completed"},
		{"X-AUTOTEST-HOLDCERTIFICATE", contractPDF(t), "9m", "esign_pending"},
		{"X-AUTOTEST-HOLDCERTIFICATE", contractPDF(t), "12m", "completed"},
		{"X-AUTOTEST-ABORTIDENT", contractPDF(t), "5m", "esign_pending"},
		{"X-AUTOTEST-FRAUDREVIEW", contractPDF(t), "10m", "failed"},
		{"X-AUTOTEST-FRAUDIDENT", contractPDF(t), "1m", "failed"}, // refused: it does not exist with e-signing
		{"X-AUTOTEST-HAPPYPATH", aPDF, "1m", "failed"},            // refused: a file that cannot be signed
		{"X-MANUALTEST-HAPPYPATH", contractPDF(t), "360h", "expired"},
	} {
		person := l.Person(c.name)
		o := l.Call(201, "POST", originations(person), signing(uploadedPDF(t, l, person, c.content)))
		l.Advance(c.wait)
		now := l.Call(200, "GET", originations(person)+"/"+o["identification_origination_id"].(string), nil)
		if now["status"] != c.want || now["status_description"] == "" {
			t.Errorf("%s after %s: %v", c.name, c.wait, now)
		}
	}
	// HOLDCERTIFICATE stays refused where nothing is signed
	base := "/v1/persons/" + l.Person("X-AUTOTEST-HOLDCERTIFICATE") + "/identifications"
	ident := base + "/" + l.Call(201, "POST", base, object{"method": "idnow"})["id"].(string)
	refused(t, l, 400, "idnow_error", "PATCH", ident+"/request", nil)
	proof.Row("S4 test scenarios", "HOLDCERTIFICATE")
}

// TestOriginationRules: what is wrong is said, all of it at once.
func TestOriginationRules(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person, other := l.Person("Antonia"), l.Person("Berta")
	document := uploadedPDF(t, l, person, contractPDF(t))
	foreign := uploadedPDF(t, l, other, contractPDF(t))
	place := func(position any) object {
		return object{"method": "idnow", "additional_documents": []object{{"identifier": "loan", "document_id": document, "signature_position": object{"a": object{"position": position}}}}}
	}
	const first = "additional_documents[0]."
	for _, c := range []struct {
		name    string
		body    any
		code    string
		sources []string
	}{
		{"nothing", nil, "invalid_model", []string{"method", "additional_documents"}},
		{"empty list", object{"method": "idnow", "additional_documents": []object{}}, "invalid_model", []string{"additional_documents"}},
		{"no list", object{"method": "idnow", "additional_documents": "x"}, "type_error", []string{"additional_documents"}},
		{"method", object{"method": "idnow_autoident", "additional_documents": signing(document)["additional_documents"]}, "invalid_model", []string{"method"}},
		{"no object", object{"method": "idnow", "additional_documents": []any{5}}, "type_error", []string{"additional_documents[0]"}},
		{"empty object", object{"method": "idnow", "additional_documents": []object{{}}}, "invalid_model", []string{first + "identifier", first + "document_id"}},
		{"identifier", object{"method": "idnow", "additional_documents": []object{{"identifier": "../x", "document_id": document}}}, "invalid_model", []string{first + "identifier"}},
		{"twice", object{"method": "idnow", "additional_documents": []object{{"identifier": "a", "document_id": document}, {"identifier": "a", "document_id": document}}}, "invalid_model", []string{"additional_documents[1].identifier"}},
		{"another person's document", signing(foreign), "invalid_model", []string{first + "document_id"}},
		{"no such document", signing("nothing"), "invalid_model", []string{first + "document_id"}},
		{"no position", place(nil), "type_error", []string{first + "signature_position.a.position"}},
		{"half a position", place(object{"page": 0, "left": -1, "bottom": "x", "width": 0}), "type_error", []string{
			first + "signature_position.a.position.bottom", first + "signature_position.a.position.height",
			first + "signature_position.a.position.left", first + "signature_position.a.position.page", first + "signature_position.a.position.width",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := refused(t, with(t, l), 400, c.code, "POST", originations(person), c.body)
			got, want := r.sources(), slices.Clone(c.sources)
			slices.Sort(got)
			slices.Sort(want)
			same(t, "sources", got, want)
		})
	}
	refused(t, l, 404, "model_not_found", "POST", originations("nobody"), signing(document))
	refused(t, l, 404, "model_not_found", "GET", originations(person)+"/nothing", nil)
	o := l.Call(201, "POST", originations(person), signing(document))
	one := "/" + o["identification_origination_id"].(string)
	refused(t, l, 404, "model_not_found", "GET", originations(other)+one, nil)
	stranger := newPartner(t, l, flow.NewPartner{Name: "Second Bank"})
	refused(t, stranger, 404, "model_not_found", "GET", originations(person)+one, nil)
	refused(t, stranger, 404, "model_not_found", "POST", originations(person), signing(document))
	change(t, l, func(p *kyc.Partner) { p.Methods = []kyc.Method{kyc.MethodBank} })
	refused(t, l, 403, "unauthorized_action", "POST", originations(person), signing(document))
}

// TestOriginationOnce: a request that is sent twice with the same key makes one.
func TestOriginationOnce(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	body := signing(uploadedPDF(t, l, person, contractPDF(t)))
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	for range 2 {
		_, _, b := send(t, l, "POST", originations(person), string(text), append(bearer(l), "Content-Type", "application/json", "Idempotency-Key", "k")...)
		answers = append(answers, string(b))
	}
	if answers[0] != answers[1] {
		t.Errorf("%q", answers)
	}
	if n := len(l.Array("/v1/persons/" + person + "/identifications")); n != 1 {
		t.Errorf("%d identifications", n)
	}
}
