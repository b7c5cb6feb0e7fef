package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/identikit/identikit/internal/kyc"
)

// documentView is a document of a person (partner-api.md §3.4).
type documentView struct {
	ID                 string  `json:"id"`
	Name               string  `json:"name"`
	ContentType        string  `json:"content_type"`
	DocumentType       string  `json:"document_type"`
	Size               int64   `json:"size"`
	CustomerAccessible bool    `json:"customer_accessible"`
	PartnerAccessible  bool    `json:"partner_accessible"` // every one that a partner can see
	CreatedAt          *string `json:"created_at"`
	DeletedAt          *string `json:"deleted_at"`
}

// shownDocuments is a document as an identification shows it.
type shownDocuments struct {
	ID                 string  `json:"id"`
	Name               string  `json:"name"`
	ContentType        string  `json:"content_type"`
	DocumentType       string  `json:"document_type"`
	Size               int64   `json:"size"`
	CustomerAccessible bool    `json:"customer_accessible"`
	CreatedAt          *string `json:"created_at"`
}

func showDocument(d kyc.Document) shownDocuments {
	return shownDocuments{
		ID: d.ID, Name: d.Name, ContentType: d.ContentType, DocumentType: d.Type, Size: d.Size,
		CustomerAccessible: d.CustomerAccessible, CreatedAt: instant(d.CreatedAt),
	}
}

func viewDocument(d kyc.Document) documentView {
	return documentView{
		ID: d.ID, Name: d.Name, ContentType: d.ContentType, DocumentType: d.Type, Size: d.Size,
		CustomerAccessible: d.CustomerAccessible, PartnerAccessible: true, CreatedAt: instant(d.CreatedAt), DeletedAt: instant(d.DeletedAt),
	}
}

func (s *Server) listDocuments(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	f, err := documentFilter(c)
	if err != nil {
		return err
	}
	return writeList(s, c, list[kyc.Document]{
		read: func(v kyc.View, p kyc.Page) ([]kyc.Document, error) {
			documents, err := v.Documents().List(f, p)
			if err != nil {
				return nil, err
			}
			return documents, s.flow.OpenNames(v.Persons(), f.PersonID, documents)
		},
		count: func(v kyc.View, atMost int) (int, error) { return v.Documents().Count(f, atMost) },
		show:  func(d kyc.Document) ([]byte, error) { return marshal(viewDocument(d)) },
	})
}

// documentFilter reads customer_accessible and include_deleted (partner-api.md §3.4).
func documentFilter(c *call) (kyc.DocumentFilter, error) {
	f := kyc.DocumentFilter{PartnerID: c.partnerID, PersonID: c.PathValue("person_id")}
	accessible, wrongAccess := flag(c, "customer_accessible")
	if c.URL.Query().Get("customer_accessible") != "" {
		f.CustomerAccessible = &accessible
	}
	deleted, wrongDeleted := flag(c, "include_deleted")
	f.IncludeDeleted = deleted
	_, _, _, wrongPage := pageOf(c, maxPageSize)
	return f, allWrong(wrongAccess, wrongDeleted, wrongPage)
}

// allWrong is what is wrong with a query, all of it at once.
func allWrong(errs ...error) error {
	var all *kyc.Error
	for _, err := range errs {
		var e *kyc.Error
		switch {
		case err == nil:
		case !errors.As(err, &e) || len(e.Fields) == 0:
			return err
		case all == nil:
			all = &kyc.Error{Kind: e.Kind, Code: e.Code, Fields: slices.Clone(e.Fields)}
		default:
			all.Fields = append(all.Fields, e.Fields...)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

func (s *Server) getDocument(c *call) error {
	d, err := s.document(c)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewDocument(d))
}

// document finds the document of the path, be it deleted.
func (s *Server) document(c *call) (kyc.Document, error) {
	p, err := s.person(c)
	if err != nil {
		return kyc.Document{}, err
	}
	one := make([]kyc.Document, 1)
	err = s.view(c, func(read kyc.View) (err error) {
		if one[0], err = read.Documents().Find(c.partnerID, p.ID, c.PathValue("id")); err != nil {
			return err
		}
		return s.flow.OpenNames(read.Persons(), p.ID, one)
	})
	return one[0], err
}

func (s *Server) patchDocument(c *call) error {
	if _, err := s.document(c); err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	d, err := s.flow.ChangeDocument(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"), in)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewDocument(d))
}

func (s *Server) deleteDocument(c *call) error {
	d, err := s.flow.DeleteDocument(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewDocument(d))
}

// getDocumentFile sends the file, or a part of it (RFC 9110, §14). Its bytes never
// change, so its id is its entity tag.
func (s *Server) getDocumentFile(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	d, file, err := s.flow.OpenDocument(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
	if err != nil {
		return err
	}
	defer file.Close()
	h := c.Header()
	h.Set("Content-Type", d.ContentType)
	h.Set("Content-Disposition", disposition(d.Name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // XML may hold what a browser runs, wherever it is shown in the end
	h.Set("Cache-Control", "no-store")
	h.Set("ETag", `"`+d.ID+`"`)
	if !oneRange.MatchString(c.Request.Header.Get("Range")) {
		c.Request.Header.Del("Range") // no range, or several: each might cost as much as the whole, so the whole it is
	}
	w := &content{call: c}
	http.ServeContent(w, c.Request, "", time.Time{}, file)
	if err := file.Err(); err != nil {
		return fmt.Errorf("send document %s: %w", d.ID, err)
	}
	return w.refusal(d.Size)
}

var oneRange = regexp.MustCompile(`^bytes=[ \t]*(\d+-\d*|-0*[1-9]\d*)[ \t]*$`)

// content is the answer that holds a file. What http.ServeContent refuses is held
// back, and told with the error body.
type content struct {
	*call
	refused int
}

func (w *content) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.refused = status
		return
	}
	w.call.WriteHeader(status)
}

func (w *content) Write(b []byte) (int, error) {
	if w.refused != 0 {
		return len(b), nil
	}
	return w.call.Write(b)
}

func (w *content) refusal(size int64) error {
	if w.refused == 0 {
		return nil
	}
	w.Header().Del("Content-Disposition")
	switch w.refused {
	case http.StatusRequestedRangeNotSatisfiable:
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", size))
		return kyc.Fail(noRange, "range_not_satisfiable", "The file has no such bytes. Content-Range says how many it has.")
	case http.StatusPreconditionFailed:
		return kyc.Fail(kyc.PreconditionFailed, "precondition_failed", "The file is not the one that If-Match names.")
	}
	return fmt.Errorf("the file could not be served: %d", w.refused)
}

// disposition names the file for the receiver (RFC 6266): plain ASCII for old
// clients, UTF-8 for the others. A name is data; it cannot end the header.
func disposition(name string) string {
	name = strings.ToValidUTF8(name, "_")
	plain := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || r < ' ' || strings.ContainsRune(`"\/;%`, r) || r == 0x7f {
			return '_'
		}
		return r
	}, name)
	value := `attachment; filename="` + plain + `"`
	if plain != name {
		value += "; filename*=UTF-8''" + escape(name)
	}
	return value
}

// escape writes an extended value (RFC 8187): what is no attr-char is escaped.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
