package sandbox_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestFourteenDays moves past the lifetime of a hundred open links.
func TestFourteenDays(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		var idents []string
		for range 100 {
			idents = append(idents, l.Identify("Anna"))
		}
		started := time.Now()
		fired := l.Advance("337h")
		took := time.Since(started)
		t.Logf("14 days and an hour with 100 open identifications: %d done in %s", fired, took)
		for _, ident := range idents {
			if s := l.Status(ident); s != "expired" {
				t.Fatalf("%s is %s", ident, s)
			}
		}
	})
}

// TestRestart stops and starts a sandbox with the same data.
func TestRestart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		seed := int64(7)
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.Seed = &seed })
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		ident := l.Identify("X-AUTOTEST-LONGREVIEW")
		l.Advance("1h")
		before := l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string)
		old := l.Ready
		l.Restart()
		if l.Ready.Partner != old.Partner || l.Ready.IDnow != old.IDnow {
			t.Errorf("credentials or ports changed: %+v, before %+v", l.Ready, old)
		}
		if now := l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string); now < before {
			t.Errorf("the clock went back from %s to %s", before, now)
		}
		if s := l.Status(ident); s != "pending" { // with the token of before
			t.Errorf("status %s", s)
		}
		l.Advance("24h")
		if s := l.Status(ident); s != "successful" {
			t.Errorf("status %s a day later", s)
		}
		if got := receiver.Statuses(path.Base(ident)); !slices.Equal(got, []string{"created", "pending", "successful"}) {
			t.Errorf("webhooks told %v", got)
		}
	})
}

// TestSeed finds the same ids in the same order, also across a restart.
func TestSeed(t *testing.T) {
	run := func(restart bool) (ids []string) {
		seed := int64(42)
		l := testkit.Start(t, "", func(o *sandbox.Options) {
			o.Seed, o.ClockStart = &seed, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		})
		for n := range 3 {
			if n == 2 && restart {
				l.Restart()
			}
			ident := l.Identify("X-AUTOTEST-HAPPYPATH")
			o := l.Call(200, "GET", ident, nil)
			ids = append(ids, ident, o["reference"].(string))
			l.Advance("10m")
			for _, d := range l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any) {
				ids = append(ids, d.(testkit.Object)["id"].(string))
			}
		}
		return ids
	}
	straight, restarted := run(false), run(true)
	if !slices.Equal(straight, restarted) {
		t.Errorf("the same seed gave\n%v\nand with a restart\n%v", straight, restarted)
	}
}

// TestClock holds the clock's routes to rulings §5.
func TestClock(t *testing.T) {
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC) })
	if now := l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string); !strings.HasPrefix(now, "2030-05-01T12:00:0") {
		t.Errorf("the clock began at %s", now)
	}
	l.Call(200, "POST", "/sandbox/clock", testkit.Object{"to": "2030-05-02T12:00:00+02:00"})
	for _, body := range []testkit.Object{
		{"to": "2030-05-01T12:00:00Z"}, {"to": "tomorrow"}, {"advance": "-1s"}, {"advance": "soon"}, {}, {"advance": 5},
		{"advance": "1h", "to": "2031-01-01T00:00:00Z"}, {"to": "9999-12-31T00:00:00Z"},
	} {
		if status, _, b := l.Do("POST", "/sandbox/clock", body); status != 400 {
			t.Errorf("%v: %d %s", body, status, b)
		}
	}
	if now := l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string); !strings.HasPrefix(now, "2030-05-02T10:00:0") {
		t.Errorf("the clock is at %s", now)
	}
}

// TestChooseResult ends sessions by API, as any tester may.
func TestChooseResult(t *testing.T) {
	l := testkit.Start(t, "")
	receiver := testkit.NewReceiver(t)
	receiver.Subscribe(l, "IDENTIFICATION")
	ident := l.Identify("Anna")
	choose := func(want string, body testkit.Object) {
		t.Helper()
		if o := l.Call(200, "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", body); o["status"] != want {
			t.Errorf("%v: %v, want %s", body, o["status"], want)
		}
	}
	choose("aborted", testkit.Object{"result": "ABORTED", "reason": "USER_NO_ID"})
	if o := l.Call(200, "GET", ident, nil); o["failure_reason"] != "USER_NO_ID" {
		t.Errorf("reason %v", o["failure_reason"])
	}
	choose("canceled", testkit.Object{"result": "CANCELED", "reason": "A_REASON_OF_TOMORROW"})
	choose("successful", testkit.Object{"result": "SUCCESS"})
	choose("successful", testkit.Object{"result": "SUCCESS"})
	choose("successful", testkit.Object{"result": "ABORTED", "reason": "TECH_VIDEO"}) // not possible any more: kept, changes nothing
	choose("canceled", testkit.Object{"result": "FRAUD_SUSPICION_CONFIRMED"})         // case 3
	if o := l.Call(200, "GET", ident, nil); o["completed_at"] == nil || o["failure_reason"] != "OTHER_MISCELLANEOUS_PERMANENT" {
		t.Errorf("%v", o)
	}
	for status, body := range map[int]testkit.Object{400: {"result": "WHATEVER"}} {
		if got, _, b := l.Do("POST", "/sandbox/identifications/"+path.Base(ident)+"/result", body); got != status {
			t.Errorf("%v: %d %s", body, got, b)
		}
	}
	base := "/v1/persons/" + l.Person("Ben") + "/identifications"
	fresh := l.Call(201, "POST", base, testkit.Object{"method": "idnow"})["id"].(string)
	if got, _, _ := l.Do("POST", "/sandbox/identifications/"+fresh+"/result", testkit.Object{"result": "SUCCESS"}); got != 412 {
		t.Errorf("without a session: %d", got)
	}
	if got, _, _ := l.Do("POST", "/sandbox/identifications/nobody/result", testkit.Object{"result": "SUCCESS"}); got != 404 {
		t.Errorf("unknown: %d", got)
	}
}

// TestEachAttemptIsTold: an attempt that is broken off like the one before is told all the same.
func TestEachAttemptIsTold(t *testing.T) {
	l := testkit.Start(t, "")
	receiver := testkit.NewReceiver(t)
	receiver.Subscribe(l, "IDENTIFICATION")
	ident := l.Identify("Anna")
	for range 2 {
		l.Call(200, "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", testkit.Object{"result": "ABORTED", "reason": "TECH_VIDEO"})
	}
	l.Advance("1s")
	if got := receiver.Statuses(path.Base(ident)); !slices.Equal(got, []string{"created", "pending", "aborted", "aborted"}) {
		t.Errorf("webhooks told %v", got)
	}
}

// TestClockSurvivesARefusal: a start that is refused leaves the clock alone.
func TestClockSurvivesARefusal(t *testing.T) {
	l := testkit.Start(t, "")
	l.Advance("1000h")
	before := l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string)
	l.Restarting(func() {
		key := sandbox.MasterKeyFile(l.Options.Data)
		if err := os.Rename(key, key+".away"); err != nil {
			t.Fatal(err)
		}
		if w, err := sandbox.Open(t.Context(), l.Options); err == nil {
			t.Error("opened without the key", w.Close())
		}
		if err := os.Rename(key+".away", key); err != nil {
			t.Fatal(err)
		}
	})
	if now := l.Call(200, "GET", "/sandbox/clock", nil)["now"].(string); now < before {
		t.Errorf("the clock went back from %s to %s", before, now)
	}
}

// TestChoiceOfASlowProvider: what does not come in time goes on by itself, and
// is no failure of ours.
func TestChoiceOfASlowProvider(t *testing.T) {
	before := sandbox.SetSettleTime(1)
	t.Cleanup(func() { sandbox.SetSettleTime(before) })
	l := testkit.Start(t, "")
	ident := l.Identify("Anna")
	l.Call(200, "POST", "/sandbox/identifications/"+path.Base(ident)+"/result", testkit.Object{"result": "FAILED"})
	l.Advance("1s")
	if s := l.Status(ident); s != "failed" {
		t.Errorf("status %s", s)
	}
}
