package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

var (
	referenceForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{4}$`)
	consentLink   = regexp.MustCompile(`^<(http[^>]+)>; rel="([^"]+)"$`)
)

// TestBankident walks the whole way of the method bank, the customer's part of it
// through the wizard, and looks at everything that a partner sees on it.
func TestBankident(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		person := holder(t, l, ownNumber)
		base := "/v1/persons/" + person + "/identifications"
		if o := l.Call(200, "POST", "/v1/persons/"+person+"/identification_eligibility_checks", object{"method": "bank"}); o["eligible"] != true || o["method"] != "bank" || len(o["reasons"].([]any)) != 0 {
			t.Errorf("%v", o)
		}
		o := l.Call(201, "POST", base, bankBody("bank", "de77 1101 0101 0100 0000 93"))
		ident := base + "/" + o["id"].(string)
		for key, want := range map[string]any{
			"status": "created", "method": "bank", "iban": sampleIBAN, "url": nil, "reference": nil, "completed_at": nil, "failure_reason": nil,
			"terms_and_conditions_signed_at": "2020-07-07T11:36:29.000Z", "authorization_expires_at": nil, "confirmation_expires_at": nil,
			"current_reference_token": nil, "estimated_waiting_time": nil, "provider_status_code": nil,
		} {
			if o[key] != want {
				t.Errorf("%s: %v, want %v", key, o[key], want)
			}
		}

		o = l.Call(200, "PATCH", ident+"/request", nil)
		if link := o["url"].(string); o["status"] != "pending" || !strings.HasPrefix(link, l.Bank.WizardURL+"/index.html?") || o["estimated_waiting_time"] != nil {
			t.Errorf("%v", o)
		}
		if again := l.Call(200, "PATCH", ident+"/request", nil); again["url"] != o["url"] {
			t.Errorf("asked again: %v", again["url"])
		}
		if docs := is(l, ident, "pending", nil)["documents"].([]any); len(docs) != 0 {
			t.Errorf("too early: %v", docs)
		}
		wizard := login(l, ident)
		wizard.walk("12345")
		wizard.at("finish")
		l.Advance("1s")
		o = is(l, ident, "authorization_required", nil)
		if left := day(t, o["authorization_expires_at"].(string)).Sub(now(l)); left < 9*time.Minute || left > 10*time.Minute || o["confirmation_expires_at"] != nil {
			t.Errorf("%s to authorize, %v", left, o["confirmation_expires_at"])
		}
		unsigned := file(l, ident, "QES_DOCUMENT")
		if len(o["documents"].([]any)) != 1 || !bytes.HasPrefix(unsigned, []byte("%PDF-")) {
			t.Errorf("%v", o["documents"])
		}
		l.Restart()

		status, h, body := l.Do("PATCH", ident+"/authorize", nil)
		first := objectOf(t, body)
		if status != 200 || first["status"] != "confirmation_required" || !referenceForm.MatchString(first["current_reference_token"].(string)) ||
			first["authorization_expires_at"] != o["authorization_expires_at"] {
			t.Fatalf("%d %s", status, body)
		}
		if m := consentLink.FindStringSubmatch(h.Get("Link")); m == nil || m[2] != "https://identikit.dev/rel/consent" || !strings.HasPrefix(m[1], l.Signer.ConsentURL+"/") {
			t.Errorf("Link: %q", h.Get("Link"))
		}
		if left := day(t, first["confirmation_expires_at"].(string)).Sub(now(l)); left < 7*time.Minute || left > 8*time.Minute {
			t.Errorf("%s to confirm", left)
		}
		old := signerCode(l, first["current_reference_token"])
		l.Restart()
		refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": wrong(old)})
		l.Advance("20s")
		second := l.Call(200, "PATCH", ident+"/authorize", object{})
		if second["current_reference_token"] == first["current_reference_token"] || second["authorization_expires_at"] != first["authorization_expires_at"] ||
			second["confirmation_expires_at"].(string) <= first["confirmation_expires_at"].(string) {
			t.Errorf("asked again: %v after %v", second, first)
		}
		code := signerCode(l, second["current_reference_token"])
		if code != old { // as good as always
			refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": old})
		}
		if o = l.Call(200, "PATCH", ident+"/confirm", object{"token": code}); o["status"] != "confirmed" || o["completed_at"] != nil {
			t.Errorf("%v", o)
		}
		l.Restart()
		l.Advance("1m")
		o = is(l, ident, "successful", nil)
		if o["completed_at"] == nil || len(o["documents"].([]any)) != 2 {
			t.Errorf("%v", o)
		}

		signed := file(l, ident, "SIGNED_QES_DOCUMENT")
		if said := pdfsig(t, signed); !strings.Contains(said, "Signature is Valid") || !strings.Contains(said, "Name: Antonia Muster") {
			t.Errorf("%s", said)
		}
		if !bytes.HasPrefix(signed, unsigned) {
			t.Error("what was signed is not what could be read before")
		}
		changed := slices.Clone(signed)
		changed[len(unsigned)/2] ^= 1
		if said := pdfsig(t, changed); strings.Contains(said, "Signature is Valid") {
			t.Errorf("a changed byte was not noticed:\n%s", said)
		}
		if !bytes.Equal(file(l, ident, "QES_DOCUMENT"), unsigned) {
			t.Error("the document to sign was changed")
		}

		// what belongs to other methods and other firms
		for _, list := range []string{"/supported_documents", "/idnow_attempts"} {
			if got := l.Array(ident + list); len(got) != 0 {
				t.Errorf("%s: %v", list, got)
			}
		}
		refused(t, l, 404, "model_not_found", "GET", ident+"/legitimation_data", nil)
		l.Advance("1s")
		same(t, "webhooks", receiver.Statuses(path.Base(ident)), []string{
			"created", "pending", "authorization_required", "confirmation_required", "confirmed", "successful", // another password is no news
		})
		for _, hook := range receiver.Hooks() {
			if bytes.Contains(hook.Body, []byte(sampleIBAN)) {
				t.Errorf("the IBAN is told: %s", hook.Body)
			}
		}
		refused(t, l, 422, "unprocessable_entity", "PATCH", base+"/"+l.Call(201, "POST", base, bankBody("bank", sampleIBAN))["id"].(string)+"/request", nil)
		l.Advance("48h")
		is(l, ident, "successful", nil)
	})
}

// now is the time of the sandbox.
func now(l *testkit.Live) time.Time {
	l.T.Helper()
	return day(l.T, l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string))
}

// TestBankidentWithID walks the whole way of bank_id, whose identity data are
// checked between the bank and the signature.
func TestBankidentWithID(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		person := holder(t, l, testNumber)
		ident := opened(l, person, "bank_id", jointIBAN) // two holders do not matter here
		login(l, ident).walk("12345")
		l.Advance("1s")
		if o := is(l, ident, "identification_data_required", nil); len(o["documents"].([]any)) != 0 {
			t.Errorf("%v", o["documents"])
		}
		if d := hand(l, ident); d["content_type"] != "application/zip" || d["document_type"] != "OTHER" {
			t.Errorf("%v", d)
		}
		status, _, body := post(t, l, "", ident+"/document_upload", typed("OTHER"), formPart{"file", "kyc.zip", "application/zip", "PK\x03\x04 a second one"})
		if r := readRefusal(t, status, body); status != 409 || r.Code != "record_not_unique" {
			t.Errorf("a second archive: %d %s", status, body)
		}
		if o := is(l, ident, "processed", nil); o["provider_status_code"] != nil {
			t.Errorf("%v", o)
		}
		l.Restart()
		l.Advance("10m")
		o := is(l, ident, "authorization_required", nil)
		if o["provider_status_code"] != "1000" {
			t.Errorf("provider_status_code %v", o["provider_status_code"])
		}
		var kinds []string
		for _, d := range o["documents"].([]any) {
			kinds = append(kinds, d.(object)["document_type"].(string))
		}
		same(t, "documents", kinds, []string{"OTHER", "QES_DOCUMENT"})
		l.Call(200, "PATCH", ident+"/authorize", nil)
		l.Call(200, "PATCH", ident+"/confirm", object{"token": testOTP})
		l.Advance("1m")
		if o = is(l, ident, "successful", nil); o["provider_status_code"] != "1000" || len(o["documents"].([]any)) != 3 {
			t.Errorf("%v", o)
		}
		if said := pdfsig(t, file(l, ident, "SIGNED_QES_DOCUMENT")); !strings.Contains(said, "Signature is Valid") {
			t.Errorf("%s", said)
		}
		for _, list := range []string{"/supported_documents", "/idnow_attempts"} {
			if _, _, body := l.Do("GET", ident+list, nil); bytes.Contains(body, []byte("1000")) {
				t.Errorf("%s shows another firm's answer: %s", list, body)
			}
		}
		refused(t, l, 404, "model_not_found", "GET", ident+"/legitimation_data", nil)
		l.Advance("1s")
		same(t, "webhooks", receiver.Statuses(path.Base(ident)), []string{
			"created", "pending", "identification_data_required", "processed", "authorization_required", "confirmation_required", "confirmed", "successful",
		})
	})
}

// TestConsentPage: who confirms on the signer's own page, which partners frame,
// is confirmed without a call of the partner's.
func TestConsentPage(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, dbURL string) {
		l := testkit.Start(t, dbURL)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		ident := ready(l, holder(t, l, testNumber), "bank")
		_, h, _ := l.Do("PATCH", ident+"/authorize", nil)
		link := consentLink.FindStringSubmatch(h.Get("Link"))
		if link == nil {
			t.Fatalf("Link: %q", h.Get("Link"))
		}
		page(t, link[1], url.Values{"password": {"000000"}, "action": {"sign"}})
		is(l, ident, "confirmation_required", nil)
		page(t, link[1], url.Values{"password": {testOTP}, "action": {"sign"}})
		l.Advance("1m")
		is(l, ident, "successful", nil)
		refused(t, l, 412, "invalid_identification_status", "PATCH", ident+"/confirm", object{"token": testOTP})
		l.Advance("1s")
		same(t, "webhooks", receiver.Statuses(path.Base(ident)), []string{
			"created", "pending", "authorization_required", "confirmation_required", "confirmed", "successful",
		})
	})
}

// TestEligibilityOnce: an eligibility check that is repeated with its key is answered as before.
func TestEligibilityOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := "/v1/persons/" + l.Call(201, "POST", "/v1/persons", testkit.Customer("Antonia"))["id"].(string)
		check := person + "/identification_eligibility_checks"
		status, hit, first := once(t, l, "0f7d3c1a-e", check, `{"method":"bank"}`)
		if status != 200 || hit != "" {
			t.Fatalf("%d %q %s", status, hit, first)
		}
		status, hit, second := once(t, l, "0f7d3c1a-e", check, `{"method":"bank"}`)
		if status != 200 || hit == "" || !bytes.Equal(first, second) {
			t.Errorf("%d %q %s, before: %s", status, hit, second, first)
		}
		if status, _, body := once(t, l, "0f7d3c1a-e", check, `{"method":"bank","a":1}`); status != 422 {
			t.Errorf("another request: %d %s", status, body)
		}
		asked := 0
		for _, e := range history(t, handle(t, l), path.Base(person)) {
			if e.Event == "eligibility_checked" {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("%d checks in the history", asked)
		}
		for _, body := range []object{{}, {"method": nil}, {"method": "idnow"}, {"method": "bank_id"}, {"method": "Bank"}} {
			same(t, "sources", refused(t, l, 400, "invalid_model", "POST", check, body).sources(), []string{"method"})
		}
		same(t, "sources", refused(t, l, 400, "type_error", "POST", check, object{"method": 5}).sources(), []string{"method"})
		refused(t, l, 404, "model_not_found", "POST", "/v1/persons/nobody/identification_eligibility_checks", object{"method": "bank"})

		unknown := l.Call(201, "POST", "/v1/persons", testkit.Customer("X-BANKTEST-NOMATCH"))["id"].(string)
		o := l.Call(200, "POST", "/v1/persons/"+unknown+"/identification_eligibility_checks", object{"method": "bank"})
		reasons, err := json.Marshal(o["reasons"])
		if err != nil || o["eligible"] != false || string(reasons) != `["match_for_person_data_not_found"]` {
			t.Errorf("%v %v", o, err)
		}
	})
}
