package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"

	"github.com/identikit/identikit/internal/filetype"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

const (
	formAround = 32 << 10 // bytes of a form beside its file: headers, other parts
	formParts  = 32
)

var (
	errFormTooWide = kyc.Fail(tooLarge, "payload_too_large", "The form holds more than 32 KiB beside its file.")
	errManyParts   = kyc.Fail(kyc.Invalid, "bad_request", "The form has more than %d parts. It needs two: document_type and file.", formParts)
)

// form is what an upload's form held. Its parts may come in any order; its file
// is handed on as it comes, and only its first bytes are looked at.
type form struct {
	most int64 // bytes of the file
	keep func(plain io.Reader) (flow.Kept, error)

	documentType string
	name         string
	contentType  string
	file         flow.Kept

	types, files int // parts of the name
	broken       []kyc.FieldError
}

// read reads the form to its end, so that all that is wrong is told at once. The
// caller drops the file if it is an error.
func (f *form) read(body io.Reader, boundary string) error {
	m := &meter{r: bufio.NewReaderSize(body, 32<<10), left: formAround, on: true}
	parts := multipart.NewReader(m, boundary)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return m.because(err)
		}
		if n == formParts {
			return errManyParts
		}
		if err := f.take(part, m); err != nil {
			return err
		}
	}
	return f.check()
}

func (f *form) take(part *multipart.Part, m *meter) error {
	switch part.FormName() {
	case "document_type":
		text, err := io.ReadAll(part) // the meter bounds it
		if err != nil {
			return m.because(err)
		}
		f.documentType = string(text)
		f.types++
		return nil
	case "file":
		m.on = false
		defer func() { m.on = true }()
		return f.takeFile(part, &capped{r: part, left: f.most, most: f.most, because: m.because})
	}
	return drop(part, m.because)
}

// drop reads over what is not wanted.
func drop(r io.Reader, because func(error) error) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return because(err)
	}
	return nil
}

// takeFile hands the file on if it is of a type that is taken, and else reads over it.
func (f *form) takeFile(part *multipart.Part, whole *capped) error {
	if f.files++; f.files > 1 {
		f.fail("", "file", "is there twice: send one file in each request")
		return drop(whole, whole.because)
	}
	_, params, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition")) // it had a name, so it could be read
	f.name = kyc.CleanFileName(params["filename"])
	head := make([]byte, filetype.Head)
	n, err := io.ReadFull(whole, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	var problem string
	if f.contentType, problem = filetype.Check(head[:n], part.Header.Get("Content-Type"), f.name); problem != "" {
		f.fail("", "file", problem)
		return drop(whole, whole.because)
	}
	f.file, err = f.keep(io.MultiReader(bytes.NewReader(head[:n]), whole))
	return err
}

func (f *form) fail(code, field, message string) {
	f.broken = append(f.broken, kyc.FieldError{Code: code, Field: field, Message: message})
}

// check says what is wrong with the form as a whole, in the order of its fields.
func (f *form) check() error {
	ofFile := f.broken
	f.broken = nil
	switch {
	case f.types > 1:
		f.fail("", "document_type", "is there twice")
	case f.documentType == "":
		f.fail("bad_request", "document_type", "is required")
	default:
		if message := kyc.CheckDocumentType(f.documentType); message != "" {
			f.fail("", "document_type", message)
		}
	}
	if f.files == 0 {
		f.fail("bad_request", "file", "is required")
	}
	f.broken = append(f.broken, ofFile...)
	return kyc.InvalidFields(f.broken)
}

// capped reads a file that may be too large.
type capped struct {
	r          io.Reader
	left, most int64
	because    func(error) error
}

func (c *capped) Read(b []byte) (int, error) {
	if c.left < 0 {
		return 0, errFileTooLarge(c.most)
	}
	if int64(len(b)) > c.left+1 {
		b = b[:c.left+1]
	}
	n, err := c.r.Read(b)
	if c.left -= int64(n); c.left < 0 {
		return 0, errFileTooLarge(c.most)
	}
	if err != nil && err != io.EOF {
		err = c.because(err)
	}
	return n, err
}

// meter counts what a form holds beside its file, while it is on: what the
// library gathers in memory cannot be more than that.
type meter struct {
	r    io.Reader
	left int
	on   bool
	err  error // the first that was met
}

func (m *meter) Read(b []byte) (int, error) {
	if m.on && m.left <= 0 {
		m.err = errFormTooWide
		return 0, m.err
	}
	n, err := m.r.Read(b)
	if m.on {
		m.left -= n
	}
	if err != nil && err != io.EOF && m.err == nil {
		m.err = err
	}
	return n, err
}

// because is the error that may be told for one that came up while the form was
// read: what was met on the way, what was said in our words, or that it is no form.
func (m *meter) because(err error) error {
	var ours *kyc.Error
	switch {
	case m.err != nil:
		return m.err
	case errors.As(err, &ours):
		return err
	}
	return errFormBroken
}
