package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/identikit/identikit/internal/kyc"
)

// documentView is a document of a person (partner-api.md §3.4).
type documentView struct {
	shownDocuments
	DeletedAt *string `json:"deleted_at"`
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
	return documentView{shownDocuments: showDocument(d), DeletedAt: instant(d.DeletedAt)}
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
		read:  func(v kyc.View, p kyc.Page) ([]kyc.Document, error) { return v.Documents().List(f, p) },
		count: func(v kyc.View, atMost int) (int, error) { return v.Documents().Count(f, atMost) },
		show:  func(d kyc.Document) ([]byte, error) { return marshal(viewDocument(d)) },
	})
}

// documentFilter reads customer_accessible and include_deleted (partner-api.md §3.4).
func documentFilter(c *call) (f kyc.DocumentFilter, err error) {
	f = kyc.DocumentFilter{PartnerID: c.partnerID, PersonID: c.PathValue("person_id")}
	if f.IncludeDeleted, err = flag(c, "include_deleted"); err != nil {
		return f, err
	}
	accessible, err := flag(c, "customer_accessible")
	if c.URL.Query().Get("customer_accessible") != "" {
		f.CustomerAccessible = &accessible
	}
	return f, err
}

func (s *Server) getDocument(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	var d kyc.Document
	err := s.view(c, func(read kyc.View) (err error) {
		d, err = read.Documents().Find(c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewDocument(d))
}

func (s *Server) getDocumentFile(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	d, r, err := s.flow.OpenDocument(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
	if err != nil {
		return err
	}
	defer r.Close()
	h := c.Header()
	h.Set("Content-Type", d.ContentType)
	h.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	h.Set("Content-Disposition", disposition(d.Name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	c.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(c, r); err != nil {
		return fmt.Errorf("send document %s: %w", d.ID, err)
	}
	return nil
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
