package httpapi

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/identikit/identikit/api"
	"github.com/identikit/identikit/internal/kyc"
)

// Route is one line of the API: what is served, for whom, by which handler.
type Route struct {
	Method, Path string
	open         bool // needs no token
	sandbox      bool // there in the sandbox only
	fn           func(*Server, *call) error
}

// Routes is the whole API.
var Routes = []Route{
	{Method: "POST", Path: "/oauth2/token", open: true, fn: (*Server).issueToken},
	{Method: "POST", Path: "/oauth/token", open: true, fn: (*Server).issueLegacyToken},

	{Method: "POST", Path: "/v1/persons", fn: (*Server).createPerson},
	{Method: "GET", Path: "/v1/persons", fn: (*Server).listPersons},
	{Method: "GET", Path: "/v1/persons/{person_id}", fn: (*Server).getPerson},
	{Method: "PATCH", Path: "/v1/persons/{person_id}", fn: (*Server).patchPerson},

	{Method: "POST", Path: "/v1/persons/{person_id}/mobile_number", fn: (*Server).createMobileNumber},
	{Method: "GET", Path: "/v1/persons/{person_id}/mobile_number", fn: (*Server).getMobileNumber},
	{Method: "DELETE", Path: "/v1/persons/{person_id}/mobile_number", fn: (*Server).deleteMobileNumber},
	{Method: "POST", Path: "/v1/persons/{person_id}/mobile_number/authorize", fn: (*Server).authorizeMobileNumber},
	{Method: "POST", Path: "/v1/persons/{person_id}/mobile_number/confirm", fn: (*Server).confirmMobileNumber},
	{Method: "POST", Path: "/v1/persons/{person_id}/tax_identifications", fn: (*Server).createTaxIdentification},
	{Method: "GET", Path: "/v1/persons/{person_id}/tax_identifications", fn: (*Server).listTaxIdentifications},
	{Method: "GET", Path: "/v1/persons/{person_id}/tax_identifications/{id}", fn: (*Server).getTaxIdentification},
	{Method: "PATCH", Path: "/v1/persons/{person_id}/tax_identifications/{id}", fn: (*Server).patchTaxIdentification},
	{Method: "POST", Path: "/v1/change_requests/{id}/authorize", fn: (*Server).authorizeChange},
	{Method: "POST", Path: "/v1/change_requests/{id}/confirm", fn: (*Server).confirmChange},

	{Method: "POST", Path: "/v1/persons/{person_id}/documents", fn: (*Server).uploadDocument},
	{Method: "GET", Path: "/v1/persons/{person_id}/documents", fn: (*Server).listDocuments},
	{Method: "GET", Path: "/v1/persons/{person_id}/documents/{id}", fn: (*Server).getDocument},
	{Method: "PATCH", Path: "/v1/persons/{person_id}/documents/{id}", fn: (*Server).patchDocument},
	{Method: "DELETE", Path: "/v1/persons/{person_id}/documents/{id}", fn: (*Server).deleteDocument},
	{Method: "GET", Path: "/v1/persons/{person_id}/documents/{id}/file", fn: (*Server).getDocumentFile},

	{Method: "POST", Path: "/v1/persons/{person_id}/device_consents", fn: (*Server).createDeviceConsent},
	{Method: "PATCH", Path: "/v1/persons/{person_id}/device_consents/{id}", fn: (*Server).changeDeviceConsent},
	{Method: "POST", Path: "/v1/persons/{person_id}/device_activities", fn: (*Server).createDeviceActivity},
	{Method: "POST", Path: "/v1/persons/{person_id}/settings", fn: (*Server).createSettings},
	{Method: "POST", Path: "/v1/terms_and_conditions_events", fn: (*Server).createTermsEvent},
	{Method: "PATCH", Path: "/v1/persons/{person_id}/update_for_development", sandbox: true, fn: (*Server).updateForDevelopment},
	{Method: "POST", Path: "/v1/persons/{person_id}/test_id_document_update", sandbox: true, fn: (*Server).checkPaper},

	{Method: "POST", Path: "/v1/persons/{person_id}/identifications", fn: (*Server).createIdentification},
	{Method: "GET", Path: "/v1/persons/{person_id}/identifications", fn: (*Server).listPersonIdentifications},
	{Method: "GET", Path: "/v1/persons/{person_id}/identifications/{id}", fn: (*Server).getIdentification},
	{Method: "PATCH", Path: "/v1/persons/{person_id}/identifications/{id}/request", fn: (*Server).requestIdentification},
	{Method: "PATCH", Path: "/v1/persons/{person_id}/identifications/{id}/authorize", fn: (*Server).authorizeIdentification},
	{Method: "PATCH", Path: "/v1/persons/{person_id}/identifications/{id}/confirm", fn: (*Server).confirmIdentification},
	{Method: "POST", Path: "/v1/persons/{person_id}/identification_eligibility_checks", fn: (*Server).checkEligibility},
	{Method: "GET", Path: "/v1/persons/{person_id}/identifications/{id}/supported_documents", fn: (*Server).listSupportedDocuments},
	{Method: "GET", Path: "/v1/persons/{person_id}/identifications/{id}/idnow_attempts", fn: (*Server).listIDnowAttempts},
	{Method: "GET", Path: "/v1/persons/{person_id}/identifications/{id}/legitimation_data", fn: (*Server).getLegitimation},
	{Method: "POST", Path: "/v1/persons/{person_id}/identifications/{id}/document_upload", fn: (*Server).uploadIdentificationDocument},
	{Method: "POST", Path: "/v1/identification_origination/persons/{person_id}/identifications", fn: (*Server).createOrigination},
	{Method: "GET", Path: "/v1/identification_origination/persons/{person_id}/identifications/{id}", fn: (*Server).getOrigination},
	{Method: "GET", Path: "/v1/identifications", fn: (*Server).listIdentifications},
	{Method: "GET", Path: "/v1/identification_failure_reasons", fn: (*Server).listReasons},

	{Method: "POST", Path: "/v1/webhooks", fn: (*Server).createWebhook},
	{Method: "GET", Path: "/v1/webhooks", fn: (*Server).listWebhooks},
	{Method: "GET", Path: "/v1/webhooks/{id}", fn: (*Server).getWebhook},
	{Method: "DELETE", Path: "/v1/webhooks/{id}", fn: (*Server).deleteWebhook},
	{Method: "GET", Path: "/v1/webhooks/{id}/deliveries", fn: (*Server).listDeliveries},

	{Method: "GET", Path: "/sandbox/clock", open: true, sandbox: true, fn: (*Server).getClock},
	{Method: "POST", Path: "/sandbox/clock", open: true, sandbox: true, fn: (*Server).moveClock},
	{Method: "GET", Path: "/sandbox/messages", open: true, sandbox: true, fn: (*Server).listMessages},
	{Method: "GET", Path: "/sandbox/inbox", open: true, sandbox: true, fn: (*Server).showPage},
	{Method: "GET", Path: "/sandbox/static/style.css", open: true, sandbox: true, fn: (*Server).showPage},
	{Method: "GET", Path: "/sandbox/static/icon.svg", open: true, sandbox: true, fn: (*Server).showPage},
	{Method: "POST", Path: "/sandbox/identifications/{id}/result", open: true, sandbox: true, fn: (*Server).chooseResult},

	{Method: "GET", Path: "/openapi.yaml", open: true, fn: static("application/yaml; charset=utf-8", api.OpenAPI)},
	{Method: "GET", Path: "/docs", open: true, fn: static("text/html; charset=utf-8", api.Docs)},

	{Method: "POST", Path: "/inbound/{provider}/{secret}", open: true, fn: (*Server).receive},
	{Method: "POST", Path: "/inbound/{provider}/{secret}/{tail}", open: true, fn: (*Server).receive},
}

// handler mounts the routes by path, so that a wrong method is told apart from
// a wrong path and both are answered with the error body.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	byPath := map[string]map[string]mounted{}
	for _, r := range Routes {
		if r.sandbox && s.sandbox == nil {
			continue
		}
		if byPath[r.Path] == nil {
			byPath[r.Path] = map[string]mounted{}
		}
		byPath[r.Path][r.Method] = s.mount(r)
	}
	for p, methods := range byPath {
		mux.HandleFunc(p, func(w http.ResponseWriter, r *http.Request) { s.dispatch(w, r, p, methods) })
	}
	mux.HandleFunc("/", s.nothing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if plain(r.URL.Path) {
			mux.ServeHTTP(w, r)
		} else {
			s.nothing(w, r)
		}
	})
}

// nothing answers for every path that is not in the table.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	s.handle(w, r, "none", func(*call) error {
		return kyc.Fail(kyc.NotFound, "not_found", "There is nothing at this path. The API is described at /openapi.yaml.")
	})
}

// mounted is a route as it is served.
type mounted struct {
	name string // for log and metrics
	fn   func(*call) error
}

func (s *Server) mount(r Route) mounted {
	return mounted{name: r.Method + " " + r.Path, fn: func(c *call) error {
		if r.sandbox {
			if err := sameSite(c); err != nil {
				return err
			}
		}
		if !r.open {
			if err := s.authenticate(c); err != nil {
				return err
			}
			var ok bool
			if c.counted, ok = s.busy.enter(c.partnerID); !ok {
				return s.busy.errBusy()
			}
		}
		return r.fn(s, c)
	}}
}

// sameSite keeps pages of other sites from steering a developer's sandbox with
// the developer's browser: its routes need no token.
func sameSite(c *call) error {
	if http.NewCrossOriginProtection().Check(c.Request) != nil {
		return kyc.Fail(kyc.Forbidden, "unauthorized_action", "A page of another site must not steer the sandbox.")
	}
	return nil
}

// plain tells whether a path is one that a route can have: the mux would answer
// the others in HTML, and no database could look for their ids.
func plain(p string) bool {
	if !strings.HasPrefix(p, "/") || path.Clean(p) != p {
		return false
	}
	for i := range len(p) {
		if c := p[i]; c < ' ' || c > '~' {
			return utf8.ValidString(p) && !strings.ContainsFunc(p, unicode.IsControl)
		}
	}
	return true
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, p string, methods map[string]mounted) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route, ok := methods[method]
	if !ok {
		s.handle(w, r, p, func(c *call) error {
			allowed := slices.Sorted(maps.Keys(methods))
			c.Header().Set("Allow", strings.Join(allowed, ", "))
			return kyc.Fail(noMethod, "method_not_allowed", "This path does not know the method %s. It knows %s.",
				clip(r.Method), strings.Join(allowed, ", "))
		})
		return
	}
	s.handle(w, r, route.name, route.fn)
}

// static serves bytes that never change while the server runs.
func static(contentType string, body []byte) func(*Server, *call) error {
	return func(_ *Server, c *call) error {
		c.Header().Set("Content-Type", contentType)
		c.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, err := c.Write(body)
		return err
	}
}
