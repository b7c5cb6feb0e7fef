package e2e

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/sim/fourthline"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

const (
	iban      = "DE77110101010100000093"
	jointIBAN = "DE55110101010100000004"
)

// holder is a person with a verified number, who can be identified by bank login.
func (w *world) holder() client.Person {
	w.t.Helper()
	data := customer("Antonia")
	p := must(w.CreatePerson(w.ctx, data))(w.t)
	w.reachable(p.ID, data.MobileNumber)
	return p
}

// opened creates and requests an identification by bank login.
func (w *world) opened(personID string, method client.Method, iban string) client.Identification {
	w.t.Helper()
	i := must(w.CreateIdentification(w.ctx, personID, client.IdentificationData{
		Method: method, IBAN: iban, TermsAndConditionsSignedAt: time.Date(2020, 7, 7, 11, 36, 29, 0, time.UTC),
	}))(w.t)
	if i.Status != client.StatusCreated || i.IBAN != iban {
		w.t.Fatalf("%+v", i)
	}
	return must(w.RequestIdentification(w.ctx, personID, i.ID))(w.t)
}

// choose ends the step that the identification is in, and reads it again.
func (w *world) choose(i client.Identification, result client.Result) client.Identification {
	w.t.Helper()
	must(w.Sandbox().ChooseResult(w.ctx, i.ID, result, ""))(w.t)
	return w.again(i, client.WithDocuments)
}

// sign asks for the signature, gives the password and waits for what comes of it.
func (w *world) sign(i client.Identification) client.Identification {
	w.t.Helper()
	until := i.AuthorizationExpiresAt
	asked := must(w.AuthorizeIdentification(w.ctx, i.PersonID, i.ID))(w.t)
	if asked.Status != client.StatusConfirmationRequired || len(asked.CurrentReferenceToken) != 9 || !asked.AuthorizationExpiresAt.Equal(until) || until.IsZero() || asked.ConfirmationExpiresAt.IsZero() {
		w.t.Errorf("%+v", asked)
	}
	var password string
	for m, err := range w.Sandbox().Messages(w.ctx, client.NewestFirst) {
		if must(m, err)(w.t); strings.Contains(m.Text, asked.CurrentReferenceToken) {
			password = m.Text[len(m.Text)-6:]
			break
		}
	}
	_, err := w.ConfirmIdentification(w.ctx, i.PersonID, i.ID, wrong(password))
	refused(w.t, err, 403, client.CodeInvalidTAN)
	if i = must(w.ConfirmIdentification(w.ctx, i.PersonID, i.ID, password))(w.t); i.Status != client.StatusConfirmed {
		w.t.Errorf("%+v", i)
	}
	w.advance(time.Minute)
	return w.again(i, client.WithDocuments)
}

// signed reads the signed document, which begins with the one that could be read
// before.
func (w *world) signed(i client.Identification) {
	w.t.Helper()
	files := map[client.DocumentType][]byte{}
	for _, d := range i.Documents {
		f := must(w.DownloadDocument(w.ctx, i.PersonID, d.ID))(w.t)
		files[d.DocumentType] = must(io.ReadAll(f))(w.t)
		if err := f.Close(); err != nil {
			w.t.Error(err)
		}
	}
	before, after := files["QES_DOCUMENT"], files["SIGNED_QES_DOCUMENT"]
	if !bytes.HasPrefix(before, []byte("%PDF-")) || len(after) <= len(before) || !bytes.HasPrefix(after, before) {
		w.t.Errorf("%d bytes, signed %d", len(before), len(after))
	}
}

// TestBankident: a bank login and a signature.
func TestBankident(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventIdentification)
		p := w.holder()
		if e := must(w.CheckEligibility(w.ctx, p.ID, client.MethodBank))(t); !e.Eligible || e.Method != client.MethodBank || len(e.Reasons) != 0 {
			t.Errorf("%+v", e)
		}
		i := w.opened(p.ID, client.MethodBank, iban)
		if i.Status != client.StatusPending || i.URL == "" || i.EstimatedWaitingTime != nil {
			t.Errorf("%+v", i)
		}
		_, err := w.AuthorizeIdentification(w.ctx, p.ID, i.ID)
		refused(t, err, 412, client.CodeInvalidIdentificationStatus)
		if accepted := must(w.SupportedDocuments(w.ctx, p.ID, i.ID))(t); len(accepted) != 0 {
			t.Errorf("%v", accepted)
		}
		if i = w.choose(i, "success"); i.Status != client.StatusAuthorizationRequired || len(i.Documents) != 1 || i.Documents[0].CustomerAccessible {
			t.Fatalf("%+v", i)
		}
		if i = w.sign(i); i.Status != client.StatusSuccessful || i.CompletedAt.IsZero() || len(i.Documents) != 2 {
			t.Fatalf("%+v", i)
		}
		w.signed(i)
		same(t, "webhooks", hooks.told(t, i.ID), []client.Status{
			client.StatusCreated, client.StatusPending, client.StatusAuthorizationRequired, client.StatusConfirmationRequired,
			client.StatusConfirmed, client.StatusSuccessful,
		})
	})
}

// TestBankidentWithID: who shares the account goes on with an ID document, by
// another identification with the same IBAN.
func TestBankidentWithID(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventIdentification)
		p := w.holder()
		i := w.choose(w.opened(p.ID, client.MethodBank, jointIBAN), "success")
		if i.Status != client.StatusFailed || i.FailureReason != "joint_account" {
			t.Fatalf("%+v", i)
		}
		i = w.choose(w.opened(p.ID, client.MethodBankID, jointIBAN), "success")
		if i.Status != client.StatusIdentificationDataRequired || len(i.Documents) != 0 {
			t.Fatalf("%+v", i)
		}
		archive := must(fourthline.Sample(nil))(t)
		d := must(w.UploadIdentificationDocument(w.ctx, p.ID, i.ID, client.DocumentOther, "kyc.zip", bytes.NewReader(archive)))(t)
		if d.Size != int64(len(archive)) || d.ContentType != "application/zip" {
			t.Errorf("%+v", d)
		}
		w.advance(10 * time.Minute)
		if i = w.again(i, client.WithDocuments); i.Status != client.StatusAuthorizationRequired || i.ProviderStatusCode != "1000" || len(i.Documents) != 2 {
			t.Fatalf("%+v", i)
		}
		if i = w.sign(i); i.Status != client.StatusSuccessful || len(i.Documents) != 3 {
			t.Fatalf("%+v", i)
		}
		w.signed(i)
		same(t, "webhooks", hooks.told(t, i.ID), []client.Status{
			client.StatusCreated, client.StatusPending, client.StatusIdentificationDataRequired, client.StatusProcessed,
			client.StatusAuthorizationRequired, client.StatusConfirmationRequired, client.StatusConfirmed, client.StatusSuccessful,
		})
	})
}
