package crashtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
)

// paper is a document that a partner uploaded.
type paper struct {
	person *person
	ident  *ident // nil: the person's alone
	sent   []string
	id     string // empty until acknowledged
	key    string
	plain  string // the file, unlike any other

	changes, deletions []string // request ids
	changed, deleted   bool     // acknowledged
}

// upload sends a file for a person, or for one of its identifications; with a key
// it is sent until it is answered, and once more.
func (c *client) upload(p *person, i *ident, keyed bool) (*paper, error) {
	x := &paper{person: p, ident: i}
	n := c.w.next()
	x.plain = fmt.Sprintf("%%PDF-1.7 paper %d of %s %s", n, p.marker, strings.Repeat("x", n*997%200_000))
	if keyed {
		x.key = fmt.Sprintf("paper-%d", n)
	}
	path := "/v1/persons/" + p.id + "/documents"
	if i != nil {
		path = i.path() + "/document_upload"
	}
	r := request{method: "POST", path: path, key: x.key, ids: &x.sent}
	var err error
	if r.kind, r.body, err = formWith("paper.pdf", x.plain, "OTHER"); err != nil {
		return nil, err
	}
	c.w.note(func() { c.w.papers = append(c.w.papers, x) })
	a, err := c.post(r)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusCreated {
		return nil, c.unexpected("upload a document", a)
	}
	c.w.note(func() {
		x.id = a.text("id")
		if i != nil {
			i.documents[x.id] = sumOf([]byte(x.plain))
		}
	})
	c.w.acknowledge("document")
	return x, c.replay(r, a)
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// formWith is an upload's form, its file first.
func formWith(name, plain, kind string) (contentType string, body []byte, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		return "", nil, err
	}
	if _, err := part.Write([]byte(plain)); err != nil {
		return "", nil, err
	}
	if err := w.WriteField("document_type", kind); err != nil {
		return "", nil, err
	}
	err = w.Close()
	return w.FormDataContentType(), b.Bytes(), err
}

func (x *paper) path() string { return "/v1/persons/" + x.person.id + "/documents/" + x.id }

// changePaper lets the customer see it.
func (c *client) changePaper(x *paper) error {
	a, err := c.ask(request{method: "PATCH", path: x.path(), body: object{"customer_accessible": true}, ids: &x.changes})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return c.unexpected("change a document", a)
	}
	c.w.note(func() { x.changed = true })
	c.w.acknowledge("document changed")
	return nil
}

// deletePaper deletes it; 404 says that a try without an answer did.
func (c *client) deletePaper(x *paper) error {
	a, err := c.ask(request{method: "DELETE", path: x.path(), ids: &x.deletions})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK && a.status != http.StatusNotFound {
		return c.unexpected("delete a document", a)
	}
	c.w.note(func() { x.deleted = true })
	c.w.acknowledge("document deleted")
	return nil
}

// papers is a scene: a person's own papers, one of an identification, and one
// that is refused when its bytes are stored already.
func papers(s *stage) error {
	i, err := s.identified(byHand)
	if err != nil {
		return err
	}
	own, err := s.upload(i.person, nil, true)
	if err != nil {
		return err
	}
	contentType, body, err := formWith("paper.pdf", "%PDF-1.7 refused", "NO SUCH TYPE")
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.changePaper(own) },
		func() error { return s.deletePaper(own) },
		func() error { _, err := s.upload(i.person, i, false); return err },
		func() error {
			a, err := s.ask(request{method: "POST", path: "/v1/persons/" + i.person.id + "/documents", kind: contentType, body: body})
			if err == nil && a.status != http.StatusBadRequest {
				err = s.unexpected("upload a document of no type", a)
			}
			return err
		},
		func() error { return s.look(i) },
	)
}

// auditPapers: a document that a partner uploaded is in the history once, and so
// is what became of it; what was acknowledged is there.
func (w *world) auditPapers(r *rows) {
	told := map[string]map[string]int{} // request id → event → lines
	lines := map[string]map[string]int{}
	for _, h := range r.history {
		if !strings.HasPrefix(h.event, "document_") {
			continue
		}
		id := between(h.details, `"document_id":"`, `"`)
		for _, of := range []struct {
			all map[string]map[string]int
			key string
		}{{told, h.request}, {lines, id}} {
			if of.all[of.key] == nil {
				of.all[of.key] = map[string]int{}
			}
			of.all[of.key][h.event]++
		}
	}
	for _, d := range r.documents {
		if !d.uploaded {
			continue
		}
		of := lines[d.id]
		if of["document_uploaded"] != 1 || of["document_deleted"] > 1 || (of["document_deleted"] == 1) != (d.deletedAt != 0) || (of["document_changed"] > 0) != d.accessible {
			w.lose("document %s is %+v, the history tells %v", d.id, d, of)
		}
		delete(lines, d.id)
	}
	for id := range lines {
		w.lose("the history tells of a document %s that is not there", id)
	}
	count := func(ids []string, event string) (n int) {
		for _, id := range ids {
			n += told[id][event]
		}
		return n
	}
	w.mu.Lock()
	var wrong []string
	for _, x := range w.papers {
		if n := count(x.sent, "document_uploaded"); n > 1 || (x.id != "" && n != 1) {
			wrong = append(wrong, fmt.Sprintf("the document %s of %s: %d times", x.id, x.person.id, n))
		}
		if n := count(x.changes, "document_changed"); n > 1 || (x.changed && n != 1) {
			wrong = append(wrong, fmt.Sprintf("the change of document %s: %d times", x.id, n))
		}
		if n := count(x.deletions, "document_deleted"); n > 1 || (x.deleted && n != 1) {
			wrong = append(wrong, fmt.Sprintf("the deletion of document %s: %d times", x.id, n))
		}
	}
	w.mu.Unlock()
	for _, what := range wrong {
		w.lose("acknowledged and not there, or there twice: %s", what)
	}
}

// between is what stands between two texts.
func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}
