package httpapi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// history reads the lines of a person.
func history(t testing.TB, store kyc.Store, person string) (lines []kyc.Entry) {
	t.Helper()
	err := store.View(t.Context(), func(v kyc.View) (err error) {
		lines, err = v.History().OfPerson(person)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// told is the last line of a person's history.
func told(t testing.TB, l *testkit.Live, person string) kyc.Entry {
	t.Helper()
	lines := history(t, handle(t, l), person)
	return lines[len(lines)-1]
}

func TestDeviceConsents(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		base := "/v1/persons/" + person + "/device_consents"
		sent := object{"event_type": "APPROVED", "confirmed_at": "2022-09-21 12:00:00+02:00"}
		made := l.Call(201, "POST", base, sent)
		if made["event_type"] != "APPROVED" || made["confirmed_at"] != "2022-09-21T10:00:00.000Z" || made["person_id"] != person {
			t.Errorf("%v", made)
		}
		if e := told(t, l, person); e.Event != "device_consent_created" || !strings.Contains(e.Details, `"as_sent":{"confirmed_at":"2022-09-21 12:00:00+02:00"}`) || e.RequestID == "" {
			t.Errorf("the history says %+v", e)
		}
		one := base + "/" + made["id"].(string)
		changed := l.Call(200, "PATCH", one, object{"event_type": "REJECTED", "confirmed_at": "2022-10-01T10:00:00Z"})
		if changed["event_type"] != "REJECTED" || changed["id"] != made["id"] || changed["created_at"] != made["created_at"] {
			t.Errorf("%v", changed)
		}
		if e := told(t, l, person); !strings.Contains(e.Details, `"before":{"confirmed_at":"2022-09-21T10:00:00.000Z","event_type":"APPROVED"}`) {
			t.Errorf("what was said before is not in the history: %s", e.Details)
		}
		lines := len(history(t, handle(t, l), person))
		l.Call(200, "PATCH", one, object{"event_type": "REJECTED", "confirmed_at": "2022-10-01T10:00:00Z"})
		if n := len(history(t, handle(t, l), person)); n != lines {
			t.Errorf("no change left %d lines", n-lines)
		}

		for _, c := range []struct {
			body   object
			code   string
			fields []string
		}{
			{object{}, "invalid_model", []string{"event_type", "confirmed_at"}},
			{object{"event_type": "MAYBE", "confirmed_at": "yesterday"}, "invalid_model", []string{"event_type", "confirmed_at"}},
			{object{"event_type": 1, "confirmed_at": true}, "type_error", []string{"event_type", "confirmed_at"}},
			{object{"event_type": " APPROVED", "confirmed_at": "2022-10-01T10:00:00Z"}, "invalid_model", []string{"event_type"}},
			{object{"event_type": "APPROVED", "confirmed_at": "2100-01-01T00:00:00Z"}, "constraint_violation", []string{"confirmed_at"}},
			{object{"event_type": "NO", "confirmed_at": "2100-01-01T00:00:00Z"}, "invalid_model", []string{"event_type", "confirmed_at"}},
		} {
			same(t, "broken", refused(t, l, 400, c.code, "POST", base, c.body).sources(), c.fields)
			same(t, "broken", refused(t, l, 400, c.code, "PATCH", one, c.body).sources(), c.fields)
		}
		if r := refused(t, l, 400, "constraint_violation", "POST", base, object{"event_type": "APPROVED", "confirmed_at": "2100-01-01T00:00:00Z"}); r.Detail != "confirmedAt --> Date mustn't be in the future." || r.Title != "Constraint Violation" {
			t.Errorf("%+v", r)
		}
		soon := time.Now().Add(30 * time.Second).UTC().Format(time.RFC3339) // within the slack
		l.Call(201, "POST", base, object{"event_type": "APPROVED", "confirmed_at": soon})

		other := l.Person("Berta")
		refused(t, l, 404, "model_not_found", "PATCH", "/v1/persons/"+other+"/device_consents/"+made["id"].(string), sent)
		refused(t, l, 404, "model_not_found", "POST", "/v1/persons/nobody/device_consents", object{})

		status, _, first := once(t, l, "consent-key", base, `{"event_type":"APPROVED","confirmed_at":"2022-09-21T10:00:00Z"}`)
		_, hit, again := once(t, l, "consent-key", base, `{"event_type":"APPROVED","confirmed_at":"2022-09-21T10:00:00Z"}`)
		if status != 201 || hit != "true" || string(first) != string(again) {
			t.Errorf("%d %q %s %s", status, hit, first, again)
		}
	})
}

func TestDeviceActivities(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		base := "/v1/persons/" + l.Person("Antonia") + "/device_activities"
		for _, kind := range []string{"APP_START", "CONSENT_PROVIDED", "PASSWORD_RESET"} {
			if made := l.Call(201, "POST", base, object{"activity_type": kind, "device_data": "Web;Himmelsleiter"}); made["activity_type"] != kind {
				t.Errorf("%v", made)
			}
		}
		same(t, "broken", refused(t, l, 400, "invalid_model", "POST", base, object{"activity_type": "app start"}).sources(), []string{"activity_type", "device_data"})
		same(t, "broken", refused(t, l, 400, "invalid_model", "POST", base,
			object{"activity_type": "APP_START", "device_data": strings.Repeat("x", 64<<10+1)}).sources(), []string{"device_data"})
		l.Call(201, "POST", base, object{"activity_type": "APP_START", "device_data": strings.Repeat("x", 64<<10)})
		if files := atRest(t, l, "Himmelsleiter"); len(files) > 0 {
			t.Errorf("device data lies readable in %v", files)
		}
	})
}

func TestTermsEvents(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		const all = "/v1/terms_and_conditions_events"
		sent := object{
			"document_id": "8ac2e3f07c0b4d1f9a6f5d2b1c3e4a5btcdc", "event_timestamp": "2022-09-21T10:00:00Z", "event_type": "APPROVED",
			"product_name": "DIGITAL_BANKING", "signed_by": person,
		}
		made := l.Call(201, "POST", all, sent)
		for name, want := range sent {
			if got := made[name]; got != want && name != "event_timestamp" {
				t.Errorf("%s is %v, was sent as %v", name, got, want)
			}
		}
		if made["event_timestamp"] != "2022-09-21T10:00:00.000Z" || made["signed_on_behalf_of"] != nil {
			t.Errorf("%v", made)
		}
		e := told(t, l, person)
		if e.Event != "terms_event" || !strings.Contains(e.Details, `"event_timestamp":"2022-09-21T10:00:00Z"`) || !strings.Contains(e.Details, made["id"].(string)) {
			t.Errorf("the history says %+v", e)
		}
		l.Call(201, "POST", all, put(sent, "signed_on_behalf_of", "somebusiness"))

		same(t, "broken", refused(t, l, 400, "invalid_model", "POST", all, object{}).sources(), []string{"signed_by", "document_id", "event_type", "product_name", "event_timestamp"})
		same(t, "broken", refused(t, l, 400, "invalid_model", "POST", all, object{
			"document_id": "d", "event_timestamp": "2100-01-01T00:00:00Z", "event_type": "PERHAPS", "product_name": "TEA", "signed_by": person,
		}).sources(), []string{"event_type", "product_name", "event_timestamp"})
		refused(t, l, 404, "model_not_found", "POST", all, object{"signed_by": "nobody"})
		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"})
		refused(t, other, 404, "model_not_found", "POST", all, sent)
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		base := "/v1/persons/" + l.Person("Antonia") + "/settings"
		for _, language := range []string{"de", "EN"} {
			if made := l.Call(201, "POST", base, object{"language": language}); made["language"] != language {
				t.Errorf("%v", made)
			}
		}
		for _, wrong := range []any{nil, "", "deu", "d1", "ä!"} {
			same(t, "broken", refused(t, l, 400, "invalid_model", "POST", base, object{"language": wrong}).sources(), []string{"language"})
		}
		refused(t, l, 400, "type_error", "POST", base, object{"language": 7})
	})
}

// TestUpdateForDevelopment and the check of papers are there in a sandbox only.
func TestUpdateForDevelopment(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_CHANGED")
		base := "/v1/persons/" + l.Person("Antonia")
		in := object{"aml_follow_up_date": "2020-01-31", "aml_confirmed_on": "2020-02-01", "birth_city": "Kölln", "first_name": "Nobody"}
		p := l.Call(200, "PATCH", base+"/update_for_development", in)
		if p["aml_follow_up_date"] != "2020-01-31" || p["aml_confirmed_on"] != "2020-02-01" || p["birth_city"] != "Kölln" || p["first_name"] != "Antonia" {
			t.Errorf("%v", p)
		}
		receiver.Wait(1)
		l.Call(200, "PATCH", base+"/update_for_development", in) // the same is no change
		l.Call(200, "PATCH", base+"/update_for_development", object{"birth_city": nil})
		same(t, "broken", refused(t, l, 400, "invalid_model", "PATCH", base+"/update_for_development",
			object{"aml_follow_up_date": "soon", "birth_city": " x"}).sources(), []string{"aml_follow_up_date", "birth_city"})
		l.Advance("1s")
		if n := len(receiver.Hooks()); n != 1 {
			t.Errorf("%d events", n)
		}
	})
	live := production(t)
	base := "/v1/persons/" + live.Person("Antonia")
	refused(t, live, 404, "not_found", "PATCH", base+"/update_for_development", object{})
	refused(t, live, 404, "not_found", "POST", base+"/test_id_document_update", nil)
}

// blockings are the bodies of POTENTIAL_ACCOUNT_BLOCKING.
func blockings(r *testkit.Receiver) (all []string) {
	for _, h := range r.Hooks() {
		if h.Header.Get("Solaris-Webhook-Event-Type") == "POTENTIAL_ACCOUNT_BLOCKING" {
			all = append(all, string(h.Body))
		}
	}
	return all
}

// TestPaperRunsOut: 60 days before the identity document runs out the partner is
// told, once, and not of a document that was renewed meanwhile.
func TestPaperRunsOut(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "POTENTIAL_ACCOUNT_BLOCKING")
		person := l.Person("X-MANUALTEST-HAPPYPATH")
		base := "/v1/persons/" + person
		if o := l.Call(200, "POST", base+"/test_id_document_update", nil); o["document_valid"] != true {
			t.Errorf("without a document: %v", o)
		}
		ident := create(l, person)
		l.Call(200, "PATCH", ident+"/request", nil)
		end(l, ident, "SUCCESS", "")
		until := l.Call(200, "GET", base, nil)["legitimation_valid_until"].(string)
		if h := told(t, l, person); !strings.Contains(h.Details, `"legitimation_valid_until":{"old":null,"new":"`+until+`"}`) || h.Actor != "provider" {
			t.Errorf("the history ends with %+v", h)
		}
		last := day(t, until+"T00:00:00+01:00")
		store := handle(t, l)
		err := store.Tx(t.Context(), func(tx kyc.Tx) error {
			j, there, err := tx.Jobs().Find(kyc.PaperExpiry, person)
			if early := last.Sub(j.DueAt); !there || early < 59*24*time.Hour || early > 61*24*time.Hour {
				t.Errorf("%s: the notice is due at %s (%t)", until, j.DueAt, there)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if o := l.Call(200, "POST", base+"/test_id_document_update", nil); o["document_valid"] != true {
			t.Errorf("%v is not valid: %v", until, o)
		}
		// Years of daily work would pass; so the document is one that ends soon, and
		// the day of an older one has come.
		last = day(t, l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string)).AddDate(0, 0, 70)
		until = last.Format(time.DateOnly)
		err = store.Tx(t.Context(), func(tx kyc.Tx) error {
			p, err := tx.Erasures().Subject(person)
			if err != nil {
				return err
			}
			p.Attributes.Set("legitimation_valid_until", until)
			if err := tx.Persons().Update(p.Person); err != nil {
				return err
			}
			return tx.Jobs().Add(kyc.Job{Kind: kyc.PaperExpiry, Key: person, DueAt: last.AddDate(0, 0, -69)})
		})
		if err != nil {
			t.Fatal(err)
		}
		to := func(day time.Time) {
			t.Helper()
			l.Call(200, "POST", "/sandbox/clock", object{"to": day.Format(time.RFC3339)})
			l.Token = l.TokenOf(l.Partner.ClientID, l.Partner.ClientSecret)
		}
		to(last.AddDate(0, 0, -61))
		if got := blockings(receiver); len(got) != 0 {
			t.Errorf("too early: %v", got)
		}
		to(last.AddDate(0, 0, -59))
		want := `{"blocking_date":"` + until + `","reason":"IDENTIFICATION_DOCUMENT_EXPIRED"}`
		same(t, "told", blockings(receiver), []string{want})
		status, _, first := once(t, l, "paper-key", base+"/test_id_document_update", "")
		_, hit, again := once(t, l, "paper-key", base+"/test_id_document_update", "")
		if status != 202 || hit != "true" || string(first) != string(again) || !json.Valid(first) || !strings.Contains(string(first), `"document_valid":false,"action":"triggered potential account blocking"`) {
			t.Errorf("%d %q %s %s", status, hit, first, again)
		}
		l.Advance("1s")
		same(t, "told", blockings(receiver), []string{want, want})
		if e := told(t, l, person); e.Event != "document_expiry_told" {
			t.Errorf("the history ends with %s", e.Event)
		}
	})
}

// TestConsentTimesAsSent: what was sent is in the history to the letter, whatever
// form it came in, and nothing changes it silently.
func TestConsentTimesAsSent(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		times := map[string]string{
			"terms_conditions_signed_at": "2019-01-01T02:00:00.123456+02:00", "data_terms_signed_at": "2019-01-02 00:00:00z",
			"own_economic_interest_signed_at": "2019-01-03T00:00:00Z", "fatca_crs_confirmed_at": "2019-01-04T23:59:59-11:00",
		}
		body := testkit.Customer("Antonia")
		for name, text := range times {
			body[name] = text
		}
		person := l.Call(201, "POST", "/v1/persons", body)["id"].(string)
		store := handle(t, l)
		created := history(t, store, person)[0]
		asSent := func(e kyc.Entry) (sent map[string]string) {
			var about struct {
				AsSent map[string]string `json:"as_sent"`
			}
			if err := json.Unmarshal([]byte(e.Details), &about); err != nil {
				t.Fatal(err)
			}
			return about.AsSent
		}
		for name, text := range times {
			if got := asSent(created)[name]; got != text {
				t.Errorf("%s is %q in the history, was sent as %q", name, got, text)
			}
		}

		empty := l.Call(201, "POST", "/v1/persons", object{"first_name": "Berta"})["id"].(string)
		patched := []string{"data_terms_signed_at", "own_economic_interest_signed_at", "fatca_crs_confirmed_at"}
		for _, name := range patched {
			l.Call(200, "PATCH", "/v1/persons/"+empty, object{name: times[name]})
			if e := told(t, l, empty); asSent(e)[name] != times[name] || e.Actor != "partner" || e.RequestID == "" {
				t.Errorf("%s: the history says %+v", name, e)
			}
			before := l.Call(200, "GET", "/v1/persons/"+empty, nil)[name]
			if status, _, b := l.Do("PATCH", "/v1/persons/"+empty, object{name: "2020-02-02T00:00:00Z"}); status == 200 {
				t.Errorf("%s is changed just so: %s", name, b)
			}
			if after := l.Call(200, "GET", "/v1/persons/"+empty, nil)[name]; after != before {
				t.Errorf("%s was %v and is %v", name, before, after)
			}
			refused(t, l, 400, "invalid_model", "PATCH", "/v1/persons/"+empty, object{name: "2100-01-01T00:00:00Z"})
		}

		ident := l.Call(201, "POST", "/v1/persons/"+person+"/identifications", object{"method": "idnow", "terms_and_conditions_signed_at": "2019-05-05 05:05:05+05:00"})
		if e := told(t, l, person); e.IdentificationID != ident["id"] || asSent(e)["terms_and_conditions_signed_at"] != "2019-05-05 05:05:05+05:00" {
			t.Errorf("the history says %+v", e)
		}
		if ident["terms_and_conditions_signed_at"] != "2019-05-05T00:05:05.000Z" {
			t.Errorf("%v", ident)
		}
	})
}

// TestStoredAnswersKnowTheirPerson: each POST without a person in its path must
// say by its noun whose data its stored answer holds, lest erasure misses it.
func TestStoredAnswersKnowTheirPerson(t *testing.T) {
	byNoun := []string{ // AboutPerson
		"/v1/persons", "/v1/terms_and_conditions_events", "/v1/change_requests/{id}/authorize", "/v1/change_requests/{id}/confirm",
	}
	nobodys := []string{"/oauth2/token", "/oauth/token", "/v1/webhooks", "/sandbox/clock", "/inbound/{provider}/{secret}", "/inbound/{provider}/{secret}/{tail}", "/sandbox/identifications/{id}/result"}
	for _, r := range httpapi.Routes {
		if r.Method == "POST" && !strings.Contains(r.Path, "{person_id}") && !slices.Contains(byNoun, r.Path) && !slices.Contains(nobodys, r.Path) {
			t.Errorf("POST %s: give its noun a method AboutPerson, and its path a place in this test", r.Path)
		}
	}
}
