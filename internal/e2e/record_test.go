package e2e

import (
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestRecords: what a person said and did is recorded, as it was sent.
func TestRecords(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		p := w.person("X-AUTOTEST-HAPPYPATH")
		at := time.Date(2022, 9, 21, 10, 0, 0, 0, time.UTC)
		consent := must(w.CreateDeviceConsent(w.ctx, p.ID, client.DeviceConsentData{EventType: client.Approved, ConfirmedAt: at}))(t)
		if consent.ID == "" || consent.PersonID != p.ID || consent.EventType != client.Approved || !consent.ConfirmedAt.Equal(at) || consent.CreatedAt.IsZero() {
			t.Errorf("%+v", consent)
		}
		_, err := w.CreateDeviceConsent(w.ctx, p.ID, client.DeviceConsentData{EventType: client.Approved, ConfirmedAt: time.Now().Add(24 * time.Hour)})
		refused(t, err, 400, client.CodeConstraintViolation)
		changed := must(w.UpdateDeviceConsent(w.ctx, p.ID, consent.ID, client.DeviceConsentData{EventType: client.Rejected, ConfirmedAt: at.Add(time.Hour)}))(t)
		if changed.ID != consent.ID || changed.EventType != client.Rejected || !changed.ConfirmedAt.Equal(at.Add(time.Hour)) {
			t.Errorf("%+v", changed)
		}
		activity := must(w.CreateDeviceActivity(w.ctx, p.ID, client.DeviceActivityData{ActivityType: "APP_START", DeviceData: "Web;" + consent.ID + ";eA==;eQ=="}))(t)
		if activity.ID == "" || activity.PersonID != p.ID || activity.ActivityType != "APP_START" {
			t.Errorf("%+v", activity)
		}
		if got := must(w.CreateSettings(w.ctx, p.ID, client.PersonSettings{Language: "de"}))(t); got.Language != "de" {
			t.Errorf("%+v", got)
		}
		terms := client.TermsEventData{
			DocumentID: "8ac2e3f07c0b4d1f9a6f5d2b1c3e4a5btcdc", EventTimestamp: at, EventType: client.Approved, ProductName: "DIGITAL_BANKING", SignedBy: p.ID,
		}
		event := must(w.CreateTermsEvent(w.ctx, terms))(t)
		if event.ID == "" || event.SignedBy != p.ID || event.DocumentID != terms.DocumentID || !event.EventTimestamp.Equal(at) || event.SignedOnBehalfOf != "" {
			t.Errorf("%+v", event)
		}
		terms.SignedBy = "dc1a6812a14f6cc338cd084208535bcdcper"
		_, err = w.CreateTermsEvent(w.ctx, terms)
		refused(t, err, 404, client.CodeModelNotFound)
	})
}

// TestPapersRunOut: the sandbox's own calls about dates that lie years ahead.
func TestPapersRunOut(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventPotentialAccountBlocking)
		p := w.person("X-AUTOTEST-HAPPYPATH")
		set := must(w.Sandbox().UpdateForDevelopment(w.ctx, p.ID, client.DevelopmentData{AMLFollowUpDate: "2022-10-01", BirthCity: "Köln"}))(t)
		if set.AMLFollowUpDate != "2022-10-01" || set.BirthCity != "Köln" || set.AMLConfirmedOn != "" {
			t.Errorf("%+v", set)
		}
		if check := must(w.Sandbox().TestIDDocumentUpdate(w.ctx, p.ID))(t); !check.DocumentValid || check.Action != "" {
			t.Errorf("no document is known: %+v", check)
		}
		i := w.identify("X-AUTOTEST-HAPPYPATH")
		w.advance(5 * time.Minute)
		until := must(w.Person(w.ctx, i.PersonID))(t).LegitimationValidUntil
		if until == "" {
			t.Fatal("nobody knows until when the identity document is good")
		}
		must(w.Sandbox().MoveTo(w.ctx, must(until.Time())(t).AddDate(0, 0, -10)))(t)
		if check := must(w.Sandbox().TestIDDocumentUpdate(w.ctx, i.PersonID))(t); check.DocumentValid || check.Action == "" {
			t.Errorf("ten days before the end: %+v", check)
		}
		w.advance(time.Second)
		events := hooks.all()
		if len(events) == 0 || events[0].EntityID != i.PersonID {
			t.Fatalf("%+v", events)
		}
		var expiry client.DocumentExpiryEvent
		if err := events[0].Read(&expiry); err != nil || expiry.BlockingDate != until || expiry.Reason == "" {
			t.Errorf("%+v %v", expiry, err)
		}
	})
}
