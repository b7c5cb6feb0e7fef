package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestReplay: a replay can make the state of a notification better and never
// worse, starts no retries, and has nothing to send of a person who was erased.
func TestReplay(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		wall := clock.Real{}
		store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Clock: wall})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		master, err := seal.NewMaster("MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=")
		if err != nil {
			t.Fatal(err)
		}
		service := &flow.Service{Store: store, Clock: wall, Wall: wall, Master: master}
		do := func(fn func(tx kyc.Tx) error) {
			t.Helper()
			if err := store.Tx(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		sealed, err := master.Seal([]byte("secret"), "secret of s")
		if err != nil {
			t.Fatal(err)
		}
		do(func(tx kyc.Tx) error {
			return tx.Subscriptions().Insert(kyc.Subscription{ID: "s", PartnerID: "p", EventType: "E", URL: "https://x", SealedSecret: sealed})
		})
		before, later := time.UnixMicro(1_000_000).UTC(), time.UnixMicro(9_000_000).UTC()
		for name, c := range map[string]struct {
			state     kyc.NotificationState
			attempts  int
			answer    int
			want      kyc.NotificationState
			delivered time.Time
		}{
			"delivered, fails":           {kyc.Delivered, 1, 500, kyc.Delivered, before},
			"delivered, refused":         {kyc.Delivered, 1, 422, kyc.Delivered, before},
			"delivered, again":           {kyc.Delivered, 1, 204, kyc.Delivered, later},
			"rejected, succeeds":         {kyc.Refused, 3, 200, kyc.Delivered, later},
			"rejected, fails":            {kyc.Refused, 3, 503, kyc.Refused, time.Time{}},
			"exhausted, succeeds":        {kyc.Exhausted, flow.MaxAttempts, 200, kyc.Delivered, later},
			"exhausted, refused":         {kyc.Exhausted, flow.MaxAttempts, 422, kyc.Exhausted, time.Time{}},
			"exhausted, without answer":  {kyc.Exhausted, flow.MaxAttempts, 0, kyc.Exhausted, time.Time{}},
			"exhausted, replayed before": {kyc.Exhausted, flow.MaxAttempts + 4, 500, kyc.Exhausted, time.Time{}},
		} {
			n := kyc.Notification{ID: name, PartnerID: "p", SubscriptionID: "s", EntityID: "i", Body: []byte("{}"), State: c.state, Attempts: c.attempts, FirstAttemptAt: before}
			if c.state == kyc.Delivered {
				n.DeliveredAt = before
			}
			do(func(tx kyc.Tx) error { return tx.Outbox().Insert(n) })
			if _, err := flow.Replay(t.Context(), store, n.ID); err != nil {
				t.Fatal(err)
			}
			d, ok, err := service.Delivery(t.Context(), leased(t, store, kyc.ReplayDelivery, n.ID))
			if err != nil || !ok || d.Attempt != c.attempts+1 || d.Secret != "secret" {
				t.Fatalf("%s: %t %v %+v", name, ok, err, d)
			}
			if err := service.Record(t.Context(), d, kyc.Attempt{NotificationID: n.ID, Number: d.Attempt, At: later, Status: c.answer}); err != nil {
				t.Fatal(err)
			}
			see(t, store, func(v kyc.View) error {
				got, err := v.Outbox().Get(n.ID)
				if err != nil || got.State != c.want || !got.DeliveredAt.Equal(c.delivered) || got.Attempts != c.attempts+1 || !got.FirstAttemptAt.Equal(before) {
					t.Errorf("%s: %+v %v", name, got, err)
				}
				for _, kind := range []kyc.JobKind{kyc.Deliver, kyc.ReplayDelivery} {
					if j, there, err := v.Jobs().Find(kind, n.ID); there || err != nil {
						t.Errorf("%s: a job is left: %+v %v", name, j, err)
					}
				}
				sub, err := v.Subscriptions().Get("s")
				if sub.Paused {
					t.Errorf("%s paused the subscription", name)
				}
				return err
			})
		}
		erased := kyc.Notification{ID: "erased", PartnerID: "p", SubscriptionID: "s", EntityID: "i", Body: []byte{}, State: kyc.Delivered}
		do(func(tx kyc.Tx) error {
			if err := tx.Outbox().Insert(erased); err != nil {
				return err
			}
			return tx.Jobs().Add(kyc.Job{Kind: kyc.ReplayDelivery, Key: erased.ID, Owner: "s"}) // it was erased after that
		})
		if _, err := flow.Replay(t.Context(), store, erased.ID); !kyc.IsKind(err, kyc.PreconditionFailed) || !strings.Contains(err.Error(), "erased") {
			t.Errorf("%v", err)
		}
		if _, ok, err := service.Delivery(t.Context(), leased(t, store, kyc.ReplayDelivery, erased.ID)); ok || err != nil {
			t.Errorf("something is to be sent of it: %v", err)
		}
	})
}

// leased takes a job as the runner does.
func leased(t *testing.T, store kyc.Store, kind kyc.JobKind, key string) (j kyc.Job) {
	t.Helper()
	now := clock.Real{}.Now()
	err := store.Tx(t.Context(), func(tx kyc.Tx) (err error) {
		var ok bool
		j, ok, err = tx.Jobs().Take(kind, key, now, now.Add(time.Minute))
		if !ok {
			t.Errorf("there is no job %s %s", kind, key)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func see(t *testing.T, store kyc.Store, fn func(kyc.View) error) {
	t.Helper()
	if err := store.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}
