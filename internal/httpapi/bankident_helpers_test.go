package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/sim/fourthline"
	"github.com/identikit/identikit/internal/testkit"
)

const (
	testNumber  = "+15550101" // its passwords are testOTP in a sandbox
	testOTP     = "212212"
	sampleIBAN  = "DE77110101010100000093"
	jointIBAN   = "DE55110101010100000004"
	realIBAN    = "DE89370400440532013000" // valid, of a bank on the list
	foreignIBAN = "NL91ABNA0417164300"     // valid, of none
	brokenIBAN  = "DE89370400440532013001"
)

// holder makes a person with a verified number, who can be identified by bank login.
func holder(t testing.TB, l *testkit.Live, number string) (person string) {
	t.Helper()
	if number == testNumber {
		return named(l, "Antonia")
	}
	person = l.Call(201, "POST", "/v1/persons", put(testkit.Customer("Antonia"), "mobile_number", number))["id"].(string)
	verify(t, l, person, number)
	return person
}

// named makes such a person of a name, with the number of the tests.
func named(l *testkit.Live, firstName string) (person string) {
	l.T.Helper()
	person = l.Call(201, "POST", "/v1/persons", put(testkit.Customer(firstName), "mobile_number", testNumber))["id"].(string)
	mobile := "/v1/persons/" + person + "/mobile_number"
	l.Call(201, "POST", mobile, object{"number": testNumber})
	l.Call(201, "POST", mobile+"/confirm", object{"number": testNumber, "token": testOTP})
	return person
}

// unknownHolder makes a person whom the sandbox's register does not know.
func unknownHolder(l *testkit.Live) (person string) {
	l.T.Helper()
	return named(l, "X-BANKTEST-NOMATCH")
}

// bankBody is the request for an identification by bank login.
func bankBody(method, iban string) object {
	return object{"method": method, "iban": iban, "terms_and_conditions_signed_at": "2020-07-07T11:36:29.000Z"}
}

// opened creates an identification by bank login and requests it.
func opened(l *testkit.Live, person, method, iban string) (ident string) {
	l.T.Helper()
	base := "/v1/persons/" + person + "/identifications"
	ident = base + "/" + l.Call(201, "POST", base, bankBody(method, iban))["id"].(string)
	l.Call(200, "PATCH", ident+"/request", nil)
	return ident
}

// ready brings an identification to where the signature can be asked for.
func ready(l *testkit.Live, person, method string) (ident string) {
	l.T.Helper()
	ident = opened(l, person, method, sampleIBAN)
	choose(l, ident, "success")
	if method == "bank_id" {
		hand(l, ident)
		choose(l, ident, "accepted")
	}
	is(l, ident, "authorization_required", nil)
	return ident
}

// choose ends the step that the identification is in, without the customer.
func choose(l *testkit.Live, ident, result string) {
	l.T.Helper()
	l.Call(200, "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", object{"result": result})
}

// is checks where an identification stands, and why.
func is(l *testkit.Live, ident, status string, reason any) object {
	l.T.Helper()
	o := l.Call(200, "GET", ident+"?include_documents=true", nil)
	if o["status"] != status || o["failure_reason"] != reason {
		l.T.Fatalf("%v %v, want %s %v", o["status"], o["failure_reason"], status, reason)
	}
	return o
}

// hand uploads the customer's identity data.
func hand(l *testkit.Live, ident string) object {
	l.T.Helper()
	archive, err := fourthline.Sample(nil)
	if err != nil {
		l.T.Fatal(err)
	}
	status, _, body := post(l.T, l, "", ident+"/document_upload", typed("OTHER"), formPart{"file", "kyc.zip", "application/zip", string(archive)})
	if status != 201 {
		l.T.Fatalf("%d %s", status, body)
	}
	return objectOf(l.T, body)
}

// bankLogin is a customer in the wizard, who speaks its form protocol as the
// firm's script in a browser does.
type bankLogin struct {
	l    *testkit.Live
	key  string
	form struct {
		Form struct {
			Name     string
			Elements []struct{ Type, Name, Text, Value string }
		}
		Error json.RawMessage
	}
}

// login opens the wizard that the identification's url leads to.
func login(l *testkit.Live, ident string) *bankLogin {
	l.T.Helper()
	address, err := url.Parse(l.Call(200, "GET", ident, nil)["url"].(string))
	if err != nil {
		l.T.Fatal(err)
	}
	b := &bankLogin{l: l, key: address.Query().Get("wizard_session_key")}
	b.send(object{})
	return b
}

// send sends a form and reads the next.
func (b *bankLogin) send(fields object) {
	b.l.T.Helper()
	fields["key"] = b.key
	body, err := json.Marshal(fields)
	if err != nil {
		b.l.T.Fatal(err)
	}
	resp, err := http.Post(b.l.Bank.APIURL+"/v1.1/wizard", "application/json", strings.NewReader(string(body)))
	if err != nil {
		b.l.T.Fatal(err)
	}
	defer resp.Body.Close()
	b.form.Form.Elements, b.form.Error = nil, nil
	if err := json.NewDecoder(resp.Body).Decode(&b.form); err != nil || resp.StatusCode != 200 {
		b.l.T.Fatalf("the wizard: %s %v", resp.Status, err)
	}
}

// at makes sure which form is shown.
func (b *bankLogin) at(form string) {
	b.l.T.Helper()
	if b.form.Form.Name != form {
		b.l.T.Fatalf("the wizard shows %q, want %q: %s", b.form.Form.Name, form, b.form.Error)
	}
}

var tanForm = regexp.MustCompile(`\b[0-9]{6}\b`)

// walk goes through the wizard with a PIN, which picks what comes of it, until it ends.
func (b *bankLogin) walk(pin string) {
	b.l.T.Helper()
	if b.form.Form.Name == "WizardStartStep" { // the bank stands there already
		b.send(object{"country_id": "DE", "bank_code": b.form.Form.Elements[1].Value})
	}
	b.at("WizardLoginStep")
	b.send(object{"USER_NAME": "antonia", "USER_PIN": pin, "privacy_policy": true})
	if b.form.Form.Name == "Accounts" {
		b.send(object{"account": 0})
	}
	if b.form.Form.Name == "Tan" {
		b.send(object{"TAN": tanForm.FindString(b.form.Form.Elements[0].Text)})
	}
}

// signerCode is the one-time password that came for the transaction.
func signerCode(l *testkit.Live, reference any) string {
	l.T.Helper()
	for _, m := range l.Array("/sandbox/messages?sort=-created_at&page[size]=1000") {
		if text := m["text"].(string); strings.Contains(text, reference.(string)) {
			return text[len(text)-6:]
		}
	}
	l.T.Fatalf("no text came for %v", reference)
	return ""
}

// file downloads a document of the identification by its type.
func file(l *testkit.Live, ident, kind string) []byte {
	l.T.Helper()
	for _, d := range l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any) {
		if d := d.(object); d["document_type"] == kind {
			status, h, body := l.Do("GET", strings.SplitN(ident, "/identifications", 2)[0]+"/documents/"+d["id"].(string)+"/file", nil)
			if status != 200 || h.Get("Content-Type") != "application/pdf" || int(d["size"].(float64)) != len(body) || d["customer_accessible"] != false {
				l.T.Fatalf("%d %v, %d bytes of %v", status, h, len(body), d)
			}
			return body
		}
	}
	l.T.Fatalf("there is no %s", kind)
	return nil
}

// pdfsig is what the reader of PDF files that everybody has says of the signatures.
func pdfsig(t testing.TB, pdf []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "signed.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdfsig", "-nocert", name).CombinedOutput()
	if err != nil {
		t.Fatalf("pdfsig: %v\n%s", err, out)
	}
	return string(out)
}

// guessed is how many wrong passwords the simulated signer has looked at.
func guessed(t testing.TB, l *testkit.Live) (wrong int) {
	t.Helper()
	var list struct {
		Requests []struct {
			Wrong int `json:"wrong_passwords"`
		}
	}
	if err := json.Unmarshal([]byte(steer(t, l, "GET", "/ais/requests", "")), &list); err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Requests {
		wrong += r.Wrong
	}
	return wrong
}

// page posts a form as a browser does and returns what is shown then.
func page(t testing.TB, address string, form url.Values) string {
	t.Helper()
	resp, err := http.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
