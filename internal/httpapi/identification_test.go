package httpapi_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/video"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// create makes an identification and returns its path.
func create(l *testkit.Live, person string) string {
	l.T.Helper()
	base := "/v1/persons/" + person + "/identifications"
	return base + "/" + l.Call(201, "POST", base, object{"method": "idnow"})["id"].(string)
}

// end ends the session at the simulator.
func end(l *testkit.Live, ident, result, reason string) {
	l.T.Helper()
	body := object{"result": result}
	if reason != "" {
		body["reason"] = reason
	}
	l.Call(200, "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", body)
}

func TestIdentificationMethods(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	base := "/v1/persons/" + l.Person("Antonia") + "/identifications"
	for _, m := range kyc.Methods {
		if m == kyc.MethodIDnow || m == kyc.MethodIDnowAutoident || m == kyc.MethodIDnowCustom || m.Bankident() {
			continue
		}
		r := refused(t, l, 403, "unauthorized_action", "POST", base, object{"method": m})
		if r.Detail != "Unauthorized action is not allowed." {
			t.Error(r.Detail)
		}
	}
	for _, c := range []struct {
		method any
		code   string
	}{
		{"video", "invalid_model"}, {"IDNOW", "invalid_model"}, {"", "invalid_model"}, {nil, "invalid_model"}, {" idnow", "invalid_model"}, {5, "type_error"}, {[]string{"idnow"}, "type_error"},
	} {
		r := refused(t, l, 400, c.code, "POST", base, object{"method": c.method})
		same(t, "sources", r.sources(), []string{"method"})
	}
	refused(t, l, 400, "invalid_model", "POST", base, nil)

	o := l.Call(201, "POST", base, object{"method": "idnow"})
	for key, want := range map[string]any{
		"status": "created", "method": "idnow", "reference": nil, "url": nil, "completed_at": nil, "language": nil, "failure_reason": nil,
		"estimated_waiting_time": nil, "proof_of_address_type": nil, "iban": nil, "person_id": path.Base(path.Dir(base)),
	} {
		if o[key] != want {
			t.Errorf("%s: %v, want %v", key, o[key], want)
		}
	}
	if a := o["address"].(object); a["line_1"] != "Hauptstraße 1" || a["country"] != "DE" || a["line_2"] != nil {
		t.Errorf("address %v", a)
	}
	if _, there := o["documents"]; there {
		t.Error("documents without being asked")
	}

	change(t, l, func(p *kyc.Partner) { p.Methods = []kyc.Method{kyc.MethodBank} })
	refused(t, l, 403, "unauthorized_action", "POST", base, object{"method": "idnow"})
	refused(t, l, 403, "unauthorized_action", "PATCH", base+"/"+o["id"].(string)+"/request", nil)
	refused(t, l, 400, "invalid_model", "POST", base, object{"method": "idnow", "language": "FR"})
	change(t, l, func(p *kyc.Partner) { p.Methods = []kyc.Method{kyc.MethodBank, kyc.MethodIDnow} })
	l.Call(201, "POST", base, object{"method": "idnow"})
}

// TestIdentificationNeeds: what the method needs of a person is named, each of it.
func TestIdentificationNeeds(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	whole := testkit.Customer("Antonia")
	less := func(path string, value any) object {
		o := testkit.Customer("Antonia")
		return put(o, path, value)
	}
	for _, c := range []struct {
		name    string
		person  object
		sources []string
	}{
		{"whole", whole, nil},
		{"nothing", object{}, video.Rules.Required},
		{"names only", object{"first_name": "Antonia", "last_name": "Muster"}, video.Rules.Required[2:]},
		{"no salutation, line_2, state", put(less("salutation", nil), "address.state", nil), nil},
		{"no phone", less("mobile_number", nil), []string{"mobile_number"}},
		{"no address", less("address", nil), []string{"address.line_1", "address.postal_code", "address.city", "address.country"}},
		{"no consent", put(less("terms_conditions_signed_at", nil), "data_terms_signed_at", nil), []string{"terms_conditions_signed_at", "data_terms_signed_at"}},
		{"lives in France", put(less("address.country", "FR"), "address.state", "75"), []string{"address.country"}},
		{"manual scenario", object{"first_name": "X-MANUALTEST-HAPPYPATH", "last_name": "M"}, nil},
		{"scenario in the last name", object{"first_name": "A", "last_name": "X-AUTOTEST-HAPPYPATH"}, nil},
		{"scenario in France", object{"first_name": "A", "last_name": "X-AUTOTEST-HAPPYPATH", "address": object{"country": "FR"}}, nil},
		{"scenario with one name", object{"first_name": "X-AUTOTEST-HAPPYPATH"}, []string{"last_name"}},
		{"scenario in small letters", object{"first_name": "x-autotest-happypath", "last_name": "M"}, video.Rules.Required[2:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := with(t, l)
			base := "/v1/persons/" + l.Call(201, "POST", "/v1/persons", c.person)["id"].(string) + "/identifications"
			if c.sources == nil {
				l.Call(201, "POST", base, object{"method": "idnow"})
				return
			}
			r := refused(t, l, 400, "invalid_model", "POST", base, object{"method": "idnow"})
			same(t, "sources", r.sources(), c.sources)
			if len(l.Array(base)) != 0 {
				t.Error("it is there all the same")
			}
		})
	}
}

func TestIdentificationFields(t *testing.T) {
	t.Parallel()
	// the last day of a long month: six months before is the last day of February
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = day(t, "2031-08-31T10:00:00Z") })
	base := "/v1/persons/" + l.Person("Antonia") + "/identifications"
	address := func(kind, date any) object {
		return object{"proof_of_address_type": kind, "proof_of_address_issued_at": date}
	}
	const model, kind, issued = "invalid_model", "proof_of_address_type", "proof_of_address_issued_at"
	for _, c := range []struct {
		name  string
		body  object
		code  string
		field string
		want  any // what is shown of the last field
	}{
		{"today", address("GAS_BILL", "2031-08-31"), "", issued, "2031-08-31"},
		{"a date-time", address("GAS_BILL", "2031-08-30T12:00:00Z"), "", issued, "2031-08-30"},
		{"six months old", address("WATER_BILL", "2031-02-28"), "", issued, "2031-02-28"},
		{"nearly six months old", address("WATER_BILL", "2031-03-01"), "", issued, "2031-03-01"},
		{"too old", address("GAS_BILL", "2031-02-27"), model, issued, nil},
		{"far too old", address("GAS_BILL", "2022-09-21"), model, issued, nil},
		{"tomorrow", address("GAS_BILL", "2031-09-01"), model, issued, nil},
		{"no date", address("GAS_BILL", "soon"), model, issued, nil},
		{"a number", address("GAS_BILL", 20310831), "type_error", issued, nil},
		{"the date alone", address(nil, "2031-08-31"), model, kind, nil},
		{"the type alone", address("GAS_BILL", nil), model, issued, nil},
		{"neither", address(nil, nil), "", kind, nil},
		{"an unknown type", address("PHONE_BILL", "2031-08-31"), model, kind, nil},
		{"no type", address(7, "2031-08-31"), "type_error", kind, nil},
		{"a blank type", address(" GAS_BILL", "2031-08-31"), model, kind, nil},
		{"language", object{"language": "EN"}, "", "language", "EN"},
		{"language in small letters", object{"language": "de"}, model, "language", nil},
		{"another language", object{"language": "FR"}, model, "language", nil},
		{"IBAN", object{"iban": "DE89370400440532013000"}, "", "iban", "DE89370400440532013000"},
		{"a long IBAN", object{"iban": strings.Repeat("1", 35)}, model, "iban", nil},
		{"terms", object{"terms_and_conditions_signed_at": "2031-08-31T12:00:59+02:00"}, "", "terms_and_conditions_signed_at", "2031-08-31T10:00:59.000Z"},
		{"terms in the future", object{"terms_and_conditions_signed_at": "2031-08-31T12:00:00Z"}, model, "terms_and_conditions_signed_at", nil},
		{"terms, no time", object{"terms_and_conditions_signed_at": "yesterday"}, model, "terms_and_conditions_signed_at", nil},
		{"64 KiB of device data", object{"device_data": strings.Repeat("x", 64<<10)}, "", "", nil},
		{"and a byte", object{"device_data": strings.Repeat("x", 64<<10+1)}, model, "device_data", nil},
		{"64 KiB are bytes", object{"device_data": strings.Repeat("ü", 32<<10+1)}, model, "device_data", nil},
		{"device data of several lines", object{"device_data": "Web;\n\x01"}, "", "", nil},
		{"device data as an object", object{"device_data": object{}}, "type_error", "device_data", nil},
		{"unknown", object{"colour": " blue"}, "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := with(t, l)
			c.body["method"] = "idnow"
			if c.code != "" {
				same(t, "sources", refused(t, l, 400, c.code, "POST", base, c.body).sources(), []string{c.field})
				return
			}
			ident := base + "/" + l.Call(201, "POST", base, c.body)["id"].(string)
			if got := l.Call(200, "GET", ident, nil); c.field != "" && got[c.field] != c.want {
				t.Errorf("%v, want %v", got[c.field], c.want)
			}
		})
	}
	l.Advance("12h30m") // in Berlin it is September now
	l.Call(201, "POST", base, without(put(address("GAS_BILL", "2031-09-01"), "method", "idnow"), ""))
	refused(t, l, 400, model, "POST", base, put(address("GAS_BILL", "2031-02-28"), "method", "idnow"))
}

// TestDeviceDataAtRest: what a device says is kept sealed.
func TestDeviceDataAtRest(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	base := "/v1/persons/" + l.Person("Antonia") + "/identifications"
	const created, requested = "Web;0123dcon;Q1JFQVRFRA==;", "Web;0123dcon;UkVRVUVTVEVE;"
	ident := base + "/" + l.Call(201, "POST", base, object{"method": "idnow", "device_data": created, "language": "EN"})["id"].(string)
	l.Call(200, "PATCH", ident+"/request", object{"device_data": requested})
	for _, text := range []string{created, requested} {
		if files := atRest(t, l, text); len(files) > 0 {
			t.Errorf("device data is in %v", files)
		}
	}
	if len(atRest(t, l, path.Base(ident))) == 0 {
		t.Error("this test does not look where it should")
	}
}

func TestIdentificationLists(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		one, two := l.Person("Antonia"), l.Person("Berta")
		var all, ofOne []string
		for _, person := range []string{one, two, one, one, two} {
			id := path.Base(create(l, person))
			all = append(all, id)
			if person == one {
				ofOne = append(ofOne, id)
			}
		}
		same(t, "all", idsOf(l.Array("/v1/identifications")), all)
		same(t, "of one person", idsOf(l.Array("/v1/persons/"+one+"/identifications")), ofOne)
		same(t, "oldest first", idsOf(l.Array("/v1/identifications?sort=created_at")), all)
		slices.Reverse(all)
		slices.Reverse(ofOne)
		same(t, "newest first", idsOf(l.Array("/v1/identifications?sort=-created_at")), all)
		same(t, "newest of one person", idsOf(l.Array("/v1/persons/"+one+"/identifications?sort=-created_at")), ofOne)
		same(t, "nobody's", idsOf(l.Array("/v1/persons/"+l.Person("Clara")+"/identifications")), nil)
		r := refused(t, l, 400, "validation_error", "GET", "/v1/identifications?sort=status", nil)
		same(t, "sources", r.sources(), []string{"sort"})

		l.Advance("1s")
		for _, id := range all {
			same(t, "events of "+id, receiver.Statuses(id), []string{"created"})
		}
		// an identification is found under its own person only
		r = refused(t, l, 404, "model_not_found", "GET", "/v1/persons/"+two+"/identifications/"+ofOne[0], nil)
		if r.Detail != "Couldn't find 'Solaris::Identification' for id '"+ofOne[0]+"'." {
			t.Error(r.Detail)
		}
	})
}

func TestIncludeDocuments(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	ident := create(l, l.Person("Antonia"))
	for query, want := range map[string]int{
		"": 0, "?include_documents=true": 1, "?include_documents=1": 1, "?include_documents=false": 0, "?include_documents=0": 0,
		"?include_documents=": 0, "?include_documents=yes": -1, "?include_documents=null": -1, "?include_documents=2": -1, "?Include_Documents=true": 0,
	} {
		if want < 0 {
			same(t, "sources", refused(t, l, 400, "validation_error", "GET", ident+query, nil).sources(), []string{"include_documents"})
			continue
		}
		documents, there := l.Call(200, "GET", ident+query, nil)["documents"].([]any)
		if there != (want == 1) || len(documents) != 0 {
			t.Errorf("%q: %v %v", query, documents, there)
		}
	}
	refused(t, l, 404, "model_not_found", "GET", path.Dir(ident)+"/nothing?include_documents=yes", nil) // existence comes before shape
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	for name, body := range map[string]any{
		"none": nil, "empty": "", "blank": " \n", "null": "null", "object": "{}", "unknown": `{"colour":5}`, "nulls": `{"secret":null,"device_data":null}`,
		"a secret that nobody asked for": `{"secret":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := with(t, l)
			ident := create(l, person)
			o := l.Call(200, "PATCH", ident+"/request", body)
			link, reference := o["url"].(string), o["reference"].(string)
			if o["status"] != "pending" || reference == "" || !strings.HasPrefix(link, l.IDnow.GoURL+"/") {
				t.Errorf("%v", o)
			}
			if n, ok := o["estimated_waiting_time"].(float64); !ok || n < 0 {
				t.Errorf("waiting time %v", o["estimated_waiting_time"])
			}
		})
	}
	ident := create(l, person)
	if status, _, body := send(t, l, "PATCH", ident+"/request", "{}", bearer(l)...); status != 200 {
		t.Errorf("without a type: %d %s", status, body)
	}
	for body, code := range map[string]string{`[]`: "type_error", `{"device_data":5}`: "type_error", `{`: "invalid_json", `"x"`: "type_error"} {
		ident := create(l, person)
		refused(t, l, 400, code, "PATCH", ident+"/request", body)
		if s := l.Status(ident); s != "created" {
			t.Errorf("%s: %s", body, s)
		}
	}
}

// TestRequestAgain: from pending the same answer, after a broken-off attempt
// the same link, otherwise 412.
func TestRequestAgain(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	receiver := testkit.NewReceiver(t)
	receiver.Subscribe(l, "IDENTIFICATION")
	person := l.Person("Antonia")
	ident := create(l, person)
	first := l.Call(200, "PATCH", ident+"/request", nil)
	if again := l.Call(200, "PATCH", ident+"/request", nil); jsonOf(t, again) != jsonOf(t, first) {
		t.Errorf("asked twice:\n%v\n%v", first, again)
	}
	want := []string{"created", "pending"}
	for _, c := range []struct{ result, status, reason string }{{"ABORTED", "aborted", "USER_CANCELLATION"}, {"CANCELED", "canceled", "TECH_PHOTO"}} {
		end(l, ident, c.result, c.reason)
		o := l.Call(200, "GET", ident, nil)
		if o["status"] != c.status || o["failure_reason"] != c.reason || o["completed_at"] != nil {
			t.Errorf("%v", o)
		}
		o = l.Call(200, "PATCH", ident+"/request", nil)
		if o["status"] != "pending" || o["url"] != first["url"] || o["reference"] != first["reference"] || o["failure_reason"] != nil {
			t.Errorf("again after %s: %v", c.status, o)
		}
		want = append(want, c.status, "pending")
	}
	l.Advance("1s")
	same(t, "events", receiver.Statuses(path.Base(ident)), want)

	for result, status := range map[string]string{"SUCCESS": "successful", "FAILED": "failed"} {
		ident := create(l, person)
		l.Call(200, "PATCH", ident+"/request", nil)
		end(l, ident, result, "")
		r := refused(t, l, 412, "invalid_identification_status", "PATCH", ident+"/request", nil)
		for _, word := range []string{"'" + status + "'", "'created'", "'aborted'", "'canceled'"} {
			if !strings.Contains(r.Detail, word) {
				t.Errorf("%q does not name %s", r.Detail, word)
			}
		}
	}
	other := l.Person("Berta")
	refused(t, l, 404, "model_not_found", "PATCH", "/v1/persons/"+other+"/identifications/"+path.Base(ident)+"/request", nil)
	refused(t, l, 404, "model_not_found", "PATCH", "/v1/persons/nobody/identifications/"+path.Base(ident)+"/request", nil)
}

// TestRequestSecret holds the order of checks: 404, 400, 422, 412.
func TestRequestSecret(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	done := create(l, person)
	l.Call(200, "PATCH", done+"/request", object{"secret": "any"})
	end(l, done, "SUCCESS", "")
	change(t, l, withSecret(t, "s3cret"))
	fresh := create(l, person)
	for _, c := range []struct {
		name, ident string
		body        object
		status      int
		code        string
	}{
		{"unknown id, wrong secret", path.Dir(fresh) + "/nothing", object{"secret": "x", "device_data": 5}, 404, "model_not_found"},
		{"broken field, wrong secret", fresh, object{"secret": "x", "device_data": 5}, 400, "type_error"},
		{"no secret", fresh, nil, 422, "invalid_secret"},
		{"null secret", fresh, object{"secret": nil}, 422, "invalid_secret"},
		{"wrong secret", fresh, object{"secret": "S3CRET"}, 422, "invalid_secret"},
		{"wrong secret, wrong state", done, object{"secret": "x"}, 422, "invalid_secret"},
		{"right secret, wrong state", done, object{"secret": "s3cret"}, 412, "invalid_identification_status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := refused(t, with(t, l), c.status, c.code, "PATCH", c.ident+"/request", c.body)
			if c.status == 422 && (r.Detail != "Invalid Secret submitted" || r.Details != r.Detail || r.Errors[0].Details != r.Detail) {
				t.Errorf("%+v", r)
			}
		})
	}
	l.Call(200, "PATCH", fresh+"/request", object{"secret": "s3cret"})
	refused(t, l, 422, "invalid_secret", "PATCH", fresh+"/request", nil) // also for the answer it has given before
	l.Call(200, "PATCH", fresh+"/request", object{"secret": "s3cret"})
}

// TestAttempts: more than 19 unsuccessful outcomes of a person, and none may be
// requested until one succeeds.
func TestAttempts(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	spoil := func(ident string, times int) {
		for range times {
			l.Call(200, "PATCH", ident+"/request", nil)
			end(l, ident, "ABORTED", "USER_CANCELLATION")
			l.Advance("1s") // the provider tells its results apart by the second
		}
	}
	open := create(l, person)
	l.Call(200, "PATCH", open+"/request", nil)
	one, two := create(l, person), create(l, person)
	spoil(one, 11)
	spoil(two, 8)
	spoil(one, 1)
	for _, ident := range []string{one, two, create(l, person)} {
		r := refused(t, l, 412, "identification_attempts_exceeded", "PATCH", ident+"/request", nil)
		if r.Detail != "There are more than 19 unsuccessful attempts" || r.Details != r.Detail || r.Errors[0].Details != r.Detail {
			t.Errorf("%+v", r)
		}
	}
	l.Call(200, "PATCH", open+"/request", nil) // that one was asked for before
	l.Call(200, "PATCH", create(l, l.Person("Berta"))+"/request", nil)
	end(l, open, "SUCCESS", "")
	l.Call(200, "PATCH", one+"/request", nil)
}

func TestSupportedDocuments(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	ident := create(l, l.Person("Antonia"))
	list := l.Array(ident + "/supported_documents")
	if len(list) == 0 {
		t.Fatal("none")
	}
	country := regexp.MustCompile(`^[A-Z]{2}$`)
	for _, d := range list {
		countries := d["issuing_countries"].([]any)
		if len(d) != 2 || d["type"] == "" || len(countries) == 0 {
			t.Errorf("%v", d)
		}
		for _, c := range countries {
			if !country.MatchString(c.(string)) {
				t.Errorf("%v: %v", d["type"], c)
			}
		}
	}
	if !slices.ContainsFunc(list, func(d object) bool { return d["type"] == "Passport" }) {
		t.Error("no passport")
	}
	types := map[string][]string{}
	for _, m := range []string{"idnow", "idnow_autoident"} {
		base := "/v1/persons/" + l.Person("X-MANUALTEST-HAPPYPATH") + "/identifications"
		ident := base + "/" + l.Call(201, "POST", base, object{"method": m})["id"].(string)
		for _, d := range l.Array(ident + "/supported_documents") {
			types[m] = append(types[m], d["type"].(string))
		}
	}
	if auto := append(slices.Clone(types["idnow"]), "Driving License"); !slices.Equal(types["idnow_autoident"], auto) { // S2, step 3
		t.Errorf("by method: %v", types)
	}
	for _, path := range []string{path.Dir(ident) + "/nothing", "/v1/persons/nobody/identifications/" + path.Base(ident)} {
		refused(t, l, 404, "model_not_found", "GET", path+"/supported_documents", nil)
	}
}
