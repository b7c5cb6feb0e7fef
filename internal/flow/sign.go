package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// tokenForm is how current_reference_token is written: bare, 1234-5678 (rulings §1).
const tokenForm = "%s-%s"

// consentText is what stands beside the one-time password, in English and German;
// %s is the reference token. A signer takes 120 characters.
var consentText = map[string]string{
	"en": "Transaction %s: code to sign your identification report:",
	"de": "Transaktions-ID %s: Code zum Unterschreiben Ihres Identifikationsberichts:",
}

// errUnderWay is for whoever comes while another one's call is being carried out:
// only one of them wins.
var errUnderWay = kyc.Fail(kyc.Conflict, "record_not_unique",
	"Another call of the same kind is under way for this identification. Wait for its answer, or read the identification.")

// Authorized is an identification whose signature was asked for.
type Authorized struct {
	Identification kyc.Identification
	ConsentURL     string // the signer's own page for the customer's consent; empty if it has none (yet)
}

// Authorize asks the signer for the signatures; that sends the customer a one-time
// password (S3). One transaction writes the attempt, the signer is called, a
// second one writes what it said. A signer in trouble is told at once and not
// tried again behind the partner's back: the password would come unasked.
func (s *Service) Authorize(ctx context.Context, partnerID, personID, id string) (Authorized, error) {
	deadline := s.Wall.Now().Add(s.RequestDeadline)
	n, j, err := s.intendSigning(ctx, partnerID, personID, id)
	if err != nil {
		return Authorized{}, err
	}
	a, err := carryOut(ctx, s, deadline, func(ctx context.Context) (Authorized, error) { return s.authorize(ctx, n, j) })
	return a, signerSlow(err)
}

// signerSlow says what to do when the signer is too slow: to ask again would be
// another password, or another try.
func signerSlow(err error) error {
	if errors.Is(err, errTooSlow) {
		return kyc.Fail(kyc.Timeout, "gateway_timeout",
			"The signer did not answer in time. The call goes on by itself; read the identification to see what came of it.")
	}
	return err
}

// intendSigning checks that the signature may be asked for, and writes the attempt.
func (s *Service) intendSigning(ctx context.Context, partnerID, personID, identificationID string) (n kyc.Signing, j kyc.Job, err error) {
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		i, err := tx.Identifications().Find(partnerID, personID, identificationID)
		if err != nil {
			return err
		}
		m, err := s.mayAuthorize(tx, i)
		if err != nil {
			return err
		}
		// The attempt that is being confirmed must stay the open one.
		if busy, err := s.busy(tx, kyc.ConfirmSigning, i.ID); err != nil || busy {
			return orUnderWay(err)
		}
		var mine bool
		if j, mine, err = s.takeJob(tx, kyc.AuthorizeSigning, i.ID); err != nil || !mine {
			return orUnderWay(err)
		}
		person, err := tx.Persons().Get(partnerID, personID)
		if err != nil {
			return err
		}
		n = kyc.Signing{
			ID: signingID(), PartnerID: partnerID, PersonID: personID, IdentificationID: i.ID, State: kyc.SigningAsked, Number: m.Number,
			Token:      fmt.Sprintf(tokenForm, id.Digits(4), id.Digits(4)),
			PreparedAt: tx.Now(), CreatedAt: tx.Now(), AskedAt: s.Wall.Now(), Version: 1,
		}
		facts := signingFacts{Name: strings.TrimSpace(person.Attributes.Text("first_name").Reveal() + " " + person.Attributes.Text("last_name").Reveal())}
		if facts.Language, err = languageOf(tx.Consents(), person); err != nil {
			return err
		}
		if n.Facts, err = s.sealFacts(tx, n, facts); err != nil {
			return err
		}
		return tx.Signings().Insert(n)
	})
	return n, j, err
}

func orUnderWay(err error) error {
	if err == nil {
		return errUnderWay
	}
	return err
}

// busy tells whether somebody is at the job at this moment.
func (s *Service) busy(tx kyc.Tx, kind kyc.JobKind, key string) (bool, error) {
	j, there, err := tx.Jobs().Find(kind, key)
	return there && j.LeaseUntil.After(s.Wall.Now()), err
}

// takeJob takes a job that the caller runs itself at once; not mine: somebody else is at it.
func (s *Service) takeJob(tx kyc.Tx, kind kyc.JobKind, key string) (j kyc.Job, mine bool, err error) {
	wall := s.Wall.Now()
	j, mine, err = tx.Jobs().AddLeased(kyc.Job{Kind: kind, Key: key, DueAt: tx.Now()}, wall.Add(kyc.JobLease))
	if err == nil && !mine {
		j, mine, err = tx.Jobs().Take(kind, key, wall, wall.Add(kyc.JobLease))
	}
	return j, mine, err
}

// mayAuthorize checks the state, the phone that the password goes to, then the
// right, and then whether there were too many before (rulings §1).
func (s *Service) mayAuthorize(tx kyc.Tx, i kyc.Identification) (m kyc.MobileNumber, err error) {
	rules, built := s.Rules[i.Method]
	if !built {
		return m, errNotAllowed
	}
	if _, ok := rules.Machine.Next(i.State, kyc.Authorized); !ok {
		return m, wrongState(i.State, rules.Machine, kyc.Authorized)
	}
	if !tx.Now().Before(i.AuthorizationExpiresAt) {
		return m, errTooLate
	}
	m, ok, err := tx.MobileNumbers().OfPerson(i.PersonID)
	if err != nil {
		return m, err
	}
	if !ok || !m.Verified {
		return m, kyc.Fail(kyc.PreconditionFailed, "mobile_number_not_verified",
			"The person has no verified mobile number to send the one-time password to. Create and confirm one, and authorize again.")
	}
	p, err := tx.Partners().Get(i.PartnerID)
	if err != nil {
		return m, err
	}
	if !s.mayUse(p, i.Method) {
		return m, errNotAllowed
	}
	if err := s.mayTry(m); err != nil {
		return m, err
	}
	return m, s.mayText(tx, m.PersonID, m.Number)
}

var errTooLate = kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
	"The time to sign is over (authorization_expires_at). Create a new identification.")

// tooLate says why what the signer took changes nothing any more.
func tooLate(is kyc.State, m kyc.Machine, ev kyc.Event) error {
	if _, ok := m.Next(is, ev); ok || is == kyc.Expired {
		return errTooLate
	}
	return wrongState(is, m, ev)
}

// authorize calls the signer and writes what it says. Until the signer has taken
// the new attempt, the one before stays good: its password may be on the phone.
func (s *Service) authorize(ctx context.Context, n kyc.Signing, j kyc.Job) (Authorized, error) {
	session, facts, err := s.askToSign(ctx, n)
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		return Authorized{}, errors.Join(err, s.Store.Tx(ctx, func(tx kyc.Tx) error { return dropSigning(tx, n.ID, j) }))
	}
	a := Authorized{ConsentURL: session.ConsentURL}
	var late error
	err = s.Store.Tx(ctx, func(tx kyc.Tx) (err error) {
		late = nil
		i, err := tx.Identifications().Get(n.IdentificationID)
		if err != nil {
			return err
		}
		rules := s.Rules[i.Method]
		to, ok := rules.Machine.Next(i.State, kyc.Authorized)
		if !ok || !tx.Now().Before(i.AuthorizationExpiresAt) {
			late = tooLate(i.State, rules.Machine, kyc.Authorized)
			return dropSigning(tx, n.ID, j)
		}
		if err := supersede(tx, i.ID); err != nil {
			return err
		}
		row := n
		row.State, row.ExpiresAt = kyc.SigningOpen, tx.Now().Add(rules.ConfirmWithin)
		facts.Handle = session.Handle
		if row.Facts, err = s.sealFacts(tx, n, facts); err != nil {
			return err
		}
		if err := tx.Signings().Update(row); err != nil {
			return err
		}
		i.ReferenceToken, i.ConfirmationExpiresAt = n.Token, row.ExpiresAt
		if err := s.move(ctx, tx, &i, kyc.Authorized, to, byPartner, ""); err != nil {
			return err
		}
		a.Identification = i
		err = tx.Jobs().Add(kyc.Job{Kind: kyc.CollectSigning, Key: i.ID, DueAt: tx.Now().Add(collectGap)})
		if err != nil {
			return err
		}
		return tx.Jobs().Done(j)
	})
	if err == nil {
		err = late
	}
	return a, err
}

// askToSign prepares the documents and asks the signer.
func (s *Service) askToSign(ctx context.Context, n kyc.Signing) (session provider.SigningSession, facts signingFacts, err error) {
	i, p, err := s.identificationAndPerson(ctx, n.IdentificationID)
	if err != nil {
		return session, facts, err
	}
	if facts, err = s.openFacts(ctx, n); err != nil {
		return session, facts, err
	}
	prepared, err := s.prepare(ctx, i, n, facts)
	if err != nil {
		return session, facts, err
	}
	order := provider.SigningOrder{
		ID: n.ID, Identification: i.ID, Person: p.Attributes, Phone: n.Number, Language: facts.Language,
		Message: fmt.Sprintf(consentText[facts.Language], n.Token),
	}
	facts.Added = map[string][]byte{}
	for _, d := range prepared {
		order.Documents = append(order.Documents, provider.Digest{ID: d.ID, SHA512: d.SHA512[:]})
		if facts.Added[d.ID], err = pack(d.added); err != nil {
			return session, facts, err
		}
	}
	session, err = s.Signer.Signer.Sign(ctx, order)
	return session, facts, err
}

// supersede ends the attempt that is open: a newer one takes its place.
func supersede(tx kyc.Tx, identificationID string) error {
	n, ok, err := tx.Signings().Open(identificationID)
	if err != nil || !ok {
		return err
	}
	n.State = kyc.SigningOver
	return tx.Signings().Update(n)
}

// dropSigning ends the attempt of a job that came to nothing.
func dropSigning(tx kyc.Tx, signingID string, j kyc.Job) error {
	n, err := tx.Signings().Get(signingID)
	if err != nil && !kyc.IsKind(err, kyc.NotFound) { // its person may have been erased
		return err
	}
	if err == nil && n.State == kyc.SigningAsked {
		n.State = kyc.SigningOver
		if err := tx.Signings().Update(n); err != nil {
			return err
		}
	}
	return tx.Jobs().Done(j)
}

// AuthorizeSigning is the job of an authorization whose process died: nobody knows
// whether the signer was asked, and the partner asks again.
func (s *Service) AuthorizeSigning(ctx context.Context, j kyc.Job) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		n, _, err := tx.Signings().Latest(j.Key)
		if err != nil {
			return err
		}
		return dropSigning(tx, n.ID, j)
	})
}

// signingFacts are what an attempt to sign is remembered by. Name and language
// stand in the signature: they stay, whatever becomes of the person's meanwhile.
type signingFacts struct {
	Name     string `json:"name"`
	Language string `json:"language"` // "de" or "en"
	Handle   string `json:"handle"`   // the signer's adapter's own
	// Added is what the preparation added to each document, packed, by the
	// document's id. It is kept: another version of this program would add other
	// bytes, which the signature does not fit.
	Added map[string][]byte `json:"added,omitempty"`
}

func (s *Service) sealFacts(tx kyc.Tx, n kyc.Signing, facts signingFacts) ([]byte, error) {
	plain, err := json.Marshal(facts)
	if err != nil {
		return nil, err
	}
	key, err := s.keyOf(tx.Persons(), n.PersonID)
	if err != nil {
		return nil, err
	}
	return key.Seal(plain, aboutFacts(n.ID))
}

func aboutFacts(signingID string) string { return "facts of signing " + signingID }

func (s *Service) openFacts(ctx context.Context, n kyc.Signing) (facts signingFacts, err error) {
	key, err := s.personKey(ctx, n.PersonID)
	if err != nil {
		return facts, err
	}
	plain, err := key.Open(n.Facts, aboutFacts(n.ID))
	if err != nil {
		return facts, err
	}
	return facts, json.Unmarshal(plain, &facts)
}

// guess is a one-time password on its way to the signer.
type guess struct {
	signing kyc.Signing
	number  kyc.MobileNumber
	job     kyc.Job
}

// Confirm hands the customer's one-time password to the signer. It is counted,
// for the attempt and for the phone, before it is looked at: nobody can guess more
// often than that by guessing at once, be it at several identifications.
func (s *Service) Confirm(ctx context.Context, partnerID, personID, id string, body map[string]any) (kyc.Identification, error) {
	deadline := s.Wall.Now().Add(s.RequestDeadline)
	f := &fields{body: body}
	token := f.required("token", f.text("token", 64))
	g, err := s.takeGuess(ctx, partnerID, personID, id, f)
	if err != nil {
		return kyc.Identification{}, err
	}
	i, err := carryOut(ctx, s, deadline, func(ctx context.Context) (kyc.Identification, error) { return s.confirm(ctx, g, token) })
	return i, signerSlow(err)
}

func (s *Service) takeGuess(ctx context.Context, partnerID, personID, id string, f *fields) (g guess, err error) {
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		g = guess{}
		i, err := tx.Identifications().Find(partnerID, personID, id)
		if err != nil {
			return err
		}
		if err := kyc.InvalidFields(f.broken); err != nil {
			return err
		}
		rules, built := s.Rules[i.Method]
		if !built {
			return errNotAllowed
		}
		if _, ok := rules.Machine.Next(i.State, kyc.SignConfirmed); !ok {
			return wrongState(i.State, rules.Machine, kyc.SignConfirmed)
		}
		if s.Signer.Confirmer == nil {
			return kyc.Fail(kyc.NotImplemented, "not_implemented_error",
				"This server hands no passwords to the signer: the customer confirms on the signer's own page, and the identification moves on by itself.")
		}
		if !tx.Now().Before(i.AuthorizationExpiresAt) {
			return errTooLate
		}
		var there bool
		if g.number, there, err = tx.MobileNumbers().OfPerson(personID); err != nil {
			return err
		}
		if there {
			if err := s.mayTry(g.number); err != nil {
				return err
			}
		}
		// The attempt that is being asked for takes the place of the open one.
		if busy, err := s.busy(tx, kyc.AuthorizeSigning, i.ID); err != nil || busy {
			return orUnderWay(err)
		}
		n, ok, err := tx.Signings().Open(i.ID)
		if err != nil {
			return err
		}
		// what was sent to a phone that is not the person's any more is good no more
		if !ok || !there || g.number.Number != n.Number || !tx.Now().Before(n.ExpiresAt) || n.Tries >= kyc.OTPTries {
			return errAuthorizeAgain(g.number.ID)
		}
		var mine bool
		if g.job, mine, err = s.takeJob(tx, kyc.ConfirmSigning, i.ID); err != nil || !mine {
			return orUnderWay(err)
		}
		g.number.CountWrong(s.Wall.Now())
		if err := tx.MobileNumbers().Update(g.number); err != nil {
			return err
		}
		n.Tries++
		g.signing = n
		if err := tx.Signings().Update(n); err != nil {
			return err
		}
		g.signing.Version++
		return nil
	})
	return g, err
}

// errAuthorizeAgain is the answer when no password is waited for (any more).
func errAuthorizeAgain(mobileNumberID string) error {
	return kyc.Fail(kyc.Forbidden, "invalid_tan",
		"Invalid or expired TAN for Solaris::MobileNumber with uid: '%s'. There is none that could be confirmed; authorize the identification again.", mobileNumberID)
}

// confirm hands the password over and writes what the signer says of it.
func (s *Service) confirm(ctx context.Context, g guess, token string) (i kyc.Identification, err error) {
	facts, err := s.openFacts(ctx, g.signing)
	if err == nil {
		err = s.Signer.Confirmer.Confirm(ctx, facts.Handle, token)
	}
	ctx = context.WithoutCancel(ctx)
	switch {
	case errors.Is(err, provider.ErrWrongPassword), errors.Is(err, provider.ErrNoAttempt):
		return i, s.wrongGuess(ctx, g, errors.Is(err, provider.ErrNoAttempt))
	case err != nil:
		trouble := err
		return i, errors.Join(trouble, s.Store.Tx(ctx, func(tx kyc.Tx) error { return s.unsure(tx, g, trouble) }))
	}
	var late error
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		late = nil
		if i, err = tx.Identifications().Get(g.signing.IdentificationID); err != nil {
			return err
		}
		if err := uncount(tx, g); err != nil {
			return err
		}
		to, ok := s.Rules[i.Method].Machine.Next(i.State, kyc.SignConfirmed)
		if ok {
			if err := s.move(ctx, tx, &i, kyc.SignConfirmed, to, byPartner, ""); err != nil {
				return err
			}
			if err := tx.Jobs().Add(kyc.Job{Kind: kyc.CollectSigning, Key: i.ID, DueAt: tx.Now()}); err != nil {
				return err
			}
		} else if i.State != kyc.Confirmed && i.State != kyc.Successful {
			late = tooLate(i.State, s.Rules[i.Method].Machine, kyc.SignConfirmed)
		}
		return tx.Jobs().Done(g.job)
	})
	if err == nil {
		err = late
	}
	return i, err
}

// uncount takes back, for the phone, a guess that was none or was right.
func uncount(tx kyc.Tx, g guess) error {
	m, ok, err := tx.MobileNumbers().OfPerson(g.signing.PersonID)
	if err != nil || !ok || m.ID != g.number.ID {
		return err
	}
	m.UncountWrong()
	return tx.MobileNumbers().Update(m)
}

// wrongGuess notes a wrong password. After too many the attempt is over. Where the
// signer waits for none, it is asked why: the customer may have confirmed on its
// page, and then the signatures come.
func (s *Service) wrongGuess(ctx context.Context, g guess, over bool) error {
	var answer error
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		answer = errWrongTAN(g.number.ID)
		i, err := tx.Identifications().Get(g.signing.IdentificationID)
		if err != nil {
			return err
		}
		n, err := tx.Signings().Get(g.signing.ID)
		if err != nil {
			return err
		}
		switch {
		case over:
			answer = errAuthorizeAgain(g.number.ID)
			err = errors.Join(uncount(tx, g), tx.Jobs().Add(kyc.Job{Kind: kyc.CollectSigning, Key: n.IdentificationID, DueAt: tx.Now()}))
		case n.Tries >= kyc.OTPTries && n.State == kyc.SigningOpen:
			n.State = kyc.SigningOver
			answer = errAuthorizeAgain(g.number.ID)
			err = tx.Signings().Update(n)
		}
		if err != nil {
			return err
		}
		err = tx.History().Add(kyc.Entry{
			PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID, At: tx.Now(), Actor: byPartner,
			RequestID: requestID(ctx), Event: "not_confirmed", From: i.State, To: i.State, Details: details(map[string]any{"try": n.Tries}),
		})
		if err != nil {
			return err
		}
		return tx.Jobs().Done(g.job)
	})
	if err != nil {
		return err
	}
	return answer
}

// unsure settles a guess of which nobody knows whether the signer has seen it. It
// may have: then the signatures come. A call that was never made does not count.
func (s *Service) unsure(tx kyc.Tx, g guess, trouble error) error {
	if _, not := notCalled(trouble); not {
		n, err := tx.Signings().Get(g.signing.ID)
		if err != nil {
			return err
		}
		n.Tries--
		if err := errors.Join(tx.Signings().Update(n), uncount(tx, g)); err != nil {
			return err
		}
	}
	err := tx.Jobs().Add(kyc.Job{Kind: kyc.CollectSigning, Key: g.signing.IdentificationID, DueAt: tx.Now().Add(collectGap)})
	if err != nil {
		return err
	}
	return tx.Jobs().Done(g.job)
}

// ConfirmSigning is the job of a confirmation whose process died. The password is
// not kept; whether the signer got it shows when it is asked.
func (s *Service) ConfirmSigning(ctx context.Context, j kyc.Job) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if err := tx.Jobs().Add(kyc.Job{Kind: kyc.CollectSigning, Key: j.Key, DueAt: tx.Now()}); err != nil {
			return err
		}
		return tx.Jobs().Done(j)
	})
}

// ReceiveText keeps a text that the signer of a sandbox sent to the phone of an
// attempt, so that the inbox shows it. It is none of ours and counts as none.
func (s *Service) ReceiveText(ctx context.Context, signingID, text string) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		n, err := tx.Signings().Get(signingID)
		if err != nil {
			return err
		}
		key, err := s.keyOf(tx.Persons(), n.PersonID)
		if err != nil {
			return err
		}
		m := kyc.Message{
			ID: id.Random(id.Plain), PartnerID: n.PartnerID, PersonID: n.PersonID, Number: n.Number, State: kyc.MessageSent,
			CreatedAt: tx.Now(), ExpiresAt: tx.Now(),
		}
		if m.Sealed, err = key.Seal([]byte(text), aboutMessage(m)); err != nil {
			return err
		}
		return tx.Messages().Insert(m)
	})
}

// CollectNow asks the signer now instead of when it is due: for a sandbox, whose
// signer was just told how it ends.
func (s *Service) CollectNow(ctx context.Context, identificationID string) error {
	return s.collect(ctx, identificationID, func(kyc.Tx, kyc.Identification, kyc.Signing, bool) error { return nil })
}

// waitsForSigner are the states in which signatures may come.
func waitsForSigner(st kyc.State) bool {
	return slices.Contains([]kyc.State{kyc.ConfirmationRequired, kyc.Confirmed}, st)
}

const (
	collectGap     = 10 * time.Second // between questions, as signers ask for
	collectGrace   = time.Minute      // after the password has run out
	confirmedGap   = 2 * time.Second  // the first, once the customer has confirmed
	signerPatience = time.Hour        // for signatures after that

	troublePatience = 48 * time.Hour // for a signer that cannot be asked, or whose signatures do not fit
)
