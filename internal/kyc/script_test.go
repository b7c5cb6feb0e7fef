package kyc_test

import (
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// TestNames has names as documents have them, and such as they have not.
func TestNames(t *testing.T) {
	for _, name := range []string{
		"Antonia", "Müller-Lüdenscheidt", "von und zu Guttenberg", "de la Cruz", "O'Neill", "O’Neill", "Oʼahu", "O´Neill", "D'Angelo", "d`Angelo", "'t Hooft", "N/A",
		"Nguyễn Thị Hồng", "Nguye\u0302\u0303n", "Åsa Þórðardóttir", "İlkay Gündoğan", "Gıyasettin", "Łukasz Żółć", "José María", "Henry VIII", "John Smith 3rd",
		"Groß", "STRAẞE", "Martin Luther King, Jr.", "J. R. R.", "Gal·la", "Sainte‐Beuve", "Maʾmūn", "Anne\u00a0Marie", "Œuvré", "Ǆ", "X", "X-AUTOTEST-HAPPYPATH", "Muster 4711",
	} {
		if broken := read(object{"first_name": name, "last_name": name, "birth_name": name}); len(broken) > 0 {
			t.Errorf("%q: %+v", name, broken)
		}
	}
	for _, name := range []string{
		"Антония", "Αντωνία", "安东尼娅", "アントニア", "أنطونيا", "אנטוניה", "Antonia😀", "😀", "1️⃣", "A\u200dB", "A\u00adB", "\u202eBerta", "<b>", "A_B", "a@b", "A\"B", "A;B", "A&B", "€",
		"4711", "-", "...", "Ａ１", "\u0301a", "a \u0301", "🇩🇪", "Аnna", "𝐀nna", "A\ufeff",
	} {
		if broken := read(object{"last_name": name}); len(broken) != 1 || broken[0].Field != "last_name" {
			t.Errorf("%q: %+v", name, broken)
		}
	}
}

func TestLatinTexts(t *testing.T) {
	for _, text := range []string{
		"Große Straße 1", "c/o Ğ & Söhne (Hof), 2. Stock", "Nº 5 – «Le Café»", "#12/3 @home", "100 % “Brot”", "Rue de l’Église", "½ m²", "12", "-", "Ha Noi Thành phố", "https://example.com/ä?x=1&y=2",
	} {
		if broken := read(object{"address": object{"line_1": text, "city": text}, "job_title": text}); len(broken) > 0 {
			t.Errorf("%q: %+v", text, broken)
		}
	}
	for _, text := range []string{"Москва", "東京", "Αθήνα", "Berlin 😀", "a\u2028b", "a\u200bb", "\u0301", "☎ 1"} {
		broken := read(object{"address": object{"city": text}, "business_trading_name": text})
		if len(broken) != 2 || broken[0].Field != "address.city" || broken[1].Field != "business_trading_name" {
			t.Errorf("%q: %+v", text, broken)
		}
	}
}

// TestLettersWithMarks: a letter with its marks is one character, but an endless
// row of marks is not.
func TestLettersWithMarks(t *testing.T) {
	for name, ok := range map[string]bool{
		strings.Repeat("e\u0301", 50): true, strings.Repeat("e\u0301", 51): false,
		strings.Repeat("e\u0302\u0323", 50): true, "e" + strings.Repeat("\u0301", 3): true, "e" + strings.Repeat("\u0301", 300): false,
	} {
		if broken := read(object{"first_name": name}); (len(broken) == 0) != ok {
			t.Errorf("%d bytes: %+v", len(name), broken)
		}
	}
}

// TestDates: times of consent and confirmation are of our days.
func TestDates(t *testing.T) {
	for _, c := range []struct {
		path, value string
		ok          bool
	}{
		{"birth_date", "1900-01-01", true}, {"birth_date", "1899-12-31", false}, {"birth_date", "2031-08-31", true}, {"birth_date", "2031-09-01", false}, {"birth_date", "1970-01-01", true},
		{"aml_confirmed_on", "1970-01-01", false}, {"aml_confirmed_on", "1990-01-01", true}, {"aml_confirmed_on", "2031-09-01", true}, {"aml_confirmed_on", "2031-09-02", false},
		{"terms_conditions_signed_at", "1970-01-01T00:00:00Z", false}, {"terms_conditions_signed_at", "1989-12-31T23:59:59Z", false}, {"terms_conditions_signed_at", "1990-01-01T00:00:00Z", true},
		{"data_terms_signed_at", "2031-08-31T12:01:01Z", false}, {"data_terms_signed_at", "2031-08-31T12:01:00Z", true},
	} {
		if broken := read(object{c.path: c.value}); (len(broken) == 0) != c.ok {
			t.Errorf("%s %s: %+v", c.path, c.value, broken)
		}
	}
}

// TestStates: the country beside a state decides; one that is broken itself does not count.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		address object
		fields  string
	}{
		{object{"state": "BE"}, ""}, {object{"state": "BE", "country": "DE"}, ""}, {object{"state": "DE-BE", "country": "DE"}, ""}, {object{"state": "XX"}, ""},
		{object{"state": "XX", "country": "DE"}, "address.state"}, {object{"state": "AT-9", "country": "DE"}, "address.state"}, {object{"state": "Berlin"}, "address.state"},
		{object{"state": "", "country": "DE"}, ""}, {object{"state": nil, "country": "DE"}, ""}, {object{"state": "XX", "country": "de"}, "address.country"}, {object{"state": "XX", "country": 5}, "address.country"},
	} {
		var fields []string
		for _, b := range read(object{"address": c.address}) {
			fields = append(fields, b.Field)
		}
		if got := strings.Join(fields, " "); got != c.fields {
			t.Errorf("%v: %q, want %q", c.address, got, c.fields)
		}
	}
	if broken := read(object{"birth_province": "MI", "work_province": "Milano"}); len(broken) != 1 || broken[0].Field != "work_province" {
		t.Errorf("%+v", broken)
	}
}

type object = map[string]any

func read(body object) []kyc.FieldError {
	_, broken := kyc.ReadPerson(body, noon, false)
	return broken
}
