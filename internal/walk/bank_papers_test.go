package walk

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"pgregory.net/rapid"

	"github.com/identikit/identikit/internal/sim/fourthline"
)

// uploadAny uploads the identity data, or some other paper.
func (w *walk) uploadAny(t *rapid.T) {
	i := w.pickBank(t)
	if rapid.Bool().Draw(t, "identity data") {
		w.handData(i)
		return
	}
	w.certain(i)
	a := w.upload(i, "paper.pdf", fmt.Appendf(nil, "%%PDF-1.7 paper %d", i.bank.papers))
	if len(bankMoves[i.bank.method][i.status()]) == 0 {
		w.expect(a, 412, "invalid_identification_status")
		return
	}
	w.expect(a, 201, "")
	i.bank.papers++
}

// handData uploads the identity data: once, when they are wanted. For the method
// bank they are a paper like any other.
func (w *walk) handData(i *ident) {
	w.t.Helper()
	w.certain(i)
	b := i.bank
	archive, err := fourthline.Sample(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	a := w.upload(i, "kyc.zip", archive)
	switch open := len(bankMoves[b.method][i.status()]) > 0; {
	case !open, b.method == "bank_id" && (i.status() == "created" || i.status() == "pending"):
		w.expect(a, 412, "invalid_identification_status")
		return
	case b.archive:
		w.expect(a, 409, "record_not_unique")
		return
	}
	w.expect(a, 201, "")
	b.papers++
	b.archive = true
}

func (w *walk) upload(i *ident, name string, content []byte) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = form.WriteField("document_type", "OTHER")
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if w.now.Sub(w.tokenAt) > 30*time.Minute {
		w.renew()
	}
	req, err := http.NewRequest("POST", w.live.APIURL+i.path()+"/document_upload", &body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if a.body, err = io.ReadAll(resp.Body); err == nil {
		err = w.live.Contract.Check(req, resp.StatusCode, resp.Header, a.body)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}
