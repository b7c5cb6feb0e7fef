package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestPerson sends every field of a person and reads it back.
func TestPerson(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		data := customer("Antonia")
		data.FATCARelevant, data.ExpectedMonthlyRevenueCents = new(false), new(int64(0))
		data.InternationalOperativityExpectation = []string{"DE", "FR"}
		data.FATCACRSConfirmedAt = time.Date(2019, 1, 1, 9, 0, 0, 123e6, time.FixedZone("", 3600))
		data.TaxInformation = client.TaxInformation{TaxAssessment: "JOINT", MaritalStatus: "MARRIED"}
		made := must(w.CreatePerson(w.ctx, data))(t)
		read := must(w.Person(w.ctx, made.ID))(t)
		if fmt.Sprintf("%+v", read.PersonData.Address) != fmt.Sprintf("%+v", data.Address) || read.BirthDate != "1972-12-24" ||
			read.FATCARelevant == nil || *read.FATCARelevant || read.ExpectedMonthlyRevenueCents == nil || *read.ExpectedMonthlyRevenueCents != 0 ||
			!read.FATCACRSConfirmedAt.Equal(data.FATCACRSConfirmedAt) || read.TaxInformation != data.TaxInformation || read.SelfDeclaredAsPEP != nil ||
			read.Email != "" || read.AMLFollowUpDate == "" || read.LegitimationValidUntil != "" {
			t.Errorf("%+v", read)
		}
		same(t, "countries", read.InternationalOperativityExpectation, data.InternationalOperativityExpectation)

		hooks := receive(t)
		hooks.subscribe(w, client.EventPersonChanged)
		patched, request, err := w.PatchPerson(w.ctx, made.ID, client.PersonPatch{Email: "antonia@example.com", Address: client.Address{Line2: "Hinterhaus"}})
		if err != nil || request != nil || patched.Email != "antonia@example.com" || patched.Address.Line2 != "Hinterhaus" || patched.Address.City != "Berlin" {
			t.Errorf("%v %v %+v", err, request, patched)
		}
		w.advance(time.Second)
		events := hooks.all()
		if len(events) != 1 || events[0].EntityID != made.ID || string(events[0].Body) != "{}" {
			t.Errorf("%+v", events)
		}
	})
}

// TestErrors: what is refused says so, each field at once.
func TestErrors(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		_, err := w.Person(w.ctx, "dc1a6812a14f6cc338cd084208535bcdcper")
		refused(t, err, 404, client.CodeModelNotFound)

		_, err = w.CreatePerson(w.ctx, client.PersonData{Salutation: "DIVERS", Address: client.Address{Country: "Germany"}})
		e := refused(t, err, 400, client.CodeInvalidModel)
		same(t, "fields to blame", slices.Sorted(maps.Keys(e.Fields())), []string{"address.country", "salutation"})
		if len(e.Entries) != 2 || e.Entries[0].Status != 400 || e.Entries[0].Message == "" {
			t.Errorf("%+v", e.Entries)
		}

		p := must(w.CreatePerson(w.ctx, client.PersonData{FirstName: "Antonia"}))(t)
		_, err = w.CreateIdentification(w.ctx, p.ID, client.IdentificationData{Method: client.MethodIDnow})
		if e := refused(t, err, 400, client.CodeInvalidModel); e.Fields()["birth_date"] == "" || e.Fields()["last_name"] == "" {
			t.Errorf("%v", e.Fields())
		}
		_, err = w.CreateIdentification(w.ctx, p.ID, client.IdentificationData{Method: client.MethodPostident})
		refused(t, err, 403, client.CodeUnauthorizedAction)
		_, err = w.CreateWebhook(w.ctx, client.EventIdentification, "ftp://bank.example")
		refused(t, err, 400, client.CodeUnsafeWebhookURL)

		i := w.identify("X-AUTOTEST-FRAUDIDENT")
		w.advance(10 * time.Minute)
		_, err = w.RequestIdentification(w.ctx, i.PersonID, i.ID)
		refused(t, err, 412, client.CodeInvalidIdentificationStatus)

		stranger := must(client.New(client.Config{BaseURL: w.live.APIURL, ClientID: "nobody", ClientSecret: "wrong"}))(t)
		_, err = stranger.Person(w.ctx, p.ID)
		refused(t, err, 401, client.CodeInvalidClient)
	})
}

// TestPages walks through lists that are longer than a page.
func TestPages(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		var made []string
		for range 27 {
			made = append(made, w.person("X-AUTOTEST-HAPPYPATH").ID)
		}
		personID := func(p client.Person) string { return p.ID }
		for _, size := range []int{1, 9, 10, 27, 1000} {
			listed := must(client.Collect(w.Persons(w.ctx, client.PageSize(size))))(t)
			same(t, fmt.Sprint("pages of ", size), ids(listed, personID), made)
		}
		var newest []string
		for p, err := range w.Persons(w.ctx, client.NewestFirst, client.PageSize(10)) {
			newest = append(newest, must(p, err)(t).ID)
			if len(newest) == 12 {
				break
			}
		}
		slices.Reverse(newest)
		same(t, "the newest twelve", newest, made[15:])

		_, err := client.Collect(w.Persons(w.ctx, client.PageSize(1001)))
		refused(t, err, 400, client.CodeValidation)
		_, err = client.Collect(w.Documents(w.ctx, "dc1a6812a14f6cc338cd084208535bcdcper"))
		refused(t, err, 404, client.CodeModelNotFound)
		ctx, cancel := context.WithCancel(w.ctx)
		defer cancel()
		var last error
		for _, err := range w.Persons(ctx, client.PageSize(10)) {
			last = err
			cancel()
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("after the cancellation: %v", last)
		}

		for _, id := range made[:3] {
			must(w.CreateIdentification(w.ctx, id, client.IdentificationData{Method: client.MethodIDnow}))(t)
		}
		if all := must(client.Collect(w.Identifications(w.ctx, client.PageSize(2))))(t); len(all) != 3 || all[0].PersonID != made[0] {
			t.Errorf("%d identifications", len(all))
		}
		if all := must(client.Collect(w.IdentificationsOf(w.ctx, made[1])))(t); len(all) != 1 || all[0].PersonID != made[1] {
			t.Errorf("%d identifications of one", len(all))
		}
	})
}

// TestWebhooks: the secret is told once, and what a receiver answers counts.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hook := hooks.subscribe(w, client.EventIdentification)
		hidden := hook
		hidden.Secret = ""
		if got := must(w.Webhook(w.ctx, hook.ID))(t); got != hidden {
			t.Errorf("%+v", got)
		}
		same(t, "webhooks", must(client.Collect(w.Webhooks(w.ctx)))(t), []client.Webhook{hidden})

		// Trouble is tried again, with the same id; a refusal is not.
		hooks.answer = func(e client.Event) error {
			if e.Attempt == 1 {
				return errors.New("not now")
			}
			return client.ErrReject
		}
		p := w.person("X-AUTOTEST-HAPPYPATH")
		must(w.CreateIdentification(w.ctx, p.ID, client.IdentificationData{Method: client.MethodIDnow}))(t)
		w.advance(24 * time.Hour)
		events := hooks.all()
		if len(events) != 2 || events[0].ID != events[1].ID || events[1].Attempt != 2 || events[1].SubscriptionID != hook.ID {
			t.Errorf("%+v", events)
		}

		hooks.answer = func(client.Event) error { return fmt.Errorf("we close: %w", client.ErrUnsubscribe) }
		must(w.CreateIdentification(w.ctx, p.ID, client.IdentificationData{Method: client.MethodIDnow}))(t)
		w.advance(time.Minute)
		_, err := w.Webhook(w.ctx, hook.ID)
		refused(t, err, 404, client.CodeModelNotFound)

		other := hooks.subscribe(w, client.EventPersonChanged)
		if err := w.DeleteWebhook(w.ctx, other.ID); err != nil {
			t.Error(err)
		}
		refused(t, w.DeleteWebhook(w.ctx, other.ID), 404, client.CodeModelNotFound)
	})
}

// TestTokens: one that has aged is renewed, whoever notices, and nobody else does.
func TestTokens(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		p := w.person("X-AUTOTEST-HAPPYPATH")
		other := w.live.Client() // its token ages without its knowledge
		must(other.Person(w.ctx, p.ID))(t)
		w.advance(2 * time.Hour)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got, err := other.Person(w.ctx, p.ID); err != nil || got.ID != p.ID {
					t.Errorf("%v %v", got.ID, err)
				}
			})
		}
		wg.Wait()
		must(w.Person(w.ctx, p.ID))(t)
	})
}

// TestIdempotencyKey: the same key is the same deed; without one, each call is
// a deed of its own.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		first := must(w.CreatePerson(w.ctx, customer("Antonia"), client.IdempotencyKey("order-4711")))(t)
		again := must(w.CreatePerson(w.ctx, customer("Antonia"), client.IdempotencyKey("order-4711")))(t)
		if first.ID != again.ID {
			t.Errorf("two persons of one key")
		}
		_, err := w.CreatePerson(w.ctx, customer("Berta"), client.IdempotencyKey("order-4711"))
		refused(t, err, 422, client.CodeUnprocessable)
		if other := must(w.CreatePerson(w.ctx, customer("Antonia")))(t); other.ID == first.ID {
			t.Errorf("one person of two calls")
		}
	})
}
