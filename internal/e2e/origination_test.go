package e2e

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestOrigination: a contract goes out, is signed in the call and comes back.
func TestOrigination(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		w := start(t, url)
		hooks := receive(t)
		hooks.subscribe(w, client.EventOrigination)
		p := must(w.CreatePerson(w.ctx, client.PersonData{FirstName: "X-AUTOTEST-HOLDCERTIFICATE", LastName: "Muster"}))(t)
		pdf := fpdf.New("P", "mm", "A4", "")
		pdf.AddPage()
		var contract bytes.Buffer
		if err := pdf.Output(&contract); err != nil {
			t.Fatal(err)
		}
		plain := contract.Bytes()
		document := must(w.UploadDocument(w.ctx, p.ID, "LOAN_MANDATE_CONTRACT", "loan.pdf", bytes.NewReader(plain)))(t)
		o := must(w.CreateOrigination(w.ctx, p.ID, client.OriginationData{Method: client.MethodIDnow, Documents: []client.Contract{{
			Identifier: "loan", DocumentID: document.ID,
			Signatures: map[string]client.Signature{"customer": {Position: client.SignaturePosition{Page: 1, Left: 50, Bottom: 100, Width: 200, Height: 40}}},
		}}}))(t)
		if o.Status != client.OriginationTrigger || o.Description == "" || o.ESigningID == "" {
			t.Errorf("%+v", o)
		}
		w.advance(15 * time.Minute)
		if now := must(w.Origination(w.ctx, p.ID, o.ID))(t); now.Status != client.OriginationCompleted || now.IdentificationID != o.IdentificationID {
			t.Errorf("%+v", now)
		}
		left := must(client.Collect(w.Documents(w.ctx, p.ID)))(t)
		at := slices.IndexFunc(left, func(d client.Document) bool { return d.DocumentType == "SIGNED_CONTRACT" })
		if at < 0 {
			t.Fatalf("no signed contract: %+v", left)
		}
		file := must(w.DownloadDocument(w.ctx, p.ID, left[at].ID))(t)
		defer file.Close()
		if signed, err := io.ReadAll(file); err != nil || !bytes.HasPrefix(signed, plain) || len(signed) == len(plain) {
			t.Errorf("%d bytes, of %d: %v", len(signed), len(plain), err)
		}
		var told []client.OriginationStatus
		for _, e := range hooks.all() {
			var now client.Origination
			if err := e.Read(&now); err != nil || now.ID != o.ID {
				t.Errorf("%+v %v", now, err)
			}
			told = append(told, now.Status)
		}
		same(t, "told", told, []client.OriginationStatus{client.OriginationTrigger, client.OriginationSigning, client.OriginationCompleted})
	})
}
