package idnow

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
)

// definition is a kind of document that the company wants signed.
type definition struct {
	Name       string          `json:"name"`
	Identifier string          `json:"identifier"`
	MimeType   string          `json:"mimeType"`
	Optional   bool            `json:"optional"`
	SortOrder  int             `json:"sortOrder"` // from 1
	Version    *string         `json:"version"`
	Signatures json.RawMessage `json:"signatures"` // by name
}

// instance is one customer's document of a definition.
type instance struct {
	Name        string          `json:"name"`
	Version     *string         `json:"version"`
	Hash        *string         `json:"hash"`        // SHA-256 of the bytes in hex
	DisplayHash *string         `json:"displayHash"` // its first 12 digits, "094c-3350-4ab6"
	Status      string          `json:"status"`      // NEED_UPLOAD or UPLOADED
	Definition  definition      `json:"documentDefinition"`
	Signatures  json.RawMessage `json:"signatures"` // by name
}

var identifier = regexp.MustCompile(`^[a-z0-9_-]+$`)

// putDefinition is endpoint 14.
func (s *Server) putDefinition(w http.ResponseWriter, r *http.Request) *apiError {
	body, refused := readBody(w, r)
	if refused != nil {
		return refused
	}
	var d definition
	if err := json.Unmarshal(body, &d); err != nil {
		return &apiError{Status: http.StatusBadRequest, Cause: "UNPARSEABLE_JSON"}
	}
	switch {
	case d.Name == "":
		return wrongValue("name")
	case !identifier.MatchString(d.Identifier):
		return wrongValue("identifier")
	case d.MimeType == "":
		return wrongValue("mimeType")
	case d.SortOrder < 0:
		return wrongValue("sortOrder")
	}
	if d.Signatures == nil {
		d.Signatures = json.RawMessage("{}")
	}
	a := s.accountIn(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	status := http.StatusCreated
	others := slices.DeleteFunc(slices.Clone(a.Definitions), func(o definition) bool { return o.Identifier == d.Identifier })
	if len(others) < len(a.Definitions) {
		status = http.StatusOK
	}
	place := min(cmp.Or(d.SortOrder, len(others)+1), len(others)+1)
	all := slices.Insert(others, place-1, d)
	for i := range all {
		all[i].SortOrder = i + 1
	}
	a.Definitions = all
	if err := s.save(a); err != nil {
		return s.failed(r, err)
	}
	writeJSON(w, status, struct{}{})
	return nil
}

// listDefinitions is endpoint 15.
func (s *Server) listDefinitions(w http.ResponseWriter, r *http.Request) *apiError {
	a := s.accountIn(r)
	s.mu.Lock()
	all := slices.Clone(a.Definitions)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, append([]definition{}, all...))
	return nil
}

// findDefinition finds a definition by the identifier in the path.
func (s *Server) findDefinition(r *http.Request) (definition, *apiError) {
	a := s.accountIn(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(a.Definitions, func(d definition) bool { return d.Identifier == r.PathValue("doc") })
	if i < 0 {
		return definition{}, noDocument
	}
	return a.Definitions[i], nil
}

var noDocument = &apiError{Status: http.StatusNotFound, Cause: "OBJECT_NOT_FOUND", Key: "identifier", Message: "No such document"}

// getDefinition is endpoint 16.
func (s *Server) getDefinition(w http.ResponseWriter, r *http.Request) *apiError {
	d, refused := s.findDefinition(r)
	if refused != nil {
		return refused
	}
	writeJSON(w, http.StatusOK, d)
	return nil
}

// putDefault is endpoint 17.
func (s *Server) putDefault(w http.ResponseWriter, r *http.Request) *apiError {
	d, refused := s.findDefinition(r)
	if refused != nil {
		return refused
	}
	data, refused := readBody(w, r)
	if refused != nil {
		return refused
	}
	a := s.accountIn(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	a.Defaults[d.Identifier] = data
	if err := s.save(a); err != nil {
		return s.failed(r, err)
	}
	return nil
}

// getDefault is endpoint 18.
func (s *Server) getDefault(w http.ResponseWriter, r *http.Request) *apiError {
	a := s.accountIn(r)
	s.mu.Lock()
	data, ok := a.Defaults[r.PathValue("doc")]
	s.mu.Unlock()
	if !ok {
		return noDocument
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(data)
	return nil
}

// instances makes a new identification's documents of the definitions. The caller holds the lock.
func (a *account) instances() []instance {
	var all []instance
	for _, d := range a.Definitions {
		one := instance{Name: d.Name, Version: d.Version, Status: needUpload, Definition: d, Signatures: d.Signatures}
		if data, ok := a.Defaults[d.Identifier]; ok {
			one.upload(data)
		}
		all = append(all, one)
	}
	return all
}

func (i *instance) upload(data []byte) {
	sum := sha256.Sum256(data)
	digits := hex.EncodeToString(sum[:])
	display := digits[:4] + "-" + digits[4:8] + "-" + digits[8:12]
	i.Hash, i.DisplayHash, i.Status = &digits, &display, uploaded
}

// listDocuments is endpoint 19.
func (s *Server) listDocuments(w http.ResponseWriter, r *http.Request) *apiError {
	ses := s.sessionIn(r, r.PathValue("tx"))
	if ses == nil {
		return notFound("token")
	}
	writeJSON(w, http.StatusOK, append([]instance{}, ses.Documents...))
	return nil
}

// instanceAt is where the document of the path stands among the session's, -1 if it does not.
func instanceAt(ses *session, r *http.Request) int {
	return slices.IndexFunc(ses.Documents, func(i instance) bool { return i.Definition.Identifier == r.PathValue("doc") })
}

// getDocument is endpoint 20.
func (s *Server) getDocument(w http.ResponseWriter, r *http.Request) *apiError {
	ses := s.sessionIn(r, r.PathValue("tx"))
	if ses == nil {
		return notFound("token")
	}
	i := instanceAt(ses, r)
	if i < 0 {
		return noDocument
	}
	writeJSON(w, http.StatusOK, ses.Documents[i])
	return nil
}

var (
	errNoDocument = errors.New("no such document")
	errBegun      = errors.New("the identification has begun")
)

// alterDocument changes a customer's document, which is possible until the identification begins. data are its new bytes,
// nil if they stay.
func (s *Server) alterDocument(r *http.Request, data []byte, f func(*instance)) *apiError {
	if s.sessionIn(r, r.PathValue("tx")) == nil {
		return notFound("token")
	}
	var unfit *apiError
	err := s.change(r.PathValue("tx"), func(ses *session) error {
		i := instanceAt(ses, r)
		switch {
		case i < 0:
			return errNoDocument
		case !ses.mayAlter():
			return errBegun
		}
		f(&ses.Documents[i])
		if !ses.ESign {
			return nil
		}
		c := content{ses.Tx, ses.Documents[i].Definition.Identifier, data}
		if data == nil {
			c.Data = s.contents[c.key()]
		}
		if c.Data == nil {
			return nil
		}
		if unfit = checkPDF(c.Data, ses.Documents[i].Signatures); unfit != nil {
			return errUnchanged
		}
		return s.keepContent(c)
	})
	switch {
	case unfit != nil:
		return unfit
	case errors.Is(err, ErrNoSession):
		return notFound("token")
	case errors.Is(err, errNoDocument):
		return noDocument
	case errors.Is(err, errBegun):
		return preconditionFailed("The identification has already begun")
	case err != nil:
		return s.failed(r, err)
	}
	return nil
}

// changeDocument is endpoint 21. Signatures of the same name replace the definition's, others are added.
func (s *Server) changeDocument(w http.ResponseWriter, r *http.Request) *apiError {
	body, refused := readBody(w, r)
	if refused != nil {
		return refused
	}
	var sent struct {
		Name, Version *string
		Signatures    map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		return &apiError{Status: http.StatusBadRequest, Cause: "UNPARSEABLE_JSON"}
	}
	refused = s.alterDocument(r, nil, func(i *instance) {
		if sent.Name != nil {
			i.Name = *sent.Name
		}
		if sent.Version != nil {
			i.Version = sent.Version
		}
		i.Signatures = mergeSignatures(i.Signatures, sent.Signatures)
	})
	if refused != nil {
		return refused
	}
	return s.getDocument(w, r)
}

func mergeSignatures(old json.RawMessage, more map[string]json.RawMessage) json.RawMessage {
	if len(more) == 0 {
		return old
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(old, &all); err != nil {
		all = map[string]json.RawMessage{} // the definition's were none or no object
	}
	for name, signature := range more {
		all[name] = signature
	}
	merged, err := json.Marshal(all)
	if err != nil {
		return old
	}
	return merged
}

// putDocumentData is endpoint 22. Nobody can read the bytes back before they are signed; where nothing is signed, only
// the hash is kept.
func (s *Server) putDocumentData(w http.ResponseWriter, r *http.Request) *apiError {
	data, refused := readUpTo(w, r, maxDocument)
	if refused != nil {
		return refused
	}
	return s.alterDocument(r, data, func(i *instance) { i.upload(data) })
}
