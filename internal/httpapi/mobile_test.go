package httpapi_test

import (
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

const ownNumber = "+4915112345678"

var sixDigits = regexp.MustCompile(`^[0-9]{6}\b`)

// lastText is the newest text message to the number, after all that is due was sent.
func lastText(t testing.TB, l *testkit.Live, number string) string {
	t.Helper()
	l.Advance("1s")
	for _, m := range l.Array("/sandbox/messages?sort=-created_at&page[size]=100") {
		if m["number"] == number {
			if m["state"] != "sent" {
				t.Errorf("the message is %v", m["state"])
			}
			return m["text"].(string)
		}
	}
	t.Fatal("no message was sent to the number")
	return ""
}

// code is the one-time password that the number was sent last.
func code(t testing.TB, l *testkit.Live, number string) string {
	t.Helper()
	text := lastText(t, l, number)
	if !sixDigits.MatchString(text) {
		t.Fatalf("no password in %q", text)
	}
	return text[:6]
}

// wrong is a password that is not the right one.
func wrong(right string) string {
	if right[0] == '1' {
		return "2" + right[1:]
	}
	return "1" + right[1:]
}

// verify gives the person a verified number.
func verify(t testing.TB, l *testkit.Live, person, number string) {
	t.Helper()
	mobile := "/v1/persons/" + person + "/mobile_number"
	l.Call(201, "POST", mobile, object{"number": number})
	l.Call(201, "POST", mobile+"/authorize", object{"number": number})
	if o := l.Call(201, "POST", mobile+"/confirm", object{"number": number, "token": code(t, l, number)}); o["verified"] != true {
		t.Fatalf("%v", o)
	}
}

func TestMobileNumber(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_MOBILE_NUMBER_CREATED")
		receiver.Subscribe(l, "PERSON_MOBILE_NUMBER_DELETED")
		person := l.Person("Antonia")
		mobile := "/v1/persons/" + person + "/mobile_number"
		number := object{"number": ownNumber}

		refused(t, l, 404, "model_not_found", "GET", mobile, nil)
		refused(t, l, 404, "model_not_found", "POST", mobile+"/authorize", number)
		refused(t, l, 404, "model_not_found", "POST", mobile+"/confirm", object{"number": ownNumber, "token": "123456"})
		r := refused(t, l, 403, "unauthorized_action", "DELETE", mobile, number)
		if r.Detail != "Unauthorized action 'destroy' is not allowed for 'Solaris::Service::Person::MobileNumber'" {
			t.Errorf("%s", r.Detail)
		}

		made := l.Call(201, "POST", mobile, object{"number": "+49 151/123-456_78", "device_data": "Web;x;y;z"})
		if made["number"] != ownNumber || made["verified"] != false || !strings.HasSuffix(made["id"].(string), "cmno") {
			t.Errorf("%v", made)
		}
		if o := l.Call(200, "GET", mobile+"?page[number]=1&page[size]=1", nil); jsonOf(t, o) != jsonOf(t, made) {
			t.Errorf("%v, made was %v", o, made)
		}
		r = refused(t, l, 409, "mobile_number_exists", "POST", mobile, object{"number": "+4930999999"})
		if r.Detail != "Mobile number already added for person: "+person+"." {
			t.Errorf("%s", r.Detail)
		}

		// another number than that of the person
		for _, call := range []struct{ method, path string }{{"POST", "/authorize"}, {"POST", "/confirm"}, {"DELETE", ""}} {
			refused(t, l, 404, "model_not_found", call.method, mobile+call.path, object{"number": "+4930999999", "token": "123456"})
		}

		r = refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", object{"number": ownNumber, "token": "123456"}) // never sent
		if r.Detail != "Invalid or expired TAN for Solaris::MobileNumber with uid: '"+made["id"].(string)+"'" {
			t.Errorf("%s", r.Detail)
		}
		l.Call(201, "POST", mobile+"/authorize", number)
		first := code(t, l, ownNumber)
		l.Call(201, "POST", mobile+"/authorize", number)
		second := code(t, l, ownNumber)
		if first != second { // the first is not good any more
			refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", object{"number": ownNumber, "token": first})
		}
		if o := l.Call(201, "POST", mobile+"/confirm", object{"number": ownNumber, "token": second}); o["verified"] != true {
			t.Errorf("%v", o)
		}
		refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", object{"number": ownNumber, "token": second}) // used up
		if o := l.Call(200, "GET", mobile, nil); o["verified"] != true {
			t.Errorf("a wrong password took the verification back: %v", o)
		}

		l.Advance("1s")
		hooks := receiver.Hooks()
		if len(hooks) != 1 || string(hooks[0].Body) != "{}" || hooks[0].Header.Get("Solaris-Entity-Id") != person {
			t.Fatalf("%v", hooks)
		}

		// the customer's consent takes it away, and its owner is told
		asked := l.Call(202, "DELETE", mobile, number)
		change := "/v1/change_requests/" + asked["id"].(string)
		l.Call(201, "POST", change+"/authorize", object{"person_id": person})
		if text := lastText(t, l, ownNumber); !strings.Contains(text, "Telefonnummer aus Ihren Kundendaten zu entfernen") {
			t.Errorf("the customer is not told what the code is for: %s", text)
		}
		done := l.Call(202, "POST", change+"/confirm", object{"person_id": person, "tan": code(t, l, ownNumber)})
		if done["status"] != "COMPLETED" || done["response_body"].(map[string]any)["number"] != ownNumber {
			t.Errorf("%v", done)
		}
		refused(t, l, 404, "model_not_found", "GET", mobile, nil)
		if text := lastText(t, l, ownNumber); !strings.Contains(text, "entfernt") {
			t.Errorf("%s", text)
		}
		hooks = receiver.Hooks()
		if h := hooks[len(hooks)-1]; len(hooks) != 2 || string(h.Body) != `{"id":"`+made["id"].(string)+`"}` || h.Header.Get("Solaris-Entity-Id") != made["id"] {
			t.Errorf("%v", hooks)
		}

		// one that was never verified goes at once
		l.Call(201, "POST", mobile, number)
		l.Call(200, "DELETE", mobile, number)
		refused(t, l, 404, "model_not_found", "GET", mobile, nil)
	})
}

// TestMobileNumberInput: what is not a number is told, all of it at once.
func TestMobileNumberInput(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	mobile := "/v1/persons/" + person + "/mobile_number"
	for _, body := range []object{{}, {"number": nil}, {"number": ""}, {"number": "0151123"}, {"number": "+49"}, {"number": "+49151x"}, {"number": " +4915112345678"}} {
		for _, call := range []struct{ method, path string }{{"POST", ""}, {"POST", "/authorize"}, {"DELETE", ""}} {
			same(t, "sources", refused(t, l, 400, "invalid_model", call.method, mobile+call.path, body).sources(), []string{"number"})
		}
	}
	same(t, "sources", refused(t, l, 400, "type_error", "POST", mobile, object{"number": 49, "device_data": strings.Repeat("x", 64<<10+1)}).sources(), []string{"number", "device_data"})
	same(t, "sources", refused(t, l, 400, "invalid_model", "POST", mobile+"/confirm", object{}).sources(), []string{"number", "token"})
	same(t, "sources", refused(t, l, 400, "invalid_model", "POST", mobile+"/confirm", object{"number": ownNumber, "token": " 1"}).sources(), []string{"token"})
	for _, call := range []struct{ method, path string }{{"POST", ""}, {"GET", ""}, {"DELETE", ""}, {"POST", "/authorize"}, {"POST", "/confirm"}} {
		refused(t, l, 404, "model_not_found", call.method, "/v1/persons/nobody/mobile_number"+call.path, nil)
	}
}

// TestPasswordLimits: too many tries, too late, and the number of the tests.
func TestPasswordLimits(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	mobile := "/v1/persons/" + l.Person("Antonia") + "/mobile_number"
	number := object{"number": ownNumber}
	l.Call(201, "POST", mobile, number)
	confirm := func(token string) object { return object{"number": ownNumber, "token": token} }

	l.Call(201, "POST", mobile+"/authorize", number)
	right := code(t, l, ownNumber)
	for range 5 {
		refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", confirm(wrong(right)))
	}
	refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", confirm(right))

	l.Call(201, "POST", mobile+"/authorize", number)
	right = code(t, l, ownNumber)
	for range 4 {
		refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", confirm(wrong(right)))
	}
	l.Call(201, "POST", mobile+"/confirm", confirm(right))

	l.Call(201, "POST", mobile+"/authorize", number)
	right = code(t, l, ownNumber)
	l.Advance("5m")
	refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", confirm(right))

	const tests = "+15550101"
	mobile = "/v1/persons/" + l.Person("Berta") + "/mobile_number"
	l.Call(201, "POST", mobile, object{"number": tests})
	for range 7 {
		refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", object{"number": tests, "token": "000000"})
	}
	if o := l.Call(201, "POST", mobile+"/confirm", object{"number": tests, "token": "212212"}); o["verified"] != true {
		t.Errorf("%v", o)
	}
}

// TestLanguageOfTexts: that of the person's settings, else of the country.
func TestLanguageOfTexts(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		for n, c := range []struct {
			country, language any
			want              string
		}{{"DE", nil, "ist Ihr Code"}, {"AT", nil, "ist Ihr Code"}, {"FR", nil, "is your code"}, {nil, nil, "is your code"}, {"DE", "en", "is your code"}, {"FR", "DE", "ist Ihr Code"}, {"DE", "fr", "is your code"}} {
			person := l.Call(201, "POST", "/v1/persons", object{"address": object{"country": c.country}})["id"].(string)
			if c.language != nil {
				l.Call(201, "POST", "/v1/persons/"+person+"/settings", object{"language": c.language})
			}
			number := "+4915112345" + string(rune('0'+n))
			mobile := "/v1/persons/" + person + "/mobile_number"
			l.Call(201, "POST", mobile, object{"number": number})
			l.Call(201, "POST", mobile+"/authorize", object{"number": number})
			if text := lastText(t, l, number); !strings.Contains(text, c.want) {
				t.Errorf("%v: %s", c, text)
			}
		}
	})
}

// TestMessagesPerHour: a number gets 60, whoever asks; then the request changes nothing.
func TestMessagesPerHour(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		first, second := l.Person("Antonia"), l.Person("Berta")
		for _, person := range []string{first, second} {
			l.Call(201, "POST", "/v1/persons/"+person+"/mobile_number", object{"number": ownNumber})
		}
		for n := range 60 {
			person := []string{first, second}[n%2]
			l.Call(201, "POST", "/v1/persons/"+person+"/mobile_number/authorize", object{"number": ownNumber})
		}
		right := code(t, l, ownNumber)
		status, h, body := l.Do("POST", "/v1/persons/"+second+"/mobile_number/authorize", object{"number": ownNumber})
		if r := readRefusal(t, status, body); status != 429 || r.Code != "too_many_requests" || h.Get("Retry-After") != "3600" {
			t.Errorf("%d %s %v", status, body, h)
		}
		l.Call(201, "POST", "/v1/persons/"+second+"/mobile_number/confirm", object{"number": ownNumber, "token": right})
		_, h, _ = l.Do("GET", "/sandbox/messages?page[size]=7", nil)
		if h.Get("total") != "60" {
			t.Errorf("%s messages", h.Get("total"))
		}
	})
}

// TestMessagesPerHourAtOnce: also where several persons have the number, and all
// ask for the last messages at the same time.
func TestMessagesPerHourAtOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		var mobiles [atOnce]string
		for n := range atOnce {
			mobiles[n] = "/v1/persons/" + l.Person("Antonia") + "/mobile_number"
			l.Call(201, "POST", mobiles[n], object{"number": ownNumber})
		}
		const left = 2
		for range 60 - left {
			l.Call(201, "POST", mobiles[0]+"/authorize", object{"number": ownNumber})
		}
		statuses, bodies := allAtOnce(func(n int) (int, []byte) {
			status, _, body := l.Do("POST", mobiles[n]+"/authorize", object{"number": ownNumber})
			return status, body
		})
		if statuses[201] != left || statuses[429] != atOnce-left {
			t.Errorf("%v %v", statuses, bodies)
		}
	})
}

// TestOneMobileNumberOfMany: of many at once one is made.
func TestOneMobileNumberOfMany(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		mobile := "/v1/persons/" + l.Person("Antonia") + "/mobile_number"
		var wg sync.WaitGroup
		statuses := make(chan int, 16)
		for range 16 {
			wg.Go(func() {
				status, _, _ := l.Do("POST", mobile, object{"number": ownNumber})
				statuses <- status
			})
		}
		wg.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		if count[201] != 1 || count[409] != 15 {
			t.Errorf("%v", count)
		}
	})
}

// TestMobileNumberOnce: the key makes one of two, and one message.
func TestMobileNumberOnce(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	mobile := "/v1/persons/" + l.Person("Antonia") + "/mobile_number"
	const body = `{"number":"` + ownNumber + `"}`
	_, _, first := once(t, l, "number", mobile, body)
	if status, hit, again := once(t, l, "number", mobile, body); status != 201 || hit != "true" || string(again) != string(first) {
		t.Errorf("%d %q %s", status, hit, again)
	}
	once(t, l, "authorize", mobile+"/authorize", body)
	if status, hit, _ := once(t, l, "authorize", mobile+"/authorize", body); status != 201 || hit != "true" {
		t.Errorf("%d %q", status, hit)
	}
	right := code(t, l, ownNumber)
	if n := len(l.Array("/sandbox/messages")); n != 1 {
		t.Errorf("%d messages", n)
	}
	// a refusal is not kept: the same request counts again
	for range 5 {
		if status, hit, _ := once(t, l, "confirm", mobile+"/confirm", `{"number":"`+ownNumber+`","token":"`+wrong(right)+`"}`); status != 403 || hit != "" {
			t.Errorf("%d %q", status, hit)
		}
	}
	refused(t, l, 403, "invalid_tan", "POST", mobile+"/confirm", object{"number": ownNumber, "token": right})
}

// TestNumberOfTheCall: the number that was checked in the video call becomes the
// verified one of a person who has none, and verifies the same one.
func TestNumberOfTheCall(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.SameEvidence = true })
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_MOBILE_NUMBER_CREATED")
		for name, prepare := range map[string]func(mobile, number string){
			"Antonia": func(string, string) {},
			"Berta":   func(mobile, number string) { l.Call(201, "POST", mobile, object{"number": number}) },
			"Clara":   func(mobile, _ string) { l.Call(201, "POST", mobile, object{"number": "+4930999999"}) },
		} {
			ident := l.Identify(name)
			person := path.Base(path.Dir(path.Dir(ident)))
			mobile := "/v1/persons/" + person + "/mobile_number"
			number := l.Call(200, "GET", "/v1/persons/"+person, nil)["mobile_number"].(string)
			prepare(mobile, number)
			end(l, ident, "SUCCESS", "")
			o := l.Call(200, "GET", mobile, nil)
			if want := name != "Clara"; o["verified"] != want || (o["number"] == number) != want {
				t.Errorf("%s: %v", name, o)
			}
		}
		l.Advance("1s")
		if n := len(receiver.Hooks()); n != 3 {
			t.Errorf("%d events", n)
		}
	})
}
