package flow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/report"
	"github.com/identikit/identikit/internal/seal"
)

// gather downloads what the firm kept, makes our report of it and seals all of
// it, a piece at a time: an archive may be larger than the memory to spare.
// Bytes come first: the rows are written by the caller's transaction, and what
// no row names in the end is swept away.
func (s *Service) gather(ctx context.Context, a provider.Adapter, i kyc.Identification, f provider.Finding) (kept evidence, err error) {
	if a.Archiver == nil || !f.HasArchive {
		return evidence{}, nil
	}
	_, p, err := s.identificationAndPerson(ctx, i.ID)
	if err != nil {
		return evidence{}, err
	}
	scratch, err := seal.NewScratch()
	if err != nil {
		return evidence{}, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	files, err := a.Archiver.Archive(ctx, i.ID, scratch)
	if err != nil {
		return evidence{}, err
	}
	key, err := s.personKey(ctx, p.ID)
	if err != nil {
		return evidence{}, err
	}
	var shown []report.File
	for _, file := range files {
		d, sum, err := s.keepFile(ctx, key, i, file)
		if err != nil {
			return evidence{}, err
		}
		kept.documents = append(kept.documents, d)
		shown = append(shown, report.File{Name: d.Name, Type: d.Type, Size: d.Size, SHA256: sum})
	}
	pdf, err := s.report(a.Name, i, p, f, shown)
	if err != nil {
		return evidence{}, err
	}
	d, _, err := s.keepFile(ctx, key, i, pdf)
	if err != nil {
		return evidence{}, err
	}
	kept.documents = slices.Insert(kept.documents, 0, d)
	kept.archive, _, _, err = s.put(ctx, key, p.ID, io.NewSectionReader(scratch, 0, scratch.Size()))
	if err != nil {
		return evidence{}, err // all of it or nothing: it is fetched again as a whole
	}
	return kept, nil
}

// keepFile seals a file and returns its row and the SHA-256 of its plain bytes.
func (s *Service) keepFile(ctx context.Context, key *seal.Key, i kyc.Identification, file provider.File) (d kyc.Document, sum string, err error) {
	r, err := file.Open()
	if err != nil {
		return d, "", err
	}
	defer r.Close()
	d = kyc.Document{
		PartnerID: i.PartnerID, PersonID: i.PersonID, IdentificationID: i.ID,
		Name: file.Name, ContentType: file.ContentType, Type: file.Type,
	}
	d.Blob, d.Size, sum, err = s.put(ctx, key, i.PersonID, r)
	return d, sum, err
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

// put seals what plain gives while it is stored. It returns the blob's name, and
// the size and the SHA-256 of the plain bytes.
func (s *Service) put(ctx context.Context, key *seal.Key, personID string, plain io.Reader) (name string, size int64, sum string, err error) {
	sealed, to := io.Pipe()
	hash := sha256.New()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w, err := key.Writer(to, aboutFile(personID))
		if err == nil {
			size, err = io.Copy(io.MultiWriter(w, hash), plain)
		}
		if err == nil {
			err = w.Close()
		}
		to.CloseWithError(err)
	}()
	name, err = s.Blobs.Put(ctx, sealed)
	_ = sealed.Close() // never fails; it ends the sealing if the store gave up
	<-done
	return name, size, hex.EncodeToString(hash.Sum(nil)), err
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

// SweepDocuments is the job that removes bytes that no row names, and rows that
// are of no use any more: tokens that have long expired, old messages and change
// requests. The age of bytes is reckoned on the machine's clock, as the file system does.
func (s *Service) SweepDocuments(ctx context.Context, j kyc.Job) error {
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		return errors.Join(
			tx.Partners().PurgeTokens(tx.Now().Add(-sweepEvery)),
			tx.Messages().Purge(tx.Now().Add(-messageKept)),
			tx.ChangeRequests().Purge(tx.Now().Add(-messageKept)))
	})
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
