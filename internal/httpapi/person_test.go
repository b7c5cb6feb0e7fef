package httpapi_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// given is a value as it is sent and as it comes back (nil: the same).
type given struct{ sent, shown any }

// everyField has one value for each field that a partner may write.
var everyField = map[string]given{
	"salutation": {"MR", nil}, "title": {"PROF_DR_H_C", nil}, "first_name": {"Jürgen Ægir", nil}, "last_name": {"Ōlsson-O'Neil d’Ÿ", nil},
	"address.line_1": {"Große Straße 1", nil}, "address.line_2": {"c/o Ğ", nil}, "address.postal_code": {"10115", nil},
	"address.city": {"Berlin", nil}, "address.country": {"DE", nil}, "address.state": {"BE", nil},
	"contact_address.line_1": {"Rue 2", nil}, "contact_address.line_2": {"2e étage", nil}, "contact_address.postal_code": {"75001", nil},
	"contact_address.city": {"Paris", nil}, "contact_address.country": {"FR", nil}, "contact_address.state": {"75", nil},
	"email": {"a@example.com", nil}, "mobile_number": {"+49 30_123/45-67", "+49301234567"}, "birth_name": {"Æ", nil},
	"birth_date": {"1972-12-24T00:00:00.000Z", "1972-12-24"}, "birth_city": {"Köln", nil}, "birth_country": {"XK", nil}, "nationality": {"DE", nil},
	"employment_status": {"RETIRED", nil}, "job_title": {"Bäckerin", nil},
	"tax_information.tax_assessment": {"JOINT", nil}, "tax_information.marital_status": {"WIDOWED", nil},
	"fatca_relevant": {false, nil}, "fatca_crs_confirmed_at": {"2019-01-01T02:00:00+02:00", "2019-01-01T00:00:00.000Z"},
	"business_purpose": {"\"Brot\" <b>&amp;\\", nil}, "industry": {"OTHER_SERVICES", nil}, "industry_key": {"EDUCATION", nil},
	"terms_conditions_signed_at":      {"2019-01-01T00:00:00Z", "2019-01-01T00:00:00.000Z"},
	"own_economic_interest_signed_at": {"2019-01-01t00:00:00.123456z", "2019-01-01T00:00:00.123Z"},
	"aml_confirmed_on":                {"2020-02-29", nil}, "expected_monthly_revenue_cents": {9007199254740991, nil},
	"vat_number": {"DE999999999", nil}, "website_social_media": {"https://example.com/ä?x=1&y=2", nil}, "business_trading_name": {"Brot & Söhne", nil},
	"nace_code": {"I 56.30", nil}, "business_address_line_1": {"Weg 1", nil}, "business_address_line_2": {"Hof", nil},
	"business_postal_code": {"10115", nil}, "business_city": {"Berlin", nil}, "business_country": {"DE", nil},
	"annual_income_range": {"0-1", nil}, "data_terms_signed_at": {"2019-01-01 00:00:00Z", "2019-01-01T00:00:00.000Z"},
	"branch": {"DE", nil}, "birth_province": {"NW", nil}, "birth_post_code": {"50667", nil}, "socioprofessional_category": {"A", nil},
	"purpose_of_account_opening": {"B", nil}, "main_income_source": {"C", nil}, "work_country": {"AT", nil}, "work_province": {"W", nil},
	"self_declared_as_pep": {true, nil}, "international_operativity_expectation": {[]any{"DE", "FR"}, nil}, "registration_number": {"HRB 1", nil},
}

// put sets the value at a dotted path.
func put(o object, path string, value any) object {
	parent, child, nested := strings.Cut(path, ".")
	if !nested {
		o[path] = value
		return o
	}
	if o[parent] == nil {
		o[parent] = object{}
	}
	o[parent].(object)[child] = value
	return o
}

// at reads the value at a dotted path.
func at(o object, path string) any {
	parent, child, nested := strings.Cut(path, ".")
	if !nested {
		return o[path]
	}
	return o[parent].(object)[child]
}

// jsonOf writes a value as it stands in an answer.
func jsonOf(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPersonEveryField(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		body := object{}
		for path, g := range everyField {
			put(body, path, g.sent)
		}
		created := l.Call(201, "POST", "/v1/persons", body)
		path := "/v1/persons/" + created["id"].(string)
		_, _, raw := l.Do("GET", path, nil)
		var stored object
		if err := json.Unmarshal(raw, &stored); err != nil {
			t.Fatal(err)
		}
		for _, f := range kyc.PersonFields {
			g, written := everyField[f.Path]
			if f.Server {
				continue
			}
			if !written {
				t.Errorf("%s is not in the table of this test", f.Path)
			}
			want := g.shown
			if want == nil {
				want = g.sent
			}
			for _, o := range []object{created, stored} {
				if got := jsonOf(t, at(o, f.Path)); got != jsonOf(t, want) {
					t.Errorf("%s: %s, want %s", f.Path, got, jsonOf(t, want))
				}
			}
		}
		for _, form := range []string{`"expected_monthly_revenue_cents":9007199254740991,`, `"business_trading_name":"Brot & Söhne",`} {
			if !bytes.Contains(raw, []byte(form)) {
				t.Errorf("%s has changed its form: %s", form, raw)
			}
		}
		want := []string{"id"}
		for _, f := range kyc.PersonFields {
			want = append(want, f.Path)
		}
		same(t, "keys", keysOf(t, raw), want)
		if list := l.Array("/v1/persons"); len(list) != 1 || jsonOf(t, list[0]) != jsonOf(t, stored) {
			t.Errorf("the list shows %v", list)
		}
	})
}

// keysOf lists the keys of an object in their order, members of objects dotted.
func keysOf(t testing.TB, raw []byte) (keys []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	var walk func(prefix string)
	walk = func(prefix string) {
		for d.More() {
			key, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			path := prefix + key.(string)
			value, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			switch value {
			case json.Delim('{'):
				walk(path + ".")
			case json.Delim('['):
				for d.More() {
					if _, err := d.Token(); err != nil {
						t.Fatal(err)
					}
				}
				fallthrough
			default:
				keys = append(keys, path)
				if value == json.Delim('[') {
					_, _ = d.Token()
				}
			}
		}
		_, _ = d.Token()
	}
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	walk("")
	return keys
}

func TestPersonDefaults(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = day(t, "2031-03-31T22:30:00Z") })
	p := l.Call(201, "POST", "/v1/persons", nil)
	if !regexp.MustCompile(`^[0-9a-f]{32}cper$`).MatchString(p["id"].(string)) {
		t.Errorf("id %v", p["id"])
	}
	want := map[string]any{
		"tax_information.marital_status": "UNKNOWN", "flagged_by_compliance": false, "screening_progress": "NOT_SCREENED",
		"risk_classification_status": "NOT_SCORED", "customer_vetting_status": "NOT_VETTED",
		"aml_follow_up_date": "2036-04-01", // five years, in Berlin
	}
	for _, f := range kyc.PersonFields {
		if got := at(p, f.Path); got != want[f.Path] {
			t.Errorf("%s: %v, want %v", f.Path, got, want[f.Path])
		}
	}
	// What belongs to the server cannot be written, and what is said of it is not even read.
	ours := object{"id": "x", "created_at": 5}
	for _, f := range kyc.PersonFields {
		if f.Server {
			ours[f.Path] = []any{"nonsense"}
		}
	}
	same(t, "server's own", []string{jsonOf(t, without(l.Call(201, "POST", "/v1/persons", ours), "id"))}, []string{jsonOf(t, without(p, "id"))})
	ours["legitimation_valid_until"] = "2030-01-01"
	if o := l.Call(201, "POST", "/v1/persons", ours); o["legitimation_valid_until"] != nil {
		t.Errorf("legitimation_valid_until was taken from the partner")
	}

	for _, c := range []struct {
		body          object
		industry, key any
	}{
		{object{"employment_status": "EMPLOYED"}, "DEBIT_BALANCE_SALARY_ACCOUNT", "ECONOMICALLY_DEPENDENT_INDIVIDUALS"},
		{object{"employment_status": "EMPLOYED", "industry": nil, "industry_key": nil}, "DEBIT_BALANCE_SALARY_ACCOUNT", "ECONOMICALLY_DEPENDENT_INDIVIDUALS"},
		{object{"employment_status": "EMPLOYED", "industry": "A", "industry_key": "B"}, "A", "B"},
		{object{"employment_status": "RETIRED"}, nil, nil},
	} {
		if o := l.Call(201, "POST", "/v1/persons", c.body); o["industry"] != c.industry || o["industry_key"] != c.key {
			t.Errorf("%v: %v %v", c.body, o["industry"], o["industry_key"])
		}
	}
}

func without(o object, key string) object {
	delete(o, key)
	return o
}

func TestPersonRules(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = day(t, "2031-08-31T10:00:00Z") })
	const model, kind = "invalid_model", "type_error"
	for _, c := range []struct {
		name, path string
		value      any
		code       string // empty: taken
		field      string // empty: path
		message    string
	}{
		{"enum", "salutation", "MX", model, "", `is not included in the list ["MR", "MS"]`},
		{"enum in another case", "salutation", "mr", model, "", "is not included"},
		{"title", "title", "DR.", model, "", "is not included"},
		{"employment", "employment_status", "JOBLESS", model, "", "is not included"},
		{"nested enum", "tax_information.marital_status", "X", model, "", `["SINGLE", "MARRIED", "DIVORCED", "WIDOWED", "UNKNOWN"]`},
		{"50 characters", "first_name", strings.Repeat("ü", 50), "", "", ""},
		{"51 characters", "first_name", strings.Repeat("ü", 51), model, "", "is too long (maximum is 50 characters)"},
		{"last name", "last_name", strings.Repeat("x", 51), model, "", "is too long (maximum is 50 characters)"},
		{"a scenario's name is long", "last_name", "X-MANUALTEST-" + strings.Repeat("x", 38), "", "", ""},
		{"a scenario of a reason", "first_name", "X-AUTOTEST-REASON-APP_CANCELLATION_APPROVAL_PHRASE_INSUFFICIENT_DOCUMENT_COUNT", "", "", ""},
		{"an underscore in a name", "first_name", "Anna_Maria", model, "", "must be in Latin script"},
		{"255 characters", "job_title", strings.Repeat("x", 255), "", "", ""},
		{"256 characters", "job_title", strings.Repeat("x", 256), model, "", "is too long (maximum is 255 characters)"},
		{"leading blank", "last_name", " Muster", model, "", "white space"},
		{"trailing newline", "last_name", "Muster\n", model, "", "white space"},
		{"no-break space", "last_name", "Muster\u00a0", model, "", "white space"},
		{"only a blank", "address.city", " ", model, "", "white space"},
		{"blank before a date", "birth_date", " 1972-12-24", model, "", "white space"},
		{"control character", "job_title", "a\tb", model, "", "control"},
		{"NUL", "job_title", "a\x00b", model, "", "control"},
		{"DEL", "job_title", "a\x7fb", model, "", "control"},
		{"number for a text", "first_name", 5, kind, "", "must be a string"},
		{"object for a text", "first_name", object{}, kind, "", "must be a string"},
		{"text for an object", "address", "Berlin", kind, "address", "must be an object"},
		{"list for an object", "tax_information", []any{}, kind, "tax_information", "must be an object"},
		{"country in lower case", "nationality", "de", model, "", "country code"},
		{"country of three letters", "address.country", "DEU", model, "", "country code"},
		{"no country", "work_country", "ZZ", model, "", "country code"},
		{"two countries", "birth_country", "DE FR", model, "", "country code"},
		{"blank country", "birth_country", "D ", model, "", "white space"},
		{"countries", "international_operativity_expectation", []any{"DE", "zz"}, model, "", "country code"},
		{"countries, one is none", "international_operativity_expectation", []any{"DE", 5}, kind, "", "list of country codes"},
		{"countries as text", "international_operativity_expectation", "DE", kind, "", "list of country codes"},
		{"phone without plus", "mobile_number", "0301234567", model, "", "E.164"},
		{"phone, zero after plus", "mobile_number", "+0301234567", model, "", "E.164"},
		{"phone, 16 digits", "mobile_number", "+1234567890123456", model, "", "E.164"},
		{"phone, 15 digits", "mobile_number", "+123456789012345", "", "", ""},
		{"phone with letters", "mobile_number", "+49CALLME", model, "", "E.164"},
		{"phone, full-width digits", "mobile_number", "+４９３０１２３４５６", model, "", "E.164"},
		{"no date", "birth_date", "24.12.1972", model, "", "YYYY-MM-DD"},
		{"no such day", "birth_date", "2021-02-29", model, "", "YYYY-MM-DD"},
		{"born today", "birth_date", "2031-08-31", "", "", ""},
		{"born tomorrow", "birth_date", "2031-09-01", model, "", "today"},
		{"born long ago", "birth_date", "1899-12-31", model, "", "1900"},
		{"number for a date", "birth_date", 19721224, kind, "", "must be a string"},
		{"consent, no time", "terms_conditions_signed_at", "2019-01-01", model, "", "RFC 3339"},
		{"consent, no zone", "terms_conditions_signed_at", "2019-01-01T00:00:00", model, "", "RFC 3339"},
		{"consent in a minute", "terms_conditions_signed_at", "2031-08-31T10:01:00Z", "", "", ""},
		{"consent in an hour", "data_terms_signed_at", "2031-08-31T11:00:00Z", model, "", "must not be in the future"},
		{"consent far away", "own_economic_interest_signed_at", "9999-12-31T23:59:59-23:59", model, "", "RFC 3339"},
		{"consent in the future", "fatca_crs_confirmed_at", "2032-01-01T00:00:00Z", model, "", "must not be in the future"},
		{"text for a yes or no", "fatca_relevant", "true", kind, "", "must be true or false"},
		{"number for a yes or no", "self_declared_as_pep", 1, kind, "", "must be true or false"},
		{"fraction", "expected_monthly_revenue_cents", 1.5, kind, "", "whole number"},
		{"text for a number", "expected_monthly_revenue_cents", "100", kind, "", "whole number"},
		{"consent of a zero clock", "terms_conditions_signed_at", "1970-01-01T00:00:00Z", model, "", "must not be before 1990-01-01"},
		{"confirmed by a zero clock", "aml_confirmed_on", "1970-01-01", model, "", "must be between 1990-01-01 and tomorrow"},
		{"confirmed in two days", "aml_confirmed_on", "2031-09-02", model, "", "must be between 1990-01-01 and tomorrow"},
		{"Vietnamese name", "first_name", "Nguyễn Thị", "", "", ""},
		{"name taken apart", "first_name", strings.Repeat("e\u0301", 50), "", "", ""},
		{"no surname", "last_name", "N/A", "", "", ""},
		{"Cyrillic name", "last_name", "Иванова", model, "", "must be in Latin script"},
		{"emoji in a name", "first_name", "Anna 😀", model, "", "must be in Latin script"},
		{"name without letters", "birth_name", "...", model, "", "must have at least one letter"},
		{"Greek city", "contact_address.city", "Αθήνα", model, "", "must be in Latin script"},
		{"state", "address.state", "DE-BE", "", "", ""},
		{"state by name", "address.state", "Berlin", model, "", "ISO 3166-2"},
		{"province", "work_province", "MI", "", "", ""},
		{"no e-mail", "email", "antonia@example", model, "", "is not an e-mail address, like antonia@example.com"},
		{"NACE without its section", "nace_code", "56.30", "", "", ""},
		{"NACE of another section", "nace_code", "A 56.30", model, "", "is not a NACE code"},
		{"VAT, its example", "vat_number", "DE999999999", "", "", ""},
		{"VAT, wrong digit", "vat_number", "DE136695977", model, "", "is not a VAT identification number"},
		{"negative", "expected_monthly_revenue_cents", -1, model, "", "greater than or equal to 0"},
		{"huge", "expected_monthly_revenue_cents", json.RawMessage("1e400"), kind, "", "whole number"},
		{"whole, written as a fraction", "expected_monthly_revenue_cents", json.RawMessage("1.0e2"), "", "", ""},
		{"null", "first_name", nil, "", "", ""},
		{"null object", "address", nil, "", "", ""},
		{"empty text", "first_name", "", "", "", ""},
		{"unknown field", "shoe_size", " 44 ", "", "", ""},
		{"unknown member", "address.floor", 4, "", "", ""},
		{"a field of that name elsewhere", "line_1", 4, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := with(t, l)
			body := put(object{}, c.path, c.value)
			if c.code == "" {
				l.Call(201, "POST", "/v1/persons", body)
				return
			}
			r := refused(t, l, 400, c.code, "POST", "/v1/persons", body)
			if c.field == "" {
				c.field = c.path
			}
			same(t, "sources", r.sources(), []string{c.field})
			if !strings.Contains(r.Errors[0].Source.Message, c.message) {
				t.Errorf("%q lacks %q", r.Errors[0].Source.Message, c.message)
			}
		})
	}
	before := len(l.Array("/v1/persons?page[size]=1000"))
	r := refused(t, l, 400, "invalid_model", "POST", "/v1/persons", object{
		"salutation": "X", "first_name": 5, "address": object{"country": "de", "city": " "}, "tax_information": 1, "birth_date": "x", "email": "a@example.com", "vat_number": "DE1",
		"contact_address": object{"country": "DE", "state": "XX"},
	})
	same(t, "all at once", r.sources(), []string{"salutation", "first_name", "address.city", "address.country", "contact_address.state", "birth_date", "tax_information", "vat_number"})
	if after := len(l.Array("/v1/persons?page[size]=1000")); after != before {
		t.Errorf("%d persons came from refused requests", after-before)
	}
	if o := l.Call(201, "POST", "/v1/persons", `{"expected_monthly_revenue_cents":1.0e2}`); o["expected_monthly_revenue_cents"] != 100.0 {
		t.Errorf("%v", o["expected_monthly_revenue_cents"])
	}
}

// TestPersonPaths: whatever stands in the path, it is found or it is not.
func TestPersonPaths(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := l.Person("Antonia")
		for _, id := range []string{
			"nobody", strings.Repeat("0", 32) + "cper", strings.ToUpper(person), person + "x", "%00", "a%00b", "%ff", "%20", "%2F", "..%2f" + person,
			"'", "%25", strings.Repeat("x", 4000), "ä", person + "%00",
		} {
			for _, method := range []string{"GET", "PATCH"} {
				status, _, body := l.Do(method, "/v1/persons/"+id, nil)
				if status != 404 {
					t.Errorf("%s %.40s: %d %.200s", method, id, status, body)
				}
				readRefusal(t, status, body)
			}
		}
		r := refused(t, l, 404, "model_not_found", "GET", "/v1/persons/nobody", nil)
		if r.Detail != "Couldn't find 'Solaris::Person' for id 'nobody'." {
			t.Error(r.Detail)
		}
	})
}

func patchable() (paths []string) {
	for _, f := range kyc.PersonFields {
		if f.Patch && f.Path != "aml_confirmed_on" {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

func TestPersonPatchEveryField(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_CHANGED")
		person := l.Call(201, "POST", "/v1/persons", nil)["id"].(string)
		path := "/v1/persons/" + person
		for _, field := range patchable() {
			o := l.Call(200, "PATCH", path, put(object{}, field, everyField[field].sent))
			if want := everyField[field]; at(o, field) == nil || (want.shown == nil && jsonOf(t, at(o, field)) != jsonOf(t, want.sent)) {
				t.Errorf("%s is %v", field, at(o, field))
			}
		}
		l.Advance("1s") // everything that is due is done
		if n := len(receiver.Hooks()); n != len(patchable()) {
			t.Errorf("%d events, want %d", n, len(patchable()))
		}
		if len(receiver.Hooks()) > 0 {
			if h := receiver.Hooks()[0]; string(h.Body) != "{}" || h.Header.Get("Solaris-Entity-Id") != person {
				t.Errorf("%s %v", h.Body, h.Header)
			}
		}
		// the same again, one by one and all at once: no change, no event
		all := object{}
		for _, field := range patchable() {
			put(all, field, everyField[field].sent)
			l.Call(200, "PATCH", path, put(object{}, field, everyField[field].sent))
		}
		l.Call(200, "PATCH", path, all)
		before := jsonOf(t, l.Call(200, "GET", path, nil))
		for _, field := range patchable() {
			other := map[string]any{
				"salutation": "MS", "title": "RA", "employment_status": "STUDENT", "tax_information.tax_assessment": "NONE",
				"tax_information.marital_status": "UNKNOWN", "fatca_relevant": true, "self_declared_as_pep": false,
				"expected_monthly_revenue_cents": 1, "international_operativity_expectation": []string{"FR", "DE"},
				"fatca_crs_confirmed_at": "2018-01-01T00:00:00Z", "own_economic_interest_signed_at": "2018-01-01T00:00:00Z", "data_terms_signed_at": "2018-01-01T00:00:00Z",
				"address.country": "FR", "contact_address.country": "DE", "business_country": "FR", "work_country": "DE",
				"address.state": "BY", "contact_address.state": "13", "birth_province": "BY", "work_province": "T",
				"email": "another@example.com", "vat_number": "ATU13585627", "nace_code": "A 01.11",
			}[field]
			if other == nil {
				other = "another"
			}
			refused(t, l, 403, "Unauthorized Change Request", "PATCH", path, put(object{}, field, other))
		}
		if after := jsonOf(t, l.Call(200, "GET", path, nil)); after != before {
			t.Errorf("refused changes changed something:\n%s\n%s", before, after)
		}
		l.Advance("1s")
		if n := len(receiver.Hooks()); n != len(patchable()) {
			t.Errorf("%d events after requests that changed nothing, want %d", n, len(patchable()))
		}
	})
}

func TestPersonPatch(t *testing.T) {
	t.Parallel()
	// 23:30 in Berlin: tomorrow is two days after the day of UTC's yesterday.
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = day(t, "2031-08-31T21:30:00Z") })
	employed := object{"employment_status": "EMPLOYED", "first_name": "Antonia"}
	for _, c := range []struct {
		name        string
		person      object
		body        any
		status      int
		code, field string
		after       map[string]any
	}{
		{"nothing", object{}, object{}, 200, "", "", nil},
		{"no body", object{}, nil, 200, "", "", nil},
		{"null is absent", object{"email": "a@b.de"}, object{"email": nil, "address": nil}, 200, "", "", map[string]any{"email": "a@b.de"}},
		{"unknown is ignored", object{}, object{"shoe_size": 44, "created_at": "x"}, 200, "", "", nil},
		{"a person as it was read, its id", object{}, object{"id": "x", "email": "a@b.de"}, 200, "", "", map[string]any{"email": "a@b.de"}},
		{"objects merge", object{"address": object{"city": "Berlin"}}, object{"address": object{"line_1": "Weg 1", "city": "Berlin"}}, 200, "", "",
			map[string]any{"address.city": "Berlin", "address.line_1": "Weg 1"}},
		{"one member is set", object{"address": object{"city": "Berlin"}}, object{"address": object{"line_1": "Weg 1", "city": "Bonn"}}, 403, "Unauthorized Change Request", "",
			map[string]any{"address.city": "Berlin", "address.line_1": nil}},
		{"set and empty mixed", object{"email": "a@b.de"}, object{"email": "b@b.de", "job_title": "c"}, 403, "Unauthorized Change Request", "",
			map[string]any{"email": "a@b.de", "job_title": nil}},
		{"UNKNOWN counts as empty", object{}, object{"tax_information": object{"marital_status": "SINGLE"}}, 200, "", "", map[string]any{"tax_information.marital_status": "SINGLE"}},
		{"the industry of an employee counts as empty", employed, object{"industry": "A", "industry_key": "B"}, 200, "", "", map[string]any{"industry": "A", "industry_key": "B"}},
		{"null clears it", employed, object{"industry": nil, "industry_key": nil}, 200, "", "", map[string]any{"industry": nil, "industry_key": nil}},
		{"null does not clear what the partner said", object{"industry": "A"}, object{"industry": nil}, 403, "Unauthorized Change Request", "", map[string]any{"industry": "A"}},
		{"null on what is empty", object{}, object{"industry": nil, "industry_key": nil}, 200, "", "", nil},
		{"an empty list is empty", object{"international_operativity_expectation": []string{}}, object{"international_operativity_expectation": []string{"DE"}}, 200, "", "",
			map[string]any{"international_operativity_expectation": []any{"DE"}}},
		{"freelancer needs more", object{}, object{"employment_status": "FREELANCER"}, 400, "invalid_model", "employment_status", map[string]any{"employment_status": nil}},
		{"freelancer with one null", object{}, object{"employment_status": "FREELANCER", "industry": nil}, 400, "invalid_model", "employment_status", nil},
		{"freelancer with an industry", object{}, object{"employment_status": "SELF_EMPLOYED", "industry": "A", "industry_key": nil}, 400, "invalid_model", "employment_status", nil},
		{"freelancer with nace code", object{}, object{"employment_status": "FREELANCER", "nace_code": "I 56.30"}, 200, "", "", map[string]any{"nace_code": "I 56.30"}},
		{"freelancer with two nulls", object{}, object{"employment_status": "SELF_EMPLOYED", "industry": nil, "industry_key": nil}, 200, "", "", map[string]any{"employment_status": "SELF_EMPLOYED"}},
		{"a freelancer says so again", object{"employment_status": "FREELANCER"}, object{"employment_status": "FREELANCER"}, 200, "", "", nil},
		{"a freelancer is no consumer", object{"employment_status": "FREELANCER"}, object{"employment_status": "SELF_EMPLOYED"}, 403, "Unauthorized Change Request", "", nil},
		{"AML today", object{}, object{"aml_confirmed_on": "2031-08-31"}, 200, "", "", map[string]any{"aml_confirmed_on": "2031-08-31"}},
		{"AML tomorrow", object{}, object{"aml_confirmed_on": "2031-09-01"}, 200, "", "", nil},
		{"AML as a date-time", object{}, object{"aml_confirmed_on": "2031-09-01T00:00:00Z"}, 200, "", "", map[string]any{"aml_confirmed_on": "2031-09-01"}},
		{"AML yesterday", object{}, object{"aml_confirmed_on": "2031-08-30"}, 400, "invalid_model", "aml_confirmed_on", nil},
		{"AML in two days", object{}, object{"aml_confirmed_on": "2031-09-02"}, 400, "invalid_model", "aml_confirmed_on", nil},
		{"first name", object{}, object{"first_name": "B", "email": "a@b.de"}, 400, "deprecated_params", "first_name", map[string]any{"email": nil, "first_name": nil}},
		{"first name, the same", object{"first_name": "A"}, object{"first_name": "A"}, 400, "deprecated_params", "first_name", nil},
		{"first name, null", object{"first_name": "A"}, object{"first_name": nil, "email": "a@b.de"}, 200, "", "", map[string]any{"first_name": "A"}},
		{"broken value, nothing changed", object{}, object{"email": "a@b.de", "salutation": "X"}, 400, "invalid_model", "salutation", map[string]any{"email": nil}},
		{"list", object{}, "[]", 400, "type_error", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := with(t, l)
			path := "/v1/persons/" + l.Call(201, "POST", "/v1/persons", c.person)["id"].(string)
			if c.status == 200 {
				l.Call(200, "PATCH", path, c.body)
			} else {
				r := refused(t, l, c.status, c.code, "PATCH", path, c.body)
				if c.field != "" {
					same(t, "sources", r.sources(), []string{c.field})
				}
			}
			o := l.Call(200, "GET", path, nil)
			for field, want := range c.after {
				if got := at(o, field); jsonOf(t, got) != jsonOf(t, want) {
					t.Errorf("%s: %v, want %v", field, got, want)
				}
			}
		})
	}
}

// TestPersonPatchDeprecated: each known field that is not in S4's list is refused by name.
func TestPersonPatchDeprecated(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	path := "/v1/persons/" + l.Person("Antonia")
	var all []string
	for _, f := range kyc.PersonFields {
		if f.Patch {
			continue
		}
		all = append(all, f.Path)
		r := refused(t, l, 400, "deprecated_params", "PATCH", path, object{f.Path: "x"})
		same(t, "sources", r.sources(), []string{f.Path})
		if r.Detail != "Updating "+f.Path+" is deprecated." {
			t.Errorf("%s: %s", f.Path, r.Detail)
		}
	}
	for _, name := range []string{"first_name", "last_name", "birth_name", "birth_date", "birth_city", "birth_country", "nationality", "mobile_number"} {
		if !slices.Contains(all, name) {
			t.Errorf("%s can be patched", name)
		}
	}
	body := object{}
	for _, name := range all {
		body[name] = "x"
	}
	same(t, "all at once", refused(t, l, 400, "deprecated_params", "PATCH", path, body).sources(), all)
}

// TestIdenticalPersons: a sandbox takes 1,000 of them, and no more (S4).
func TestIdenticalPersons(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 125 {
				if status, _, body := l.Do("POST", "/v1/persons", testkit.Object{"first_name": "Anna", "last_name": "Muster"}); status != 201 {
					t.Errorf("%d %s", status, body)
					return
				}
			}
		})
	}
	wg.Wait()
	l.Call(400, "POST", "/v1/persons", testkit.Object{"first_name": "ANNA", "last_name": "muster"})
	l.Call(201, "POST", "/v1/persons", testkit.Object{"first_name": "Anna", "last_name": "Muster", "birth_city": "Köln"})
	few := testkit.Start(t, "", func(o *sandbox.Options) { o.MaxIdentical = 2 })
	for _, status := range []int{201, 201, 400} {
		few.Call(status, "POST", "/v1/persons", testkit.Object{"first_name": "Anna"})
	}
}
