package webhook_test

import (
	"bytes"
	"math"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
	"github.com/identikit/identikit/internal/webhook"
)

// TestSign uses the vectors of partner-api.md §5.3.
func TestSign(t *testing.T) {
	for body, want := range map[string]string{
		"":   "sha256=48f7533f252a852a518945437b770d8135776471574417b31400e8857f420244",
		"{}": "sha256=a54bec67017d55cb479cd1b23f80e3c5396fb4e67c4e062bcd9d9566235ce431",
		`{"id":"6dc54352d6793a892e0702850d07b831cidt","status":"successful"}`: "sha256=bffa0d94533460d2c335ea6ee0f67e988623baff9baf5f03b5ee6899011891fe",
	} {
		if got := webhook.Sign("f82c389fb187274227186b5a58781978", []byte(body)); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
}

func create(l *testkit.Live, person string) string {
	return l.Call(201, "POST", "/v1/persons/"+person+"/identifications", testkit.Object{"method": "idnow"})["id"].(string)
}

// TestRetrySchedule walks the whole schedule: 25 attempts over about 5 days,
// then the subscription is paused, keeps what comes, and can be resumed.
func TestRetrySchedule(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		r := testkit.NewReceiver(t)
		r.Answer(func(testkit.Hook) int { return 500 })
		sub := r.Subscribe(l, "IDENTIFICATION")
		create(l, l.Person("Anna"))
		r.Wait(1)
		l.Advance("240h")
		hooks := r.Hooks()
		if len(hooks) != flow.MaxAttempts {
			t.Fatalf("%d attempts, want %d", len(hooks), flow.MaxAttempts)
		}
		var last float64
		for n, h := range hooks {
			if h.Header.Get("Solaris-Webhook-Attempt") != strconv.Itoa(n+1) || !bytes.Equal(h.Body, hooks[0].Body) ||
				h.Header.Get("Solaris-Webhook-Id") != hooks[0].Header.Get("Solaris-Webhook-Id") {
				t.Errorf("attempt %d: %v %s", n+1, h.Header, h.Body)
			}
			at, err := strconv.ParseFloat(h.Header.Get("Solaris-Webhook-Callout-Timestamp"), 64)
			if err != nil {
				t.Fatal(err)
			}
			if want := 5.5 * math.Pow(1.561, float64(n-1)); n > 0 && math.Abs(at-last-want) > 0.1*want+2 {
				t.Errorf("attempt %d came %.0f s after the one before, want %.0f ± 10 %%", n+1, at-last, want)
			}
			last = at
		}
		create(l, l.Person("Ben")) // kept, not sent
		l.Advance("240h")
		if n := len(r.Hooks()); n != flow.MaxAttempts {
			t.Fatalf("a paused subscription got %d more", n-flow.MaxAttempts)
		}
		r.Answer(nil)
		resume(t, l, sub)
		l.Advance("1s")
		if n := len(r.Hooks()); n != flow.MaxAttempts+1 {
			t.Errorf("after resuming %d more came, want the one that was kept", n-flow.MaxAttempts)
		}
	})
}

// resume does what `identikit webhook resume` does, from outside.
func resume(t *testing.T, l *testkit.Live, sub string) {
	t.Helper()
	url := l.Options.Database
	if url == "" {
		url = sandbox.DatabaseFile(l.Options.Data)
	}
	store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Clock: clock.Real{}, NewID: func(s string, _ int64) string { return id.Random(s) }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	master, err := seal.MasterFromFile(filepath.Join(l.Options.Data, "master.key"), false)
	if err != nil {
		t.Fatal(err)
	}
	f := &flow.Service{Store: store, Clock: clock.Real{}, Wall: clock.Real{}, Master: master}
	f.Caller = &webhook.Sender{Flow: f, Client: webhook.Client(true, nil), Clock: clock.Real{}, Wall: clock.Real{}}
	if err := f.Resume(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
}

// TestOrder sends the events of one entity one after the other, and does not
// let one entity hold back another.
func TestOrder(t *testing.T) {
	l := testkit.Start(t, "")
	r := testkit.NewReceiver(t)
	var failing atomic.Value
	failing.Store("")
	r.Answer(func(h testkit.Hook) int {
		if h.Header.Get("Solaris-Entity-Id") == failing.Load() && h.Status() == "created" {
			return 503
		}
		return 204
	})
	r.Subscribe(l, "IDENTIFICATION")
	anna := l.Person("X-AUTOTEST-HAPPYPATH")
	slow := create(l, anna)
	failing.Store(slow)
	l.Call(200, "PATCH", "/v1/persons/"+anna+"/identifications/"+slow+"/request", nil)
	other := create(l, anna)
	l.Advance("1s")
	if got := r.Statuses(slow); !slices.Contains(got, "created") || slices.Contains(got, "pending") {
		t.Errorf("after one failure: %v; pending must wait", got)
	}
	if got := r.Statuses(other); !slices.Equal(got, []string{"created"}) {
		t.Errorf("another entity was held back: %v", got)
	}
	l.Advance("30s") // three failures: the next event may go
	if got := r.Statuses(slow); !slices.Equal(got[len(got)-1:], []string{"pending"}) && !slices.Contains(got, "pending") {
		t.Errorf("after three failures: %v; pending may go", got)
	}
	failing.Store("")
	l.Advance("1h")
	got := r.Statuses(slow)
	first := slices.Index(got, "pending")
	if created := slices.Index(got, "created"); first < 3 || created != 0 {
		t.Errorf("order: %v", got)
	}
}

// TestFinalAnswers: 422 is not repeated, 410 ends the subscription.
func TestFinalAnswers(t *testing.T) {
	l := testkit.Start(t, "")
	person := l.Person("Anna")
	rejecting, gone := testkit.NewReceiver(t), testkit.NewReceiver(t)
	rejecting.Answer(func(testkit.Hook) int { return 422 })
	gone.Answer(func(testkit.Hook) int { return 410 })
	kept, ended := rejecting.Subscribe(l, "IDENTIFICATION"), gone.Subscribe(l, "IDENTIFICATION")
	create(l, person)
	l.Advance("24h")
	create(l, person)
	l.Advance("24h")
	if n := len(rejecting.Hooks()); n != 2 {
		t.Errorf("a receiver that answers 422 got %d, want 2", n)
	}
	if n := len(gone.Hooks()); n != 1 {
		t.Errorf("a receiver that answers 410 got %d, want 1", n)
	}
	l.Call(200, "GET", "/v1/webhooks/"+kept, nil)
	l.Call(404, "GET", "/v1/webhooks/"+ended, nil)
}

// TestRedirect: a redirect is an answer like any other, and not followed.
func TestRedirect(t *testing.T) {
	l := testkit.Start(t, "")
	var followed, came atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/elsewhere":
			followed.Add(1)
		case r.Header.Get("Solaris-Webhook-Event-Type") != "WEBHOOK-SUBSCRIPTION":
			came.Add(1)
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	}))
	defer srv.Close()
	l.Call(201, "POST", "/v1/webhooks", testkit.Object{"event_type": "IDENTIFICATION", "url": srv.URL})
	create(l, l.Person("Anna"))
	l.Advance("6s")
	if followed.Load() != 0 || came.Load() < 2 {
		t.Errorf("followed %d redirects, %d attempts", followed.Load(), came.Load())
	}
}

// TestHeaders holds a notification to partner-api.md §5.2.
func TestHeaders(t *testing.T) {
	l := testkit.Start(t, "")
	r := testkit.NewReceiver(t)
	sub := r.Subscribe(l, "IDENTIFICATION")
	ident := l.Identify("X-AUTOTEST-HAPPYPATH")
	h := r.Wait(1)[0]
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Solaris-Webhook-Subscription-Id": sub, "Solaris-Webhook-Event-Type": "IDENTIFICATION",
		"Solaris-Entity-Id": path.Base(ident), "Solaris-Webhook-Attempt": "1", "User-Agent": "identikit/test",
	} {
		if got := h.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	person := path.Base(path.Dir(path.Dir(ident)))
	want := `{"id":"` + path.Base(ident) + `","reference":null,"url":null,"status":"created","completed_at":null,"method":"idnow","person_id":"` + person + `","metadata":null}`
	if string(h.Body) != want {
		t.Errorf("body %s\nwant %s", h.Body, want)
	}
}
