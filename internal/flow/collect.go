package flow

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/pdf"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/report"
)

// toSign is a document that is to be signed, or was prepared for it.
type toSign struct {
	ID      string
	content []byte // what the customer can read
	added   []byte // what the preparation adds to that
	SHA512  [sha512.Size]byte
}

// prepare makes the documents ready to be signed.
func (s *Service) prepare(ctx context.Context, i kyc.Identification, n kyc.Signing, facts signingFacts) ([]toSign, error) {
	all, err := s.unsigned(ctx, i)
	if err != nil {
		return nil, err
	}
	for nth, d := range all {
		prepared, err := report.Prepare(d.content, report.SignatureNote{
			Language: strings.ToUpper(facts.Language), Name: facts.Name, Reason: "Identification " + i.ID, At: n.PreparedAt,
		})
		if err != nil {
			return nil, err
		}
		added, ok := bytes.CutPrefix(prepared.PDF, d.content)
		if !ok {
			return nil, errors.New("flow: the preparation changed the document")
		}
		all[nth].added, all[nth].SHA512 = added, prepared.SHA512
	}
	return all, nil
}

// prepared are the documents as the signer was asked to sign them.
func (s *Service) prepared(ctx context.Context, i kyc.Identification, facts signingFacts) ([]toSign, error) {
	all, err := s.unsigned(ctx, i)
	if err != nil {
		return nil, err
	}
	for nth, d := range all {
		if all[nth].added, err = unpack(facts.Added[d.ID]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// pack makes bytes smaller: most of a preparation is room for the signature.
func pack(b []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func unpack(b []byte) ([]byte, error) { return io.ReadAll(flate.NewReader(bytes.NewReader(b))) }

// unsigned are the documents that the customer signs.
func (s *Service) unsigned(ctx context.Context, i kyc.Identification) (all []toSign, err error) {
	var documents []kyc.Document
	err = s.Store.View(ctx, func(v kyc.View) (err error) {
		documents, err = v.Documents().OfIdentification(i.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, d := range documents {
		if d.Type != kyc.DocumentQES {
			continue
		}
		_, file, err := s.OpenDocument(ctx, i.PartnerID, i.PersonID, d.ID)
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(file) // ours, and small
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
		all = append(all, toSign{ID: d.ID, content: content})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("flow: identification %s has no document to sign", i.ID)
	}
	return all, nil
}

// CollectSigning is the job that asks the signer until the signatures are there,
// or nothing can come of the attempt any more.
func (s *Service) CollectSigning(ctx context.Context, j kyc.Job) error {
	err := s.collect(ctx, j.Key, func(tx kyc.Tx, i kyc.Identification, n kyc.Signing, pending bool) error {
		now := tx.Now()
		switch {
		case !pending || i.State == kyc.ConfirmationRequired && now.After(n.ExpiresAt.Add(collectGrace)):
			return tx.Jobs().Done(j)
		case i.State == kyc.ConfirmationRequired: // the customer takes time, which is no failed attempt
			return tx.Jobs().Wait(j, now.Add(collectGap))
		case now.After(n.ExpiresAt.Add(signerPatience)): // it has the password, and gives no signature
			if err := s.endSigning(ctx, tx, i, n, kyc.SigningFailed, "patience_exhausted"); err != nil {
				return err
			}
			return tx.Jobs().Done(j)
		}
		return tx.Jobs().PutOff(j, now.Add(kyc.Backoff(j.Attempt/8, confirmedGap, time.Minute)))
	})
	if err == nil {
		return nil
	}
	after, not := notCalled(err)
	if !not {
		s.Log.Warn("the signer could not be asked", "identification", j.Key, "attempt", j.Attempt, "error", kyc.Brief(err))
	}
	return s.Store.Tx(context.WithoutCancel(ctx), func(tx kyc.Tx) error {
		i, err := tx.Identifications().Get(j.Key)
		switch {
		case kyc.IsKind(err, kyc.NotFound), err == nil && !waitsForSigner(i.State):
			return tx.Jobs().Done(j)
		case err != nil:
			return err
		}
		n, ok, err := tx.Signings().Open(i.ID)
		switch {
		case err != nil:
			return err
		case ok && i.State == kyc.Confirmed && tx.Now().After(n.ExpiresAt.Add(troublePatience)):
			if err := s.endSigning(ctx, tx, i, n, kyc.SigningFailed, "patience_exhausted"); err != nil {
				return err
			}
			return tx.Jobs().Done(j)
		case not:
			return tx.Jobs().Wait(j, tx.Now().Add(after))
		}
		return tx.Jobs().PutOff(j, tx.Now().Add(kyc.Backoff(j.Attempt/2, collectGap, 10*time.Minute)))
	})
}

// collectBefore asks the signer once before an expiry: the customer may have
// confirmed on its page just now. Trouble does not hold the expiry up; what the
// signer makes after that is not taken.
func (s *Service) collectBefore(ctx context.Context, identificationID string) error {
	i, err := s.identification(ctx, identificationID)
	if err != nil || i.State != kyc.ConfirmationRequired {
		return nil //nolint:nilerr // the expiry itself says what is wrong
	}
	err = s.collect(ctx, identificationID, func(kyc.Tx, kyc.Identification, kyc.Signing, bool) error { return nil })
	if err != nil {
		s.Log.Warn("the signer could not be asked before an expiry", "identification", identificationID, "error", kyc.Brief(err))
	}
	return nil
}

// collect asks the signer how the open attempt stands and takes its answer in.
// settle is called in the transaction of its effects.
func (s *Service) collect(ctx context.Context, identificationID string, settle func(tx kyc.Tx, i kyc.Identification, n kyc.Signing, pending bool) error) error {
	i, err := s.identification(ctx, identificationID)
	if err != nil {
		return err
	}
	var n kyc.Signing
	var ok bool
	err = s.Store.View(ctx, func(v kyc.View) (err error) {
		n, ok, err = v.Signings().Open(i.ID)
		return err
	})
	if err != nil {
		return err
	}
	if !ok || !waitsForSigner(i.State) {
		return s.Store.Tx(ctx, func(tx kyc.Tx) error { return settle(tx, i, n, false) })
	}
	facts, err := s.openFacts(ctx, n)
	if err != nil {
		return err
	}
	sig, err := s.Signer.Signer.Ask(ctx, facts.Handle)
	pending := errors.Is(err, provider.ErrNoResult)
	if err != nil && !pending {
		return err
	}
	var kept []kyc.Document
	if sig.Event == kyc.DocumentsSigned && !pending {
		if kept, err = s.signedDocuments(ctx, i, n, facts, sig); err != nil {
			return err
		}
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		i, err := tx.Identifications().Get(i.ID)
		if err != nil {
			return err
		}
		open, ok, err := tx.Signings().Open(i.ID)
		switch {
		case err != nil:
			return err
		case !ok || open.ID != n.ID || !waitsForSigner(i.State): // another attempt, or the end, came first
			return settle(tx, i, open, ok && waitsForSigner(i.State))
		case pending:
			if sig.Handle != "" && sig.Handle != facts.Handle {
				next := facts
				next.Handle = sig.Handle
				if open.Facts, err = s.sealFacts(tx, open, next); err != nil {
					return err
				}
				if err := tx.Signings().Update(open); err != nil {
					return err
				}
				open.Version++ // settle may end it
			}
		case sig.Event == kyc.DocumentsSigned:
			err = s.signed(ctx, tx, i, open, sig, kept)
		default:
			err = s.endSigning(ctx, tx, i, open, sig.Event, sig.Result)
		}
		if err != nil {
			return err
		}
		return settle(tx, i, open, pending)
	})
}

// signedDocuments puts the signatures into the documents, checks the result as a
// reader would, and seals it.
func (s *Service) signedDocuments(ctx context.Context, i kyc.Identification, n kyc.Signing, facts signingFacts, sig provider.Signature) ([]kyc.Document, error) {
	prepared, err := s.prepared(ctx, i, facts)
	if err != nil {
		return nil, err
	}
	var kept []kyc.Document
	for nth, d := range prepared {
		cms, ok := sig.CMS[d.ID]
		if !ok {
			return nil, kyc.Fail(kyc.BadGateway, "bad_gateway", "The signer left out a document.")
		}
		content, err := pdf.Embed(slices.Concat(d.content, d.added), cms)
		if err != nil {
			return nil, err
		}
		if err := validSignature(content); err != nil {
			return nil, err
		}
		if sig.At.Before(n.PreparedAt.Add(-clockSkew)) || sig.At.After(s.Clock.Now().Add(clockSkew)) {
			return nil, kyc.Fail(kyc.BadGateway, "bad_gateway", "The signer's time stamp is of another time than the signature.")
		}
		content, err = pdf.AddValidation(content, pdf.Validation(sig.Validation))
		if err != nil {
			return nil, err
		}
		name := i.ID + "_signed_kyc_report.pdf"
		if nth > 0 {
			name = fmt.Sprintf("%s_signed_document_%d.pdf", i.ID, nth+1)
		}
		signed, err := s.keepPDF(ctx, i, kyc.DocumentSignedQES, name, content)
		if err != nil {
			return nil, err
		}
		kept = append(kept, signed)
	}
	return kept, nil
}

// clockSkew is how far a firm's clock may be from ours. A time stamp chooses the
// time at which its authorities had to be good, so it must not choose freely.
const clockSkew = 5 * time.Minute

// validSignature checks the newest signature as a reader would, before it is kept:
// whoever relies on a qualified signature must have validated it (eIDAS, Art. 32).
func validSignature(content []byte) error {
	all, err := pdf.Examine(content)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("flow: the signed document has no signature")
	}
	if _, err := all[len(all)-1].Verify(); err != nil {
		return &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Detail: "The signer's signature does not fit the document.", Cause: err}
	}
	return nil
}

// signed ends the identification with its signatures. A customer who confirmed on
// the signer's own page is confirmed now.
func (s *Service) signed(ctx context.Context, tx kyc.Tx, i kyc.Identification, n kyc.Signing, sig provider.Signature, kept []kyc.Document) error {
	machine := s.Rules[i.Method].Machine
	if to, ok := machine.Next(i.State, kyc.SignConfirmed); ok {
		if err := s.move(ctx, tx, &i, kyc.SignConfirmed, to, byProvider, ""); err != nil {
			return err
		}
	}
	n.State = kyc.SigningDone
	if err := tx.Signings().Update(n); err != nil {
		return err
	}
	p, err := tx.Persons().Get(i.PartnerID, i.PersonID)
	if err != nil {
		return err
	}
	f := provider.Finding{Event: kyc.DocumentsSigned, Result: sig.Result, At: sig.At, Fingerprint: "signing " + n.ID, Raw: sig.Raw}
	raw, err := s.sealFinding(tx, i, f)
	if err != nil {
		return err
	}
	err = tx.Findings().Insert(kyc.FindingRecord{
		IdentificationID: i.ID, Fingerprint: f.Fingerprint, At: f.At, ReceivedAt: tx.Now(), Result: f.Result, Event: f.Event, Raw: raw,
	})
	if err != nil {
		return err
	}
	if err := insertDocuments(tx, kept); err != nil {
		return err
	}
	i.Address = addressOf(p.Attributes)
	if err := s.move(ctx, tx, &i, kyc.DocumentsSigned, kyc.Successful, byProvider, ""); err != nil {
		return err
	}
	renewed := kyc.Attributes{"aml_follow_up_date": amlFollowUp(tx.Now(), p.Attributes)}
	return s.writePerson(ctx, tx, &p, renewed, byProvider, "legitimation_changed", map[string]any{"identification": i.ID})
}

// endSigning ends an attempt without signatures. Another may follow unless the
// signer will not sign at all, or has had the password already.
func (s *Service) endSigning(ctx context.Context, tx kyc.Tx, i kyc.Identification, n kyc.Signing, ev kyc.Event, result string) error {
	n.State = kyc.SigningOver
	if err := tx.Signings().Update(n); err != nil {
		return err
	}
	if ev == kyc.SigningFailed || i.State == kyc.Confirmed {
		if to, ok := s.Rules[i.Method].Machine.Next(i.State, kyc.SigningFailed); ok {
			return s.move(ctx, tx, &i, kyc.SigningFailed, to, byProvider, kyc.ReasonSigningFailed)
		}
	}
	return tx.History().Add(kyc.Entry{
		PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID, At: tx.Now(), Actor: byProvider,
		Event: string(ev), From: i.State, To: i.State, Details: details(map[string]any{"result": result}),
	})
}
