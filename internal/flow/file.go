package flow

import (
	"context"
	"errors"
	"io"

	"github.com/identikit/identikit/internal/kyc"
)

// OpenDocument returns the document's row and its plain bytes. The caller closes them.
func (s *Service) OpenDocument(ctx context.Context, partnerID, personID, id string) (kyc.Document, *File, error) {
	var found []kyc.Document
	err := s.Store.View(ctx, func(v kyc.View) error {
		d, err := v.Documents().Find(partnerID, personID, id)
		if err != nil {
			return err
		}
		if !d.DeletedAt.IsZero() {
			return kyc.Missing("Solaris::Document", id)
		}
		found = []kyc.Document{d}
		return s.OpenNames(v.Persons(), personID, found)
	})
	if err != nil {
		return kyc.Document{}, nil, err
	}
	key, err := s.personKey(ctx, personID)
	if err != nil {
		return kyc.Document{}, nil, err
	}
	d := found[0]
	f := &File{size: d.Size, open: func() (plain io.Reader, sealed io.Closer, err error) {
		r, err := s.Blobs.Get(ctx, d.Blob)
		if err != nil {
			return nil, nil, err
		}
		if plain, err = key.Reader(r, aboutFile(personID)); err != nil {
			return nil, nil, errors.Join(err, r.Close())
		}
		return plain, r, nil
	}}
	return d, f, f.begin() // what is not there, or does not open, is known before the first byte is sent
}

// File is the plain bytes of a document, from any place on. Sealed bytes open
// from the front alone: going forward costs the bytes between, going back costs
// beginning anew.
type File struct {
	open   func() (io.Reader, io.Closer, error)
	plain  io.Reader
	sealed io.Closer
	at     int64 // where plain stands
	want   int64 // where the next read shall begin
	size   int64
	failed error
}

func (f *File) begin() (err error) {
	if err := f.Close(); err != nil {
		return err
	}
	f.plain, f.sealed, err = f.open()
	f.at = 0
	return err
}

// Seek implements io.Seeker.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.want
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("flow: a place before the file")
	}
	f.want = offset
	return offset, nil
}

// Read implements io.Reader.
func (f *File) Read(b []byte) (n int, err error) {
	if f.want >= f.size {
		return 0, io.EOF
	}
	if f.want < f.at {
		err = f.begin()
	}
	if err == nil && f.want > f.at {
		var passed int64
		passed, err = io.CopyN(io.Discard, f.plain, f.want-f.at)
		f.at += passed
	}
	if err == nil {
		n, err = f.plain.Read(b)
		f.at += int64(n)
		f.want = f.at
	}
	if err == io.EOF && f.at < f.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		f.failed = err
	}
	return n, err
}

// Err is what kept the bytes from being read, if anything did.
func (f *File) Err() error { return f.failed }

// Close implements io.Closer.
func (f *File) Close() error {
	if f.sealed == nil {
		return nil
	}
	err := f.sealed.Close()
	f.sealed = nil
	return err
}
