package storetest

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

func document(id string) kyc.Document {
	return kyc.Document{
		ID: id, PartnerID: "p", PersonID: "anna", ContentType: "image/png", Type: "OTHER", Size: 1 << 33, Blob: "blob of " + id,
		SealedName: []byte{0, 1, 255},
	}
}

// documents: what was stored comes back; a change reaches what may change and
// nothing else; a deleted one is left out of lists, and found all the same.
func documents(t *testing.T, s kyc.Store, clock *Clock) {
	made := document("d")
	made.CreatedAt = clock.Now()
	plain := kyc.Document{ID: "e", PartnerID: "p", PersonID: "anna", IdentificationID: "i", Name: "a.pdf", Type: "KYC_REPORT", CreatedAt: clock.Now()}
	do(t, s, func(tx kyc.Tx) error { return errors.Join(tx.Documents().Insert(made), tx.Documents().Insert(plain)) })
	do(t, s, func(tx kyc.Tx) error {
		d, err := tx.Documents().Hold("p", "anna", "d")
		if err != nil {
			return err
		}
		if !bytes.Equal(d.SealedName, made.SealedName) || d.Digest != nil || d.Size != made.Size || d.Evidence() || !d.CreatedAt.Equal(made.CreatedAt) {
			t.Errorf("came back as %+v", d)
		}
		d.Type, d.CustomerAccessible, d.DeletedAt, d.Name, d.Blob = "INVOICE", true, tx.Now(), "other", "other"
		return tx.Documents().Update(d)
	})
	see(t, s, func(v kyc.View) error {
		d, err := v.Documents().Find("p", "anna", "d")
		if d.Type != "INVOICE" || !d.CustomerAccessible || !d.DeletedAt.Equal(clock.Now()) || d.Name != "" || d.Blob != made.Blob {
			t.Errorf("changed to %+v", d)
		}
		e, err2 := v.Documents().Find("p", "anna", "e")
		if e.SealedName != nil || e.Name != "a.pdf" || !e.DeletedAt.IsZero() || !e.Evidence() {
			t.Errorf("the other is %+v", e)
		}
		yes := true
		for _, c := range []struct {
			filter kyc.DocumentFilter
			want   int
		}{
			{kyc.DocumentFilter{PartnerID: "p", PersonID: "anna"}, 1}, {kyc.DocumentFilter{PartnerID: "p", PersonID: "anna", IncludeDeleted: true}, 2},
			{kyc.DocumentFilter{PartnerID: "p", PersonID: "anna", CustomerAccessible: &yes}, 0},
			{kyc.DocumentFilter{PartnerID: "p", PersonID: "anna", CustomerAccessible: &yes, IncludeDeleted: true}, 1},
			{kyc.DocumentFilter{PartnerID: "q", PersonID: "anna", IncludeDeleted: true}, 0},
		} {
			list, err := v.Documents().List(c.filter, kyc.Page{Limit: 9})
			n, err2 := v.Documents().Count(c.filter, 9)
			if len(list) != c.want || n != c.want || err != nil || err2 != nil {
				t.Errorf("%+v: %d listed, %d counted, want %d: %v %v", c.filter, len(list), n, c.want, err, err2)
			}
		}
		named, err3 := v.Documents().Blobs([]string{made.Blob, "nobody's"})
		if len(named) != 1 {
			t.Errorf("a deleted document's bytes are %v", named)
		}
		return errors.Join(err, err2, err3)
	})
	for _, c := range [][3]string{{"q", "anna", "d"}, {"p", "ben", "d"}, {"p", "anna", "x"}} {
		do(t, s, func(tx kyc.Tx) error {
			if _, err := tx.Documents().Hold(c[0], c[1], c[2]); !kyc.IsKind(err, kyc.NotFound) {
				t.Errorf("%v: %v", c, err)
			}
			return nil
		})
	}
}

// sameUploadOnce: however many give an identification the same bytes at once,
// one document is made; another type, identification or digest is another one.
func sameUploadOnce(t *testing.T, s kyc.Store, _ *Clock) {
	upload := func(id, identification, kind string, digest []byte) bool {
		made := false
		err := s.Tx(t.Context(), func(tx kyc.Tx) error {
			made = false
			there, err := tx.Documents().SameUpload(identification, kind, digest)
			if there || err != nil {
				return err
			}
			d := document(id)
			d.IdentificationID, d.Type, d.Digest = identification, kind, digest
			made = true
			return tx.Documents().Insert(d)
		})
		if err != nil {
			t.Error(err)
		}
		return made
	}
	var wg sync.WaitGroup
	var made atomic.Int32
	for n := range 8 {
		wg.Go(func() {
			if upload(string(rune('a'+n)), "i", "OTHER", []byte{1}) {
				made.Add(1)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
	for n, c := range []struct {
		identification, kind string
		digest               []byte
	}{{"j", "OTHER", []byte{1}}, {"i", "INVOICE", []byte{1}}, {"i", "OTHER", []byte{2}}} {
		if !upload(string(rune('r'+n)), c.identification, c.kind, c.digest) {
			t.Errorf("%+v was taken for the same", c)
		}
	}
	do(t, s, func(tx kyc.Tx) error { // no digest is nobody's twin
		return errors.Join(tx.Documents().Insert(document("x")), tx.Documents().Insert(document("y")))
	})
}
