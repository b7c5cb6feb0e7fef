package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// deliveries: notifications are listed by state, without bodies, with the
// attempts and jobs of as many as are asked for.
func deliveries(t *testing.T, s kyc.Store, clock *Clock) {
	const many = 250 // more than one look-up takes
	var ids []string
	do(t, s, func(tx kyc.Tx) error {
		ids = nil
		for n := range many {
			id := fmt.Sprintf("n%03d", n)
			ids = append(ids, id)
			x := kyc.Notification{ID: id, PartnerID: "p", SubscriptionID: "s", Body: []byte("{}"), State: kyc.Queued, CreatedAt: clock.Now()}
			if err := tx.Outbox().Insert(x); err != nil {
				return err
			}
			if err := tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: id, Owner: "s", DueAt: clock.Now()}); err != nil {
				return err
			}
		}
		return tx.Jobs().Add(kyc.Job{Kind: kyc.ReplayDelivery, Key: ids[0], Owner: "s", DueAt: clock.Now()})
	})
	at := clock.Now().Add(time.Second)
	do(t, s, func(tx kyc.Tx) error {
		for n, id := range ids[:3] {
			x, err := tx.Outbox().Get(id)
			if err != nil {
				return err
			}
			if string(x.Body) != "{}" || !x.DeliveredAt.IsZero() {
				t.Errorf("%+v", x)
			}
			x.State, x.Attempts, x.FirstAttemptAt = []kyc.NotificationState{kyc.Delivered, kyc.Refused, kyc.Exhausted}[n], 2, at
			if x.State == kyc.Delivered {
				x.DeliveredAt = at
			}
			for number := range 2 {
				a := kyc.Attempt{NotificationID: id, Number: number + 1, At: at, Duration: time.Millisecond, Status: 500 + number, Answer: "ü"}
				if err := tx.Outbox().Record(x, a); err != nil {
					return err
				}
			}
		}
		return nil
	})
	see(t, s, func(v kyc.View) error {
		for state, want := range map[kyc.NotificationState]int{"": many, kyc.Refused: 1, kyc.Exhausted: 1} {
			f := kyc.NotificationFilter{SubscriptionID: "s", State: state}
			n, err := v.Outbox().Count(f, 10*many)
			if err != nil {
				return err
			}
			list, err := v.Outbox().List(f, kyc.Page{Limit: 10 * many})
			if err != nil {
				return err
			}
			if n != want || len(list) != want || len(list) > 0 && list[0].Body != nil {
				t.Errorf("%q: %d and %d, want %d: %+v", state, n, len(list), want, list)
			}
		}
		newest, err := v.Outbox().List(kyc.NotificationFilter{SubscriptionID: "s"}, kyc.Page{Limit: 1, Newest: true})
		if err != nil || newest[0].ID != ids[many-1] {
			t.Errorf("the newest is %v %v", newest, err)
		}
		if n, err := v.Outbox().Count(kyc.NotificationFilter{SubscriptionID: "other"}, 9); n != 0 || err != nil {
			t.Errorf("another has %d %v", n, err)
		}
		made, err := v.Outbox().Attempts(ids...)
		if err != nil || len(made) != 6 || made[0].NotificationID != ids[0] || made[1].Number != 2 || made[1].Answer != "ü" {
			t.Errorf("attempts %+v %v", made, err)
		}
		none, err := v.Outbox().Attempts()
		if err != nil || len(none) != 0 {
			t.Errorf("attempts of none: %v %v", none, err)
		}
		first, err := v.Outbox().Get(ids[0])
		if err != nil || !first.DeliveredAt.Equal(at) {
			t.Errorf("%+v %v", first, err)
		}
		orphan, nobody, err := v.Outbox().ToSend(ids[0])
		if !kyc.IsKind(err, kyc.NotFound) || orphan.ID != ids[0] || nobody.ID != "" {
			t.Errorf("without its subscription: %+v %+v %v", orphan, nobody, err)
		}
		for kind, want := range map[kyc.JobKind]int{kyc.Deliver: many, kyc.ReplayDelivery: 1} {
			jobs, err := v.Jobs().FindAll(kind, ids)
			if err != nil || len(jobs) != want {
				t.Errorf("%s: %d jobs, want %d: %v", kind, len(jobs), want, err)
			}
		}
		return nil
	})
}
