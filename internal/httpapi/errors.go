package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// statusOf turns kinds into statuses. A kind that is not here is a bare 500.
var statusOf = map[kyc.Kind]int{
	kyc.Invalid: http.StatusBadRequest, kyc.Unauthenticated: http.StatusUnauthorized, kyc.Forbidden: http.StatusForbidden,
	kyc.NotFound: http.StatusNotFound, kyc.Conflict: http.StatusConflict, kyc.PreconditionFailed: http.StatusPreconditionFailed,
	kyc.Unprocessable: http.StatusUnprocessableEntity, kyc.TooMany: http.StatusTooManyRequests,
	kyc.NotImplemented: http.StatusNotImplemented, kyc.BadGateway: http.StatusBadGateway, kyc.Timeout: http.StatusGatewayTimeout,
	kyc.Unavailable: http.StatusServiceUnavailable,
	noMethod:        http.StatusMethodNotAllowed, tooLarge: http.StatusRequestEntityTooLarge, wrongMediaType: http.StatusUnsupportedMediaType,
	noRange: http.StatusRequestedRangeNotSatisfiable,
}

// Kinds that only the wire knows.
const (
	noMethod kyc.Kind = 100 + iota
	tooLarge
	wrongMediaType
	noRange
)

// clientGone is what log and metrics say of a request whose client hung up
// before its answer. Nobody is told.
const clientGone = 499

// titles are the titles of the codes (partner-api.md §2.8). Those of the second
// group are ours.
var titles = map[string]string{
	"invalid_model": "Invalid Model", "validation_error": "Validation Error", "type_error": "Type Error",
	"invalid_json": "Invalid JSON", "invalid_webhook_url": "Invalid Webhook URL", "unsafe_webhook_url": "Unsafe Webhook URL",
	"constraint_violation": "Constraint Violation",
	"idnow_error":          "IDnow Error", "deprecated_params": "Deprecated Parameters", "token_required": "Token Required",
	"invalid_token": "Invalid Token", "unauthorized_action": "Unauthorized Action",
	"Unauthorized Change Request": "Unauthorized Change Request", "model_not_found": "Model Not Found",
	"record_not_unique": "Record Not Unique",
	"invalid_iban":      "Invalid IBAN", "match_for_person_data_not_found": "Match For Person Data Not Found",
	"mobile_number_not_verified": "Mobile Number Not Verified", "xs2a_error": "XS2A Error", "signing_error": "Signing Error",
	"fourthline_error": "Fourthline Error",
	"invalid_tan":      "Invalid TAN", "mobile_number_exists": "Mobile Number Exists", "not_implemented_error": "Not Implemented",
	"identification_attempts_exceeded": "Identification Attempts Exceeded", "invalid_secret": "Invalid Secret",
	"unprocessable_entity": "Unprocessable Entity", "generic_error": "Generic Error",
	"bad_gateway": "Bad Gateway", "gateway_timeout": "Gateway Timeout", "service_unavailable": "Service Unavailable",

	"invalid_client": "Invalid Client", "unsupported_grant_type": "Unsupported Grant Type",
	"invalid_identification_status": "Invalid Identification Status",
	"not_found":                     "Not Found", "method_not_allowed": "Method Not Allowed", "payload_too_large": "Payload Too Large",
	"unsupported_media_type": "Unsupported Media Type", "too_many_requests": "Too Many Requests",
	"bad_request": "Bad Request", "range_not_satisfiable": "Range Not Satisfiable", "precondition_failed": "Precondition Failed",
}

// alsoDetails are the codes that S0 shows with `details`.
var alsoDetails = map[string]bool{"identification_attempts_exceeded": true, "invalid_secret": true}

type errorEntry struct {
	ID      string       `json:"id"`
	Status  int          `json:"status"`
	Code    string       `json:"code"`
	Title   string       `json:"title"`
	Detail  string       `json:"detail"`
	Details string       `json:"details,omitempty"`
	Source  *errorSource `json:"source,omitempty"`
}

type errorSource struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// errorBody has both readings at once (rulings §1): the list, and the first of
// it repeated at the top with its status as a string.
type errorBody struct {
	Errors  []errorEntry `json:"errors"`
	ID      string       `json:"id"`
	Status  string       `json:"status"`
	Code    string       `json:"code"`
	Title   string       `json:"title"`
	Detail  string       `json:"detail"`
	Details string       `json:"details,omitempty"`
	// RFC 6749, §5.2, on the token endpoints only.
	Error            string `json:"error,omitempty"`
	ErrorDescription string `json:"error_description,omitempty"`
}

// public lets out only what was made to be let out.
func public(err error) (*kyc.Error, int) {
	var e *kyc.Error
	if errors.As(err, &e) && statusOf[e.Kind] != 0 {
		return e, statusOf[e.Kind]
	}
	return kyc.Fail(kyc.Internal, "generic_error", "There was an error."), http.StatusInternalServerError
}

// entries makes one entry for each broken field, or one for the whole.
func entries(e *kyc.Error, status int) []errorEntry {
	one := func(code, detail string) errorEntry {
		x := errorEntry{ID: id.UUID(), Status: status, Code: code, Title: titles[code], Detail: detail}
		if alsoDetails[code] {
			x.Details = detail
		}
		return x
	}
	if len(e.Fields) == 0 {
		return []errorEntry{one(e.Code, e.Detail)}
	}
	all := make([]errorEntry, len(e.Fields))
	for i, f := range e.Fields {
		code, detail := f.Code, f.Detail
		if code == "" {
			code = e.Code
		}
		if detail == "" {
			detail = f.Field + " " + f.Message
		}
		all[i] = one(code, detail)
		all[i].Source = &errorSource{Field: f.Field, Message: f.Message}
	}
	return all
}

// logError writes the ids by which the entries are found. What was wrong with a
// request was told to whoever sent it; its words may be personal and stay out.
func (s *Server) logError(c *call, e *kyc.Error, status int, all []errorEntry, err error) {
	ids, fields := make([]string, len(all)), make([]string, len(e.Fields))
	for i, entry := range all {
		ids[i] = entry.ID
	}
	for i, f := range e.Fields {
		fields[i] = f.Field
	}
	log := s.log.With("error_id", strings.Join(ids, " "), "request_id", c.requestID, "code", all[0].Code, "status", status)
	if status >= http.StatusInternalServerError {
		log.Error("error answered", "error", kyc.Brief(err))
		return
	}
	log.Info("error answered", "fields", strings.Join(fields, " "))
}

// writeError is the only place that turns an error into bytes.
func (s *Server) writeError(c *call, err error) {
	e, status := public(err)
	if errors.Is(err, context.Canceled) && errors.Is(c.Context().Err(), context.Canceled) {
		c.status = clientGone       // it hung up, which is no failure of ours and nobody's to look at
		panic(http.ErrAbortHandler) // to return would be to answer 200
	}
	all := entries(e, status)
	first := all[0]
	body := errorBody{
		Errors: all, ID: first.ID, Status: strconv.Itoa(status), Code: first.Code, Title: first.Title,
		Detail: first.Detail, Details: first.Details,
	}
	if isTokenRoute(c.route) {
		body.Error, body.ErrorDescription = oauthError(first.Code, status), first.Detail
	}
	s.logError(c, e, status, all, err)
	if c.status != 0 {
		panic(http.ErrAbortHandler) // an answer is under way: cut it, do not finish it
	}
	if status == http.StatusUnauthorized {
		c.Header().Set("WWW-Authenticate", challenge(c.route))
	}
	if e.RetryAfter > 0 {
		c.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	b, err := marshal(body)
	if err != nil {
		panic(err) // texts and numbers only
	}
	c.Header().Set("Content-Type", "application/json")
	c.WriteHeader(status)
	_, _ = c.Write(b) // the client has gone; there is nobody to tell
}
