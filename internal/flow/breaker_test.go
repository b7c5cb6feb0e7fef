package flow_test

import (
	"errors"
	"net/http"
	"path"
	"strconv"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// away is the answer for a provider that is not called at the moment.
var away = &kyc.Error{Kind: kyc.Unavailable, Code: "service_unavailable", RetryAfter: 30 * time.Second}

// job finds a job of the identification.
func (d *desk) job(kind kyc.JobKind) (j kyc.Job, ok bool) {
	d.t.Helper()
	err := d.Store.View(d.t.Context(), func(v kyc.View) (err error) {
		j, ok, err = v.Jobs().Find(kind, d.ident.ID)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return j, ok
}

// waits checks that the job is there and was never tried.
func (d *desk) waits(kind kyc.JobKind, atMost time.Duration) {
	d.t.Helper()
	j, ok := d.job(kind)
	if !ok || j.Attempt != 0 || !j.DueAt.After(d.clock.Now()) || j.DueAt.After(d.clock.Now().Add(atMost)) {
		d.t.Errorf("%s: %t, attempt %d, due in %s; want it to wait %s at most, uncounted", kind, ok, j.Attempt, j.DueAt.Sub(d.clock.Now()), atMost)
	}
}

// TestJobsWaitForBreaker: while the provider is not called jobs wait and no
// attempt is counted; then they go on as if nothing had been.
func TestJobsWaitForBreaker(t *testing.T) {
	d := newDesk(t)
	d.firm.away = away
	d.tell(kyc.Succeeded)
	d.waits(kyc.FetchResult, 30*time.Second)
	d.run(16 * time.Minute)
	d.waits(kyc.FetchResult, 30*time.Second)
	d.waits(kyc.PollResult, 20*time.Minute)
	d.expect(kyc.Pending, 0)

	d.firm.away, d.firm.trouble = nil, errors.New("no archive yet")
	d.run(30 * time.Second)
	d.expect(kyc.Successful, 0)
	d.firm.away, d.firm.trouble = away, nil
	d.run(2 * time.Minute)
	d.waits(kyc.FetchEvidence, 30*time.Second)
	d.firm.away = nil
	d.run(30 * time.Second)
	d.expect(kyc.Successful, 2)
}

// TestStartWaitsForBreaker: the intent stays, nothing else is changed.
func TestStartWaitsForBreaker(t *testing.T) {
	d := newDesk(t)
	again, _, err := d.CreateIdentification(t.Context(), d.ident.PartnerID, d.ident.PersonID, flow.Once{}, map[string]any{"method": "idnow"})
	if err != nil {
		t.Fatal(err)
	}
	d.ident = again
	d.firm.away = away
	for range 3 { // asking again joins it
		if _, err := d.Request(t.Context(), again.PartnerID, again.PersonID, again.ID, nil); !kyc.IsKind(err, kyc.Unavailable) {
			t.Errorf("request: %v", err)
		}
		d.waits(kyc.StartSession, 30*time.Second)
		d.run(30 * time.Second)
		d.waits(kyc.StartSession, 30*time.Second)
		d.expect(kyc.Created, 0)
	}
	d.firm.away = nil
	d.run(30 * time.Second)
	d.expect(kyc.Pending, 0)
}

// TestExpiryWaitsForBreaker: as long as it would ask a provider that is down,
// and then it goes on without it.
func TestExpiryWaitsForBreaker(t *testing.T) {
	d := newDesk(t)
	d.firm.away = away
	d.run(14 * 24 * time.Hour)
	d.waits(kyc.Expire, 30*time.Second)
	d.run(47 * time.Hour)
	d.waits(kyc.Expire, 30*time.Second)
	d.expect(kyc.Pending, 0)
	d.run(time.Hour)
	d.expect(kyc.Expired, 0)
	d.run(time.Hour)
	if _, ok := d.job(kyc.PollResult); ok {
		t.Error("the expired one is polled")
	}
}

// nervous is a sandbox whose breaker opens at the second failure, for long.
func nervous(o *sandbox.Options) {
	o.Provider.Failures, o.Provider.Pause = 2, time.Hour
}

// TestBreaker: a provider that fails again and again is not called; `request` is
// answered 503 at once and is carried on by itself.
func TestBreaker(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url, nervous)
		steer(t, l, "POST", "/faults", `{"mode":"down"}`)
		for range 2 {
			if status, _, body := l.Do("PATCH", created(l, "Anna")+"/request", nil); status != http.StatusBadGateway {
				t.Fatalf("%d %s", status, body)
			}
		}
		steer(t, l, "DELETE", "/faults", "")
		ident := created(l, "Anna")
		before := l.Call(200, "GET", ident, nil)
		for range 2 {
			status, header, body := l.Do("PATCH", ident+"/request", nil)
			after, err := strconv.Atoi(header.Get("Retry-After"))
			if status != http.StatusServiceUnavailable || code(t, body) != "service_unavailable" || err != nil || after < 3000 || after > 3600 {
				t.Errorf("%d %s, Retry-After %q", status, body, header.Get("Retry-After"))
			}
		}
		if now := l.Call(200, "GET", ident, nil); now["status"] != "created" || now["url"] != nil || now["updated_at"] != before["updated_at"] {
			t.Errorf("changed: %v", now)
		}
		l.Advance("1h") // time that is moved meets the provider as it is
		if s := l.Status(ident); s != "pending" {
			t.Errorf("not carried on: %s", s)
		}
	})
}

// TestMoveWithBreaker: moving time neither waits for an open breaker nor comes to
// another end because of it.
func TestMoveWithBreaker(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url, nervous)
		told, silent := created(l, "X-MANUALTEST-HAPPYPATH"), created(l, "X-MANUALTEST-HAPPYPATH")
		for _, ident := range []string{told, silent} {
			l.Call(200, "PATCH", ident+"/request", testkit.Object{})
		}
		steer(t, l, "POST", "/faults", `{"mode":"down"}`)
		for range 3 {
			l.Do("PATCH", created(l, "Anna")+"/request", nil)
		}
		steer(t, l, "POST", "/pushes", `{"drop":1}`)
		steer(t, l, "POST", "/sessions/"+path.Base(told)+"/result", `{"result":"SUCCESS"}`)
		l.Advance("1h")
		if s := l.Status(told); s != "pending" {
			t.Errorf("while the provider is down it became %s", s)
		}
		steer(t, l, "DELETE", "/faults", "")
		l.Advance("1h")
		if s := l.Status(told); s != "successful" {
			t.Errorf("after the provider came back it is %s", s)
		}
		steer(t, l, "POST", "/faults", `{"mode":"down"}`)
		l.Advance("408h") // 17 days
		if s := l.Status(silent); s != "expired" {
			t.Errorf("with the provider down it is %s after 17 days", s)
		}
	})
}
