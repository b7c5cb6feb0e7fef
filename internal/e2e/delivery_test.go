package e2e

import (
	"errors"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestDeliveries: what became of each notification can be seen, attempt by attempt.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hook := hooks.subscribe(w, client.EventIdentification)
		hooks.answer = func(e client.Event) error {
			switch {
			case e.Attempt == 1:
				return errors.New("not now")
			case len(hooks.events) > 2:
				return client.ErrReject
			}
			return nil
		}
		i := w.identify("X-MANUALTEST-HAPPYPATH") // created, pending
		w.advance(time.Hour)
		all := must(client.Collect(w.Deliveries(w.ctx, hook.ID)))(t)
		events := hooks.all()
		if len(all) != 2 || len(events) != 4 {
			t.Fatalf("%d deliveries, %d events", len(all), len(events))
		}
		for n, want := range []client.DeliveryState{client.DeliveryDelivered, client.DeliveryRejected} {
			d := all[n]
			if d.State != want || d.ID != events[2*n].ID || d.EntityID != i.ID || d.EventType != client.EventIdentification ||
				len(d.Attempts) != 2 || d.Attempts[0].Status != 500 || d.Attempts[1].Number != 2 || d.DeliveredAt.IsZero() != (want == client.DeliveryRejected) {
				t.Errorf("%+v", d)
			}
		}
		rejected := must(client.Collect(w.Deliveries(w.ctx, hook.ID, client.InState(client.DeliveryRejected))))(t)
		if len(rejected) != 1 || rejected[0].ID != all[1].ID {
			t.Errorf("%+v", rejected)
		}
		_, err := client.Collect(w.Deliveries(w.ctx, "4c6f93d4c8d427927257e2ce734a5a10"))
		refused(t, err, 404, client.CodeModelNotFound)
	})
}
