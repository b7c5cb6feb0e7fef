package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"sync/atomic"
)

// UploadDocument uploads a file about a person. It is read as it is sent, so it
// may be large. What it is, the server tells by its bytes. If the content is an
// io.Seeker, like a file, the call is repeated when that may help; anything else
// can be sent once.
func (c *Client) UploadDocument(ctx context.Context, personID string, kind DocumentType, name string, content io.Reader, options ...PostOption) (Document, error) {
	return c.upload(ctx, to(http.MethodPost, "v1", "persons", personID, "documents"), kind, name, content, options)
}

// UploadIdentificationDocument is UploadDocument for a file that belongs to an
// identification, as evidence.
func (c *Client) UploadIdentificationDocument(ctx context.Context, personID, identificationID string, kind DocumentType, name string, content io.Reader, options ...PostOption) (Document, error) {
	return c.upload(ctx, to(http.MethodPost, "v1", "persons", personID, "identifications", identificationID, "document_upload"), kind, name, content, options)
}

func (c *Client) upload(ctx context.Context, q call, kind DocumentType, name string, content io.Reader, options []PostOption) (Document, error) {
	u := &upload{kind: kind, name: name, content: content, boundary: rand.Text()}
	if seeker, ok := content.(io.Seeker); ok {
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil { // a pipe is an *os.File too, and cannot
			u.seeker, u.start = seeker, start
		}
	}
	q = q.once(options)
	q.body, q.spent = u.body, u.spent
	q.header.Set("Content-Type", "multipart/form-data; boundary="+u.boundary)
	q.header.Set("Expect", "100-continue") // a refusal comes before the file is sent
	defer u.wait(ctx)
	return send[Document](ctx, c, q)
}

// upload is a form with a file in it, made while it is sent.
type upload struct {
	kind     DocumentType
	name     string
	content  io.Reader
	seeker   io.Seeker // the content again; nil if it can be read once
	start    int64     // where it stood
	boundary string
	begun    atomic.Bool   // the content has been read from
	written  chan struct{} // closed when the last attempt reads no more of it
}

// spent tells whether the content is gone.
func (u *upload) spent() bool { return u.begun.Load() && u.seeker == nil }

// wait waits until the content is the caller's again.
func (u *upload) wait(ctx context.Context) {
	if u.written == nil {
		return
	}
	select {
	case <-u.written:
	case <-ctx.Done(): // whoever gives up does not wait for a reader that hangs
	}
}

// body makes the form for one attempt.
func (u *upload) body(ctx context.Context) (io.Reader, error) {
	u.wait(ctx) // for the attempt before
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if u.spent() { // it was begun a moment later than do looked
		return nil, errors.New("the file cannot be read again to repeat the upload")
	}
	if u.begun.Load() {
		if _, err := u.seeker.Seek(u.start, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read %s again: %w", u.kind, err)
		}
	}
	r, w := io.Pipe()
	written := make(chan struct{})
	u.written = written
	// Go's transport does not give up a request before its body gives way.
	stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	go func() {
		defer close(written)
		defer stop()
		w.CloseWithError(u.write(w)) // always nil; a nil error ends the form
	}()
	return r, nil
}

func (u *upload) write(w io.Writer) error {
	form := multipart.NewWriter(w)
	if err := form.SetBoundary(u.boundary); err != nil {
		return err
	}
	if err := form.WriteField("document_type", string(u.kind)); err != nil {
		return err
	}
	part, err := form.CreateFormFile("file", u.name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, u); err != nil {
		return err
	}
	return form.Close()
}

// Read reads the content, and remembers that it was.
func (u *upload) Read(p []byte) (int, error) {
	u.begun.Store(true)
	return u.content.Read(p)
}
