package httpapi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

// What an upload may make the server hold: a place among a few, and each place
// for a while that grows with the bytes that come. The bytes themselves go to
// the store as they come.
const (
	// DefaultMaxUpload is the size of the largest file, in bytes, unless the
	// configuration says otherwise.
	DefaultMaxUpload = 100 << 20

	uploads       = 64               // at a time
	uploadsOfOne  = 16               // of one partner
	uploadGrace   = 30 * time.Second // for an upload of no bytes, and for any silence
	slowestUpload = 64 << 10         // bytes a second, over the whole
	answerGrace   = time.Minute      // to answer once all has come
)

var (
	errNotAForm    = kyc.Fail(wrongMediaType, "unsupported_media_type", "Send the file as multipart/form-data, with the parts document_type and file.")
	errTooSlow     = kyc.Fail(kyc.Invalid, "bad_request", "The upload came too slowly. It needs 64 KiB a second at least, and no silence of 30 seconds. Send it again.")
	errFormBroken  = kyc.Fail(kyc.Invalid, "bad_request", "The form is not valid multipart/form-data (RFC 7578), or it broke off before its end.")
	errManyUploads = &kyc.Error{Kind: kyc.TooMany, Code: "too_many_requests", RetryAfter: time.Second, Detail: "There are as many uploads under way as are taken at a time. Send this one again in a second."}
)

// errFileTooLarge names the limit.
func errFileTooLarge(most int64) error {
	return kyc.Fail(tooLarge, "payload_too_large", "The file is larger than %s, the most that this server takes.", sizeText(most))
}

func sizeText(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

func (s *Server) uploadDocument(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	return s.upload(c, "")
}

func (s *Server) uploadIdentificationDocument(c *call) error {
	i, err := s.identification(c)
	if err != nil {
		return err
	}
	return s.upload(c, i.ID)
}

// upload reads the form, whose file is sealed on the way, and makes a document of it.
func (s *Server) upload(c *call, identificationID string) error {
	personID := c.PathValue("person_id")
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	boundary, err := boundaryOf(c.Request.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if c.ContentLength > s.maxUpload+formAround {
		return errFileTooLarge(s.maxUpload)
	}
	if !c.trySlot(s.uploads) {
		return errManyUploads
	}
	f := form{most: s.maxUpload, keep: func(plain io.Reader) (flow.Kept, error) { return s.flow.KeepFile(c.Context(), personID, plain) }}
	body := &paced{c: c, r: c.Body, conn: http.NewResponseController(c), began: c.wall.Now()}
	if err := f.read(body, boundary); err != nil {
		if f.file.Blob != "" {
			s.flow.DropFile(c.Context(), f.file)
		}
		return err
	}
	once := flow.Once{}
	if key != "" {
		once = flow.Once{Key: key, Hash: f.hash(c), Render: func(noun any) ([]byte, error) { return marshal(viewDocument(noun.(kyc.Document))) }}
	}
	d, replay, err := s.flow.UploadDocument(c.Context(), c.partnerID, personID, identificationID, once, flow.Upload{
		Name: f.name, ContentType: f.contentType, Type: f.documentType, Kept: f.file,
	})
	if err != nil {
		return err
	}
	if replay != nil {
		return writeReplay(c, replay)
	}
	return writeJSON(c, http.StatusCreated, viewDocument(d))
}

// hash covers what the upload was: where to, and every byte of it that counts.
func (f *form) hash(c *call) []byte {
	hash := sha256.New()
	for _, part := range []string{c.Method, c.URL.Path, f.documentType, f.name, f.contentType, f.file.SHA256} {
		hash.Write([]byte(part))
		hash.Write([]byte{0})
	}
	return hash.Sum(nil)
}

// boundaryOf reads what parts the form's parts.
func boundaryOf(contentType string) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return "", errNotAForm
	}
	if n := len(params["boundary"]); n == 0 || n > 70 { // RFC 2046, §5.1.1
		return "", errFormBroken
	}
	return params["boundary"], nil
}

// paced reads a body for as long as it keeps coming. What kept it from being
// read is told in our words.
type paced struct {
	c     *call
	r     io.Reader
	conn  *http.ResponseController
	began time.Time
	came  int64
}

func (p *paced) Read(b []byte) (int, error) {
	now := p.c.wall.Now()
	until := p.began.Add(uploadGrace + time.Duration(p.came/slowestUpload)*time.Second)
	if silence := now.Add(uploadGrace); silence.Before(until) {
		until = silence
	}
	for _, err := range []error{p.conn.SetReadDeadline(until), p.conn.SetWriteDeadline(until.Add(answerGrace))} {
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	n, err := p.r.Read(b)
	p.came += int64(n)
	switch {
	case err == nil, err == io.EOF:
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errTooSlow
	}
	return n, errFormBroken
}
