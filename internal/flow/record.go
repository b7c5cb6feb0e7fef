package flow

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Record is what the law keeps of a customer who was erased: who they were, how
// that was found out, and by what. The files are kept beside it.
type Record struct {
	Person          RecordPerson           `json:"person"`
	Identifications []RecordIdentification `json:"identifications"`
	Documents       []RecordDocument       `json:"documents"`
	History         []RecordEntry          `json:"history"`
}

// RecordPerson is the person with the attributes that the law keeps.
type RecordPerson struct {
	ID         string         `json:"id"`
	PartnerID  string         `json:"partner_id"`
	CreatedAt  time.Time      `json:"created_at"`
	Attributes map[string]any `json:"attributes"`
}

// RecordIdentification is one identification.
type RecordIdentification struct {
	ID                     string          `json:"id"`
	Method                 kyc.Method      `json:"method"`
	Status                 kyc.State       `json:"status"`
	Reference              string          `json:"reference"`
	IBAN                   string          `json:"iban"`
	ProofOfAddressType     string          `json:"proof_of_address_type"`
	ProofOfAddressIssuedAt string          `json:"proof_of_address_issued_at"`
	FailureReason          string          `json:"failure_reason"`
	StatusCode             string          `json:"provider_status_code"`
	Address                json.RawMessage `json:"address"`
	TermsSignedAt          time.Time       `json:"terms_and_conditions_signed_at,omitzero"`
	CreatedAt              time.Time       `json:"created_at"`
	CompletedAt            time.Time       `json:"completed_at,omitzero"`
}

// RecordDocument is one file.
type RecordDocument struct {
	ID               string `json:"id"`
	IdentificationID string `json:"identification_id"`
	Name             string `json:"name"`
	ContentType      string `json:"content_type"`
	DocumentType     string `json:"document_type"`
	Size             int64  `json:"size"`
}

// RecordEntry is one line of the history with its details, as far as they are kept.
type RecordEntry struct {
	Seq              int64           `json:"seq"`
	At               time.Time       `json:"at"`
	IdentificationID string          `json:"identification_id"`
	Actor            string          `json:"actor"`
	RequestID        string          `json:"request_id"`
	Event            string          `json:"event"`
	From             kyc.State       `json:"from"`
	To               kyc.State       `json:"to"`
	Details          json.RawMessage `json:"details"`
}

func aboutRecord(personID string) string { return "record of " + personID }

var errNeedsMaster = kyc.Fail(kyc.PreconditionFailed, "master_key_missing",
	"The person was identified, so the law keeps a record, and that is sealed: the master key is needed. Set IDENTIKIT_MASTER_KEY or IDENTIKIT_MASTER_KEY_FILE.")

// sealRecord gathers what the law keeps, and seals it with the person's key.
func (s *Service) sealRecord(tx kyc.Tx, p kyc.Subject) ([]byte, error) {
	if s.Master == nil {
		return nil, errNeedsMaster
	}
	r := Record{Person: RecordPerson{ID: p.ID, PartnerID: p.PartnerID, CreatedAt: p.CreatedAt, Attributes: p.Attributes.Lawful().Reveal()}}
	identifications, err := tx.Erasures().Identifications(p.ID)
	if err != nil {
		return nil, err
	}
	for _, i := range identifications {
		r.Identifications = append(r.Identifications, RecordIdentification{
			ID: i.ID, Method: i.Method, Status: i.State, Reference: i.Reference, IBAN: i.IBAN,
			ProofOfAddressType: i.ProofOfAddressType, ProofOfAddressIssuedAt: i.ProofOfAddressIssuedAt, FailureReason: i.FailureReason, StatusCode: i.StatusCode,
			Address: json.RawMessage(i.Address), TermsSignedAt: i.TermsSignedAt, CreatedAt: i.CreatedAt, CompletedAt: i.CompletedAt,
		})
	}
	documents, err := tx.Erasures().Documents(p.ID)
	if err != nil {
		return nil, err
	}
	if err := s.OpenNames(tx.Persons(), p.ID, documents); err != nil {
		return nil, err
	}
	for _, d := range documents {
		r.Documents = append(r.Documents, RecordDocument{
			ID: d.ID, IdentificationID: d.IdentificationID, Name: d.Name, ContentType: d.ContentType, DocumentType: d.Type, Size: d.Size,
		})
	}
	history, err := tx.History().OfPerson(p.ID)
	if err != nil {
		return nil, err
	}
	for _, e := range history {
		r.History = append(r.History, RecordEntry{
			Seq: e.Seq, At: e.At, IdentificationID: e.IdentificationID, Actor: e.Actor, RequestID: e.RequestID, Event: e.Event,
			From: e.From, To: e.To, Details: kyc.LawfulDetails(e.Details),
		})
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	key, err := s.keyOf(tx.Persons(), p.ID)
	if err != nil {
		return nil, err
	}
	return key.Seal(plain, aboutRecord(p.ID))
}

// OpenRecord opens the record of a customer who was erased, for an operator whom
// an authority asks.
func (s *Service) OpenRecord(ctx context.Context, personID string) (r Record, err error) {
	var p kyc.Subject
	err = s.Store.View(ctx, func(v kyc.View) error {
		p, err = v.Erasures().Subject(personID)
		return err
	})
	switch {
	case err != nil:
		return r, err
	case p.ErasedAt.IsZero():
		return r, kyc.Fail(kyc.PreconditionFailed, "person_not_erased", "The person '%s' is not erased; the API shows everything about it.", personID)
	case len(p.Record) == 0:
		return r, kyc.Fail(kyc.NotFound, "record_not_kept", "The person '%s' was erased at %s, and no record is kept.", personID, kyc.FormatInstant(p.ErasedAt))
	}
	key, err := s.personKey(ctx, personID)
	if err != nil {
		return r, err
	}
	plain, err := key.Open(p.Record, aboutRecord(personID))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(plain, &r)
}

// CopyRecordFile writes the plain bytes of a file of the record.
func (s *Service) CopyRecordFile(ctx context.Context, personID, documentID string, to io.Writer) error {
	var documents []kyc.Document
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		documents, err = v.Erasures().Documents(personID)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range documents {
		if d.ID != documentID || d.Blob == "" {
			continue
		}
		key, err := s.personKey(ctx, personID)
		if err != nil {
			return err
		}
		sealed, err := s.Blobs.Get(ctx, d.Blob)
		if err != nil {
			return err
		}
		plain, err := key.Reader(sealed, aboutFile(personID))
		if err == nil {
			_, err = io.Copy(to, plain)
		}
		return errors.Join(err, sealed.Close())
	}
	return kyc.Missing("Solaris::Document", documentID)
}
