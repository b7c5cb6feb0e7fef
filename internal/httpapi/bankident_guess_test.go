package httpapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// atATime sends n requests side by side and returns how often each status came.
func atATime(n int, call func(n int) (status int, body []byte)) map[int]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	statuses := map[int]int{}
	start := make(chan struct{})
	for n := range n {
		all.Go(func() {
			<-start
			status, _ := call(n)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	close(start)
	all.Wait()
	return statuses
}

// TestGuessingOverHTTP: of 200 passwords that are guessed side by side the signer
// looks at five at most, and the right one is worth nothing after that.
func TestGuessingOverHTTP(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		ident := ready(l, holder(t, l, ownNumber), "bank")
		reference := l.Call(200, "PATCH", ident+"/authorize", nil)["current_reference_token"]
		right := signerCode(l, reference)
		statuses := atATime(200, func(n int) (int, []byte) {
			guess := fmt.Sprintf("%06d", 100_000+n)
			if guess == right {
				guess = "000000"
			}
			status, _, body := l.Do("PATCH", ident+"/confirm", object{"token": guess})
			return status, body
		})
		if n := guessed(t, l); n > 5 || statuses[200] != 0 || statuses[403]+statuses[409]+statuses[429]+statuses[503] != 200 {
			t.Errorf("%d passwords were looked at; %v", n, statuses)
		}
		for range 5 {
			l.Do("PATCH", ident+"/confirm", object{"token": wrong(right)})
		}
		if n := guessed(t, l); n != 5 {
			t.Errorf("%d passwords were looked at in all, want 5", n)
		}
		refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": right})
		is(l, ident, "confirmation_required", nil)

		// another password is another chance, and nothing is lost
		reference = l.Call(200, "PATCH", ident+"/authorize", nil)["current_reference_token"]
		refused(t, l, 403, "invalid_tan", "PATCH", ident+"/confirm", object{"token": wrong(signerCode(l, reference))})
		l.Call(200, "PATCH", ident+"/confirm", object{"token": signerCode(l, reference)})
		l.Advance("1m")
		is(l, ident, "successful", nil)
	})
}

// TestTokens: what is no password is told so, and costs no try.
func TestTokens(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	ident := ready(l, holder(t, l, testNumber), "bank")
	l.Call(200, "PATCH", ident+"/authorize", nil)
	for _, body := range []any{nil, object{}, object{"token": nil}, object{"token": ""}, object{"token": " 212212"}} {
		same(t, "sources", refused(t, l, 400, "invalid_model", "PATCH", ident+"/confirm", body).sources(), []string{"token"})
	}
	same(t, "sources", refused(t, l, 400, "type_error", "PATCH", ident+"/confirm", object{"token": 212212}).sources(), []string{"token"})
	refused(t, l, 400, "type_error", "PATCH", ident+"/authorize", []string{})
	refused(t, l, 400, "invalid_json", "PATCH", ident+"/authorize", "{")
	for _, missing := range []string{"/v1/persons/nobody/identifications/x", "/v1/persons/" + holder(t, l, testNumber) + "/identifications/" + ident[len(ident)-36:]} {
		for _, verb := range []string{"/authorize", "/confirm"} {
			refused(t, l, 404, "model_not_found", "PATCH", missing+verb, object{})
		}
	}
	if n := guessed(t, l); n != 0 {
		t.Errorf("%d tries were used up", n)
	}
	l.Call(200, "PATCH", ident+"/confirm", object{"token": testOTP})
}

// TestOneAuthorizeWins: of many who ask for a signature side by side each who is
// told yes has a message of its own, and the last one's password is the good one.
func TestOneAuthorizeWins(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		ident := ready(l, holder(t, l, ownNumber), "bank")
		_, h, _ := l.Do("GET", "/sandbox/messages", nil)
		before := h.Get("total")
		var mu sync.Mutex
		references := map[string]bool{}
		statuses := atATime(20, func(int) (int, []byte) {
			status, _, body := l.Do("PATCH", ident+"/authorize", nil)
			if status == http.StatusOK {
				mu.Lock()
				defer mu.Unlock()
				references[objectOf(t, body)["current_reference_token"].(string)] = true
			}
			return status, body
		})
		if statuses[200] == 0 || statuses[200]+statuses[409]+statuses[503] != 20 || len(references) != statuses[200] {
			t.Errorf("%v, %d reference tokens", statuses, len(references))
		}
		_, h, _ = l.Do("GET", "/sandbox/messages", nil)
		if got := fmt.Sprint(statuses[200] + atoi(t, before)); h.Get("total") != got {
			t.Errorf("%s messages, want %s", h.Get("total"), got)
		}
		o := is(l, ident, "confirmation_required", nil)
		if !references[o["current_reference_token"].(string)] {
			t.Errorf("%v was told to nobody", o["current_reference_token"])
		}
		right := signerCode(l, o["current_reference_token"])

		var won atomic.Int64
		statuses = atATime(20, func(int) (int, []byte) {
			status, _, body := l.Do("PATCH", ident+"/confirm", object{"token": right})
			if status == http.StatusOK {
				won.Add(1)
			}
			return status, body
		})
		if won.Load() != 1 || statuses[200]+statuses[409]+statuses[412]+statuses[503] != 20 {
			t.Errorf("%v", statuses)
		}
		l.Advance("1m")
		o = is(l, ident, "successful", nil)
		if len(o["documents"].([]any)) != 2 {
			t.Errorf("%v", o["documents"])
		}
	})
}

func atoi(t testing.TB, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSigningMessagesPerHour: a number gets 60 messages within an hour, our own
// and the signer's together, whoever asks for them.
func TestSigningMessagesPerHour(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		first, second := holder(t, l, ownNumber), holder(t, l, ownNumber) // a message each
		one, two := ready(l, first, "bank"), ready(l, second, "bank_id")
		for n := range 58 {
			l.Call(200, "PATCH", []string{one, two}[n%2]+"/authorize", nil)
		}
		o := is(l, two, "confirmation_required", nil)
		for _, call := range []struct {
			method, path string
			body         any
		}{
			{"PATCH", one + "/authorize", nil}, {"PATCH", two + "/authorize", nil},
			{"POST", "/v1/persons/" + first + "/mobile_number/authorize", object{"number": ownNumber}},
		} {
			status, h, body := l.Do(call.method, call.path, call.body)
			if r := readRefusal(t, status, body); status != 429 || r.Code != "too_many_requests" || h.Get("Retry-After") != "3600" {
				t.Errorf("%s: %d %s, Retry-After %q", call.path, status, body, h.Get("Retry-After"))
			}
		}
		if again := is(l, two, "confirmation_required", nil); again["current_reference_token"] != o["current_reference_token"] {
			t.Error("a refused authorization changed the reference token")
		}
		l.Call(200, "PATCH", two+"/confirm", object{"token": signerCode(l, o["current_reference_token"])})
	})
}
