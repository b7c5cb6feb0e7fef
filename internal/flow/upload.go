package flow

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// Upload is a file that a partner sent, sealed and stored already.
type Upload struct {
	Name        string // as cleaned by kyc.CleanFileName
	ContentType string // what the bytes are
	Type        string // one of kyc.UploadTypes
	Kept
}

// Kept are bytes that are sealed and stored, and that no row names yet.
type Kept struct {
	Blob   string
	Size   int64  // of the plain bytes
	SHA256 string // of the plain bytes, in hex
}

// KeepFile seals what plain gives while it is stored. It is followed by
// UploadDocument, or by DropFile; what a crash leaves is swept away.
func (s *Service) KeepFile(ctx context.Context, personID string, plain io.Reader) (k Kept, err error) {
	key, err := s.personKey(ctx, personID)
	if err != nil {
		return k, err
	}
	k.Blob, k.Size, k.SHA256, err = s.put(ctx, key, personID, plain)
	return k, err
}

// DropFile removes bytes that will get no row. If it fails, the sweep does it.
func (s *Service) DropFile(ctx context.Context, k Kept) {
	if err := s.Blobs.Delete(context.WithoutCancel(ctx), k.Blob); err != nil {
		s.Log.Warn("bytes that nobody needs could not be removed; the sweep will", "error", err)
	}
}

// UploadDocument makes a document of the upload: the person's alone, or that of
// an identification which is still open. An upload that comes to nothing is
// dropped, unless it is uncertain whether it did.
func (s *Service) UploadDocument(ctx context.Context, partnerID, personID, identificationID string, o Once, u Upload) (kyc.Document, *kyc.Replay, error) {
	var d kyc.Document
	replay, err := s.once(ctx, partnerID, o, func(tx kyc.Tx) (any, error) {
		var identityData bool
		var i kyc.Identification
		if _, err := tx.Persons().Get(partnerID, personID); err != nil {
			return nil, err
		}
		d = kyc.Document{
			PartnerID: partnerID, PersonID: personID, IdentificationID: identificationID, Name: u.Name, ContentType: u.ContentType,
			Type: u.Type, Size: u.Size, Blob: u.Blob, CreatedAt: tx.Now(),
		}
		if identificationID != "" {
			var err error
			if i, err = tx.Identifications().Find(partnerID, personID, identificationID); err != nil {
				return nil, err
			}
			if err := s.takesDocuments(i); err != nil {
				return nil, err
			}
			if identityData, err = s.isIdentityData(i, u.ContentType); err != nil {
				return nil, err
			}
		}
		if err := s.insertUpload(tx, &d, u); err != nil {
			return nil, err
		}
		err := noteDocument(ctx, tx, d, "document_uploaded", map[string]any{"content_type": d.ContentType, "size": d.Size, "sha256": u.SHA256})
		if err != nil || !identityData {
			return d, err
		}
		return d, s.receiveData(ctx, tx, i)
	})
	var refused *kyc.Error
	if replay != nil || errors.As(err, &refused) { // other errors may hide a commit whose answer was lost
		s.DropFile(ctx, u.Kept)
	}
	return d, replay, err
}

// insertUpload writes the row. The name is sealed, and the same bytes are
// given to an identification once for each type.
func (s *Service) insertUpload(tx kyc.Tx, d *kyc.Document, u Upload) (err error) {
	key, err := s.keyOf(tx.Persons(), d.PersonID)
	if err != nil {
		return err
	}
	if d.IdentificationID != "" {
		sum, err := hex.DecodeString(u.SHA256)
		if err != nil {
			return err
		}
		if d.Digest, err = key.Digest(sum, "documents of "+d.IdentificationID); err != nil {
			return err
		}
		there, err := tx.Documents().SameUpload(d.IdentificationID, d.Type, d.Digest)
		if err != nil {
			return err
		}
		if there {
			return kyc.Fail(kyc.Conflict, "record_not_unique",
				"This identification has a document of the type '%s' with the same bytes already. There is nothing more to do.", d.Type)
		}
	}
	if d.ID, err = tx.NewID(id.Document); err != nil {
		return err
	}
	if d.SealedName, err = key.Seal([]byte(d.Name), aboutName(d.ID)); err != nil {
		return err
	}
	row := *d
	row.Name = ""
	return tx.Documents().Insert(row)
}

func aboutName(documentID string) string { return "name of " + documentID }

// OpenNames opens the sealed names among a person's documents, in place.
func (s *Service) OpenNames(persons kyc.PersonReader, personID string, documents []kyc.Document) error {
	if !slices.ContainsFunc(documents, func(d kyc.Document) bool { return d.SealedName != nil }) {
		return nil
	}
	key, err := s.keyOf(persons, personID)
	if err != nil {
		return err
	}
	for n, d := range documents {
		if d.SealedName == nil {
			continue
		}
		name, err := key.Open(d.SealedName, aboutName(d.ID))
		if err != nil {
			return err
		}
		documents[n].Name = string(name)
	}
	return nil
}

// takesDocuments refuses, with 412, what comes when nothing can come of the
// identification any more, or when it has succeeded: its evidence is complete.
func (s *Service) takesDocuments(i kyc.Identification) error {
	moves := s.Rules[i.Method].Machine.Moves
	var open []string
	for _, st := range slices.Sorted(maps.Keys(moves)) {
		if len(moves[st]) > 0 && st != kyc.Successful {
			open = append(open, string(st))
		}
	}
	if slices.Contains(open, string(i.State)) {
		return nil
	}
	return kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
		"The identification is '%s'; documents are added to it while it is one of '%s'. Upload this one to the person instead.",
		i.State, strings.Join(open, "', '"))
}

// ChangeDocument changes the type of a document, or whether the customer may see
// it. Evidence keeps its type.
func (s *Service) ChangeDocument(ctx context.Context, partnerID, personID, id string, body map[string]any) (d kyc.Document, err error) {
	f := &fields{body: body}
	kind := f.str("document_type")
	if message := kyc.CheckDocumentType(kind); body["document_type"] != nil && message != "" {
		f.fail("document_type", message)
	}
	accessible, sent := f.yesNo("customer_accessible")
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if d, err = s.holdDocument(tx, partnerID, personID, id); err != nil {
			return err
		}
		if err := kyc.InvalidFields(f.broken); err != nil {
			return err
		}
		changes := map[string]any{}
		if kind != "" && kind != d.Type {
			if d.Evidence() {
				return evidenceStays("update")
			}
			changes["old_document_type"], d.Type = d.Type, kind
		}
		if sent && accessible != d.CustomerAccessible {
			d.CustomerAccessible = accessible
			changes["customer_accessible"] = accessible
		}
		if len(changes) == 0 {
			return nil
		}
		if err := tx.Documents().Update(d); err != nil {
			return err
		}
		return noteDocument(ctx, tx, d, "document_changed", changes)
	})
	return d, err
}

// DeleteDocument takes a document away from everybody. Its bytes stay, sealed,
// until the person's key is destroyed. Evidence cannot be deleted.
func (s *Service) DeleteDocument(ctx context.Context, partnerID, personID, id string) (d kyc.Document, err error) {
	err = s.Store.Tx(ctx, func(tx kyc.Tx) error {
		if d, err = s.holdDocument(tx, partnerID, personID, id); err != nil {
			return err
		}
		if d.Evidence() {
			return evidenceStays("destroy")
		}
		d.DeletedAt = tx.Now()
		if err := tx.Documents().Update(d); err != nil {
			return err
		}
		return noteDocument(ctx, tx, d, "document_deleted", nil)
	})
	return d, err
}

// holdDocument reads a document that is to be changed; a deleted one is not there.
func (s *Service) holdDocument(tx kyc.Tx, partnerID, personID, id string) (d kyc.Document, err error) {
	if _, err = tx.Persons().Get(partnerID, personID); err != nil {
		return d, err
	}
	if d, err = tx.Documents().Hold(partnerID, personID, id); err != nil {
		return d, err
	}
	if !d.DeletedAt.IsZero() {
		return d, kyc.Missing("Solaris::Document", id)
	}
	one := []kyc.Document{d}
	err = s.OpenNames(tx.Persons(), personID, one)
	return one[0], err
}

func evidenceStays(action string) error {
	return kyc.Fail(kyc.Forbidden, "unauthorized_action",
		"Unauthorized action '%s' is not allowed for 'Solaris::Document': it belongs to an identification and is kept as evidence. Only customer_accessible can be changed.", action)
}

// noteDocument writes the line of the history: which document, and nothing of its
// name or its bytes. The identification stays as it is.
func noteDocument(ctx context.Context, tx kyc.Tx, d kyc.Document, event string, more map[string]any) error {
	all := map[string]any{"document_id": d.ID, "document_type": d.Type}
	maps.Copy(all, more)
	entry := kyc.Entry{
		PartnerID: d.PartnerID, PersonID: d.PersonID, IdentificationID: d.IdentificationID, At: tx.Now(), Actor: byPartner,
		RequestID: requestID(ctx), Event: event, Details: details(all),
	}
	if d.IdentificationID != "" {
		i, err := tx.Identifications().Get(d.IdentificationID)
		if err != nil {
			return err
		}
		entry.From, entry.To = i.State, i.State
	}
	return tx.History().Add(entry)
}
