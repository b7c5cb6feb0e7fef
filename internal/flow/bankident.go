package flow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/report"
)

// Register knows whom somebody else has identified before, by their bank account
// (kyc-flows.md §6). Its errors are those of a provider.Adapter.
type Register interface {
	Match(ctx context.Context, person kyc.Attributes, iban string) (found bool, err error)
}

// noMatch is the reason why somebody cannot be identified by a bank login alone.
const noMatch = "match_for_person_data_not_found"

// Eligibility says whether a person can be identified by a method (partner-api.md §3.5, I10).
type Eligibility struct {
	PersonID string
	Method   kyc.Method
	Reasons  []string // why not; empty: eligible
}

// AboutPerson says whose data this is.
func (e Eligibility) AboutPerson() string { return e.PersonID }

// CheckEligibility asks the register about the person.
func (s *Service) CheckEligibility(ctx context.Context, partnerID, personID string, o Once, body map[string]any) (Eligibility, *kyc.Replay, error) {
	var p kyc.Person
	var partner kyc.Partner
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		if p, err = v.Persons().Get(partnerID, personID); err != nil {
			return err
		}
		partner, err = v.Partners().Get(partnerID)
		return err
	})
	if err != nil {
		return Eligibility{}, nil, err
	}
	f := &fields{body: body}
	e := Eligibility{PersonID: personID, Method: kyc.Method(f.required("method", f.oneOf("method", []string{string(kyc.MethodBank)})))}
	if err := kyc.InvalidFields(f.broken); err != nil {
		return e, nil, err
	}
	if _, built := s.Rules[e.Method]; !built || !s.mayUse(partner, e.Method) {
		return e, nil, errNotAllowed
	}
	if replay, err := s.answered(ctx, partnerID, o); replay != nil || err != nil {
		return e, replay, err // the register is not asked about a person twice for it
	}
	found, err := s.Register.Match(ctx, p.Attributes, "")
	if err != nil {
		return e, nil, err
	}
	if !found {
		e.Reasons = []string{noMatch}
	}
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		p, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return nil, err
		}
		return e, s.note(ctx, tx, p, byPartner, "eligibility_checked", map[string]any{"method": e.Method, "eligible": found})
	})
	return e, replay, err
}

// account reads the IBAN of a bank login. What is wrong with it has a code of its own.
func (s *Service) account(f *fields, rules method.Rules) string {
	most := 34
	if rules.Bank {
		most = 42 // in groups of four
	}
	iban := f.text("iban", most)
	if !rules.Bank || slices.ContainsFunc(f.broken, func(b kyc.FieldError) bool { return b.Field == "iban" }) {
		return iban
	}
	broken := kyc.FieldError{Code: "invalid_iban", Field: "iban"}
	normal, ok := kyc.CheckIBAN(iban)
	if example := strings.ToUpper(strings.ReplaceAll(iban, " ", "")); s.Sandbox && bank.Example(example) {
		normal, ok = example, true
	}
	switch {
	case iban == "":
		f.fail("iban", "can't be blank")
	case !ok:
		broken.Message, broken.Detail = "is structurally invalid", "IBAN ("+kyc.MaskIBAN(iban)+") is structurally invalid"
		f.broken = append(f.broken, broken)
	case !s.Banks.Supports(normal, s.Sandbox):
		broken.Message = "is not of a bank that supports this method"
		broken.Detail = "IBAN (" + kyc.MaskIBAN(normal) + ") " + broken.Message
		f.broken = append(f.broken, broken)
	}
	return normal
}

// waysBack are where a bank login leads the customer back to. The other firms
// have that in the account.
func (s *Service) waysBack(ctx context.Context, i kyc.Identification) (success, failure string, err error) {
	if !s.Rules[i.Method].Bank {
		return "", "", nil
	}
	err = s.Store.View(ctx, func(v kyc.View) error {
		p, err := v.Partners().Get(i.PartnerID)
		success, failure = p.ReturnURLs(i.ID)
		return err
	})
	return success, failure, err
}

// matched refuses whom the register does not know by this account.
func (s *Service) matched(ctx context.Context, i kyc.Identification, p kyc.Person) error {
	if !s.Rules[i.Method].Registered {
		return nil
	}
	found, err := s.Register.Match(ctx, p.Attributes, i.IBAN)
	if err == nil && !found {
		err = kyc.Fail(kyc.PreconditionFailed, noMatch,
			"Nobody has identified this person by this account before. Create an identification by the method '%s' instead.", kyc.MethodBankID)
	}
	return err
}

// judge turns what a bank confirmed into a failure where the method wants more of it.
func (s *Service) judge(tx kyc.Tx, i kyc.Identification, f provider.Finding) (provider.Finding, error) {
	if f.Event != kyc.BankConfirmed {
		return f, nil
	}
	rules := s.Rules[i.Method]
	again, err := tx.Identifications().Succeeded(i.PersonID, rules.CountsAsRepeated...)
	switch {
	case err != nil:
		return f, err
	case f.Account.IBAN != i.IBAN: // firms pin it; that they did is not believed
		f.Event, f.Reason = kyc.FailedForGood, kyc.ReasonAuthorizedHolder
	case again:
		f.Event, f.Reason = kyc.FailedForGood, kyc.ReasonAlreadyIdentified
	case rules.SoleHolder && f.Account.Joint:
		f.Event, f.Reason = kyc.FailedForGood, kyc.ReasonJointAccount
	}
	return f, nil
}

// asksProvider tells whether the firm of the session has something to tell in the
// state, so that asking it makes sense.
func (s *Service) asksProvider(i kyc.Identification) bool {
	if s.Rules[i.Method].Signs() {
		return i.State == kyc.Pending || i.State == kyc.Processed && i.Handle != ""
	}
	return len(s.Rules[i.Method].Machine.Moves[i.State]) > 0
}

// deadline is when the identification expires in its state.
func deadline(i kyc.Identification) time.Time {
	if i.State == kyc.AuthorizationRequired || i.State == kyc.ConfirmationRequired {
		return i.AuthorizationExpiresAt
	}
	return i.LinkExpiresAt
}

// readyToSign writes what comes with authorization_required: the document and the
// time that there is to sign it.
func (s *Service) readyToSign(tx kyc.Tx, i *kyc.Identification, kept evidence) error {
	i.AuthorizationExpiresAt = tx.Now().Add(s.Rules[i.Method].AuthorizeWithin)
	if err := insertDocuments(tx, kept.documents); err != nil {
		return err
	}
	return tx.Jobs().Add(kyc.Job{Kind: kyc.Expire, Key: i.ID, DueAt: i.AuthorizationExpiresAt})
}

// bankReport makes the document that the customer is to sign, and seals it.
func (s *Service) bankReport(ctx context.Context, i kyc.Identification, f provider.Finding) (kept evidence, err error) {
	_, p, err := s.identificationAndPerson(ctx, i.ID)
	if err != nil {
		return kept, err
	}
	account := f.Account
	var language string
	err = s.Store.View(ctx, func(v kyc.View) error {
		if f.Event != kyc.BankConfirmed {
			if account, err = s.accountOf(v, i); err != nil {
				return err
			}
		}
		language, err = languageOf(v.Consents(), p)
		return err
	})
	if err != nil {
		return kept, err
	}
	text := func(path string) string { return p.Attributes.Text(path).Reveal() }
	var pdf bytes.Buffer
	err = report.Bankident(&pdf, report.BankidentReport{
		Language: strings.ToUpper(language), Method: string(i.Method), Identification: i.ID, Date: s.Clock.Now(),
		Title: text("title"), FirstName: text("first_name"), LastName: text("last_name"), BirthName: text("birth_name"),
		BirthDate: dateFor(language, text("birth_date")), BirthPlace: text("birth_city"), Nationality: text("nationality"),
		Line1: text("address.line_1"), Line2: text("address.line_2"), PostalCode: text("address.postal_code"), City: text("address.city"),
		Country: text("address.country"), Phone: text("mobile_number"), IBAN: i.IBAN, Transfer: account.Transfer, StatusCode: f.StatusCode,
	})
	if err != nil {
		return kept, err
	}
	d, err := s.keepPDF(ctx, i, kyc.DocumentQES, i.ID+"_prepared_for_signing_kyc_report.pdf", pdf.Bytes())
	kept.documents = []kyc.Document{d}
	return kept, err
}

// dateFor writes a date (YYYY-MM-DD) as people of the language do.
func dateFor(language, date string) string {
	d, ok := kyc.ParseDate(date)
	if !ok || language != "de" {
		return date
	}
	return d.Format("02.01.2006")
}

// keepPDF seals a file of ours about the identification.
func (s *Service) keepPDF(ctx context.Context, i kyc.Identification, kind, name string, content []byte) (kyc.Document, error) {
	key, err := s.personKey(ctx, i.PersonID)
	if err != nil {
		return kyc.Document{}, err
	}
	d, _, err := s.keepFile(ctx, key, i, provider.File{
		Name: name, Type: kind, ContentType: "application/pdf",
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	})
	return d, err
}

// accountOf reads the bank account from the finding that was kept.
func (s *Service) accountOf(v kyc.View, i kyc.Identification) (provider.Account, error) {
	findings, err := v.Findings().OfIdentification(i.ID)
	if err != nil {
		return provider.Account{}, err
	}
	n := slices.IndexFunc(findings, func(f kyc.FindingRecord) bool { return f.Event == kyc.BankConfirmed && f.Raw != nil })
	if n < 0 {
		return provider.Account{}, errors.New("flow: the bank's answer is not kept")
	}
	key, err := s.keyOf(v.Persons(), i.PersonID)
	if err != nil {
		return provider.Account{}, err
	}
	raw, err := key.Open(findings[n].Raw, aboutFinding(i.ID))
	if err != nil {
		return provider.Account{}, err
	}
	f, err := s.Providers[i.Method].Reader.Read(i.ID, raw)
	return f.Account, err
}

// isIdentityData tells whether an upload is the archive that the method waits for,
// or would be one too many.
func (s *Service) isIdentityData(i kyc.Identification, contentType string) (yes bool, err error) {
	m := s.Rules[i.Method].Machine
	waits := len(m.From(kyc.DataReceived)) > 0 && contentType == "application/zip"
	if !waits {
		return false, nil
	}
	if _, ok := m.Next(i.State, kyc.DataReceived); ok {
		return true, nil
	}
	if i.State == kyc.Created || i.State == kyc.Pending {
		return false, wrongState(i.State, m, kyc.DataReceived)
	}
	return false, kyc.Fail(kyc.Conflict, "record_not_unique",
		"The identity data of this identification were given already. There is nothing more to do; read the identification to see what becomes of them.")
}

// receiveData moves on with identity data that came.
func (s *Service) receiveData(ctx context.Context, tx kyc.Tx, i kyc.Identification) error {
	to, _ := s.Rules[i.Method].Machine.Next(i.State, kyc.DataReceived)
	i.Handle, i.StatusCode = "", ""
	i.LastFindingAt = time.Time{} // what follows is told by another firm, by its own clock
	if err := s.move(ctx, tx, &i, kyc.DataReceived, to, byPartner, ""); err != nil {
		return err
	}
	return tx.Jobs().Add(kyc.Job{Kind: kyc.SubmitData, Key: i.ID, DueAt: tx.Now()})
}

// SubmitData is the job that hands identity data to the firm that checks them.
func (s *Service) SubmitData(ctx context.Context, j kyc.Job) error {
	handle, err := s.submit(ctx, j.Key)
	if kyc.IsKind(err, kyc.Invalid) { // the firm takes no such data
		return s.Store.Tx(context.WithoutCancel(ctx), func(tx kyc.Tx) error {
			i, err := tx.Identifications().Get(j.Key)
			if err != nil {
				return err
			}
			if to, ok := s.Rules[i.Method].Machine.Next(i.State, kyc.FailedForGood); ok && i.State == kyc.Processed {
				if err := s.move(ctx, tx, &i, kyc.FailedForGood, to, byProvider, kyc.ReasonInvalidData); err != nil {
					return err
				}
			}
			return tx.Jobs().Done(j)
		})
	}
	if err != nil {
		if _, not := notCalled(err); !not {
			s.Log.Warn("the identity data could not be handed over", "identification", j.Key, "attempt", j.Attempt, "error", kyc.Brief(err))
		}
	}
	trouble := err
	return s.Store.Tx(context.WithoutCancel(ctx), func(tx kyc.Tx) error {
		i, err := tx.Identifications().Get(j.Key)
		switch after, not := notCalled(trouble); {
		case kyc.IsKind(err, kyc.NotFound), err == nil && i.State != kyc.Processed: // erased, or moved on
			return tx.Jobs().Done(j)
		case err != nil:
			return err
		case not:
			return tx.Jobs().Wait(j, tx.Now().Add(after))
		case trouble != nil:
			return tx.Jobs().PutOff(j, tx.Now().Add(kyc.Backoff(j.Attempt, 5*time.Second, 10*time.Minute)))
		}
		i.Handle = handle
		if err := tx.Identifications().Update(i); err != nil {
			return err
		}
		if err := tx.Jobs().Add(kyc.Job{Kind: kyc.PollResult, Key: i.ID, DueAt: pollAt(tx.Now().Add(firstPoll))}); err != nil {
			return err
		}
		// its push may have come before the handle was written
		if err := tx.Jobs().Add(kyc.Job{Kind: kyc.FetchResult, Key: i.ID, DueAt: tx.Now()}); err != nil {
			return err
		}
		return tx.Jobs().Done(j)
	})
}

// submit reads the archive that was given last and hands it over.
func (s *Service) submit(ctx context.Context, identificationID string) (handle string, err error) {
	i, p, err := s.identificationAndPerson(ctx, identificationID)
	if err != nil || i.State != kyc.Processed {
		return "", err
	}
	var documents []kyc.Document
	err = s.Store.View(ctx, func(v kyc.View) (err error) {
		documents, err = v.Documents().OfIdentification(i.ID)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, d := range slices.Backward(documents) {
		if d.ContentType != "application/zip" || !d.DeletedAt.IsZero() {
			continue
		}
		_, file, err := s.OpenDocument(ctx, i.PartnerID, i.PersonID, d.ID)
		if err != nil {
			return "", err
		}
		handle, err = s.DataChecker.Taker.Take(ctx, provider.Order{Identification: i.ID, Person: p.Attributes}, file, d.Size)
		return handle, errors.Join(err, file.Close())
	}
	return "", errors.New("flow: the identity data are not kept")
}

// signingID is a new id for an attempt to sign.
func signingID() string { return id.Random(id.Plain) }
