package e2e

import (
	"regexp"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// password is the one of the last text message to the number.
func (w *world) password(number string) string {
	w.t.Helper()
	w.advance(time.Second) // so that it is sent
	for m, err := range w.Sandbox().Messages(w.ctx, client.NewestFirst) {
		if must(m, err)(w.t); m.Number == number {
			if found := sixDigits.FindString(m.Text); found != "" {
				return found
			}
		}
	}
	w.t.Fatalf("no password was sent to %s", number)
	return ""
}

// reachable gives the person a verified mobile number.
func (w *world) reachable(personID, number string) {
	w.t.Helper()
	must(w.CreateMobileNumber(w.ctx, personID, client.MobileNumberData{Number: number}))(w.t)
	must(w.AuthorizeMobileNumber(w.ctx, personID, number))(w.t)
	if n := must(w.ConfirmMobileNumber(w.ctx, personID, number, w.password(number)))(w.t); !n.Verified {
		w.t.Fatalf("%+v", n)
	}
}

// wrong is a password that is not the right one.
func wrong(right string) string {
	if right == "000000" {
		return "000001"
	}
	return "000000"
}

// TestMobileNumber: created, verified by a password, removed with consent.
func TestMobileNumber(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventPersonMobileNumberCreated)
		hooks.subscribe(w, client.EventPersonMobileNumberDeleted)
		p := must(w.CreatePerson(w.ctx, customer("Antonia")))(t)
		_, err := w.MobileNumber(w.ctx, p.ID)
		refused(t, err, 404, client.CodeModelNotFound)

		const number = "+4930123456"
		made := must(w.CreateMobileNumber(w.ctx, p.ID, client.MobileNumberData{Number: "+49 30 123-456"}))(t)
		if made.Number != number || made.Verified || made.ID == "" {
			t.Errorf("%+v", made)
		}
		_, err = w.CreateMobileNumber(w.ctx, p.ID, client.MobileNumberData{Number: "+4930654321"})
		refused(t, err, 409, client.CodeMobileNumberExists)
		must(w.AuthorizeMobileNumber(w.ctx, p.ID, number))(t)
		password := w.password(number)
		_, err = w.ConfirmMobileNumber(w.ctx, p.ID, number, wrong(password))
		refused(t, err, 403, client.CodeInvalidTAN)
		must(w.ConfirmMobileNumber(w.ctx, p.ID, number, password))(t)
		if n := must(w.MobileNumber(w.ctx, p.ID))(t); n != (client.MobileNumber{ID: made.ID, Number: number, Verified: true}) {
			t.Errorf("%+v", n)
		}

		_, request, err := w.DeleteMobileNumber(w.ctx, p.ID, number)
		if err != nil || request == nil || request.Status != client.ChangeAuthorizationRequired {
			t.Fatalf("%+v %v", request, err)
		}
		must(w.AuthorizeChangeRequest(w.ctx, request.ID, client.ChangeAuthorization{PersonID: p.ID}))(t)
		done := must(w.ConfirmChangeRequest(w.ctx, request.ID, client.ChangeConfirmation{PersonID: p.ID, TAN: w.password(number)}))(t)
		var gone client.MobileNumber
		if err := done.Changed(&gone); err != nil || gone.ID != made.ID {
			t.Errorf("%+v %v", gone, err)
		}
		_, err = w.MobileNumber(w.ctx, p.ID)
		refused(t, err, 404, client.CodeModelNotFound)

		// One that was never verified goes at once.
		must(w.CreateMobileNumber(w.ctx, p.ID, client.MobileNumberData{Number: number}))(t)
		if n, request, err := w.DeleteMobileNumber(w.ctx, p.ID, number); err != nil || request != nil || n.Number != number {
			t.Errorf("%+v %+v %v", n, request, err)
		}
		w.advance(time.Second)
		told := map[client.EventType]int{}
		for _, e := range hooks.all() {
			told[e.Type]++
		}
		if len(told) != 2 || told[client.EventPersonMobileNumberCreated] != 2 || told[client.EventPersonMobileNumberDeleted] != 2 {
			t.Errorf("told %v", told)
		}
	})
}

// TestChangeRequest: what is set changes with the person's consent, and not before.
func TestChangeRequest(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventPersonChanged)
		p := must(w.CreatePerson(w.ctx, customer("Antonia")))(t)
		patch := client.PersonPatch{Address: client.Address{Line1: "Nebenstraße 2"}}
		_, _, err := w.PatchPerson(w.ctx, p.ID, patch)
		refused(t, err, 403, client.CodeUnauthorizedChangeRequest)

		const number = "+4930123456"
		w.reachable(p.ID, number)
		_, request, err := w.PatchPerson(w.ctx, p.ID, patch)
		if err != nil || request == nil || request.Status != client.ChangeAuthorizationRequired || request.URL == "" {
			t.Fatalf("%+v %v", request, err)
		}
		if err := request.Changed(&p); err == nil {
			t.Error("changed before it was confirmed")
		}
		authorized := must(w.AuthorizeChangeRequest(w.ctx, request.ID, client.ChangeAuthorization{PersonID: p.ID, DeliveryMethod: client.DeliverMobileNumber}))(t)
		if authorized.Status != client.ChangeConfirmationRequired {
			t.Errorf("%+v", authorized)
		}
		tan := w.password(number)
		_, err = w.ConfirmChangeRequest(w.ctx, request.ID, client.ChangeConfirmation{PersonID: p.ID, TAN: wrong(tan)})
		refused(t, err, 403, client.CodeInvalidTAN)
		if line := must(w.Person(w.ctx, p.ID))(t).Address.Line1; line != "Hauptstraße 1" {
			t.Errorf("changed without consent: %s", line)
		}
		done := must(w.ConfirmChangeRequest(w.ctx, request.ID, client.ChangeConfirmation{PersonID: p.ID, TAN: tan}))(t)
		var now client.Person
		if err := done.Changed(&now); err != nil || done.Status != client.ChangeCompleted || now.Address.Line1 != "Nebenstraße 2" || now.Address.City != "Berlin" {
			t.Errorf("%+v %v", done, err)
		}
		if now.Address != must(w.Person(w.ctx, p.ID))(t).Address {
			t.Errorf("the answer is not what is stored: %+v", now.Address)
		}
		w.advance(time.Second)
		if events := hooks.all(); len(events) != 1 || events[0].EntityID != p.ID {
			t.Errorf("%+v", events)
		}

		// Too old, and not there at all.
		_, request, err = w.PatchPerson(w.ctx, p.ID, client.PersonPatch{Address: client.Address{City: "Potsdam"}})
		if err != nil {
			t.Fatal(err)
		}
		w.advance(6 * time.Minute)
		_, err = w.AuthorizeChangeRequest(w.ctx, request.ID, client.ChangeAuthorization{PersonID: p.ID, DeliveryMethod: client.DeliverStatic})
		refused(t, err, 422, client.CodeUnprocessable)
		_, err = w.AuthorizeChangeRequest(w.ctx, "2f6a1d4c0b7e4f52a3c8d9e0f1b2a3c4csc", client.ChangeAuthorization{PersonID: p.ID})
		refused(t, err, 404, client.CodeModelNotFound)
	})
}
