package idnow

import (
	"net/http"
	"strings"
)

// handler answers a call or returns why not.
type handler func(w http.ResponseWriter, r *http.Request) *apiError

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refused := h(w, r); refused != nil {
		writeError(w, refused)
	}
}

// Gateway is the company's API.
func (s *Server) Gateway() http.Handler {
	const one = "/api/v1/{company}/identifications/{tx}"
	mux := http.NewServeMux()
	route := func(pattern string, h handler) { mux.Handle(pattern, h) }
	route("POST /api/v1/{company}/login", s.login)
	route("GET /api/v1/{company}", s.byToken(s.root))
	route("POST "+one+"/start", s.byKey(s.start))
	route("POST /api/v1/{company}/identifications/start", s.byKey(s.startNothing))
	route("GET /api/v1/{company}/identifications", s.byToken(s.list))
	route("GET "+one, s.byToken(s.getOne))
	route("DELETE "+one, s.byToken(s.deleteOne))
	route("POST "+one+"/copy", s.byToken(s.copyOne))

	route("POST /api/v1/{company}/documentdefinitions", s.byToken(s.putDefinition))
	route("GET /api/v1/{company}/documentdefinitions", s.byToken(s.listDefinitions))
	route("GET /api/v1/{company}/documentdefinitions/{doc}", s.byToken(s.getDefinition))
	route("POST /api/v1/{company}/documentdefinitions/{doc}/data", s.byToken(s.putDefault))
	route("GET /api/v1/{company}/documentdefinitions/{doc}/data", s.byToken(s.getDefault))
	route("GET "+one+"/documents", s.byToken(s.listDocuments))
	route("GET "+one+"/documents/{doc}", s.byToken(s.getDocument))
	route("POST "+one+"/documents/{doc}", s.byToken(s.changeDocument))
	route("POST "+one+"/documents/{doc}/data", s.byToken(s.putDocumentData))
	route("GET "+one+"/documents/{doc}/signed", s.byToken(s.getSigned))
	route("POST "+one+"/documents/{doc}/signed", s.byToken(s.getSigned))
	return s.misbehaving(inProtocol(mux))
}

// inProtocol answers in the protocol's words where the mux would answer in its own: an unknown path, a wrong method.
func inProtocol(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, empty := strings.CutSuffix(r.URL.Path, "/identifications//start"); empty { // the mux would redirect
			r = r.Clone(r.Context())
			r.URL.Path = path + "/identifications/start"
		}
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		var known []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				known = append(known, method)
			}
		}
		if len(known) == 0 {
			writeError(w, noSuchRoute)
			return
		}
		w.Header().Set("Allow", strings.Join(known, ", "))
		writeError(w, &apiError{Status: http.StatusMethodNotAllowed, Cause: "BAD_REQUEST",
			Message: "This address knows the methods " + strings.Join(known, ", ")})
	})
}

// failed logs what went wrong in the simulator itself; the caller learns only that it did.
func (s *Server) failed(r *http.Request, err error) *apiError {
	s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
	return internal
}

// root is endpoint 2.
func (s *Server) root(w http.ResponseWriter, r *http.Request) *apiError {
	a := s.accountIn(r)
	writeJSON(w, http.StatusOK, map[string]any{
		"shortname": a.CompanyID, "shortcode": a.Prefix, "name": a.CompanyName,
		"estimatedWaitingTime": estimatedWaiting,
	})
	return nil
}

// startNothing is what /start without a transaction number is answered.
func (s *Server) startNothing(http.ResponseWriter, *http.Request) *apiError {
	return &apiError{Status: http.StatusBadRequest, Cause: "MISSING_TRANSACTION_TOKEN"}
}
