package httpapi_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// signingPerson makes somebody with words of their own who may sign.
func signingPerson(t *testing.T, l *testkit.Live) (person string) {
	t.Helper()
	body := put(put(testkit.Customer("Rumpelstilzchen"), "last_name", "Zwickelmeier"), "address.line_1", "Nirgendwogasse 99")
	person = l.Call(201, "POST", "/v1/persons", put(body, "mobile_number", "+4917655544433"))["id"].(string)
	verify(t, l, person, "+4917655544433")
	return person
}

// TestNothingOfASignatureInTheLog: names, accounts, phones, one-time passwords and
// the addresses of sessions stand in no line, also when firms fail.
func TestNothingOfASignatureInTheLog(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.Log = log.logger() })
	person := signingPerson(t, l)
	base := "/v1/persons/" + person + "/identifications"
	refused(t, l, 400, "invalid_iban", "POST", base, bankBody("bank", "DE00110101010100000093"))
	l.Call(200, "POST", "/v1/persons/"+person+"/identification_eligibility_checks", object{"method": "bank"})
	words := []string{
		"Rumpelstilzchen", "Zwickelmeier", "Nirgendwogasse", "17655544433", "110101010100000093", sampleIBAN, "Geheimtipp",
		"Bearer ", l.Bank.APIKey, l.Checker.ClientSecret, l.Checker.ClientID,
	}
	for _, method := range []string{"bank", "bank_id"} {
		ident := opened(l, person, method, sampleIBAN)
		link, err := url.Parse(l.Call(200, "GET", ident, nil)["url"].(string))
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, link.Query().Get("wizard_session_key"))
		steer(t, l, "POST", "/xs2a/faults", `{"mode":"garbage","count":3}`)
		l.Advance("17m") // a poll
		steer(t, l, "DELETE", "/xs2a/faults", "")
		choose(l, ident, "success")
		if method == "bank_id" {
			steer(t, l, "POST", "/fourthline/faults", `{"mode":"down","count":2}`)
			hand(l, ident)
			l.Advance("1m") // it is checked by itself
			is(l, ident, "authorization_required", nil)
		}
		for _, mode := range []string{"down", "garbage", "refuse"} {
			steer(t, l, "POST", "/ais/faults", `{"mode":"`+mode+`","count":1}`)
			if status, _, body := l.Do("PATCH", ident+"/authorize", nil); status < 400 {
				t.Errorf("%s: %d %s", mode, status, body)
			}
		}
		_, h, body := l.Do("PATCH", ident+"/authorize", nil)
		consent, err := url.Parse(strings.Trim(strings.SplitN(h.Get("Link"), ";", 2)[0], "<>"))
		if err != nil {
			t.Fatal(err)
		}
		reference := objectOf(t, body)["current_reference_token"]
		code := signerCode(l, reference)
		words = append(words, path.Base(path.Dir(consent.Path)), "="+code, `"`+code, reference.(string))
		refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": wrong(code)})
		refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": "Geheimtipp"})
		words = append(words, "="+wrong(code), `"`+wrong(code))
		if method == "bank_id" {
			break // the person is identified once
		}
		l.Call(200, "PATCH", ident+"/confirm", object{"token": code})
		steer(t, l, "POST", "/ais/faults", `{"mode":"wrong_types","count":2}`)
		person = signingPerson(t, l)
		l.Advance("1m")
		is(l, ident, "successful", nil)
	}
	text := log.String()
	if !strings.Contains(text, "could not be asked") || !strings.Contains(text, "code=invalid_tan") {
		t.Errorf("the log says too little to be searched: %d bytes", len(text))
	}
	for _, word := range words {
		if at := strings.Index(strings.ToLower(text), strings.ToLower(word)); at >= 0 || word == "" {
			line := text[strings.LastIndex(text[:max(at, 0)], "\n")+1:]
			t.Errorf("%q is in the log: %.400s", word, strings.SplitN(line, "\n", 2)[0])
		}
	}
}

// TestErasureOfASigner: of a signature that was asked for nothing can be read after
// the person is erased.
func TestErasureOfASigner(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		person := signingPerson(t, l)
		once(t, l, "eligible-"+path.Base(t.Name()), "/v1/persons/"+person+"/identification_eligibility_checks", `{"method":"bank"}`)
		ident := ready(l, person, "bank")
		reference := l.Call(200, "PATCH", ident+"/authorize", nil)["current_reference_token"].(string)
		refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": wrong(signerCode(l, reference))})
		words := []string{"Rumpelstilzchen", "Zwickelmeier", "17655544433", sampleIBAN, reference}
		if got := found(t, l, words); len(got) < len(words) {
			t.Fatalf("the search finds too little: %v", got)
		}
		l.Advance("1h")
		is(l, ident, "expired", "expired")
		s := beside(t, l)
		if _, err := s.ErasePerson(t.Context(), person, s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if got := found(t, l, words); len(got) > 0 {
			t.Errorf("still to be read: %v", got)
		}
		l.Advance("1h")
		if got := found(t, l, words); len(got) > 0 {
			t.Errorf("back again: %v", got)
		}
	})
}
