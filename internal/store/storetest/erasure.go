package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// agreed: what a customer agreed to is read back, by its own person only.
func agreed(t *testing.T, s kyc.Store, c *Clock) {
	d := kyc.DeviceConsent{ID: "d", PersonID: "anna", EventType: "APPROVED", ConfirmedAt: c.Now().Add(-time.Hour), CreatedAt: c.Now()}
	do(t, s, func(tx kyc.Tx) error {
		return errors.Join(
			tx.Consents().InsertDevice(d), tx.Consents().PutLanguage("anna", "de"), tx.Consents().PutLanguage("anna", "en"),
			tx.Consents().InsertActivity(kyc.DeviceActivity{ID: "a", PersonID: "anna", ActivityType: "APP_START", DeviceData: []byte{1}, CreatedAt: c.Now()}),
			tx.Consents().InsertTerms(kyc.TermsEvent{ID: "t", SignedBy: "anna", EventAt: c.Now(), CreatedAt: c.Now()}))
	})
	d.EventType, d.ConfirmedAt = "REJECTED", c.Now()
	do(t, s, func(tx kyc.Tx) error { return tx.Consents().UpdateDevice(d) })
	see(t, s, func(v kyc.View) error {
		if _, err := v.Consents().Device("ben", "d"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("under another person: %v", err)
		}
		got, err := v.Consents().Device("anna", "d")
		if got != d {
			t.Errorf("%+v, want %+v", got, d)
		}
		return err
	})
}

// known puts a person with one of everything in.
func known(t *testing.T, s kyc.Store, c *Clock, id string) {
	t.Helper()
	do(t, s, func(tx kyc.Tx) error {
		return errors.Join(
			tx.Persons().Insert(kyc.Person{ID: id, PartnerID: "p", Attributes: kyc.Attributes{"email": "e"}, CreatedAt: c.Now()}, []byte("key")),
			tx.Identifications().Insert(kyc.Identification{ID: "i" + id, PartnerID: "p", PersonID: id, State: kyc.Pending, URL: "u", Address: `{"city":"x"}`}),
			tx.Documents().Insert(kyc.Document{ID: "d" + id, PartnerID: "p", PersonID: id, IdentificationID: "i" + id, Name: "n", Blob: "b" + id}),
			tx.Findings().Insert(kyc.FindingRecord{IdentificationID: "i" + id, Fingerprint: "f", Raw: []byte{1}, Archive: "a" + id}),
			tx.History().Add(kyc.Entry{PartnerID: "p", PersonID: id, Event: "e", Details: `{"email":"e"}`}),
			tx.Replays().Insert(kyc.Replay{PartnerID: "p", Key: "k" + id, PersonID: id, RequestHash: []byte{1}, Body: []byte("{}")}),
			tx.Outbox().Insert(kyc.Notification{ID: "n" + id, PartnerID: "p", SubscriptionID: "s", EntityID: id, Body: []byte("{}"), State: kyc.Queued}),
			tx.Jobs().Add(kyc.Job{Kind: kyc.Deliver, Key: "n" + id, Owner: "s"}), tx.Jobs().Add(kyc.Job{Kind: kyc.Expire, Key: "i" + id}))
	})
}

// blanked: of an erased person nothing can be read and found, of its neighbour all.
func blanked(t *testing.T, s kyc.Store, c *Clock) {
	known(t, s, c, "anna")
	known(t, s, c, "ben")
	do(t, s, func(tx kyc.Tx) error {
		return errors.Join(tx.Erasures().Blank("anna"), tx.Erasures().Keep("anna", []byte{7}, c.Now().Add(time.Hour)))
	})
	see(t, s, func(v kyc.View) error {
		for id, there := range map[string]bool{"anna": false, "ben": true} {
			_, err1 := v.Persons().Get("p", id)
			_, err2 := v.Persons().Get("", id)
			_, err3 := v.Identifications().Get("i" + id)
			_, err4 := v.Documents().Find("p", id, "d"+id)
			_, err5 := v.Outbox().Get("n" + id)
			if (err1 == nil) != there || !kyc.IsKind(err2, kyc.NotFound) || (err3 == nil) != there || (err4 == nil) != there || (err5 == nil) != there {
				t.Errorf("%s: %v, %v, %v, %v, %v", id, err1, err2, err3, err4, err5)
			}
			if forgotten, err := v.Erasures().Forgotten("i" + id); err != nil || forgotten == there {
				t.Errorf("%s is forgotten: %t %v", id, forgotten, err)
			}
			_, deliver, err := v.Jobs().Find(kyc.Deliver, "n"+id)
			_, expire, err6 := v.Jobs().Find(kyc.Expire, "i"+id)
			r, ok, err7 := v.Replays().Find("p", "k"+id)
			lines, err8 := v.History().OfPerson(id)
			if err := errors.Join(err, err6, err7, err8); err != nil || !ok || len(lines) != 1 {
				t.Fatal(err, ok, lines)
			}
			if deliver != there || expire != there || (len(r.Body) > 0) != there || (len(r.RequestHash) > 0) != there || (lines[0].Details != "{}") != there {
				t.Errorf("%s: %t %t %+v %+v", id, deliver, expire, r, lines[0])
			}
		}
		list, err := v.Persons().List("p", kyc.Page{Limit: 9})
		n, err2 := v.Identifications().Count(kyc.IdentificationFilter{PartnerID: "p"}, 9)
		if len(list) != 1 || n != 1 {
			t.Errorf("%d persons and %d identifications are listed", len(list), n)
		}
		p, err3 := v.Erasures().Subject("anna")
		if p.ErasedAt != c.Now() || p.KeepUntil != c.Now().Add(time.Hour) || string(p.Record) != "\x07" || p.PartnerID != "" || len(p.Attributes) != 0 {
			t.Errorf("%+v", p)
		}
		all, err4 := v.Erasures().Behind(p.Seq, 9)
		if len(all) != 1 || all[0].ID != "ben" {
			t.Errorf("behind anna: %+v", all)
		}
		return errors.Join(err, err2, err3, err4)
	})
	var blobs []string
	do(t, s, func(tx kyc.Tx) (err error) { blobs, err = tx.Erasures().Destroy("anna"); return err })
	if len(blobs) != 2 {
		t.Errorf("nobody can read any more %v", blobs)
	}
	see(t, s, func(v kyc.View) error {
		p, err := v.Erasures().Subject("anna")
		if p.Record != nil || !p.KeepUntil.IsZero() || p.ErasedAt.IsZero() {
			t.Errorf("%+v", p)
		}
		if _, err := v.Persons().Key("anna"); !kyc.IsKind(err, kyc.NotFound) {
			t.Errorf("the key: %v", err)
		}
		named, err2 := v.Documents().Blobs([]string{"banna", "bben"})
		if len(named) != 1 {
			t.Errorf("%v", named)
		}
		return errors.Join(err, err2)
	})
}

// blankedOfBefore: stored answers that do not say whose they are are found by the
// id with which they begin.
func blankedOfBefore(t *testing.T, s kyc.Store, c *Clock) {
	anna, ben := strings.Repeat("a", 32)+"cper", strings.Repeat("b", 32)+"cper"
	bodies := map[string]string{
		"person": `{"id":"` + anna + `","email":"e"}`, "identification": `{"id":"` + strings.Repeat("1", 32) + `cidt","address":{}}`,
		"neighbour": `{"id":"` + ben + `","email":"e"}`,
	}
	do(t, s, func(tx kyc.Tx) error {
		for _, id := range []string{anna, ben} {
			if err := tx.Persons().Insert(kyc.Person{ID: id, PartnerID: "p", CreatedAt: c.Now()}, []byte("key")); err != nil {
				return err
			}
		}
		for n := range 120 { // more than one query looks for
			i := kyc.Identification{ID: fmt.Sprintf("%032dcidt", n), PartnerID: "p", PersonID: anna, State: kyc.Pending, Address: "{}"}
			if n == 119 {
				i.ID = strings.Repeat("1", 32) + "cidt"
			}
			if err := tx.Identifications().Insert(i); err != nil {
				return err
			}
		}
		for key, body := range bodies {
			if err := tx.Replays().Insert(kyc.Replay{PartnerID: "p", Key: key, RequestHash: []byte{1}, Body: []byte(body)}); err != nil {
				return err
			}
		}
		return nil
	})
	do(t, s, func(tx kyc.Tx) error { return tx.Erasures().Blank(anna) })
	see(t, s, func(v kyc.View) error {
		for key := range bodies {
			r, ok, err := v.Replays().Find("p", key)
			gone := len(r.Body) == 0 && len(r.RequestHash) == 0 && r.PersonID == anna
			if err != nil || !ok || gone != (key != "neighbour") {
				t.Errorf("%s: %+v %t %v", key, r, ok, err)
			}
		}
		return nil
	})
}

// erasedOnce: what is written at the same moment as an erasure is blanked by it,
// or not written.
func erasedOnce(t *testing.T, s kyc.Store, c *Clock) {
	known(t, s, c, "anna")
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			id := string(rune('a' + n))
			err := s.Tx(t.Context(), func(tx kyc.Tx) error {
				return tx.Identifications().Insert(kyc.Identification{ID: id, PartnerID: "p", PersonID: "anna", State: kyc.Created, IBAN: "iban", Address: "{}"})
			})
			if err != nil && !kyc.IsKind(err, kyc.Conflict) {
				t.Error(err)
			}
			err = s.Tx(t.Context(), func(tx kyc.Tx) error {
				if _, err := tx.Persons().Get("p", "anna"); err != nil {
					return err
				}
				return tx.Consents().InsertDevice(kyc.DeviceConsent{ID: "c" + id, PersonID: "anna", EventType: "APPROVED"})
			})
			if err != nil && !kyc.IsKind(err, kyc.NotFound) {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		err := s.Tx(t.Context(), func(tx kyc.Tx) error {
			if _, err := tx.Erasures().Subject("anna"); err != nil {
				return err
			}
			return tx.Erasures().Blank("anna")
		})
		if err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	see(t, s, func(v kyc.View) error {
		all, err := v.Erasures().Identifications("anna")
		for _, i := range all {
			if i.IBAN != "" || i.PartnerID != "" {
				t.Errorf("%+v came through", i)
			}
		}
		for n := range 8 {
			if d, err := v.Consents().Device("anna", "c"+string(rune('a'+n))); err == nil {
				t.Errorf("%+v came through", d)
			}
		}
		return err
	})
}
