package httpapi_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// asked makes a change request of a PATCH and returns its path.
func asked(t testing.TB, l *testkit.Live, person string, body object) string {
	t.Helper()
	o := l.Call(202, "PATCH", "/v1/persons/"+person, body)
	id := o["id"].(string)
	if o["status"] != "AUTHORIZATION_REQUIRED" || o["url"] != ":env/v1/change_requests/"+id+"/authorize" {
		t.Errorf("%v", o)
	}
	return "/v1/change_requests/" + id
}

func TestChangeRequest(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_CHANGED")
		person := l.Call(201, "POST", "/v1/persons", put(testkit.Customer("Antonia"), "email", "a@example.com"))["id"].(string)
		verify(t, l, person, ownNumber)

		change := asked(t, l, person, object{"email": "b@example.com", "job_title": "Baker", "address": object{"city": "Bonn"}})
		before := l.Call(200, "GET", "/v1/persons/"+person, nil)
		if before["email"] != "a@example.com" || before["job_title"] != nil {
			t.Errorf("changed before its time: %v", before)
		}
		refused(t, l, 422, "unprocessable_entity", "POST", change+"/confirm", object{"person_id": person, "tan": "212212"})
		o := l.Call(201, "POST", change+"/authorize", object{"person_id": person, "delivery_method": "mobile_number"})
		if o["status"] != "CONFIRMATION_REQUIRED" || o["string_to_sign"] != nil {
			t.Errorf("%v", o)
		}
		tan := code(t, l, ownNumber)
		refused(t, l, 403, "invalid_tan", "POST", change+"/confirm", object{"person_id": person, "tan": wrong(tan)})
		l.Advance("1s")
		if n := len(receiver.Hooks()); n != 0 {
			t.Errorf("%d events before the change", n)
		}
		done := l.Call(202, "POST", change+"/confirm", object{"person_id": person, "tan": tan, "device_data": "Web;a;b;c"})
		after := l.Call(200, "GET", "/v1/persons/"+person, nil)
		if done["status"] != "COMPLETED" || done["response_code"] != float64(202) || jsonOf(t, done["response_body"]) != jsonOf(t, after) {
			t.Errorf("%v\n%v", done, after)
		}
		if after["email"] != "b@example.com" || after["job_title"] != "Baker" || at(after, "address.city") != "Bonn" || at(after, "address.line_1") != at(before, "address.line_1") {
			t.Errorf("%v", after)
		}
		l.Advance("1s")
		if n := len(receiver.Hooks()); n != 1 {
			t.Errorf("%d events", n)
		}
		for _, call := range []string{"/authorize", "/confirm"} { // it is over
			r := refused(t, l, 422, "unprocessable_entity", "POST", change+call, object{"person_id": person, "tan": tan})
			if !strings.Contains(r.Detail, "COMPLETED") {
				t.Errorf("%s", r.Detail)
			}
		}
	})
}

// TestChangeRequestRules walks what can be wrong with the two calls.
func TestChangeRequestRules(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person, other := l.Person("Antonia"), l.Person("Berta")
	verify(t, l, person, ownNumber)
	change := asked(t, l, person, object{"address": object{"city": "Bonn"}})
	for _, c := range []struct {
		call   string
		body   object
		status int
		code   string
		fields []string
	}{
		{"/authorize", object{}, 400, "invalid_model", []string{"person_id"}},
		{"/authorize", object{"person_id": 5, "delivery_method": "pigeon"}, 400, "invalid_model", []string{"delivery_method", "person_id"}},
		{"/authorize", object{"person_id": other}, 422, "unprocessable_entity", nil},
		{"/authorize", object{"device_id": "d"}, 403, "Unauthorized Change Request", nil},
		{"/authorize", object{"person_id": person, "delivery_method": "device_signing"}, 403, "Unauthorized Change Request", nil},
		{"/confirm", object{}, 400, "invalid_model", []string{"tan", "person_id"}},
		{"/confirm", object{"person_id": person, "tan": 5}, 400, "type_error", []string{"tan"}},
		{"/confirm", object{"person_id": other, "tan": "212212"}, 422, "unprocessable_entity", nil},
		{"/confirm", object{"device_id": "d", "signature": "00"}, 403, "Unauthorized Change Request", nil},
		{"/confirm", object{"person_id": person, "tan": "212212"}, 422, "unprocessable_entity", nil},
	} {
		r := refused(t, l, c.status, c.code, "POST", change+c.call, c.body)
		same(t, jsonOf(t, c.body), r.sources(), c.fields)
	}
	for _, call := range []string{"/authorize", "/confirm"} {
		r := refused(t, l, 404, "model_not_found", "POST", "/v1/change_requests/nothing"+call, object{})
		refused(t, l, 404, "model_not_found", "POST", "/v1/change_requests/nothing"+call, "no object") // before its body is looked at
		if r.Detail != "Couldn't find 'Solaris::Changeset' for id 'nothing'." {
			t.Errorf("%s", r.Detail)
		}
	}
	// static, in a sandbox: nothing is sent
	sent := len(l.Array("/sandbox/messages"))
	l.Call(201, "POST", change+"/authorize", object{"person_id": person, "delivery_method": "static"})
	l.Call(202, "POST", change+"/confirm", object{"person_id": person, "tan": "212212"})
	if n := len(l.Array("/sandbox/messages")); n != sent {
		t.Errorf("%d messages, before %d", n, sent)
	}
}

// TestChangeRequestEnds: by wrong TANs, by age, and by the loss of what it was about.
func TestChangeRequestEnds(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		verify(t, l, person, ownNumber)
		static := object{"person_id": person, "delivery_method": "static"}
		confirm := func(tan string) object { return object{"person_id": person, "tan": tan} }

		change := asked(t, l, person, object{"address": object{"city": "Bonn"}})
		for n := range 5 { // another authorize does not give more tries
			l.Call(201, "POST", change+"/authorize", static)
			refused(t, l, 403, "invalid_tan", "POST", change+"/confirm", confirm("00000"+string(rune('0'+n))))
		}
		r := refused(t, l, 422, "unprocessable_entity", "POST", change+"/confirm", confirm("212212"))
		if !strings.Contains(r.Detail, "FAILED") {
			t.Errorf("%s", r.Detail)
		}
		refused(t, l, 422, "unprocessable_entity", "POST", change+"/authorize", static)

		change = asked(t, l, person, object{"address": object{"city": "Bonn"}})
		l.Call(201, "POST", change+"/authorize", static)
		l.Advance("5m1s")
		refused(t, l, 422, "unprocessable_entity", "POST", change+"/confirm", confirm("212212"))
		refused(t, l, 422, "unprocessable_entity", "POST", change+"/authorize", static)
		if o := l.Call(200, "GET", "/v1/persons/"+person, nil); at(o, "address.city") == "Bonn" {
			t.Error("changed all the same")
		}

		mobile := "/v1/persons/" + person + "/mobile_number"
		remove := func() string {
			return "/v1/change_requests/" + l.Call(202, "DELETE", mobile, object{"number": ownNumber})["id"].(string)
		}
		first, second, patch := remove(), remove(), asked(t, l, person, object{"address": object{"city": "Bonn"}})
		for _, c := range []string{first, second, patch} {
			l.Call(201, "POST", c+"/authorize", static)
		}
		l.Call(202, "POST", first+"/confirm", confirm("212212"))
		// nobody can consent any more
		refused(t, l, 403, "Unauthorized Change Request", "POST", patch+"/confirm", confirm("212212"))
		refused(t, l, 403, "Unauthorized Change Request", "PATCH", "/v1/persons/"+person, object{"address": object{"city": "Bonn"}})
		verify(t, l, person, ownNumber)
		r = refused(t, l, 422, "unprocessable_entity", "POST", second+"/confirm", confirm("212212"))
		if !strings.Contains(r.Detail, "not there any more") {
			t.Errorf("%s", r.Detail)
		}
		l.Call(202, "POST", patch+"/confirm", confirm("212212"))
		if o := l.Call(200, "GET", mobile, nil); o["verified"] != true {
			t.Errorf("%v", o)
		}
	})
}

// TestChangeRequestOnce: of many confirmations at once one makes the change.
func TestChangeRequestOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_CHANGED")
		person := l.Person("Antonia")
		verify(t, l, person, ownNumber)
		change := asked(t, l, person, object{"address": object{"city": "Bonn"}})
		l.Call(201, "POST", change+"/authorize", object{"person_id": person, "delivery_method": "static"})
		var wg sync.WaitGroup
		statuses := make(chan int, 8)
		for range 8 {
			wg.Go(func() {
				status, _, _ := l.Do("POST", change+"/confirm", object{"person_id": person, "tan": "212212"})
				statuses <- status
			})
		}
		wg.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		l.Advance("1s")
		if count[202] != 1 || count[422] != 7 || len(receiver.Hooks()) != 1 {
			t.Errorf("%v, %d events", count, len(receiver.Hooks()))
		}

		// and a repeated request with a key is answered as the first was
		change = asked(t, l, person, object{"address": object{"city": "Kiel"}})
		l.Call(201, "POST", change+"/authorize", object{"person_id": person, "delivery_method": "static"})
		body := `{"person_id":"` + person + `","tan":"212212"}`
		_, _, first := once(t, l, "change", change+"/confirm", body)
		if status, hit, again := once(t, l, "change", change+"/confirm", body); status != 202 || hit != "true" || string(again) != string(first) {
			t.Errorf("%d %q %s", status, hit, again)
		}
	})
}

// TestChangeOfEveryField: each patchable field that is set changes by consent,
// with the value that was sent.
func TestChangeOfEveryField(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	verify(t, l, person, ownNumber)
	all := object{}
	for _, field := range patchable() {
		put(all, field, everyField[field].sent)
	}
	change := asked(t, l, person, all) // its address is set
	l.Call(201, "POST", change+"/authorize", object{"person_id": person, "delivery_method": "static"})
	o := l.Call(202, "POST", change+"/confirm", object{"person_id": person, "tan": "212212"})["response_body"].(map[string]any)
	for _, field := range patchable() {
		want := everyField[field]
		if at(o, field) == nil || (want.shown == nil && jsonOf(t, at(o, field)) != jsonOf(t, want.sent)) {
			t.Errorf("%s is %v", field, at(o, field))
		}
	}
	// null clears by consent too
	change = asked(t, l, person, object{"industry": nil, "industry_key": nil})
	l.Call(201, "POST", change+"/authorize", object{"person_id": person, "delivery_method": "static"})
	l.Call(202, "POST", change+"/confirm", object{"person_id": person, "tan": "212212"})
	if o := l.Call(200, "GET", "/v1/persons/"+person, nil); o["industry"] != nil || o["industry_key"] != nil {
		t.Errorf("%v %v", o["industry"], o["industry_key"])
	}
}

// TestBecomingAnEmployee: the server fills in an employee's industry (partner-api.md §3.1).
func TestBecomingAnEmployee(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	path := "/v1/persons/" + l.Call(201, "POST", "/v1/persons", object{})["id"].(string)
	o := l.Call(200, "PATCH", path, object{"employment_status": "EMPLOYED"})
	if o["industry"] != "DEBIT_BALANCE_SALARY_ACCOUNT" || o["industry_key"] != "ECONOMICALLY_DEPENDENT_INDIVIDUALS" {
		t.Errorf("%v %v", o["industry"], o["industry_key"])
	}
	path = "/v1/persons/" + l.Call(201, "POST", "/v1/persons", object{"industry": "EDUCATION"})["id"].(string)
	if o := l.Call(200, "PATCH", path, object{"employment_status": "EMPLOYED"}); o["industry"] != "EDUCATION" || o["industry_key"] != nil {
		t.Errorf("%v %v", o["industry"], o["industry_key"])
	}
}

// TestEmptyText: an empty text is nothing; by it a field is emptied, with consent.
func TestEmptyText(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		made := l.Call(201, "POST", "/v1/persons", put(put(testkit.Customer("Antonia"), "job_title", "Cook"), "email", ""))
		person := made["id"].(string)
		if made["email"] != nil {
			t.Errorf("%v", made["email"])
		}
		verify(t, l, person, ownNumber)
		change := asked(t, l, person, object{"job_title": ""})
		l.Call(201, "POST", change+"/authorize", object{"person_id": person, "delivery_method": "static"})
		l.Call(202, "POST", change+"/confirm", object{"person_id": person, "tan": "212212"})
		if after := l.Call(200, "GET", "/v1/persons/"+person, nil); after["job_title"] != nil {
			t.Errorf("%v", after["job_title"])
		}
	})
}

// TestGuessesOverManyChanges: whoever asks for ever new TANs cannot guess for
// ever; also the right one is refused then, lest the answer tells.
func TestGuessesOverManyChanges(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		verify(t, l, person, ownNumber)
		mobile, number := "/v1/persons/"+person+"/mobile_number", object{"number": ownNumber}
		static := object{"person_id": person, "delivery_method": "static"}
		right, wrong := object{"person_id": person, "tan": "212212"}, object{"person_id": person, "tan": "000000"}
		ready := func() string {
			change := asked(t, l, person, object{"address": object{"city": "Bonn"}})
			l.Call(201, "POST", change+"/authorize", static)
			return change
		}
		waiting := ready()
		l.Call(201, "POST", mobile+"/authorize", number)
		for range 5 { // those of the number itself count too
			refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", object{"number": ownNumber, "token": "nonsense"})
		}
		refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", object{"number": ownNumber, "token": "nonsense"}) // there is none to guess at
		for range 9 {
			change := ready()
			for range 5 {
				refused(t, l, 403, "invalid_tan", "POST", change+"/confirm", wrong)
			}
		}
		late := asked(t, l, person, object{"address": object{"city": "Bonn"}})
		for path, body := range map[string]object{waiting + "/confirm": right, waiting + "/authorize": static, late + "/authorize": static, mobile + "/authorize": number} {
			status, h, answer := l.Do("POST", path, body)
			if r := readRefusal(t, status, answer); status != 429 || r.Code != "too_many_requests" || !strings.HasPrefix(h.Get("Retry-After"), "86") {
				t.Errorf("%s: %d %v %s", path, status, h, answer)
			}
		}
		if o := l.Call(200, "GET", "/v1/persons/"+person, nil); at(o, "address.city") == "Bonn" {
			t.Error("it was changed")
		}
	})
}
