package httpapi_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

func taxes(person string) string { return "/v1/persons/" + person + "/tax_identifications" }

// primaries are the countries of the primary ones: there must be one.
func primaries(l *testkit.Live, person string) (countries []string) {
	for _, t := range l.Array(taxes(person) + "?page[size]=1000") {
		if t["primary"] == true {
			countries = append(countries, t["country"].(string))
		}
	}
	return countries
}

// theirs are the tax identifications that the events were about, sorted; each
// event names the person.
func theirs(t *testing.T, receiver *testkit.Receiver, person string) (entities []string) {
	t.Helper()
	for _, h := range receiver.Hooks() {
		entities = append(entities, h.Header.Get("Solaris-Entity-Id"))
		if string(h.Body) != `{"id":"`+person+`"}` {
			t.Errorf("%s", h.Body)
		}
	}
	slices.Sort(entities)
	return entities
}

func TestTaxIdentifications(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_TAX_IDENTIFICATION_CHANGED")
		person := l.Person("Antonia")
		if list := l.Array(taxes(person)); len(list) != 0 {
			t.Errorf("%v", list)
		}
		german := l.Call(201, "POST", taxes(person), object{"country": "DE", "number": "86 095 742 719", "primary": true})
		spanish := l.Call(201, "POST", taxes(person), object{"country": "ES", "number": "X-2482300W", "primary": nil})
		american := l.Call(201, "POST", taxes(person), object{"country": "US", "reason_no_tin": "OTHER", "reason_description": "Über den Anwalt beantragt"})
		for _, c := range []struct {
			got  object
			want string
		}{
			{german, `{"country":"DE","number":"86 095 742 719","primary":true,"reason_description":null,"reason_no_tin":null,"tax_id_type":null,"valid_until":null}`},
			{spanish, `{"country":"ES","number":"X-2482300W","primary":false,"reason_description":null,"reason_no_tin":null,"tax_id_type":"NIE","valid_until":null}`},
			{american, `{"country":"US","number":null,"primary":false,"reason_description":"Über den Anwalt beantragt","reason_no_tin":"OTHER","tax_id_type":null,"valid_until":null}`},
		} {
			id := c.got["id"].(string)
			if stored := l.Call(200, "GET", taxes(person)+"/"+id, nil); jsonOf(t, stored) != jsonOf(t, c.got) {
				t.Errorf("stored %v, answered %v", stored, c.got)
			}
			delete(c.got, "id")
			if got := jsonOf(t, c.got); got != c.want || !strings.HasSuffix(id, "ctin") {
				t.Errorf("%s: %s\nwant %s", id, got, c.want)
			}
			c.got["id"] = id
		}
		_, _, raw := l.Do("GET", taxes(person)+"/"+german["id"].(string), nil)
		same(t, "keys", keysOf(t, raw), []string{"id", "country", "number", "primary", "reason_no_tin", "reason_description", "valid_until", "tax_id_type"})

		same(t, "list", idsOf(l.Array(taxes(person))), idsOf([]object{german, spanish, american}))
		same(t, "page", idsOf(l.Array(taxes(person)+"?page[size]=1&page[number]=2&sort=-created_at")), idsOf([]object{spanish}))
		if _, h, _ := l.Do("GET", taxes(person)+"?page[size]=1", nil); h.Get("total") != "3" {
			t.Errorf("total %s", h.Get("total"))
		}

		same(t, "primary", primaries(l, person), []string{"DE"})
		l.Call(201, "POST", taxes(person), object{"country": "AT", "number": "59-119/9013", "primary": true})
		same(t, "primary after another came", primaries(l, person), []string{"AT"})

		l.Advance("1s")
		if n := len(receiver.Hooks()); n != 4 {
			t.Errorf("%d events", n)
		}
		if entities := theirs(t, receiver, person); !slices.Contains(entities, german["id"].(string)) {
			t.Errorf("%v", entities)
		}
		if other := l.Array(taxes(l.Person("Berta"))); len(other) != 0 {
			t.Errorf("another person has %v", other)
		}
	})
}

func TestTaxIdentificationRules(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	l.Call(201, "POST", taxes(person), object{"country": "FR", "number": "3023217600053"})
	const wrong = "is not a valid person tax identification number for country: "
	for _, c := range []struct {
		name    string
		body    object
		sources string // field and the beginning of its message
	}{
		{"nothing", object{}, "country can't be blank; number can't be blank"},
		{"wrong number", object{"country": "DE", "number": "86095742718"}, "number " + wrong + "DE"},
		{"another country's number", object{"country": "IT", "number": "86095742719"}, "number " + wrong + "IT"},
		{"no such country", object{"country": "DEU", "number": "1"}, "country is not a country code"},
		{"twice", object{"country": "FR", "number": "3023217600053"}, "country has already been taken"},
		{"neither number nor reason", object{"country": "DE"}, "number can't be blank"},
		{"both", object{"country": "DE", "number": "86095742719", "reason_no_tin": "NOT_ASSIGNED_YET"}, "number must be empty"},
		{"reason of one's own", object{"country": "DE", "reason_no_tin": "LOST"}, "reason_no_tin is not included in the list"},
		{"other without words", object{"country": "DE", "reason_no_tin": "OTHER"}, "reason_description can't be blank"},
		{"words without a reason", object{"country": "DE", "number": "86095742719", "reason_description": "x"}, "reason_description must be empty"},
		{"words nobody can read", object{"country": "DE", "reason_no_tin": "OTHER", "reason_description": "я"}, "reason_description must be in Latin script"},
		{"HAVE_TAX_ID without one", object{"country": "DE", "reason_no_tin": "HAVE_TAX_ID"}, "number can't be blank"},
		{"white space", object{"country": "DE", "number": " 86095742719"}, "number must not have leading or trailing white space"},
		{"types", object{"country": 5, "number": 6, "primary": "true", "reason_no_tin": 7}, "country must be a string; number must be a string; reason_no_tin must be a string; primary must be true or false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := with(t, l)
			status, _, body := l.Do("POST", taxes(person), c.body)
			if status != 400 {
				t.Fatalf("%d %s", status, body)
			}
			want := strings.Split(c.sources, "; ")
			r := readRefusal(t, status, body)
			if len(r.Errors) != len(want) {
				t.Errorf("%s", body)
			}
			for n, e := range r.Errors[:min(len(want), len(r.Errors))] {
				if e.Source == nil || !strings.HasPrefix(e.Source.Field+" "+e.Source.Message, want[n]) {
					t.Errorf("%s, want %s", e.Detail, want[n])
				}
			}
		})
	}
	other := l.Person("Berta")
	r := refused(t, l, 400, "invalid_model", "POST", taxes(other), object{"country": "DE", "number": "86095742719", "primary": false})
	if r.Detail != "primary can't be false when no other primary is available" {
		t.Errorf("%s", r.Detail)
	}
	// A sandbox takes the numbers that nobody has.
	o := l.Call(201, "POST", taxes(other), object{"country": "DE", "number": "02476291358", "reason_no_tin": "HAVE_TAX_ID"})
	if o["primary"] != true || o["reason_no_tin"] != nil {
		t.Errorf("%v", o)
	}
	refused(t, l, 404, "model_not_found", "POST", taxes("nobody"), object{"country": "DEU"})
	refused(t, l, 404, "model_not_found", "GET", taxes("nobody"), nil)
	refused(t, l, 404, "model_not_found", "GET", taxes(person)+"/"+o["id"].(string), nil)
	if n := len(l.Array(taxes(person))); n != 1 {
		t.Errorf("%d came from refused requests", n-1)
	}
}

// TestTaxIdentificationRace: of several for one country one is first, and of
// several that want to be primary one is.
func TestTaxIdentificationRace(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		statuses, bodies := allAtOnce(func(int) (int, []byte) {
			status, _, body := l.Do("POST", taxes(person), object{"country": "DE", "number": "86095742719"})
			return status, body
		})
		if statuses[201] != 1 || statuses[400] != atOnce-1 {
			t.Errorf("%v %v", statuses, bodies)
		}
		statuses, bodies = allAtOnce(func(n int) (int, []byte) {
			country := []string{"AT", "BE", "CH", "DK", "ES", "FI", "FR", "GB"}[n]
			status, _, body := l.Do("POST", taxes(person), object{"country": country, "reason_no_tin": "NOT_ASSIGNED_YET", "primary": true})
			return status, body
		})
		if made := len(l.Array(taxes(person))) - 1; made != statuses[201] || statuses[201] == 0 || statuses[201]+statuses[409] != atOnce {
			t.Errorf("%d made: %v %v", made, statuses, bodies)
		}
		if primary := primaries(l, person); len(primary) != 1 || primary[0] == "DE" {
			t.Errorf("primary: %v", primary)
		}
	})
}

func TestTaxIdentificationOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		const body = `{"country":"DE","number":"86095742719"}`
		status, hit, first := once(t, l, "tax", taxes(person), body)
		if status != 201 || hit != "" {
			t.Fatalf("%d %s", status, first)
		}
		if status, hit, again := once(t, l, "tax", taxes(person), body); status != 201 || hit != "true" || string(again) != string(first) {
			t.Errorf("%d %q %s", status, hit, again)
		}
		if status, _, again := once(t, l, "tax", taxes(person), `{}`); status != 422 {
			t.Errorf("%d %s", status, again)
		}
	})
}

// changeTax carries a change of a tax identification through, with the customer's consent.
func changeTax(t *testing.T, l *testkit.Live, person, tax string, body object) object {
	t.Helper()
	o := l.Call(202, "PATCH", taxes(person)+"/"+tax, body)
	change := "/v1/change_requests/" + o["id"].(string)
	l.Call(201, "POST", change+"/authorize", object{"person_id": person})
	done := l.Call(202, "POST", change+"/confirm", object{"person_id": person, "tan": code(t, l, ownNumber)})
	return done["response_body"].(object)
}

func TestTaxIdentificationChange(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		german := l.Call(201, "POST", taxes(person), object{"country": "DE", "number": "86095742719"})["id"].(string)
		austrian := l.Call(201, "POST", taxes(person), object{"country": "AT", "reason_no_tin": "OTHER", "reason_description": "Applied for"})["id"].(string)
		refused(t, l, 403, "Unauthorized Change Request", "PATCH", taxes(person)+"/"+german, object{"number": "47036892816"})
		verify(t, l, person, ownNumber)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_TAX_IDENTIFICATION_CHANGED")

		// what changes nothing asks nobody
		for _, body := range []any{nil, object{}, object{"number": "86095742719", "country": "DE", "primary": true, "reason_no_tin": nil}, object{"reason_no_tin": "HAVE_TAX_ID"}} {
			if o := l.Call(200, "PATCH", taxes(person)+"/"+german, body); o["number"] != "86095742719" {
				t.Errorf("%v", o)
			}
		}
		for _, c := range []struct {
			tax, field string
			body       object
		}{
			{german, "country", object{"country": "AT"}}, {german, "number", object{"number": "47036892817"}}, {german, "primary", object{"primary": false}},
			{german, "number", object{"number": "47036892816", "reason_no_tin": "NOT_ASSIGNED_YET"}}, {german, "reason_description", object{"reason_no_tin": "OTHER"}},
			{german, "reason_description", object{"reason_description": "x"}}, {austrian, "number", object{"reason_no_tin": "HAVE_TAX_ID"}}, {austrian, "number", object{"number": "1"}},
			{austrian, "reason_no_tin", object{"reason_no_tin": "x"}},
		} {
			same(t, "sources", refused(t, l, 400, "invalid_model", "PATCH", taxes(person)+"/"+c.tax, c.body).sources(), []string{c.field})
		}
		refused(t, l, 404, "model_not_found", "PATCH", taxes(person)+"/nothing", object{"country": 5})

		o := changeTax(t, l, person, german, object{"number": "47036892816"})
		if o["number"] != "47036892816" || o["primary"] != true || jsonOf(t, o) != jsonOf(t, l.Call(200, "GET", taxes(person)+"/"+german, nil)) {
			t.Errorf("%v", o)
		}
		// a number takes the reason's place, and makes itself primary
		o = changeTax(t, l, person, austrian, object{"number": "59-119/9013", "primary": true})
		if o["number"] != "59-119/9013" || o["reason_no_tin"] != nil || o["reason_description"] != nil || o["primary"] != true {
			t.Errorf("%v", o)
		}
		same(t, "primary", primaries(l, person), []string{"AT"})
		// and a reason takes a number's
		o = changeTax(t, l, person, german, object{"reason_no_tin": "NOT_ASSIGNED_BY_COUNTRY"})
		if o["number"] != nil || o["reason_no_tin"] != "NOT_ASSIGNED_BY_COUNTRY" || o["primary"] != false {
			t.Errorf("%v", o)
		}
		l.Advance("1s")
		want := []string{austrian, german, german}
		slices.Sort(want)
		same(t, "events", theirs(t, receiver, person), want)
	})
}

// TestTaxIdentificationChangesTogether: of two changes that wait at the same
// time neither undoes the other.
func TestTaxIdentificationChangesTogether(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		verify(t, l, person, ownNumber)
		l.Call(201, "POST", taxes(person), object{"country": "DE", "number": "86095742719"})
		austrian := l.Call(201, "POST", taxes(person), object{"country": "AT", "reason_no_tin": "OTHER", "reason_description": "Applied for"})["id"].(string)
		ask := func(body object) string {
			return "/v1/change_requests/" + l.Call(202, "PATCH", taxes(person)+"/"+austrian, body)["id"].(string)
		}
		tan := func(change string) object {
			l.Call(201, "POST", change+"/authorize", object{"person_id": person})
			return object{"person_id": person, "tan": code(t, l, ownNumber)}
		}
		primary, words, twice := ask(object{"primary": true}), ask(object{"reason_description": "Applied for in March"}), ask(object{"number": "59-119/9013"})
		number := ask(object{"number": "59-119/9013"})
		l.Call(202, "POST", number+"/confirm", tan(number))
		l.Call(202, "POST", twice+"/confirm", tan(twice))
		l.Call(202, "POST", primary+"/confirm", tan(primary))
		refused(t, l, 422, "unprocessable_entity", "POST", words+"/confirm", tan(words))
		o := l.Call(200, "GET", taxes(person)+"/"+austrian, nil)
		if o["number"] != "59-119/9013" || o["reason_no_tin"] != nil || o["primary"] != true {
			t.Errorf("%v", o)
		}
	})
}

// TestIDnowAttempts: what the provider answered is shown, in its order; of what
// failed for good, nothing that says why.
func TestIDnowAttempts(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		ident := create(l, l.Person("X-MANUALTEST-HAPPYPATH"))
		if list := l.Array(ident + "/idnow_attempts"); len(list) != 0 {
			t.Errorf("%v", list)
		}
		l.Call(200, "PATCH", ident+"/request", nil)
		end(l, ident, "ABORTED", "USER_CANCELLATION")
		l.Call(200, "PATCH", ident+"/request", nil)
		end(l, ident, "SUCCESS", "")
		list := l.Array(ident + "/idnow_attempts")
		if len(list) != 2 {
			t.Fatalf("%v", list)
		}
		for n, want := range []struct{ result, reason any }{{"ABORTED", "USER_CANCELLATION"}, {"SUCCESS", nil}} {
			a := list[n]
			process := a["payload"].(object)["identificationprocess"].(object)
			if a["result"] != want.result || a["reason"] != want.reason || process["result"] != want.result || process["transactionnumber"] != path.Base(ident) {
				t.Errorf("%v", a)
			}
		}
		if _, ok := list[1]["payload"].(object)["identificationdocument"].(object); !ok {
			t.Errorf("%v", list[1])
		}
		again := l.Array(ident + "/idnow_attempts?sort=-created_at&page[size]=1")
		same(t, "ids", idsOf(again), idsOf(list[1:]))
		if _, h, _ := l.Do("GET", ident+"/idnow_attempts?page[size]=1", nil); h.Get("total") != "2" {
			t.Errorf("total %s", h.Get("total"))
		}

		fraud := create(l, l.Person("X-MANUALTEST-HAPPYPATH"))
		l.Call(200, "PATCH", fraud+"/request", nil)
		end(l, fraud, "FRAUD_SUSPICION_CONFIRMED", "OTHER_ABUSE")
		list = l.Array(fraud + "/idnow_attempts")
		if len(list) != 1 || list[0]["result"] != "FRAUD_SUSPICION_CONFIRMED" || list[0]["reason"] != nil {
			t.Fatalf("%v", list)
		}
		payload := list[0]["payload"].(object)
		process := payload["identificationprocess"].(object)
		if len(payload) != 1 || process["reason"] != nil || process["href"] != nil || process["agentname"] != nil || process["result"] != "FRAUD_SUSPICION_CONFIRMED" {
			t.Errorf("%v", payload)
		}
		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"})
		refused(t, other, 404, "model_not_found", "GET", ident+"/idnow_attempts", nil)
	})
}
