package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestTaxIdentifications: one for each country, one of them primary, and changed
// with the person's consent.
func TestTaxIdentifications(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventPersonTaxIdentificationChanged)
		p := must(w.CreatePerson(w.ctx, customer("Antonia")))(t)
		german := must(w.CreateTaxIdentification(w.ctx, p.ID, client.TaxIdentificationData{Country: "DE", Number: "86095742719"}))(t)
		if !german.Primary || german.Number != "86095742719" || german.Country != "DE" || german.ReasonNoTIN != "" {
			t.Errorf("%+v", german)
		}
		other := must(w.CreateTaxIdentification(w.ctx, p.ID, client.TaxIdentificationData{
			Country: "US", ReasonNoTIN: client.ReasonOther, ReasonDescription: "Applied for",
		}))(t)
		if other.Primary || other.Number != "" || other.ReasonNoTIN != client.ReasonOther || other.ReasonDescription != "Applied for" {
			t.Errorf("%+v", other)
		}
		_, err := w.CreateTaxIdentification(w.ctx, p.ID, client.TaxIdentificationData{Country: "DE", Number: "47036892816"})
		if e := refused(t, err, 400, client.CodeInvalidModel); e.Fields()["country"] == "" {
			t.Errorf("%+v", *e)
		}
		_, err = w.CreateTaxIdentification(w.ctx, p.ID, client.TaxIdentificationData{Country: "AT", Number: "1"})
		if e := refused(t, err, 400, client.CodeInvalidModel); e.Fields()["number"] == "" {
			t.Errorf("%+v", *e)
		}
		same(t, "tax identifications", must(client.Collect(w.TaxIdentifications(w.ctx, p.ID)))(t), []client.TaxIdentification{german, other})

		const number = "+4930123456"
		w.reachable(p.ID, number)
		_, request, err := w.PatchTaxIdentification(w.ctx, p.ID, other.ID, client.TaxIdentificationPatch{Primary: new(true)})
		if err != nil || request == nil {
			t.Fatalf("%+v %v", request, err)
		}
		must(w.AuthorizeChangeRequest(w.ctx, request.ID, client.ChangeAuthorization{PersonID: p.ID}))(t)
		done := must(w.ConfirmChangeRequest(w.ctx, request.ID, client.ChangeConfirmation{PersonID: p.ID, TAN: w.password(number)}))(t)
		var changed client.TaxIdentification
		if err := done.Changed(&changed); err != nil || changed.ID != other.ID || !changed.Primary {
			t.Errorf("%+v %v", changed, err)
		}
		if now := must(w.TaxIdentification(w.ctx, p.ID, german.ID))(t); now.Primary {
			t.Errorf("two are primary: %+v", now)
		}
		if now, request, err := w.PatchTaxIdentification(w.ctx, p.ID, other.ID, client.TaxIdentificationPatch{Primary: new(true)}); err != nil || request != nil || now != changed {
			t.Errorf("%+v %+v %v", now, request, err)
		}
		w.advance(time.Second)
		told := map[string]int{} // of different ones in any order
		for _, e := range hooks.all() {
			told[e.EntityID]++
			var person client.PersonEvent
			if err := e.Read(&person); err != nil || person.ID != p.ID {
				t.Errorf("%+v %v", person, err)
			}
		}
		if len(told) != 2 || told[german.ID] != 1 || told[other.ID] != 2 {
			t.Errorf("told %v of %s and %s", told, german.ID, other.ID)
		}
	})
}

// TestIDnowAttempts lists what the provider said of each attempt.
func TestIDnowAttempts(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		i := w.identify("X-MANUALTEST-HAPPYPATH")
		must(w.Sandbox().ChooseResult(w.ctx, i.ID, client.ResultAborted, "USER_CANCELLATION"))(t)
		must(w.RequestIdentification(w.ctx, i.PersonID, i.ID))(t)
		must(w.Sandbox().ChooseResult(w.ctx, i.ID, client.ResultSuccess, ""))(t)
		if shown := must(w.LegitimationData(w.ctx, i.PersonID, i.ID))(t); shown.Type != "IDCARD" || shown.Country != "DE" || shown.Number == "" {
			t.Errorf("%+v", shown)
		}
		all := must(client.Collect(w.IDnowAttempts(w.ctx, i.PersonID, i.ID)))(t)
		if len(all) != 2 || all[0].Result != client.ResultAborted || all[0].Reason != "USER_CANCELLATION" || all[1].Result != client.ResultSuccess || !json.Valid(all[1].Payload) {
			t.Errorf("%+v", all)
		}
	})
}
