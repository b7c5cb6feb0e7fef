package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// changeRequests: what is written comes back, a stale version is refused, and
// another partner finds nothing.
func changeRequests(t *testing.T, s kyc.Store, clock *Clock) {
	now := clock.Now()
	want := kyc.ChangeRequest{
		ID: "c1", PartnerID: "p", PersonID: "anna", Kind: kyc.ChangePerson, TargetID: "anna", Change: []byte{0, 1, 255}, Device: []byte{7},
		Status: kyc.ChangeConfirmationRequired, OTP: kyc.OTP{Sealed: []byte{1, 2}, Wrong: 3, ExpiresAt: now.Add(time.Minute)},
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
	do(t, s, func(tx kyc.Tx) error { return tx.ChangeRequests().Insert(want) })
	find := func(partner string) (r kyc.ChangeRequest, err error) {
		err = s.View(t.Context(), func(v kyc.View) error { r, err = v.ChangeRequests().Find(partner, "c1"); return err })
		return r, err
	}
	if got, err := find("p"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := find("q"); !kyc.IsKind(err, kyc.NotFound) {
		t.Errorf("another partner: %v", err)
	}
	want.Status, want.Change, want.OTP = kyc.ChangeCompleted, nil, kyc.OTP{}
	do(t, s, func(tx kyc.Tx) error { return tx.ChangeRequests().Update(want) })
	err := s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.ChangeRequests().Update(want) })
	if !kyc.IsKind(err, kyc.Conflict) {
		t.Errorf("a stale version: %v", err)
	}
	want.Version = 2
	if got, err := find("p"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	do(t, s, func(tx kyc.Tx) error { return tx.ChangeRequests().Purge(now) })
	if _, err := find("p"); err != nil {
		t.Errorf("purged too early: %v", err)
	}
	do(t, s, func(tx kyc.Tx) error { return tx.ChangeRequests().Purge(now.Add(time.Microsecond)) })
	if _, err := find("p"); !kyc.IsKind(err, kyc.NotFound) {
		t.Errorf("not purged: %v", err)
	}
}

// mobileNumbers: a person has one at most.
func mobileNumbers(t *testing.T, s kyc.Store, clock *Clock) {
	now := clock.Now()
	want := kyc.MobileNumber{ID: "m1", PartnerID: "p", PersonID: "anna", Number: "+49301", Device: []byte{9}, CreatedAt: now, Version: 1}
	do(t, s, func(tx kyc.Tx) error { return tx.MobileNumbers().Insert(want) })
	second := want
	second.ID = "m2"
	if err := s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.MobileNumbers().Insert(second) }); !kyc.IsKind(err, kyc.Conflict) {
		t.Errorf("a second number: %v", err)
	}
	changed := want
	changed.Verified, changed.OTP = true, kyc.OTP{Sealed: []byte{1}, Wrong: 1, ExpiresAt: now}
	changed.Wrong, changed.WrongSince = 2, now.Add(time.Hour)
	do(t, s, func(tx kyc.Tx) error { return tx.MobileNumbers().Update(changed) })
	if err := s.Tx(t.Context(), func(tx kyc.Tx) error { return tx.MobileNumbers().Update(changed) }); !kyc.IsKind(err, kyc.Conflict) {
		t.Errorf("a stale version: %v", err)
	}
	changed.Version = 2
	read := func(person string) (m kyc.MobileNumber, ok bool) {
		see(t, s, func(v kyc.View) (err error) { m, ok, err = v.MobileNumbers().OfPerson(person); return err })
		return m, ok
	}
	if got, ok := read("anna"); !ok || !reflect.DeepEqual(got, changed) {
		t.Errorf("%v %+v", ok, got)
	}
	if _, ok := read("berta"); ok {
		t.Error("of somebody else")
	}
	do(t, s, func(tx kyc.Tx) error { return tx.MobileNumbers().Delete("anna") })
	if _, ok := read("anna"); ok {
		t.Error("not deleted")
	}
}

// messages: they are counted by number and time, and purged by age.
func messages(t *testing.T, s kyc.Store, clock *Clock) {
	now := clock.Now()
	m := kyc.Message{
		PartnerID: "p", PersonID: "anna", Number: "+49301", Sealed: []byte{1, 0}, State: kyc.MessageQueued,
		CreatedAt: now, QueuedAt: now.Add(time.Hour), ExpiresAt: now.Add(time.Minute),
	}
	for n, id := range []string{"a", "b", "c"} {
		m.ID, m.QueuedAt = id, now.Add(time.Duration(n)*time.Hour)
		if id == "c" {
			m.Number = "+49302"
		}
		do(t, s, func(tx kyc.Tx) error { return tx.Messages().Insert(m) })
	}
	do(t, s, func(tx kyc.Tx) error { return tx.Messages().Settle("c", kyc.MessageSent, now.Add(time.Second)) })
	m.State, m.SentAt = kyc.MessageSent, now.Add(time.Second)
	see(t, s, func(v kyc.View) error {
		if got, err := v.Messages().Get("c"); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%+v %v", got, err)
		}
		for since, want := range map[time.Duration]int{-time.Hour: 2, 0: 1, time.Hour: 0} {
			if n, err := v.Messages().SentTo("+49301", "", now.Add(since)); err != nil || n != want {
				t.Errorf("since %s: %d %v, want %d", since, n, err, want)
			}
		}
		for person, want := range map[string]int{"anna": 2, "ben": 0} {
			if n, err := v.Messages().SentTo("+49301", person, now.Add(-time.Hour)); err != nil || n != want {
				t.Errorf("for %s: %d %v, want %d", person, n, err, want)
			}
		}
		list, err := v.Messages().List("", kyc.Page{Limit: 2, Newest: true})
		if err != nil || len(list) != 2 || list[0].ID != "c" || list[1].ID != "b" {
			t.Errorf("%v %v", list, err)
		}
		list, err = v.Messages().List("+49301", kyc.Page{Limit: 2, Newest: true})
		if err != nil || len(list) != 2 || list[0].ID != "b" || list[1].ID != "a" {
			t.Errorf("of one number: %v %v", list, err)
		}
		if n, err := v.Messages().Count("+49302", 9); n != 1 || err != nil {
			t.Errorf("of another number: %d %v", n, err)
		}
		n, err := v.Messages().Count("", 2)
		if n != 2 {
			t.Errorf("counted %d", n)
		}
		return err
	})
	do(t, s, func(tx kyc.Tx) error { return tx.Messages().Purge(now.Add(time.Microsecond)) })
	see(t, s, func(v kyc.View) error {
		if n, err := v.Messages().Count("", 10); err != nil || n != 0 {
			t.Errorf("%d are left: %v", n, err)
		}
		return nil
	})
}
