package httpapi_test

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestBankidentReasons reaches every reason of kyc-flows.md §6.4 as a customer
// does: by what happens in the wizard, or by the account itself.
func TestBankidentReasons(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		person := holder(t, l, testNumber)
		for _, c := range []struct{ method, iban, pin, status, reason string }{
			{"bank", sampleIBAN, "joint", "failed", "joint_account"},
			{"bank", jointIBAN, "12345", "failed", "joint_account"},
			{"bank", sampleIBAN, "autho", "failed", "access_by_authorized_holder"},
			{"bank", sampleIBAN, "power", "failed", "access_by_authorized_holder"},
			{"bank", sampleIBAN, "other", "failed", "access_by_authorized_holder"},
			{"bank", sampleIBAN, "snapf", "failed", "account_snapshot_failed"},
			{"bank", sampleIBAN, "techn", "failed", "account_snapshot_failed"},
			{"bank", sampleIBAN, "trxko", "failed", "account_snapshot_failed"},
			{"bank_id", sampleIBAN, "snapx", "failed", "account_snapshot_expired"},
			{"bank", sampleIBAN, "timeo", "expired", "expired"},
			{"bank_id", sampleIBAN, "timeo", "expired", "expired"},
		} {
			ident := opened(l, person, c.method, c.iban)
			login(l, ident).walk(c.pin)
			l.Advance("1m")
			o := l.Call(200, "GET", ident+"?include_documents=true", nil)
			if o["status"] != c.status || o["failure_reason"] != c.reason || len(o["documents"].([]any)) != 0 {
				t.Errorf("%+v: %v %v", c, o["status"], o["failure_reason"])
			}
			if (o["completed_at"] != nil) != (c.status == "failed") {
				t.Errorf("%+v: completed_at %v", c, o["completed_at"])
			}
			same(t, "webhooks", receiver.Statuses(path.Base(ident)), []string{"created", "pending", c.status})
		}
	})
}

// TestBankLoginGoesOn: wrong passwords and TANs may be tried again, up to the
// third; the customer's own end ends it too.
func TestBankLoginGoesOn(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := holder(t, l, testNumber)
	ident := opened(l, person, "bank", sampleIBAN)
	b := login(l, ident)
	b.send(object{"country_id": "DE", "bank_code": "11010101"})
	wrongPIN := func() { b.send(object{"USER_NAME": "antonia", "USER_PIN": "wrong", "privacy_policy": true}) }
	wrongPIN()
	wrongPIN()
	b.walk("12345")
	b.at("finish")
	l.Advance("1s")
	is(l, ident, "authorization_required", nil)

	ident = opened(l, person, "bank", sampleIBAN)
	b = login(l, ident)
	b.send(object{"country_id": "DE", "bank_code": "11010101"})
	for range 3 {
		is(l, ident, "pending", nil)
		wrongPIN()
	}
	l.Advance("1s")
	is(l, ident, "failed", "account_snapshot_failed")

	ident = opened(l, person, "bank", sampleIBAN)
	login(l, ident).send(object{"action": "abort"})
	l.Advance("1s")
	is(l, ident, "failed", "account_snapshot_failed")
}

// TestAlreadyIdentified: of two that are open at a time, the second to come so far fails.
func TestAlreadyIdentified(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := holder(t, l, testNumber)
		second := opened(l, person, "bank_id", sampleIBAN)
		first := ready(l, person, "bank")
		l.Call(200, "PATCH", first+"/authorize", nil)
		l.Call(200, "PATCH", first+"/confirm", object{"token": testOTP})
		l.Advance("1m")
		is(l, first, "successful", nil)
		choose(l, second, "success")
		is(l, second, "failed", "ALREADY_IDENTIFIED_SUCCESSFULLY")
	})
}

// TestDataChecks: what the firm that checks the identity data can say.
func TestDataChecks(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := holder(t, l, testNumber)
		for _, c := range []struct {
			result, status, code string
			reason               any
		}{
			{"1036", "failed", "1036", "invalid_data"},
			{"2001", "failed", "2001", "inconsistent_data"},
			{"4000", "rejected", "4000", nil},
			{"accepted", "authorization_required", "1000", nil},
		} {
			ident := opened(l, person, "bank_id", sampleIBAN)
			choose(l, ident, "success")
			hand(l, ident)
			choose(l, ident, c.result) // at once, though the data are handed over behind the answer
			if o := is(l, ident, c.status, c.reason); o["provider_status_code"] != c.code {
				t.Errorf("%s: provider_status_code %v", c.result, o["provider_status_code"])
			}
		}
	})
}

// TestBankLoginLeadsBack: the wizard's last page leads where the partner wants its
// customers back, with the identification in it.
func TestBankLoginLeadsBack(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := holder(t, l, testNumber)
	change(t, l, func(p *kyc.Partner) {
		p.SuccessURL, p.FailureURL = "https://bank.example/on?id={identification}", "mybank://back"
	})
	for result, want := range map[string]string{"success": "https://bank.example/on?id=ID", "client_aborted": "mybank://back"} {
		ident := opened(l, person, "bank", sampleIBAN)
		link := l.Call(200, "GET", ident, nil)["url"].(string)
		choose(l, ident, result)
		if want = `href="` + strings.Replace(want, "ID", path.Base(ident), 1) + `"`; !strings.Contains(page(t, link, nil), want) {
			t.Errorf("%s: the page does not lead to %s", result, want)
		}
	}
}

// TestNothingToChoose: a result can be chosen only where a firm is at work, and the
// refusal says what the identification waits for.
func TestNothingToChoose(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := holder(t, l, testNumber)
	no := func(ident, words string) {
		t.Helper()
		r := refused(t, l, 412, "invalid_identification_status", "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", object{"result": "success"})
		if !strings.Contains(r.Detail, words) {
			t.Errorf("%q, want %q", r.Detail, words)
		}
	}
	base := "/v1/persons/" + person + "/identifications"
	no(base+"/"+l.Call(201, "POST", base, bankBody("bank", sampleIBAN))["id"].(string), "Request it first.")
	no(ready(l, person, "bank"), "Authorize it first.")
	ident := opened(l, person, "bank_id", sampleIBAN)
	choose(l, ident, "success")
	no(ident, "document_upload")
	steer(t, l, "POST", "/fourthline/faults", `{"mode":"down"}`)
	hand(l, ident)
	l.Advance("1m") // the pauses between the tries have grown
	no(ident, "could not be reached")
	steer(t, l, "DELETE", "/fourthline/faults", "")
	l.Advance("5m")
	is(l, ident, "authorization_required", nil)
	ident = opened(l, person, "bank", sampleIBAN)
	choose(l, ident, "tech_error")
	no(ident, "It has ended.")
}

// TestBankidentRefusals: what is refused before anything begins, with words that
// help and do not show the account.
func TestBankidentRefusals(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		log := new(logBook)
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.Log = log.logger() })
		person := holder(t, l, testNumber)
		base := "/v1/persons/" + person + "/identifications"
		for iban, want := range map[string]string{
			brokenIBAN: "IBAN (DE89…3001) is structurally invalid", "DE": "IBAN (…) is structurally invalid", "hello": "IBAN (…) is structurally invalid",
			foreignIBAN: "IBAN (NL91…4300) is not of a bank that supports this method",
		} {
			r := refused(t, l, 400, "invalid_iban", "POST", base, bankBody("bank", iban))
			same(t, "sources", r.sources(), []string{"iban"})
			if r.Detail != want {
				t.Errorf("%s: %q", iban, r.Detail)
			}
		}
		r := refused(t, l, 400, "invalid_model", "POST", base, object{"method": "bank"})
		same(t, "sources", r.sources(), []string{"iban", "terms_and_conditions_signed_at"})
		r = refused(t, l, 400, "invalid_model", "POST", base, put(bankBody("bank", sampleIBAN), "terms_and_conditions_signed_at", "")) // no consent
		same(t, "sources", r.sources(), []string{"terms_and_conditions_signed_at"})
		r = refused(t, l, 400, "invalid_model", "POST", base, object{"method": "bank_id"}) // another signer's terms
		same(t, "sources", r.sources(), []string{"iban"})
		for _, method := range []string{"bank", "bank_id"} {
			same(t, "sources", refused(t, l, 400, "type_error", "POST", base, put(bankBody(method, ""), "iban", 5)).sources(), []string{"iban"})
		}

		// a phone that is not verified, or none
		for number, body := range map[string]object{
			"":                 put(testkit.Customer("Berta"), "mobile_number", "+4915112345679"),
			ownNumber:          testkit.Customer("Clara"),
			"no number at all": put(testkit.Customer("Dora"), "mobile_number", nil),
		} {
			other := "/v1/persons/" + l.Call(201, "POST", "/v1/persons", body)["id"].(string)
			if number == ownNumber {
				l.Call(201, "POST", other+"/mobile_number", object{"number": number})
			}
			r := refused(t, l, 400, "invalid_model", "POST", other+"/identifications", bankBody("bank", sampleIBAN))
			same(t, "sources", r.sources(), []string{"mobile_number"})
		}

		// nobody whom the register knows: at once, and nothing was started
		unknown := unknownHolder(l)
		ident := "/v1/persons/" + unknown + "/identifications"
		ident += "/" + l.Call(201, "POST", ident, bankBody("bank", realIBAN))["id"].(string)
		r = refused(t, l, 412, "match_for_person_data_not_found", "PATCH", ident+"/request", nil)
		if !strings.Contains(r.Detail, "bank_id") {
			t.Errorf("%q", r.Detail)
		}
		is(l, ident, "created", nil)
		opened(l, unknown, "bank_id", realIBAN)

		// a partner who has other methods
		ident = base + "/" + l.Call(201, "POST", base, bankBody("bank", sampleIBAN))["id"].(string)
		sign := ready(l, person, "bank")
		change(t, l, func(p *kyc.Partner) { p.Methods = []kyc.Method{kyc.MethodIDnow} })
		refused(t, l, 403, "unauthorized_action", "POST", base, bankBody("bank", sampleIBAN))
		refused(t, l, 403, "unauthorized_action", "POST", "/v1/persons/"+person+"/identification_eligibility_checks", object{"method": "bank"})
		refused(t, l, 403, "unauthorized_action", "PATCH", ident+"/request", nil)
		refused(t, l, 403, "unauthorized_action", "PATCH", sign+"/authorize", nil)
		is(l, sign, "authorization_required", nil)

		for _, iban := range []string{sampleIBAN, brokenIBAN, realIBAN, foreignIBAN} {
			if strings.Contains(log.String(), iban[4:]) {
				t.Errorf("%s is in the log", iban)
			}
		}
		for _, words := range []string{testOTP, "Antonia", "wizard_session_key"} {
			if strings.Contains(log.String(), words) {
				t.Errorf("%s is in the log", words)
			}
		}
	})
}

// TestBankidentAttempts: more than 19 unsuccessful ones, and it is over.
func TestBankidentAttempts(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := holder(t, l, testNumber)
	for n := range 20 {
		choose(l, opened(l, person, []string{"bank", "bank_id"}[n%2], sampleIBAN), []string{"tech_error", "session_expired"}[n%2])
		l.Advance("1s")
	}
	base := "/v1/persons/" + person + "/identifications"
	for _, method := range []string{"bank", "bank_id"} {
		ident := base + "/" + l.Call(201, "POST", base, bankBody(method, sampleIBAN))["id"].(string)
		refused(t, l, 412, "identification_attempts_exceeded", "PATCH", ident+"/request", nil)
	}
}

// TestBankidentDeadlines: each status that waits for somebody ends by itself. The
// time to authorize never moves, that to confirm begins anew with each password.
func TestBankidentDeadlines(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		person := holder(t, l, testNumber)

		pending := opened(l, person, "bank", sampleIBAN) // the bank's own patience is short
		data := opened(l, person, "bank_id", sampleIBAN)
		choose(l, data, "success")
		l.Advance("23h")
		is(l, pending, "expired", "expired")
		is(l, data, "identification_data_required", nil)
		l.Advance("2h")
		is(l, data, "expired", "expired")
		status, _, body := post(t, l, "", data+"/document_upload", typed("OTHER"), formPart{"file", "kyc.zip", "application/zip", "PK\x03\x04 too late"})
		if r := readRefusal(t, status, body); status != 409 && status != 412 {
			t.Errorf("too late: %d %s", status, r.Code)
		}

		nobody, slow := ready(l, person, "bank"), ready(l, person, "bank_id")
		until := is(l, slow, "authorization_required", nil)["authorization_expires_at"]
		l.Advance("5m")
		first := l.Call(200, "PATCH", slow+"/authorize", nil)
		l.Advance("2m")
		second := l.Call(200, "PATCH", slow+"/authorize", nil)
		if first["authorization_expires_at"] != until || second["authorization_expires_at"] != until || first["current_reference_token"] == second["current_reference_token"] {
			t.Errorf("%v, then %v, then %v", until, first, second)
		}
		moved := day(t, second["confirmation_expires_at"].(string)).Sub(day(t, first["confirmation_expires_at"].(string)))
		if moved < 2*time.Minute || moved > 3*time.Minute {
			t.Errorf("the time to confirm moved by %s", moved)
		}
		is(l, nobody, "authorization_required", nil)
		l.Advance("4m")
		for _, ident := range []string{nobody, slow} {
			is(l, ident, "expired", "expired")
			refused(t, l, 412, "invalid_identification_status", "PATCH", ident+"/authorize", nil)
			refused(t, l, 412, "invalid_identification_status", "PATCH", ident+"/confirm", object{"token": testOTP})
			file(l, ident, "QES_DOCUMENT") // can still be read
		}

		// a password that is too old
		late := ready(l, person, "bank")
		l.Call(200, "PATCH", late+"/authorize", nil)
		l.Advance("8m")
		refused(t, l, 403, "invalid_tan", "PATCH", late+"/confirm", object{"token": testOTP})
		is(l, late, "confirmation_required", nil)
		l.Call(200, "PATCH", late+"/authorize", nil)
		l.Call(200, "PATCH", late+"/confirm", object{"token": testOTP})
		l.Advance("1m")
		is(l, late, "successful", nil)
		l.Advance("1s")
		same(t, "webhooks", receiver.Statuses(path.Base(slow)), []string{
			"created", "pending", "identification_data_required", "processed", "authorization_required", "confirmation_required", "expired",
		})
	})
}

// TestBankidentStatuses tries every verb in every status: those that do not fit
// are refused with the status it is in and those they need.
func TestBankidentStatuses(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := holder(t, l, testNumber)
		base := "/v1/persons/" + person + "/identifications"
		const (
			request = "'created', 'pending'"
			sign    = "'authorization_required', 'confirmation_required'"
			confirm = "'confirmation_required'"
		)
		check := func(ident, status string, verbs ...string) {
			t.Helper()
			is(l, ident, status, l.Call(200, "GET", ident, nil)["failure_reason"])
			for n := 0; n < len(verbs); n += 2 {
				r := refused(t, l, 412, "invalid_identification_status", "PATCH", ident+"/"+verbs[n], object{"token": "123456"})
				if want := fmt.Sprintf("The identification is '%s'; this needs one of %s.", status, verbs[n+1]); r.Detail != want {
					t.Errorf("%s: %q, want %q", verbs[n], r.Detail, want)
				}
			}
			is(l, ident, status, l.Call(200, "GET", ident, nil)["failure_reason"])
		}
		for _, method := range []string{"bank", "bank_id"} {
			all := []string{"request", request, "authorize", sign, "confirm", confirm}
			ident := base + "/" + l.Call(201, "POST", base, bankBody(method, sampleIBAN))["id"].(string)
			check(ident, "created", all[2:]...)
			l.Call(200, "PATCH", ident+"/request", nil)
			check(ident, "pending", all[2:]...)
			choose(l, ident, "success")
			if method == "bank_id" {
				check(ident, "identification_data_required", all...)
				hand(l, ident)
				check(ident, "processed", all...)
				l.Advance("1s")
				choose(l, ident, "4000")
				check(ident, "rejected", all...)
				ident = ready(l, person, method)
			}
			check(ident, "authorization_required", "request", request, "confirm", confirm)
			l.Call(200, "PATCH", ident+"/authorize", nil)
			check(ident, "confirmation_required", "request", request)
			failing := opened(l, person, method, sampleIBAN)
			choose(l, failing, "tech_error")
			check(failing, "failed", all...)
			expiring := opened(l, person, method, sampleIBAN)
			choose(l, expiring, "session_expired")
			check(expiring, "expired", all...)
			steer(t, l, "POST", "/ais/next", `{"delay":"30s"}`) // from the password to the signature
			l.Call(200, "PATCH", ident+"/authorize", nil)
			l.Call(200, "PATCH", ident+"/confirm", object{"token": testOTP})
			check(ident, "confirmed", all...)
			// who is identified already is told so rather than that the status is another one
			other := base + "/" + l.Call(201, "POST", base, bankBody(method, sampleIBAN))["id"].(string)
			l.Advance("2m")
			check(ident, "successful", all...)
			refused(t, l, 422, "unprocessable_entity", "PATCH", other+"/request", nil)
			person = holder(t, l, testNumber)
			base = "/v1/persons/" + person + "/identifications"
		}
	})
}

// TestSigningFails: the signer will not sign, before and after the password.
func TestSigningFails(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := holder(t, l, testNumber)
	ident := ready(l, person, "bank")
	l.Call(200, "PATCH", ident+"/authorize", nil)
	choose(l, ident, "cancel") // the customer, on the signer's page
	is(l, ident, "confirmation_required", nil)
	refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": testOTP})
	l.Call(200, "PATCH", ident+"/authorize", nil)
	choose(l, ident, "SerialNumberMismatch") // another person's phone
	is(l, ident, "failed", "signing_failed")

	// the signer is out of order: the partner is told, and nothing has changed
	ident = ready(l, person, "bank")
	for mode, want := range map[string]int{"down": 502, "garbage": 502} {
		steer(t, l, "POST", "/ais/faults", `{"mode":"`+mode+`"}`)
		status, _, body := l.Do("PATCH", ident+"/authorize", nil)
		if readRefusal(t, status, body); status != want {
			t.Errorf("%s: %d %s", mode, status, body)
		}
		is(l, ident, "authorization_required", nil)
	}
	steer(t, l, "DELETE", "/ais/faults", "")
	l.Advance("2m")
	l.Call(200, "PATCH", ident+"/authorize", nil)
}

// TestBankErasure: a person is erased in the middle, at every step; nothing of
// it comes back, and no work is left.
func TestBankErasure(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		log := new(logBook)
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.Log = log.logger() })
		const number = "+4917655544499"
		words := []string{sampleIBAN, "Antonia", "Hauptstraße", number, "wizard_session_key"}
		for _, status := range []string{
			"created", "pending", "identification_data_required", "processed", "authorization_required", "confirmation_required", "confirmed", "successful",
		} {
			person := holder(t, l, number)
			base := "/v1/persons/" + person + "/identifications"
			ident := base + "/" + l.Call(201, "POST", base, bankBody("bank_id", sampleIBAN))["id"].(string)
			for _, step := range []func(){
				func() { l.Call(200, "PATCH", ident+"/request", nil) },
				func() { choose(l, ident, "success") },
				func() { hand(l, ident) },
				func() { l.Advance("1s"); choose(l, ident, "accepted") },
				func() { l.Call(200, "PATCH", ident+"/authorize", nil) },
				func() {
					l.Call(200, "PATCH", ident+"/confirm", object{"token": signerCode(l, l.Call(200, "GET", ident, nil)["current_reference_token"])})
				},
				func() { l.Advance("1m") },
			} {
				if l.Status(ident) == status {
					break
				}
				step()
			}
			is(l, ident, status, nil)
			if got := found(t, l, words); len(got) < 4 {
				t.Fatalf("the search finds too little: %v", got)
			}
			s := beside(t, l)
			if _, err := s.ErasePerson(t.Context(), person, now(l)); err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{"", "/request", "/authorize", "/confirm"} {
				method := "PATCH"
				if p == "" {
					method = "GET"
				}
				refused(t, l, 404, "model_not_found", method, ident+p, nil)
			}
			l.Advance("30h")
			if left := jobsAbout(t, s, path.Base(ident)); len(left) > 0 {
				t.Errorf("erased while %s: %v are left", status, left)
			}
			if got := found(t, l, words); len(got) > 0 {
				t.Errorf("erased while %s: still to be read: %v", status, got)
			}
			if strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("erased while %s: %s", status, log)
			}
			if status == "successful" {
				r, err := s.OpenRecord(t.Context(), person)
				if err != nil || len(r.Documents) != 3 || len(r.Identifications) != 1 || r.Identifications[0].IBAN != sampleIBAN {
					t.Errorf("the record that the law keeps: %+v %v", r, err)
				}
			}
		}
	})
}

// jobsAbout lists the jobs of an identification.
func jobsAbout(t testing.TB, s *flow.Service, identification string) (kinds []kyc.JobKind) {
	t.Helper()
	err := s.Store.View(t.Context(), func(v kyc.View) error {
		for _, kind := range []kyc.JobKind{
			kyc.StartSession, kyc.FetchResult, kyc.PollResult, kyc.Expire, kyc.SubmitData, kyc.AuthorizeSigning, kyc.ConfirmSigning, kyc.CollectSigning,
		} {
			if _, there, err := v.Jobs().Find(kind, identification); err != nil || there {
				kinds = append(kinds, kind)
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// TestBankidentErrorDocuments shows the whole body of the error codes that only
// Bankident has.
func TestBankidentErrorDocuments(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = day(t, "2031-08-31T10:00:00Z") })
	person := holder(t, l, testNumber)
	base := "/v1/persons/" + person + "/identifications"
	unknown := unknownHolder(l)
	created := func(person string) string {
		base := "/v1/persons/" + person + "/identifications"
		return base + "/" + l.Call(201, "POST", base, bankBody("bank", sampleIBAN))["id"].(string)
	}
	numberless := holder(t, l, testNumber)
	unreachable := ready(l, numberless, "bank")
	asked := l.Call(202, "DELETE", "/v1/persons/"+numberless+"/mobile_number", object{"number": testNumber})["id"].(string)
	l.Call(201, "POST", "/v1/change_requests/"+asked+"/authorize", object{"person_id": numberless})
	l.Call(202, "POST", "/v1/change_requests/"+asked+"/confirm", object{"person_id": numberless, "tan": testOTP})
	for _, c := range []struct {
		code, method, path string
		body               any
	}{
		{"invalid_iban", "POST", base, bankBody("bank", brokenIBAN)},
		{"match_for_person_data_not_found", "PATCH", created(unknown) + "/request", nil},
		{"mobile_number_not_verified", "PATCH", unreachable + "/authorize", nil},
		{"signing_error", "PATCH", ready(l, person, "bank") + "/authorize", nil},
		{"xs2a_error", "PATCH", created(person) + "/request", nil},
	} {
		switch c.code {
		case "signing_error":
			steer(t, l, "POST", "/ais/next", `{"outcome":"InsufficientData","refuse":true}`)
		case "xs2a_error":
			steer(t, l, "POST", "/xs2a/faults", `{"mode":"refuse"}`)
		}
		status, _, body := l.Do(c.method, c.path, c.body)
		if r := readRefusal(t, status, body); r.Code != c.code {
			t.Errorf("%s: %s", c.code, body)
			continue
		}
		golden(t, c.code, body)
	}
}
