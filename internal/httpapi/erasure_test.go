package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// gone: for the partner the person is not there any more, by any route.
func gone(t testing.TB, l *testkit.Live, person, ident string) {
	t.Helper()
	for _, r := range httpapi.Routes {
		if strings.Contains(r.Path, "{person_id}") {
			p := strings.NewReplacer("{person_id}", person, "{id}", path.Base(ident)).Replace(r.Path)
			if r := refused(t, l, 404, "model_not_found", r.Method, p, nil); r.Detail != "Couldn't find 'Solaris::Person' for id '"+person+"'." {
				t.Errorf("%s: %s", p, r.Detail)
			}
		}
	}
	refused(t, l, 404, "model_not_found", "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", object{"result": "SUCCESS"})
	refused(t, l, 404, "model_not_found", "POST", "/v1/terms_and_conditions_events", object{"signed_by": person})
	for _, list := range []string{"/v1/persons", "/v1/identifications"} {
		for _, o := range l.Array(list + "?page[size]=1000") {
			if o["id"] == person || o["id"] == path.Base(ident) {
				t.Errorf("%s still shows %v", list, o["id"])
			}
		}
		if _, h, _ := l.Do("GET", list, nil); h.Get("total") != "0" {
			t.Errorf("%s counts %s", list, h.Get("total"))
		}
	}
	body, _ := telling()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	status, _, answer := once(t, l, "Schluesselwort-"+path.Base(t.Name()), "/v1/persons", string(text))
	if r := readRefusal(t, status, answer); status != 404 || r.Code != "model_not_found" {
		t.Errorf("the key of an erased answer: %d %s", status, answer)
	}
}

// deletions are the ids that PERSON_DELETED told.
func deletions(r *testkit.Receiver) (all []string) {
	for _, h := range r.Hooks() {
		if h.Header.Get("Solaris-Webhook-Event-Type") == "PERSON_DELETED" {
			all = append(all, h.Header.Get("Solaris-Entity-Id")+" "+string(h.Body))
		}
	}
	return all
}

// TestErasureOfWhoIsNoCustomer: nothing can be read anywhere, and nothing comes back.
func TestErasureOfWhoIsNoCustomer(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_DELETED")
		person, ident, words := eventful(t, l)
		end(l, ident, "ABORTED", "TECH_VIDEO")
		l.Advance("20s") // some attempts to deliver
		if got := found(t, l, words); len(got) < 20 {
			t.Fatalf("the search finds too little: %v", got)
		}
		s := beside(t, l)
		done, err := s.ErasePerson(t.Context(), person, s.Clock.Now())
		if err != nil || !done.KeptUntil.IsZero() {
			t.Fatalf("%+v %v", done, err)
		}
		receiver.Wait(1)
		if got := found(t, l, words); len(got) > 0 {
			t.Errorf("still to be read: %v", got)
		}
		gone(t, l, person, ident)

		// What comes later finds nothing to do and brings nothing back.
		steer(t, l, "POST", "/sessions/"+path.Base(ident)+"/result", `{"result":"SUCCESS_DATA_CHANGED"}`)
		l.Advance("1s")
		if text := steer(t, l, "GET", "/sessions/"+path.Base(ident), ""); !strings.Contains(text, `"pushes_waiting":0`) {
			t.Errorf("the provider's push was refused: %s", text)
		}
		l.Advance("400h")
		if got := found(t, l, words); len(got) > 0 {
			t.Errorf("back again: %v", got)
		}
		same(t, "PERSON_DELETED", deletions(receiver), []string{person + ` {"id":"` + person + `"}`})
		lines := history(t, s.Store, person)
		last := lines[len(lines)-1]
		if last.Event != "person_erased" || last.Actor != "operator" || len(lines) < 8 {
			t.Errorf("%d lines, the last one is %+v", len(lines), last)
		}
		for _, e := range lines {
			if e.Details != "{}" || e.PartnerID == "" || e.At.IsZero() {
				t.Errorf("%+v", e)
			}
		}
		if _, err := s.ErasePerson(t.Context(), person, s.Clock.Now()); !kyc.IsKind(err, kyc.Conflict) {
			t.Errorf("a second time: %v", err)
		}
		if _, err := s.OpenRecord(t.Context(), person); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("the record: %v", err)
		}
		if _, err := s.ErasePerson(t.Context(), "nobody", s.Clock.Now()); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// steer speaks to the simulated provider's steering port.
func steer(t testing.TB, l *testkit.Live, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.SteeringURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %v", method, path, resp.Status, err)
	}
	return string(text)
}

// TestErasureOfACustomer: what can be read is gone at once, the record that the
// law keeps can be opened with the master key, until it is destroyed too.
func TestErasureOfACustomer(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_DELETED")
		person, ident, words := eventful(t, l)
		end(l, ident, "SUCCESS", "")
		l.Advance("20s")
		if s := l.Status(ident); s != "successful" {
			t.Fatal(s)
		}
		s := beside(t, l)
		if _, err := s.OpenRecord(t.Context(), person); !kyc.IsKind(err, kyc.PreconditionFailed) {
			t.Errorf("before: %v", err)
		}
		ended := day(t, "2099-04-30T12:00:00Z") // so that it is kept until then
		blind := beside(t, l)
		blind.Master = nil
		if _, err := blind.ErasePerson(t.Context(), person, ended); !kyc.IsKind(err, kyc.PreconditionFailed) {
			t.Errorf("without the master key: %v", err)
		}
		l.Call(200, "GET", "/v1/persons/"+person, nil)

		done, err := s.ErasePerson(t.Context(), person, ended)
		if err != nil || kyc.FormatInstant(done.KeptUntil) != "2104-12-31T23:00:00.000Z" {
			t.Fatalf("%+v %v", done, err)
		}
		receiver.Wait(1)
		if got := found(t, l, words); len(got) > 0 {
			t.Errorf("still to be read: %v", got)
		}
		gone(t, l, person, ident)
		same(t, "PERSON_DELETED", deletions(receiver), []string{person + ` {"id":"` + person + `"}`})

		r, err := s.OpenRecord(t.Context(), person)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for word, kept := range map[string]bool{
			"Zwickelmeier": true, "Rumpelstilzchen": true, "Nirgendwogasse": true, "1967-07-23": true, "DE89370400440532013000": true, "2020-04-04T04:04:04Z": true,
			"geheim@": false, "Strohspinnerin": false, "17655544433": false, "Rapunzelturm": false, "Spieglein": false, "HRB-": false, "Goldspinnerei": false,
		} {
			if bytes.Contains(text, []byte(word)) != kept {
				t.Errorf("%s in the record: %t", word, !kept)
			}
		}
		if len(r.Documents) < 4 || len(r.Identifications) != 1 || r.Identifications[0].Status != kyc.Successful || len(r.History) < 8 || r.Person.PartnerID == "" {
			t.Errorf("%s", text)
		}
		var report bytes.Buffer
		if err := s.CopyRecordFile(t.Context(), person, r.Documents[0].ID, &report); err != nil || !bytes.HasPrefix(report.Bytes(), []byte("%PDF-")) {
			t.Errorf("the report: %v, %d bytes", err, report.Len())
		}
		if err := s.CopyRecordFile(t.Context(), person, "other", &report); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("another file: %v", err)
		}

		destroy(t, l, s, person)
	})
}

// destroy lets the years pass and looks what is left.
func destroy(t testing.TB, l *testkit.Live, s *flow.Service, person string) {
	t.Helper()
	err := s.Store.Tx(t.Context(), func(tx kyc.Tx) error {
		p, err := tx.Erasures().Subject(person)
		if err != nil {
			return err
		}
		if err := tx.Jobs().Add(kyc.Job{Kind: kyc.DestroyRecord, Key: person, DueAt: tx.Now()}); err != nil { // too early: it is put off
			return err
		}
		return tx.Erasures().Keep(person, p.Record, tx.Now().Add(time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Advance("30m")
	if _, err := s.OpenRecord(t.Context(), person); err != nil {
		t.Errorf("too early: %v", err)
	}
	l.Advance("31m")
	if _, err := s.OpenRecord(t.Context(), person); !kyc.IsKind(err, kyc.NotFound) {
		t.Errorf("the record is still there: %v", err)
	}
	err = s.Store.View(t.Context(), func(v kyc.View) error {
		if _, err := v.Persons().Key(person); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("the key: %v", err)
		}
		documents, err := v.Erasures().Documents(person)
		for _, d := range documents {
			if d.Blob != "" || d.Name != "" || d.PartnerID != "" {
				t.Errorf("%+v", d)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(l.Options.Data, "documents", "*", "*"))
	if err != nil || len(files) > 0 {
		t.Errorf("%v: %v are left", err, files)
	}
	lines := history(t, s.Store, person)
	if e := lines[len(lines)-1]; e.Event != "record_destroyed" || e.Actor != "system" || e.PartnerID == "" {
		t.Errorf("%+v", e)
	}
}

// TestErasureInTime: who does not become a customer is erased after a while; who
// did, and who may yet, is not.
func TestErasureInTime(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		const after = 90 * 24 * time.Hour
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.EraseAfter = after })
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_DELETED")
		there := func(person string) bool {
			t.Helper()
			status, _, _ := l.Do("GET", "/v1/persons/"+person, nil)
			return status == 200
		}
		never, customer, late, reviewed := l.Person("Anna"), l.Person("X-AUTOTEST-HAPPYPATH"), l.Person("Clara"), l.Person("Dora")
		i := create(l, customer)
		l.Call(200, "PATCH", i+"/request", nil)
		l.Advance("1h")
		younger := l.Person("Emil")
		l.Advance("2136h") // the day before
		open := create(l, late)
		l.Call(200, "PATCH", open+"/request", nil)
		review := create(l, reviewed)
		l.Call(200, "PATCH", review+"/request", nil)
		end(l, review, "REVIEW_PENDING", "")
		l.Restart()
		l.Token = l.TokenOf(l.Partner.ClientID, l.Partner.ClientSecret)
		if !there(never) {
			t.Error("erased too early")
		}
		l.Advance("23h2m")
		for person, want := range map[string]bool{never: false, customer: true, late: true, reviewed: true, younger: true} {
			if there(person) != want {
				t.Errorf("%s: there is %t, want %t", person, !want, want)
			}
		}
		same(t, "told", deletions(receiver), []string{never + ` {"id":"` + never + `"}`})
		l.Advance("2h")
		if there(younger) {
			t.Error("the younger one is not erased in time")
		}
		l.Advance("336h") // the link is over
		for person, want := range map[string]bool{late: false, reviewed: true, customer: true} {
			if there(person) != want {
				t.Errorf("after the link, %s: there is %t, want %t", person, !want, want)
			}
		}
		end(l, review, "FAILED", "")
		l.Advance("25h")
		if there(reviewed) {
			t.Error("a review that failed is over, and the person is still there")
		}
		if e := history(t, handle(t, l), late); e[len(e)-1].Event != "person_erased" || e[len(e)-1].Actor != "system" {
			t.Errorf("%+v", e[len(e)-1])
		}
		l.Advance("2200h")
		if !there(customer) {
			t.Error("a customer was erased")
		}
	})
}

// TestErasureRaces erases while everything else happens to the same person.
func TestErasureRaces(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		s := beside(t, l)
		for round := range 12 {
			body, words := telling()
			person := l.Call(201, "POST", "/v1/persons", body)["id"].(string)
			ident := create(l, person)
			l.Call(200, "PATCH", ident+"/request", nil)
			var wg sync.WaitGroup
			do := func(method, path string, body any) {
				wg.Go(func() {
					if status, _, b := l.Do(method, path, body); status >= 500 {
						t.Errorf("%s %s: %d %s", method, path, status, b)
					}
				})
			}
			base := "/v1/persons/" + person
			do("POST", "/sandbox/identifications/"+path.Base(ident)+"/result", object{"result": "SUCCESS_DATA_CHANGED"})
			do("POST", base+"/identifications", object{"method": "idnow", "device_data": "Spieglein"})
			do("POST", base+"/device_activities", object{"activity_type": "APP_START", "device_data": "Web;Spieglein"})
			do("POST", base+"/device_consents", object{"event_type": "APPROVED", "confirmed_at": "2020-03-03T03:03:03Z"})
			do("POST", base+"/settings", object{"language": "sw"})
			do("PATCH", base+"/update_for_development", object{"birth_city": "Hinterposemuckel " + fmt.Sprint(round)})
			do("PATCH", base, object{"branch": "Zwickelmeier"})
			if round%2 == 1 {
				l.Do("GET", base, nil) // a head start for the others
			}
			if _, err := s.ErasePerson(t.Context(), person, s.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			wg.Wait()
			if status, _, b := l.Do("GET", base, nil); status != 404 {
				t.Fatalf("%d %s", status, b)
			}
			if got := found(t, l, words); len(got) > 0 {
				t.Fatalf("round %d: still to be read: %v", round, got)
			}
			if got := l.Array("/v1/identifications"); len(got) > 0 {
				t.Fatalf("round %d: %v", round, got)
			}
		}
		l.Advance("400h")
		if body, words := telling(); body != nil {
			if got := found(t, l, words); len(got) > 0 {
				t.Errorf("back again: %v", got)
			}
		}
		if n := len(slices.Compact(idsOf(l.Array("/v1/persons")))); n != 0 {
			t.Errorf("%d persons", n)
		}
	})
}

// TestErasureOfALongGoneCustomer: the law keeps nothing any more. A relationship
// that ended before the customer was identified is a slip, and destroys nothing.
func TestErasureOfALongGoneCustomer(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.ClockStart = day(t, "2010-03-01T08:00:00Z") })
		ident := l.Identify("X-AUTOTEST-HAPPYPATH")
		l.Advance("5m")
		if s := l.Status(ident); s != "successful" {
			t.Fatal(s)
		}
		person := path.Base(path.Dir(path.Dir(ident)))
		s := beside(t, l) // on the clock of today
		if done, err := s.ErasePerson(t.Context(), person, day(t, "2010-02-28T12:00:00Z")); !kyc.IsKind(err, kyc.Invalid) {
			t.Fatalf("%+v %v", done, err)
		}
		l.Call(200, "GET", "/v1/persons/"+person, nil)
		s.Master = nil // nothing is sealed
		done, err := s.ErasePerson(t.Context(), person, day(t, "2010-03-01T00:00:00Z"))
		if err != nil || !done.KeptUntil.IsZero() {
			t.Fatalf("%+v %v", done, err)
		}
		files, err := filepath.Glob(filepath.Join(l.Options.Data, "documents", "*", "*"))
		if err != nil || len(files) > 0 {
			t.Errorf("%v: %v are left", err, files)
		}
		refused(t, l, 404, "model_not_found", "GET", "/v1/persons/"+person, nil)
	})
}
