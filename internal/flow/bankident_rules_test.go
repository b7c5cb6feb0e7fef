package flow_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestRegister: whom it does not know, is told so, and nothing was started.
func TestRegister(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	c.bank.unknown = true
	c.ident = c.newOne()
	_, err := c.Request(t.Context(), c.partner.ID, c.person, c.ident, nil)
	refused(t, err, kyc.PreconditionFailed, "match_for_person_data_not_found")
	c.expect(kyc.Created, "")
	for _, unknown := range []bool{true, false} {
		c.bank.unknown = unknown
		e, _, err := c.CheckEligibility(t.Context(), c.partner.ID, c.person, flow.Once{}, map[string]any{"method": "bank"})
		if err != nil || (len(e.Reasons) == 1) != unknown {
			t.Errorf("%+v %v", e, err)
		}
	}
	before := c.bank.asked
	c.create(kyc.MethodBankID) // it does not ask the register
	once := flow.Once{Key: "k", Hash: []byte("h"), Status: 200, Render: func(any) ([]byte, error) { return []byte("{}"), nil }}
	for n := range 2 {
		_, replay, err := c.CheckEligibility(t.Context(), c.partner.ID, c.person, once, map[string]any{"method": "bank"})
		if err != nil || (replay != nil) != (n == 1) {
			t.Errorf("%d: %+v %v", n, replay, err)
		}
	}
	once.Hash = []byte("another")
	_, _, err = c.CheckEligibility(t.Context(), c.partner.ID, c.person, once, map[string]any{"method": "bank"})
	refused(t, err, kyc.Unprocessable, "unprocessable_entity")
	if asked := c.bank.asked - before; asked != 1 {
		t.Errorf("the register was asked %d times", asked)
	}
}

// TestBankID: the identity data come between the bank and the signature.
func TestBankID(t *testing.T) {
	for name, c := range map[string]struct {
		told   provider.Finding
		refuse error
		state  kyc.State
		reason string
		files  []string
	}{
		"accepted":     {provider.Finding{Event: kyc.DataAccepted, StatusCode: "1000"}, nil, kyc.AuthorizationRequired, "", []string{kyc.DocumentOther, kyc.DocumentQES}},
		"invalid":      {provider.Finding{Event: kyc.FailedForGood, Reason: kyc.ReasonInvalidData, StatusCode: "1036"}, nil, kyc.Failed, "invalid_data", []string{kyc.DocumentOther}},
		"fraud":        {provider.Finding{Event: kyc.DataRejected, StatusCode: "4000"}, nil, kyc.Rejected, "", []string{kyc.DocumentOther}},
		"not accepted": {provider.Finding{}, kyc.Fail(kyc.Invalid, "fourthline_error", "no ZIP"), kyc.Failed, "invalid_data", []string{kyc.DocumentOther}},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, url string) {
				d := newCounter(t, url, kyc.MethodBankID)
				upload := func(content string) error {
					kept, err := d.KeepFile(t.Context(), d.person, strings.NewReader(content))
					if err != nil {
						t.Fatal(err)
					}
					_, _, err = d.UploadDocument(t.Context(), d.partner.ID, d.person, d.ident, flow.Once{}, flow.Upload{
						Name: "kyc.zip", ContentType: "application/zip", Type: kyc.DocumentOther, Kept: kept,
					})
					return err
				}
				refused(t, upload("too early"), kyc.PreconditionFailed, "invalid_identification_status")
				d.tell(bankConfirmed)
				d.expect(kyc.IdentificationDataReq, "")
				d.bank.refuse, d.bank.finding = c.refuse, provider.Finding{}
				if err := upload("zip"); err != nil {
					t.Fatal(err)
				}
				if i := d.expect(kyc.Processed, "", kyc.DocumentOther); i.Handle != "" {
					t.Errorf("handle %q", i.Handle)
				}
				refused(t, upload("another"), kyc.Conflict, "record_not_unique")
				d.run(time.Second)
				if !slices.Equal(d.bank.taken, []string{"zip"}) {
					t.Errorf("handed over: %q", d.bank.taken)
				}
				if c.told.Event != "" {
					if i := d.expect(kyc.Processed, "", kyc.DocumentOther); i.Handle != "check of "+i.ID {
						t.Errorf("handle %q", i.Handle)
					}
					d.tell(c.told)
				}
				if i := d.expect(c.state, c.reason, c.files...); i.StatusCode != c.told.StatusCode {
					t.Errorf("provider_status_code %q", i.StatusCode)
				}
			})
		})
	}
}

// TestIBANs: what is wrong with the account is said before anything begins.
func TestIBANs(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	for iban, want := range map[any]string{
		nil: "invalid_model", "": "invalid_model", "DE89370400440532013001": "invalid_iban", "NL91ABNA0417164300": "invalid_iban", 5: "type_error",
		"DE11010101010101010100": "invalid_iban", // a sandbox's
	} {
		_, _, err := c.CreateIdentification(t.Context(), c.partner.ID, c.person, flow.Once{}, map[string]any{
			"method": "bank", "iban": iban, "terms_and_conditions_signed_at": "2031-03-01T11:59:00Z",
		})
		var e *kyc.Error
		if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "iban" || e.Fields[0].Code != want && (want != "invalid_model" || e.Fields[0].Code != "") {
			t.Errorf("%v: %v", iban, err)
		} else if s, _ := iban.(string); len(s) > 8 && strings.Contains(e.Fields[0].Detail, s[4:18]) {
			t.Errorf("the IBAN stands in %q", e.Fields[0].Detail)
		}
	}
	i, _, err := c.CreateIdentification(t.Context(), c.partner.ID, c.person, flow.Once{}, map[string]any{
		"method": "bank", "iban": "de89 3704 0044 0532 0130 00", "terms_and_conditions_signed_at": "2031-03-01T11:59:00Z",
	})
	if err != nil || i.IBAN != "DE89370400440532013000" {
		t.Errorf("%q %v", i.IBAN, err)
	}
	for _, consent := range []any{nil, ""} {
		_, _, err = c.CreateIdentification(t.Context(), c.partner.ID, c.person, flow.Once{}, map[string]any{
			"method": "bank", "iban": ibans[kyc.MethodBank], "terms_and_conditions_signed_at": consent,
		})
		refused(t, err, kyc.Invalid, "invalid_model")
	}
}

// TestRecordOfBankident: of a customer who was erased, the law keeps by which
// account and with which result they were identified, and what they signed. The
// clock of the firm that checks the data goes after that of the bank's.
func TestRecordOfBankident(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBankID)
	ahead := bankConfirmed
	ahead.At = c.clock.Now().Add(time.Hour)
	c.tell(ahead)
	kept, err := c.KeepFile(t.Context(), c.person, strings.NewReader("zip"))
	if err != nil {
		t.Fatal(err)
	}
	c.bank.finding = provider.Finding{}
	_, _, err = c.UploadDocument(t.Context(), c.partner.ID, c.person, c.ident, flow.Once{}, flow.Upload{
		Name: "kyc.zip", ContentType: "application/zip", Type: kyc.DocumentOther, Kept: kept,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.run(time.Second)
	c.tell(provider.Finding{Event: kyc.DataAccepted, StatusCode: "1000"})
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.confirm(rightPassword); err != nil {
		t.Fatal(err)
	}
	c.run(20 * time.Second)
	i := c.expect(kyc.Successful, "", kyc.DocumentOther, kyc.DocumentQES, kyc.DocumentSignedQES)
	if _, err := c.ErasePerson(t.Context(), c.person, c.clock.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := c.OpenRecord(t.Context(), c.person)
	if err != nil || len(r.Identifications) != 1 || len(r.Documents) != 3 {
		t.Fatalf("%+v %v", r, err)
	}
	if got := r.Identifications[0]; got.IBAN != i.IBAN || got.StatusCode != "1000" || got.Method != kyc.MethodBankID || got.CompletedAt.IsZero() {
		t.Errorf("%+v", got)
	}
	var signed strings.Builder
	if err := c.CopyRecordFile(t.Context(), c.person, r.Documents[2].ID, &signed); err != nil || !strings.HasPrefix(signed.String(), "%PDF-") {
		t.Errorf("%.10q %v", signed.String(), err)
	}
}
