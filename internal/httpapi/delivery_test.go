package httpapi_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// attemptsOf are the attempts of a delivery, as its list shows them.
func attemptsOf(d object) (all []object) {
	for _, a := range d["attempts"].([]any) {
		all = append(all, a.(object))
	}
	return all
}

// TestDeliveries shows what became of a notification, while it is tried and when
// it is replayed, and never its body.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Answer(func(testkit.Hook) int { return 503 })
		list := "/v1/webhooks/" + r.Subscribe(l, "IDENTIFICATION") + "/deliveries"
		if got := l.Array(list); len(got) != 0 {
			t.Fatalf("%v", got)
		}
		ident := create(l, l.Person("Anna"))
		r.Wait(1)
		l.Advance("7s") // the second attempt
		d := l.Array(list)[0]
		made := attemptsOf(d)
		if d["state"] != "queued" || d["next_attempt_at"] == nil || d["delivered_at"] != nil || !strings.HasSuffix(ident, d["entity_id"].(string)) || len(made) != 2 {
			t.Fatalf("%v", d)
		}
		hooks := r.Hooks()
		if d["id"] != hooks[0].Header.Get("Solaris-Webhook-Id") || made[1]["number"] != 2.0 || made[1]["status"] != 503.0 || made[1]["failure"] != nil {
			t.Errorf("%v", d)
		}
		id := d["id"].(string)

		r.Answer(nil)
		replay(t, l, id) // the next attempt is brought forward
		l.Advance("1s")
		if d = l.Array(list)[0]; d["state"] != "delivered" || len(attemptsOf(d)) != 3 || d["next_attempt_at"] != nil || d["delivered_at"] == nil {
			t.Errorf("brought forward: %v", d)
		}
		at := d["delivered_at"]

		r.Answer(func(testkit.Hook) int { return 422 })
		replay(t, l, id) // fails: it was delivered all the same, and nothing is tried again
		l.Advance("24h")
		d = l.Array(list)[0]
		if made = attemptsOf(d); d["state"] != "delivered" || d["delivered_at"] != at || len(made) != 4 || made[3]["number"] != 4.0 || made[3]["status"] != 422.0 {
			t.Errorf("replayed in vain: %v", d)
		}
		for n, h := range r.Hooks() {
			if h.Header.Get("Solaris-Webhook-Id") != id || h.Header.Get("Solaris-Webhook-Attempt") != strconv.Itoa(n+1) || string(h.Body) != string(hooks[0].Body) {
				t.Errorf("attempt %d: %v %s", n+1, h.Header, h.Body)
			}
		}
		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"})
		refused(t, other, 404, "model_not_found", "GET", list, nil)
		refused(t, l, 404, "model_not_found", "GET", "/v1/webhooks/nothing/deliveries?page[size]=0", nil)
		for _, query := range []string{"page[size]=101", "filter[state]=delivered", "filter[state]=queued", "filter[state]=X", "sort=id"} {
			refused(t, l, 400, "validation_error", "GET", list+"?"+query, nil)
		}
		if _, err := flow.Replay(context.Background(), handle(t, l), "nothing"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

func replay(t *testing.T, l *testkit.Live, id string) {
	t.Helper()
	if _, err := flow.Replay(context.Background(), handle(t, l), id); err != nil {
		t.Fatal(err)
	}
}

// TestGivenUp: a rejected notification that is replayed with success counts as
// delivered; lists can be narrowed to what was given up, and have totals.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Answer(func(testkit.Hook) int { return 422 })
		list := "/v1/webhooks/" + r.Subscribe(l, "IDENTIFICATION") + "/deliveries"
		person := l.Person("Anna")
		for range 3 {
			create(l, person)
		}
		l.Advance("1s")
		rejected := idsOf(l.Array(list + "?filter[state]=rejected"))
		same(t, "rejected", rejected, idsOf(l.Array(list)))
		if len(rejected) != 3 {
			t.Fatalf("%v", rejected)
		}
		r.Answer(nil)
		replay(t, l, rejected[1])
		l.Advance("1s")
		_, h, _ := l.Do("GET", list+"?filter[state]=rejected&page[size]=1&sort=-created_at", nil)
		if h.Get("total") != "2" || !strings.Contains(h.Get("link"), "next") {
			t.Errorf("%v", h)
		}
		same(t, "rejected, newest first", idsOf(l.Array(list+"?filter[state]=rejected&sort=-created_at")), []string{rejected[2], rejected[0]})
		if d := l.Array(list)[1]; d["state"] != "delivered" || len(attemptsOf(d)) != 2 {
			t.Errorf("%v", d)
		}
	})
}

// TestPausedIsShown: a subscription that was given up says so, keeps what comes,
// and refuses a replay until it is resumed.
func TestPausedIsShown(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Answer(func(testkit.Hook) int { return 500 })
		sub := "/v1/webhooks/" + r.Subscribe(l, "IDENTIFICATION")
		if l.Call(200, "GET", sub, nil)["paused"] != false {
			t.Error("it is paused from the start")
		}
		person := l.Person("Anna")
		create(l, person)
		l.Advance("240h")
		if l.Call(200, "GET", sub, nil)["paused"] != true || l.Array("/v1/webhooks")[0]["paused"] != true {
			t.Error("it is not shown as paused")
		}
		create(l, person)
		l.Advance("24h")
		list := l.Array(sub + "/deliveries")
		if list[0]["state"] != "exhausted" || len(attemptsOf(list[0])) != flow.MaxAttempts || list[1]["state"] != "queued" ||
			len(attemptsOf(list[1])) != 0 || list[1]["next_attempt_at"] != nil {
			t.Errorf("%v", list)
		}
		for _, d := range list {
			if _, err := flow.Replay(context.Background(), handle(t, l), d["id"].(string)); err == nil || !strings.Contains(err.Error(), "webhook resume") {
				t.Errorf("a replay of a paused subscription: %v", err)
			}
		}
	})
}
