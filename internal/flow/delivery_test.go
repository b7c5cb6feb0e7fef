package flow_test

import (
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestUnsubscribedMeanwhile: on PostgreSQL a change that began before its
// subscription was removed may commit after that. What it queued goes with its
// job, or it would be queued for ever.
func TestUnsubscribedMeanwhile(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		wall := clock.Real{}
		store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Clock: wall})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		n := kyc.Notification{ID: "n", PartnerID: "p", SubscriptionID: "gone", EventType: kyc.EventIdentification, EntityID: "i", Body: []byte("{}"), State: kyc.Queued}
		var j kyc.Job
		err = store.Tx(t.Context(), func(tx kyc.Tx) (err error) {
			if err := tx.Outbox().Insert(n); err != nil {
				return err
			}
			j, _, err = tx.Jobs().AddLeased(kyc.Job{Kind: kyc.Deliver, Key: n.ID, Owner: "gone", Lane: "gone/i", Blocking: true, DueAt: tx.Now()}, wall.Now().Add(time.Minute))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		service := &flow.Service{Store: store, Clock: wall, Wall: wall}
		if _, ok, err := service.Delivery(t.Context(), j); ok || err != nil {
			t.Fatalf("something is to be sent: %t, %v", ok, err)
		}
		err = store.View(t.Context(), func(v kyc.View) error {
			if _, there, err := v.Jobs().Find(kyc.Deliver, n.ID); there || err != nil {
				t.Errorf("the job is there: %t, %v", there, err)
			}
			_, err := v.Outbox().Get(n.ID)
			return err
		})
		if !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("the notification is still queued: %v", err)
		}
	})
}
