package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// DocumentType is what a document is.
type DocumentType string

// Types of documents that partners and identifications use most. The API's
// description has all of them.
const (
	DocumentKYCReport         DocumentType = "KYC_REPORT"
	DocumentIDDocument        DocumentType = "ID_DOCUMENT"
	DocumentPicture           DocumentType = "PICTURE"
	DocumentVideo             DocumentType = "VIDEO"
	DocumentOther             DocumentType = "OTHER"
	DocumentProofOfAddress    DocumentType = "PROOF_OF_ADDRESS"
	DocumentProofOfTaxID      DocumentType = "PROOF_OF_TAX_ID"
	DocumentProofOfProfession DocumentType = "PROOF_OF_PROFESSION"
	DocumentSignature         DocumentType = "SIGNATURE"
	DocumentQES               DocumentType = "QES_DOCUMENT"
	DocumentSignedQES         DocumentType = "SIGNED_QES_DOCUMENT"
)

// Document describes a file about a person.
type Document struct {
	ID                 string       `json:"id"`
	Name               string       `json:"name"`
	ContentType        string       `json:"content_type"`
	DocumentType       DocumentType `json:"document_type"`
	Size               int64        `json:"size"` // bytes
	CustomerAccessible bool         `json:"customer_accessible"`
	CreatedAt          time.Time    `json:"created_at"`
	DeletedAt          time.Time    `json:"deleted_at"`
}

// File is a document's content on its way. The caller closes it.
type File struct {
	io.ReadCloser
	Name        string // as the server says; do not use it as a path
	ContentType string
	Size        int64 // bytes that come; -1 if not known
}

// IncludeDeleted lists deleted documents too.
func IncludeDeleted(q url.Values) { q.Set("include_deleted", "true") }

// CustomerAccessible lists only documents that the customer may see, or only the
// others.
func CustomerAccessible(yes bool) QueryOption {
	return func(q url.Values) { q.Set("customer_accessible", strconv.FormatBool(yes)) }
}

// Documents lists a person's documents, oldest first. Takes [PageSize],
// [NewestFirst], [CustomerAccessible] and [IncludeDeleted].
func (c *Client) Documents(ctx context.Context, personID string, options ...QueryOption) iter.Seq2[Document, error] {
	return list[Document](ctx, c, to(http.MethodGet, "v1", "persons", personID, "documents"), options)
}

// Document reads a document's description.
func (c *Client) Document(ctx context.Context, personID, id string) (Document, error) {
	return send[Document](ctx, c, to(http.MethodGet, "v1", "persons", personID, "documents", id))
}

// DocumentPatch is what may be changed of a document. One that belongs to an
// identification keeps its type.
type DocumentPatch struct {
	DocumentType       DocumentType `json:"document_type,omitzero"`
	CustomerAccessible *bool        `json:"customer_accessible,omitzero"`
}

// PatchDocument changes a document.
func (c *Client) PatchDocument(ctx context.Context, personID, id string, patch DocumentPatch) (Document, error) {
	return send[Document](ctx, c, to(http.MethodPatch, "v1", "persons", personID, "documents", id).with(patch))
}

// DeleteDocument deletes a document. Its description is still listed, with
// [IncludeDeleted]. What belongs to an identification is evidence and stays.
func (c *Client) DeleteDocument(ctx context.Context, personID, id string) (Document, error) {
	return send[Document](ctx, c, to(http.MethodDelete, "v1", "persons", personID, "documents", id))
}

// DownloadDocument reads a document's content. A content that breaks off ends
// with an error that is not io.EOF.
func (c *Client) DownloadDocument(ctx context.Context, personID, id string) (*File, error) {
	resp, err := c.do(ctx, to(http.MethodGet, "v1", "persons", personID, "documents", id, "file"))
	if err != nil {
		return nil, err
	}
	return fileOf(resp), nil
}

// DownloadDocumentFrom reads a document's content from a byte on, to go on with
// a download that broke off.
func (c *Client) DownloadDocumentFrom(ctx context.Context, personID, id string, offset int64) (*File, error) {
	q := to(http.MethodGet, "v1", "persons", personID, "documents", id, "file")
	q.header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	resp, err := c.do(ctx, q)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusPartialContent {
		_ = resp.Body.Close() // it is not what was asked for
		return nil, errors.New("identikit: the server does not send parts of documents")
	}
	return fileOf(resp), nil
}

func fileOf(resp *http.Response) *File {
	f := &File{ReadCloser: resp.Body, ContentType: resp.Header.Get("Content-Type"), Size: resp.ContentLength}
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil {
		f.Name = params["filename"]
	}
	return f
}
