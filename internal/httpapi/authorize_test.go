package httpapi_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/method/bankid"
	"github.com/identikit/identikit/internal/method/video"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/coverage"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// authorizeFields are the fields of S3's answer; the value says whether it is a
// text after `authorize` by bank login, or null.
var authorizeFields = map[string]bool{
	"id": true, "reference": false, "url": true, "status": true, "completed_at": false, "method": true, "proof_of_address_type": true,
	"proof_of_address_issued_at": true, "iban": true, "terms_and_conditions_signed_at": true, "authorization_expires_at": true,
	"confirmation_expires_at": true, "current_reference_token": true, "estimated_waiting_time": false,
}

// TestAuthorizeAnswer holds the answer of authorize to S3, field by field.
func TestAuthorizeAnswer(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := holder(t, l, testNumber)
		base := "/v1/persons/" + person + "/identifications"
		today := now(l).Format("2006-01-02")
		for n, kind := range kyc.ProofOfAddressTypes {
			method := []string{"bank", "bank_id"}[n%2]
			o := l.Call(201, "POST", base, put(put(bankBody(method, sampleIBAN), "proof_of_address_type", kind), "proof_of_address_issued_at", today))
			ident := base + "/" + o["id"].(string)
			l.Call(200, "PATCH", ident+"/request", nil)
			choose(l, ident, "success")
			if method == "bank_id" {
				hand(l, ident)
				l.Advance("1s")
				choose(l, ident, "accepted")
			}
			o = l.Call(200, "PATCH", ident+"/authorize", nil)
			for field, text := range authorizeFields {
				value, there := o[field]
				if _, isText := value.(string); !there || isText != text || (!text && value != nil) {
					t.Errorf("%s: %v", field, value)
				}
				proof.Row("S3 response fields", field)
			}
			if o["proof_of_address_type"] != kind || o["proof_of_address_issued_at"] != today || o["method"] != method || o["iban"] != sampleIBAN ||
				o["terms_and_conditions_signed_at"] != "2020-07-07T11:36:29.000Z" || !strings.HasSuffix(ident, o["id"].(string)) {
				t.Errorf("%v", o)
			}
			proof.Row("S3 proof of address types", kind)
			proof.Row("S3 methods", method)
		}

		// the ids of the path, each for itself
		ident := ready(l, person, "bank")
		id := ident[strings.LastIndex(ident, "/")+1:]
		refused(t, l, 404, "model_not_found", "PATCH", "/v1/persons/nobody/identifications/"+id+"/authorize", nil)
		refused(t, l, 404, "model_not_found", "PATCH", base+"/nothing/authorize", nil)
		l.Call(200, "PATCH", ident+"/authorize", nil)
		proof.Row("S3 path parameters", "person_id")
		proof.Row("S3 path parameters", "id")

		// the errors
		ident = ready(l, person, "bank")
		change(t, l, func(p *kyc.Partner) { p.Methods = []kyc.Method{kyc.MethodIDnow} })
		r := refused(t, l, 403, "unauthorized_action", "PATCH", ident+"/authorize", nil)
		for field, ok := range map[string]bool{
			"id": uuidForm.MatchString(r.ID), "status": r.Status == "403", "code": r.Code == "unauthorized_action",
			"title": r.Title == "Unauthorized Action", "detail": r.Detail == "Unauthorized action is not allowed.",
		} {
			if !ok {
				t.Errorf("%s of %+v", field, r)
			}
			proof.Row("S3 error fields", field)
		}
		proof.Row("S3 error codes", "403 unauthorized_action")
	})
	w := httpapi.Serve(slog.New(slog.DiscardHandler), httptest.NewRequest("PATCH", "/v1/persons/x/identifications/y/authorize", nil),
		func(http.ResponseWriter) error {
			return fmt.Errorf("authorize: %w", errors.New("Cannot connect to database."))
		})
	if r := readRefusal(t, w.Code, w.Body.Bytes()); w.Code != 500 || r.Code != "generic_error" || r.Title != "Generic Error" || r.Detail != "There was an error." {
		t.Errorf("%s", w.Body)
	}
	proof.Row("S3 error codes", "500 generic_error")
	if httpapi.Produces("build_pagination_headers_failure") || !httpapi.Produces("generic_error") {
		t.Error("build_pagination_headers_failure has a title")
	}
	proof.Row("S3 error codes", "400 build_pagination_headers_failure") // that it is not produced
}

// TestAuthorizeStatuses reaches every status of S3 and authorizes in it.
func TestAuthorizeStatuses(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.Preliminary = true })
		person := holder(t, l, testNumber)
		at := func(ident, status string) {
			t.Helper()
			if got := l.Status(ident); got != status {
				t.Fatalf("%s, want %s", got, status)
			}
			want := 412
			if status == "authorization_required" || status == "confirmation_required" {
				want = 200
			}
			if code, _, body := l.Do("PATCH", ident+"/authorize", nil); code != want {
				t.Errorf("authorize in %s: %d %s", status, code, body)
			}
			proof.Row("S3 status values", status)
		}
		base := "/v1/persons/" + person + "/identifications"
		ident := base + "/" + l.Call(201, "POST", base, bankBody("bank_id", sampleIBAN))["id"].(string)
		at(ident, "created")
		l.Call(200, "PATCH", ident+"/request", nil)
		at(ident, "pending")
		choose(l, ident, "success")
		at(ident, "identification_data_required")
		hand(l, ident)
		at(ident, "processed")
		l.Advance("1s")
		choose(l, ident, "accepted")
		at(ident, "authorization_required")
		steer(t, l, "POST", "/ais/next", `{"delay":"30s"}`)
		at(ident, "confirmation_required")
		l.Call(200, "PATCH", ident+"/confirm", object{"token": testOTP})
		at(ident, "confirmed")
		l.Advance("2m")
		at(ident, "successful")

		person = holder(t, l, testNumber)
		for result, status := range map[string]string{"tech_error": "failed", "session_expired": "expired"} {
			ident = opened(l, person, "bank", sampleIBAN)
			choose(l, ident, result)
			at(ident, status)
		}
		ident = opened(l, person, "bank_id", sampleIBAN)
		choose(l, ident, "success")
		hand(l, ident)
		l.Advance("1s")
		choose(l, ident, "4000")
		at(ident, "rejected")
		for result, status := range map[string]string{
			"ABORTED": "aborted", "CANCELED": "canceled", "REVIEW_PENDING": "pending_successful", "FRAUD_SUSPICION_PENDING": "pending_failed",
		} {
			ident = create(l, person)
			l.Call(200, "PATCH", ident+"/request", nil)
			end(l, ident, result, "")
			at(ident, status)
		}
		proof.Row("S3 methods", "idnow")

		for _, method := range []string{"fourthline", "manual", "postident"} { // known, and not run yet
			refused(t, l, 403, "unauthorized_action", "POST", base, object{"method": method})
			proof.Row("S3 methods", method)
		}
	})
	for _, m := range []kyc.Machine{bank.Machine, bankid.Machine, video.Machine} {
		if slices.Contains(m.States(), kyc.Signed) {
			t.Error("a method has the status signed")
		}
	}
	proof.Row("S3 status values", "signed") // that it is not produced
}
