package flow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/seal"
)

// gather downloads what the firm kept, makes our report of it and seals all of
// it. Bytes come first: the rows are written by the caller's transaction, and
// what no row names in the end is swept away.
func (s *Service) gather(ctx context.Context, a provider.Adapter, i kyc.Identification, f provider.Finding) (evidence, error) {
	if a.Archiver == nil || !f.HasArchive {
		return evidence{}, nil
	}
	_, p, err := s.identificationAndPerson(ctx, i.ID)
	if err != nil {
		return evidence{}, err
	}
	archive, err := a.Archiver.Archive(ctx, i.ID)
	if err != nil {
		return evidence{}, err
	}
	key, err := s.personKey(ctx, p.ID)
	if err != nil {
		return evidence{}, err
	}
	pdf, err := s.report(i, p, f, archive.Files)
	if err != nil {
		return evidence{}, err
	}
	files := append([]provider.File{pdf}, archive.Files...)
	var kept evidence
	for _, file := range files {
		d := kyc.Document{
			PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID,
			Name: file.Name, ContentType: file.ContentType, Type: file.Type, Size: int64(len(file.Data)),
		}
		if d.Blob, err = s.put(ctx, key, p.ID, file.Data); err != nil {
			return evidence{}, err
		}
		kept.documents = append(kept.documents, d)
	}
	if kept.archive, err = s.put(ctx, key, p.ID, archive.Whole); err != nil {
		return evidence{}, err // all of it or nothing: it is fetched again as a whole
	}
	return kept, nil
}

func (s *Service) personKey(ctx context.Context, personID string) (*seal.Key, error) {
	var key *seal.Key
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		key, err = s.keyOf(v.Persons(), personID)
		return err
	})
	return key, err
}

// keyOf opens the person's key.
func (s *Service) keyOf(persons kyc.PersonReader, personID string) (*seal.Key, error) {
	sealed, err := persons.Key(personID)
	if err != nil {
		return nil, err
	}
	return s.Master.Key(sealed, personID)
}

// aboutFile binds sealed bytes to their owner.
func aboutFile(personID string) string { return "document of " + personID }

func (s *Service) put(ctx context.Context, key *seal.Key, personID string, plain []byte) (string, error) {
	sealed, err := key.Seal(plain, aboutFile(personID))
	if err != nil {
		return "", err
	}
	return s.Blobs.Put(ctx, bytes.NewReader(sealed))
}

// OpenDocument returns the document's row and its plain bytes. The caller closes them.
func (s *Service) OpenDocument(ctx context.Context, partnerID, personID, id string) (d kyc.Document, _ io.ReadCloser, err error) {
	err = s.Store.View(ctx, func(v kyc.View) error {
		d, err = v.Documents().Find(partnerID, personID, id)
		return err
	})
	if err != nil {
		return d, nil, err
	}
	if !d.DeletedAt.IsZero() {
		return d, nil, kyc.Missing("Solaris::Document", id)
	}
	key, err := s.personKey(ctx, personID)
	if err != nil {
		return d, nil, err
	}
	sealed, err := s.Blobs.Get(ctx, d.Blob)
	if err != nil {
		return d, nil, err
	}
	plain, err := key.Reader(sealed, aboutFile(personID))
	if err != nil {
		return d, nil, errors.Join(err, sealed.Close())
	}
	return d, struct {
		io.Reader
		io.Closer
	}{plain, sealed}, nil
}

const (
	sweepEvery = 24 * time.Hour
	sweepAge   = time.Hour // younger bytes may still get their row
	sweepBatch = 500
)

// ScheduleSweep makes sure that unnamed bytes are swept away now and then.
func (s *Service) ScheduleSweep(ctx context.Context) error {
	return s.Store.Tx(ctx, func(tx kyc.Tx) error {
		_, ok, err := tx.Jobs().Find(kyc.SweepDocuments, "documents")
		if err != nil || ok {
			return err
		}
		return tx.Jobs().Add(kyc.Job{Kind: kyc.SweepDocuments, Key: "documents", DueAt: tx.Now().Add(sweepEvery)})
	})
}

// SweepDocuments is the job that removes bytes that no row names, and tokens
// that have long expired. The age of
// bytes is reckoned on the machine's clock, as the file system does.
func (s *Service) SweepDocuments(ctx context.Context, j kyc.Job) error {
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error { return tx.Partners().PurgeTokens(tx.Now().Add(-sweepEvery)) })
	if err != nil {
		return err
	}
	names := make([]string, 0, sweepBatch)
	err = s.Blobs.Each(ctx, s.Wall.Now().Add(-sweepAge), func(name string) error {
		if names = append(names, name); len(names) < sweepBatch {
			return nil
		}
		defer func() { names = names[:0] }()
		return s.sweep(ctx, names)
	})
	if err != nil {
		return err
	}
	if err := s.sweep(ctx, names); err != nil {
		return err
	}
	return s.Store.Tx(ctx, func(tx kyc.Tx) error { return tx.Jobs().PutOff(j, tx.Now().Add(sweepEvery)) })
}

// sweep deletes those of the names that no row names.
func (s *Service) sweep(ctx context.Context, names []string) error {
	named := map[string]bool{}
	err := s.Store.View(ctx, func(v kyc.View) error {
		for _, rows := range []func([]string) ([]string, error){v.Documents().Blobs, v.Findings().Archives} {
			found, err := rows(names)
			if err != nil {
				return err
			}
			for _, name := range found {
				named[name] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if named[name] {
			continue
		}
		if err := s.Blobs.Delete(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
