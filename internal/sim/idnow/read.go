package idnow

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// filter is one of the lists: its name in the query and the results it shows.
type filter struct {
	name  string
	shows func(result string) bool
}

// filters is endpoints 4 to 8. The first that the query sets decides; the last is for a query that sets none.
var filters = []filter{
	{"pending", preliminary},
	{"cancelled", func(r string) bool { return r == canceled }},
	{"aborted", func(r string) bool { return r == aborted }},
	{"failed", func(r string) bool { return r == fraudConfirmed || r == failed }},
	{"", func(r string) bool { return r == success || r == dataChanged }},
}

// list is endpoints 4 to 8.
func (s *Server) list(w http.ResponseWriter, r *http.Request) *apiError {
	query := r.URL.Query()
	chosen := slices.IndexFunc(filters, func(f filter) bool { return f.name == "" || query.Get(f.name) == "true" })
	found := []result{}
	for _, ses := range s.all() {
		if s.owns(s.accountIn(r), ses) && filters[chosen].shows(ses.result()) {
			found = append(found, ses.present().Report)
		}
	}
	writeJSON(w, http.StatusOK, map[string][]result{"identifications": found})
	return nil
}

// all is every session, the oldest first.
func (s *Server) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	sessions := make([]*session, 0, len(s.sessions))
	for _, ses := range s.sessions {
		sessions = append(sessions, ses)
	}
	slices.SortFunc(sessions, func(a, b *session) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.Tx, b.Tx)
	})
	return sessions
}

// getOne is endpoints 9 to 11: a result, or a file of its evidence if the last part of the path has an extension.
func (s *Server) getOne(w http.ResponseWriter, r *http.Request) *apiError {
	tx, extension, isFile := strings.Cut(r.PathValue("tx"), ".")
	ses := s.sessionIn(r, tx)
	if ses == nil || ses.present() == nil {
		return notFound("token")
	}
	if isFile {
		return s.getFile(w, r, ses, extension)
	}
	writeJSON(w, http.StatusOK, ses.present().Report)
	return nil
}

// fileTypes is what endpoints 10 and 11 give, by extension.
var fileTypes = map[string]string{
	"zip": "application/zip", "pdf": "application/pdf", "mp3": "audio/mpeg", "wav": "audio/wav",
}

func (s *Server) getFile(w http.ResponseWriter, r *http.Request, ses *session, extension string) *apiError {
	contentType := fileTypes[extension]
	if contentType == "" || ses.present().Report.Attachments == nil {
		return notFound("token")
	}
	data, err := s.evidenceFile(ses, extension)
	if err != nil {
		return s.failed(r, err)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+ses.Tx+"."+extension+`"`)
	w.Write(data)
	return nil
}

func zipPath(company, tx string) string {
	return "/api/v1/" + company + "/identifications/" + tx + ".zip"
}

// deleteOne is endpoint 12. Nothing is left of the identification, its link included.
func (s *Server) deleteOne(w http.ResponseWriter, r *http.Request) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.find(r.PathValue("tx"))
	if !s.owns(s.accountIn(r), ses) {
		return notFound("token")
	}
	if err := s.store.Delete(fileName(ses.Tx)); err != nil {
		return s.failed(r, err)
	}
	if err := s.dropContents(ses); err != nil {
		return s.failed(r, err)
	}
	delete(s.sessions, ses.Tx)
	delete(s.byID, ses.ID)
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// copyOne is endpoint 13: the present result under another transaction number.
func (s *Server) copyOne(w http.ResponseWriter, r *http.Request) *apiError {
	body, refused := readBody(w, r)
	if refused != nil {
		return refused
	}
	var sent struct {
		Company string `json:"target_companyid"`
		Tx      string `json:"target_transactionnumber"`
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		return &apiError{Status: http.StatusBadRequest, Cause: "UNPARSEABLE_JSON"}
	}
	if sent.Company != r.PathValue("company") {
		return &apiError{Status: http.StatusForbidden, Cause: "SECURITY_VIOLATION", Key: "target_companyid",
			Message: "No permission to copy to this company"}
	}
	if sent.Tx == "" {
		sent.Tx = simkit.UUID()
	}
	if !validTransaction.MatchString(sent.Tx) {
		return wrongValue("target_transactionnumber")
	}
	id, err := s.copySession(s.accountIn(r), r.PathValue("tx"), sent.Tx)
	switch {
	case errors.Is(err, ErrNoSession):
		return notFound("token")
	case errors.Is(err, errFinished):
		return &apiError{Status: http.StatusConflict, Cause: "EXISTING_IDENTIFICATION"}
	case err != nil:
		return s.failed(r, err)
	}
	writeJSON(w, http.StatusCreated, map[string]string{"id": id})
	return nil
}

func (s *Server) copySession(a *account, from, to string) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source := s.find(from)
	if !s.owns(a, source) || source.present() == nil {
		return "", ErrNoSession
	}
	if s.sessions[to] != nil {
		return "", errFinished
	}
	ses := source.clone()
	ses.Tx, ses.ID = to, s.newID(a.Prefix, to)
	ses.Plan, ses.Pushes = nil, nil
	last := *source.present()
	last.Report.Process.Tx, last.Report.Process.ID = to, ses.ID
	last.Report.Process.Filename, last.Report.Process.Href = to+".zip", zipPath(a.CompanyID, to)
	if last.Report.Attachments != nil {
		last.Report.Attachments = attachments(to, ses.Kind, ses.Document)
	}
	ses.Outcomes = []outcome{last}
	for _, d := range ses.Documents {
		identifier := d.Definition.Identifier
		if data := s.contents[content{Tx: source.Tx, Identifier: identifier}.key()]; data != nil {
			if err := s.keepContent(content{to, identifier, data}); err != nil {
				return "", err
			}
		}
	}
	return ses.ID, s.put(ses)
}
