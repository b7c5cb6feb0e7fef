package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is what the server refused, or failed to do. Its first entry is repeated
// in the fields.
type Error struct {
	Status     int    // of HTTP
	Code       string // a stable name for this sort of trouble; empty if the answer was no error body
	Title      string
	Detail     string // what is wrong and what to do
	ID         string // finds the error in the server's log
	RequestID  string // so does this
	RetryAfter time.Duration
	Entries    []ErrorEntry // one for each thing that is wrong; at least one
}

// ErrorEntry is one thing that is wrong.
type ErrorEntry struct {
	ID, Code, Title, Detail string
	Status                  int
	Field                   string // the field to blame, like address.country; empty if it is none
	Message                 string // the detail without the field's name
}

// Codes of errors. A server may know more.
const (
	CodeInvalidModel                = "invalid_model"
	CodeValidation                  = "validation_error"
	CodeType                        = "type_error"
	CodeBadRequest                  = "bad_request"
	CodeInvalidJSON                 = "invalid_json"
	CodeInvalidWebhookURL           = "invalid_webhook_url"
	CodeUnsafeWebhookURL            = "unsafe_webhook_url"
	CodeInvalidIBAN                 = "invalid_iban"
	CodeIDnow                       = "idnow_error"
	CodeXS2A                        = "xs2a_error"
	CodeSigning                     = "signing_error"
	CodeConstraintViolation         = "constraint_violation"
	CodeDeprecatedParams            = "deprecated_params"
	CodeTokenRequired               = "token_required"
	CodeInvalidToken                = "invalid_token"
	CodeInvalidClient               = "invalid_client"
	CodeUnsupportedGrantType        = "unsupported_grant_type"
	CodeUnauthorizedAction          = "unauthorized_action"
	CodeUnauthorizedChangeRequest   = "Unauthorized Change Request"
	CodeInvalidTAN                  = "invalid_tan"
	CodeModelNotFound               = "model_not_found"
	CodeNotFound                    = "not_found" // no such path; of what has an id it is model_not_found
	CodeMethodNotAllowed            = "method_not_allowed"
	CodeRecordNotUnique             = "record_not_unique"
	CodeMobileNumberExists          = "mobile_number_exists"
	CodeInvalidIdentificationStatus = "invalid_identification_status"
	CodeAttemptsExceeded            = "identification_attempts_exceeded"
	CodeNoMatch                     = "match_for_person_data_not_found" // MethodBankID goes without one
	CodeMobileNumberNotVerified     = "mobile_number_not_verified"
	CodePreconditionFailed          = "precondition_failed"
	CodeUnsupportedMediaType        = "unsupported_media_type"
	CodePayloadTooLarge             = "payload_too_large"
	CodeRangeNotSatisfiable         = "range_not_satisfiable"
	CodeInvalidSecret               = "invalid_secret"
	CodeUnprocessable               = "unprocessable_entity"
	CodeTooManyRequests             = "too_many_requests"
	CodeGeneric                     = "generic_error"
	CodeNotImplemented              = "not_implemented_error"
	CodeBadGateway                  = "bad_gateway"
	CodeGatewayTimeout              = "gateway_timeout"
	CodeServiceUnavailable          = "service_unavailable"
)

// Error tells status, code and every detail.
func (e *Error) Error() string {
	details := make([]string, 0, len(e.Entries))
	for _, entry := range e.Entries {
		if entry.Detail != "" {
			details = append(details, entry.Detail)
		}
	}
	text := "identikit: " + strconv.Itoa(e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if len(details) > 0 {
		text += ": " + strings.Join(details, "; ")
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Fields are the fields to blame and what is wrong with each.
func (e *Error) Fields() map[string]string {
	fields := map[string]string{}
	for _, entry := range e.Entries {
		if entry.Field != "" {
			fields[entry.Field] = entry.Message
		}
	}
	return fields
}

// IsCode tells whether the error, or one that it wraps, is an [*Error] with an
// entry of the code.
func IsCode(err error, code string) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, entry := range e.Entries {
		if entry.Code == code {
			return true
		}
	}
	return false
}

func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// number reads a status that is written as a number or as a text.
type number int

// UnmarshalJSON takes 400 and "400"; of anything else it makes 0.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.Atoi(strings.Trim(string(b), `"`))
	if err == nil && v > 0 && v < 1000 {
		*n = number(v)
	}
	return nil
}

type errorEntry struct {
	ID, Code, Title, Detail, Details string
	Status                           number
	Source                           struct{ Field, Message string }
}

// readError makes an error of an answer without success: of the list errors, of
// one error at the top level, of the two members of OAuth, or, when it is the
// word of some proxy, of the status alone.
func readError(status int, header http.Header, body []byte) *Error {
	e := &Error{Status: status, RequestID: header.Get("X-Request-Id"), RetryAfter: retryAfter(header.Get("Retry-After"))}
	var whole struct {
		errorEntry
		Errors      []errorEntry
		Error       string
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &whole) != nil {
		whole.Errors, whole.errorEntry = nil, errorEntry{} // half-read
	}
	if len(whole.Errors) == 0 {
		whole.Errors = []errorEntry{whole.errorEntry}
	}
	for _, entry := range whole.Errors {
		shown := ErrorEntry{
			ID: entry.ID, Code: entry.Code, Title: entry.Title, Detail: entry.Detail, Status: int(entry.Status),
			Field: entry.Source.Field, Message: entry.Source.Message,
		}
		if shown.Detail == "" {
			shown.Detail = entry.Details
		}
		if shown.Status == 0 {
			shown.Status = status
		}
		e.Entries = append(e.Entries, shown)
	}
	first := &e.Entries[0]
	if first.Code == "" && first.Detail == "" {
		first.Code, first.Detail = whole.Error, whole.Description
	}
	if first.Code == "" && first.Detail == "" {
		first.Title = http.StatusText(status)
		first.Detail = fmt.Sprintf("the answer is no error of the API (%s)", describe(header.Get("Content-Type"), len(body)))
	}
	e.ID, e.Code, e.Title, e.Detail = first.ID, first.Code, first.Title, first.Detail
	return e
}

// describe says what came instead of an error body, without repeating it.
func describe(contentType string, size int) string {
	if size == 0 {
		return "it is empty"
	}
	kind, _, _ := strings.Cut(contentType, ";")
	if kind == "" || len(kind) > 60 {
		kind = "unknown type"
	}
	return fmt.Sprintf("%s, %d bytes", kind, size)
}

// retryAfter reads the header's seconds or date (RFC 9110, section 10.2.3).
func retryAfter(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), 24*3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
