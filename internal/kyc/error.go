package kyc

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of trouble an Error is. The API turns it into a status.
type Kind int

// The kinds. The zero Kind is internal: its text never leaves the server.
const (
	Internal           Kind = iota
	Invalid                 // the request breaks a rule: 400
	Unauthenticated         // no or no valid credentials: 401
	Forbidden               // known, but not allowed: 403
	NotFound                // no such thing for this partner: 404
	Conflict                // somebody was faster, or it exists already: 409
	PreconditionFailed      // not in this state: 412
	Unprocessable           // well-formed, but not acceptable: 422
	TooMany                 // more than is allowed at a time; RetryAfter says when to ask again: 429
	NotImplemented          // this installation cannot do that: 501
	BadGateway              // a provider is unreachable or speaks garbage: 502
	Unavailable             // a provider is not called at the moment; RetryAfter says when to ask again: 503
	Timeout                 // a provider is too slow: 504
)

// Error is an error that a caller may be told about. Code, Detail and Fields
// are public and stable; Cause is for the log alone.
type Error struct {
	Kind   Kind
	Code   string // a slug of partner-api.md §2.8, e.g. "model_not_found"
	Detail string // what is wrong and what to do
	Fields []FieldError
	// RetryAfter is when it is worth to ask again; only with TooMany and Unavailable.
	RetryAfter time.Duration
	Cause      error
}

// FieldError is one broken rule of one field of a request.
type FieldError struct {
	Code    string // "invalid_model" or "type_error"; empty means the error's own
	Field   string // dotted for a member of an object: "address.country"
	Message string // without the field's name: "can't be blank"
	Detail  string // the whole sentence; empty means Field and Message
}

// Error shows code and detail, and the cause for the log.
func (e *Error) Error() string {
	text := e.Code + ": " + e.Detail
	if len(e.Fields) > 0 {
		names := make([]string, len(e.Fields))
		for i, f := range e.Fields {
			names[i] = f.Field + " " + f.Message
		}
		text = e.Code + ": " + strings.Join(names, "; ")
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives errors.Is and errors.As the way to the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Brief is err for the log: of an Error its code and cause, without the detail,
// in which a provider's words may quote a person's data.
func Brief(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.Cause == nil {
		return e.Code
	}
	return e.Code + ": " + e.Cause.Error()
}

// Fail makes an Error of the kind with a formatted detail.
func Fail(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// InvalidFields makes the 400 that lists every broken rule, or nil if there is none.
func InvalidFields(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "invalid_model", Fields: fields}
}

// Missing makes the 404 of a resource that this partner does not have
// (partner-api.md §2.8): class is "Solaris::Person" and the like.
func Missing(class, id string) *Error {
	return Fail(NotFound, "model_not_found", "Couldn't find '%s' for id '%s'.", class, id)
}

// IsKind tells whether err is, or wraps, an Error of the kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
