package e2e

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// bill is a file of the size that the server takes for a PDF.
func bill(size int) []byte {
	return append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("0123456789abcdef"), size/16+1)...)
}

// content reads a document.
func (w *world) content(personID, id string) []byte {
	w.t.Helper()
	f := must(w.DownloadDocument(w.ctx, personID, id))(w.t)
	defer f.Close()
	return must(io.ReadAll(f))(w.t)
}

// TestDocuments: uploaded, read whole and in part, changed and deleted.
func TestDocuments(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		p := w.person("X-AUTOTEST-HAPPYPATH")
		sent := bill(3 << 20)
		d := must(w.UploadDocument(w.ctx, p.ID, client.DocumentProofOfAddress, "Rechnung März.pdf", bytes.NewReader(sent)))(t)
		if d.Name != "Rechnung März.pdf" || d.ContentType != "application/pdf" || d.DocumentType != client.DocumentProofOfAddress ||
			d.Size != int64(len(sent)) || d.CustomerAccessible || !d.DeletedAt.IsZero() {
			t.Errorf("%+v", d)
		}
		if got := w.content(p.ID, d.ID); !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came back of %d", len(got), len(sent))
		}
		part := must(w.DownloadDocumentFrom(w.ctx, p.ID, d.ID, int64(len(sent)-5)))(t)
		defer part.Close()
		if got := must(io.ReadAll(part))(t); !bytes.Equal(got, sent[len(sent)-5:]) || part.Size != 5 || part.Name != d.Name {
			t.Errorf("%q, %+v", got, part)
		}
		_, err := w.DownloadDocumentFrom(w.ctx, p.ID, d.ID, d.Size)
		refused(t, err, 416, client.CodeRangeNotSatisfiable)

		// A stream can be sent once, and a key makes one document of two uploads.
		first := must(w.UploadDocument(w.ctx, p.ID, client.DocumentOther, "a.txt", io.MultiReader(strings.NewReader("hello\n")), client.IdempotencyKey("a")))(t)
		again := must(w.UploadDocument(w.ctx, p.ID, client.DocumentOther, "a.txt", strings.NewReader("hello\n"), client.IdempotencyKey("a")))(t)
		if first.ID != again.ID || first.ContentType == "" {
			t.Errorf("%+v, %+v", first, again)
		}
		_, err = w.UploadDocument(w.ctx, p.ID, client.DocumentOther, "a.html", strings.NewReader("<html><script>alert(1)</script>"))
		e := refused(t, err, 400, client.CodeInvalidModel)
		if e.Fields()["file"] == "" {
			t.Errorf("%+v", *e)
		}
		_, err = w.UploadDocument(w.ctx, p.ID, client.DocumentQES, "a.pdf", bytes.NewReader(sent[:100]))
		refused(t, err, 400, client.CodeInvalidModel)
		_, err = w.UploadDocument(w.ctx, "dc1a6812a14f6cc338cd084208535bcdcper", client.DocumentOther, "a.pdf", bytes.NewReader(sent))
		refused(t, err, 404, client.CodeModelNotFound)

		changed := must(w.PatchDocument(w.ctx, p.ID, d.ID, client.DocumentPatch{CustomerAccessible: new(true), DocumentType: client.DocumentProofOfProfession}))(t)
		if !changed.CustomerAccessible || changed.DocumentType != client.DocumentProofOfProfession {
			t.Errorf("%+v", changed)
		}
		shown := must(client.Collect(w.Documents(w.ctx, p.ID, client.CustomerAccessible(true))))(t)
		same(t, "what the customer may see", ids(shown, documentID), []string{d.ID})
		hidden := must(client.Collect(w.Documents(w.ctx, p.ID, client.CustomerAccessible(false))))(t)
		same(t, "what he may not see", ids(hidden, documentID), []string{first.ID})

		if gone := must(w.DeleteDocument(w.ctx, p.ID, d.ID))(t); gone.DeletedAt.IsZero() {
			t.Errorf("%+v", gone)
		}
		_, err = w.DownloadDocument(w.ctx, p.ID, d.ID)
		refused(t, err, 404, client.CodeModelNotFound)
		same(t, "what is left", ids(must(client.Collect(w.Documents(w.ctx, p.ID)))(t), documentID), []string{first.ID})
		all := must(client.Collect(w.Documents(w.ctx, p.ID, client.IncludeDeleted, client.NewestFirst)))(t)
		same(t, "all that was", ids(all, documentID), []string{first.ID, d.ID})
	})
}

// TestEvidence: what belongs to an identification is listed with it and stays.
func TestEvidence(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		i := w.identify("X-AUTOTEST-HAPPYPATH")
		d := must(w.UploadIdentificationDocument(w.ctx, i.PersonID, i.ID, client.DocumentProofOfAddress, "bill.pdf", bytes.NewReader(bill(100))))(t)
		if listed := w.again(i, client.WithDocuments).Documents; len(listed) != 1 || listed[0].ID != d.ID {
			t.Errorf("%+v", listed)
		}
		_, err := w.DeleteDocument(w.ctx, i.PersonID, d.ID)
		refused(t, err, 403, client.CodeUnauthorizedAction)
		_, err = w.UploadIdentificationDocument(w.ctx, i.PersonID, i.ID, client.DocumentProofOfAddress, "again.pdf", bytes.NewReader(bill(100)))
		refused(t, err, 409, client.CodeRecordNotUnique)
		w.advance(5 * time.Minute)
		_, err = w.UploadIdentificationDocument(w.ctx, i.PersonID, i.ID, client.DocumentOther, "late.pdf", bytes.NewReader(bill(200)))
		refused(t, err, 412, client.CodeInvalidIdentificationStatus)
	})
}
