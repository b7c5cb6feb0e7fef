package kyc_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/identikit/identikit/internal/kyc"
)

var noon = time.Date(2031, 8, 31, 12, 0, 0, 0, time.UTC)

// FuzzDecodePerson: whatever is sent, what is taken fits the table of fields,
// and taking it again changes nothing.
func FuzzDecodePerson(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"first_name":"Antonia","address":{"city":"Köln","country":"DE"}}`, `{"address":"x","tax_information":[]}`, `{"birth_date":"1972-12-24T00:00:00.000Z"}`,
		`{"expected_monthly_revenue_cents":1e18}`, `{"expected_monthly_revenue_cents":-0.0}`, `{"international_operativity_expectation":["DE",null]}`,
		`{"mobile_number":"+49 30 / 123-456"}`, `{"terms_conditions_signed_at":"2019-01-01t00:00:00z"}`, `{"first_name":"\ud800"}`, `{"last_name":"O’Neill","email":"a@b.de","vat_number":"ATU13585627","nace_code":"I 56.30","address":{"state":"DE-BE"}}`, `{"industry":null}`, `{"screening_progress":5}`,
	} {
		f.Add([]byte(body))
	}
	paths := map[string]kyc.Field{}
	for _, field := range kyc.PersonFields {
		paths[field.Path] = field
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var body map[string]any
		if d.Decode(&body) != nil {
			return
		}
		given, broken := kyc.ReadPerson(body, noon, true)
		var fields []string
		for _, b := range broken {
			if b.Field == "" || b.Message == "" || slices.Contains(fields, b.Field) {
				t.Errorf("%+v in %+v", b, broken)
			}
			fields = append(fields, b.Field)
		}
		again := map[string]any{}
		for path, value := range given.Values.Reveal() {
			field, known := paths[path]
			if !known || field.Server || slices.Contains(fields, path) {
				t.Errorf("%s was taken", path)
			}
			fits(t, field, value)
			if value != nil {
				put(again, path, wire(value))
			}
		}
		second, broken := kyc.ReadPerson(again, noon, true)
		if len(broken) > 0 {
			t.Fatalf("what was taken is refused: %+v", broken)
		}
		for path, value := range second.Values.Reveal() {
			if !reflect.DeepEqual(value, given.Values.Reveal()[path]) {
				t.Errorf("%s: %v became %v", path, given.Values.Reveal()[path], value)
			}
		}
	})
}

func fits(t *testing.T, f kyc.Field, value any) {
	t.Helper()
	ok := true
	switch v := value.(type) {
	case nil:
	case bool:
		ok = f.Type == kyc.Bool
	case int64:
		ok = f.Type == kyc.Integer && v >= 0
	case []string:
		ok = f.Type == kyc.Countries && len(v) > 0
	case string:
		ok = v != "" && kyc.CheckText(v, 255) == "" && !strings.ContainsFunc(v, foreign) && (f.Type != kyc.Enum || slices.Contains(f.Values, v)) && (f.Type != kyc.Country || kyc.KnownCountry(v))
	default:
		ok = false
	}
	if !ok {
		t.Errorf("%s is %T %v", f.Path, value, value)
	}
}

// foreign are letters of another script; the modifier letters belong to none.
func foreign(r rune) bool { return unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Lm) }

// wire is a stored value as JSON would bring it back.
func wire(value any) any {
	switch v := value.(type) {
	case int64:
		b, _ := json.Marshal(v)
		return json.Number(b)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	}
	return value
}

func put(o map[string]any, path string, value any) {
	parent, child, nested := bytes.Cut([]byte(path), []byte("."))
	if !nested {
		o[path] = value
		return
	}
	members, _ := o[string(parent)].(map[string]any)
	if members == nil {
		members = map[string]any{}
	}
	members[string(child)] = value
	o[string(parent)] = members
}

var instantForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`)

func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"2019-01-01T00:00:00Z", "2021-09-14T18:18:28.000Z", "2021-12-22T15:05:33.634+00:00", "2019-01-01 00:00:00z", "9999-12-31T23:59:59-23:59", "1900-01-01T00:00:00+14:00", "2016-12-31T23:59:60Z", "2019-01-01", "0000-00-00T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := kyc.ParseInstant(s)
		if !ok {
			return
		}
		written := kyc.FormatInstant(at)
		again, ok := kyc.ParseInstant(written)
		if !instantForm.MatchString(written) || !ok || !again.Equal(at.Truncate(time.Millisecond)) {
			t.Errorf("%q → %q → %v", s, written, again)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"1972-12-24", "1972-12-24T00:00:00.000Z", "2021-02-29", "24.12.1972", "", "0001-01-01", "1972-12-24x", "1972-12-24 00:00:00+14:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		day, ok := kyc.ParseDate(s)
		if !ok {
			return
		}
		written := day.Format(time.DateOnly)
		if again, ok := kyc.ParseDate(written); !ok || !again.Equal(day) || s[:len(time.DateOnly)] != written {
			t.Errorf("%q → %q", s, written)
		}
	})
}

var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`)

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"+4930123456", "+49 30/123-456_7", "0301234567", "+0", "+1 555-0101", "++49", "+４９", "+49\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		number, ok := kyc.NormalizePhone(s)
		if ok != phoneForm.MatchString(number) {
			t.Errorf("%q → %q %v", s, number, ok)
		}
		if again, twice := kyc.NormalizePhone(number); ok && (!twice || again != number) {
			t.Errorf("%q → %q → %q", s, number, again)
		}
	})
}

// FuzzReturnURL: the address that customers are sent back to is absolute, runs
// no script, and stays so when the identification's id stands in it.
func FuzzReturnURL(f *testing.F) {
	for _, s := range []string{
		"https://bank.example/back?id={identification}", "mybank://kyc/{identification}", "javascript:alert(1)", "JavaScript:alert(1)", "http://localhost:3000/", "http://bank.example", "//x", "https://",
		" javascript:x", "{identification}://x", "data:text/html,x", "java\nscript:x", "https://{identification}.example", "a{identification}:b", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if raw == "" || kyc.CheckReturnURL(raw) != nil {
			return
		}
		u, err := url.Parse(strings.ReplaceAll(raw, kyc.ReturnPlaceholder, "dc1a6812a14f6cc338cd084208535bcdcidt"))
		if err != nil || u.Scheme == "" || slices.Contains([]string{"javascript", "data", "file", "vbscript", "blob", "about"}, strings.ToLower(u.Scheme)) {
			t.Fatalf("%q was taken: %v", raw, err)
		}
		if (u.Scheme == "https" && u.Host == "") || (u.Scheme == "http" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())) {
			t.Errorf("%q was taken", raw)
		}
	})
}

// FuzzCheckText: a text that passes can be stored by every database and stays
// within its length; the words of a refusal are plain.
func FuzzCheckText(f *testing.F) {
	for _, s := range []string{"", "Köln", " x", "a\x00", "\xff", strings.Repeat("ü", 51), "a\u2028b", "a\u0085b", "\ufeff"} {
		f.Add(s, 50)
	}
	f.Fuzz(func(t *testing.T, s string, most int) {
		message := kyc.CheckText(s, most)
		if message == "" && (!utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || utf8.RuneCountInString(s) > max(most, 0) || strings.TrimSpace(s) != s) {
			t.Errorf("%q passed", s)
		}
		if message != "" && (!utf8.ValidString(message) || strings.ContainsFunc(message, unicode.IsControl)) {
			t.Errorf("%q: %q", s, message)
		}
	})
}

// TestFields holds the table of fields to itself.
func TestFields(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range kyc.PersonFields {
		if seen[f.Path] {
			t.Errorf("%s is there twice", f.Path)
		}
		seen[f.Path] = true
		if (f.Type == kyc.Enum) != (len(f.Values) > 0) || (f.Server && f.Patch) || (f.Clear && !f.Patch) || (f.Consent && f.Type != kyc.Instant) {
			t.Errorf("%+v contradicts itself", f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if name == "" {
			t.Error("a field has no name")
		}
	}
}

// FuzzNumbers: whatever is looked at, nothing panics; what is valid is short and
// of ASCII, and stays valid without what parts its groups.
func FuzzNumbers(f *testing.F) {
	for country, list := range tax {
		for _, number := range list {
			f.Add(country, number)
		}
	}
	for country, list := range vat {
		for _, number := range list {
			f.Add(country, number)
		}
	}
	for _, code := range []string{"I 56.30", "DE-BE", "2A", "JÜ@müller.de"} {
		f.Add("FR", code)
	}
	parts := strings.NewReplacer(" ", "", ".", "", "-", "", "/", "")
	f.Fuzz(func(t *testing.T, country, s string) {
		for name, valid := range map[string]func(string) bool{
			"VAT": kyc.ValidVAT, "tax": func(s string) bool { return kyc.ValidTaxNumber(country, s, true) },
		} {
			if !valid(s) {
				continue
			}
			if plain := parts.Replace(s); len(plain) > 30 || !valid(plain) || strings.ContainsFunc(s, func(r rune) bool { return r > '~' || r < ' ' }) {
				t.Errorf("%s: %q of %q is valid", name, s, country)
			}
		}
		if kind := kyc.TaxIDType(country, s); kind != "" && country != "ES" {
			t.Errorf("%q has the type %s", country, kind)
		}
		if kyc.ValidNACE(s) && len(s) > len("I 56.30.00") || kyc.KnownSubdivision(country, s) && len(s) > len("DE-XXX") {
			t.Errorf("%q is a code", s)
		}
		if kyc.ValidEmail(s) && (strings.Count(s, "@") != 1 || len(s) > 254 || strings.ContainsAny(s, " \r\n<>,;\"")) {
			t.Errorf("%q is an address", s)
		}
	})
}

// FuzzFileName: what is kept of a name is short, visible, no path, and stays as
// it is when it is cleaned again.
func FuzzFileName(f *testing.F) {
	for _, name := range []string{"passport.pdf", "../../x", `C:\a`, "a\r\nb", "\u202egnp.exe", "\xff", strings.Repeat("ä.", 300), ". .", "a" + strings.Repeat(" ", 300) + ".pdf"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		kept := kyc.CleanFileName(name)
		if kept == "" || utf8.RuneCountInString(kept) > 255 || !utf8.ValidString(kept) || strings.ContainsAny(kept, `/\`) || kept == "." || kept == ".." {
			t.Errorf("%q became %q", name, kept)
		}
		if strings.ContainsFunc(kept, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q became %q, which holds what cannot be seen", name, kept)
		}
		if again := kyc.CleanFileName(kept); again != kept {
			t.Errorf("%q became %q, then %q", name, kept, again)
		}
	})
}

// FuzzCheckIBAN: what is valid is in its normal form, stays valid written in
// groups, and no other check digits are valid for it; a mask never shows an account.
func FuzzCheckIBAN(f *testing.F) {
	for _, iban := range ibans {
		f.Add(iban)
	}
	for _, s := range []string{"", "de89 3704 0044 0532 0130 00", "DE", "DE89\x00", "ÄÖ", strings.Repeat("1", 34)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		normal, ok := kyc.CheckIBAN(s)
		if strings.Trim(normal, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || len(normal) > 34 || ok && (len(normal) < 15 || !kyc.KnownCountry(normal[:2])) {
			t.Fatalf("%q: %q, %v", s, normal, ok)
		}
		if again, twice := kyc.CheckIBAN(normal); normal != "" && (again != normal || twice != ok) {
			t.Errorf("%q became %q, %v, then %q, %v", s, normal, ok, again, twice)
		}
		if mask := []rune(kyc.MaskIBAN(s)); len(mask) != 1 && len(mask) != 9 || !strings.ContainsRune(string(mask), '…') {
			t.Errorf("%q is masked %q", s, string(mask))
		}
		if !ok {
			return
		}
		if small, ok := kyc.CheckIBAN(strings.ToLower(normal[:4]) + " " + normal[4:]); !ok || small != normal {
			t.Errorf("%q in groups is %q, %v", normal, small, ok)
		}
		for d := range 100 {
			digits := string([]byte{'0' + byte(d/10), '0' + byte(d%10)})
			if _, ok := kyc.CheckIBAN(normal[:2] + digits + normal[4:]); ok != (digits == normal[2:4]) {
				t.Errorf("%q with the check digits %s: %v", normal, digits, ok)
			}
		}
	})
}
