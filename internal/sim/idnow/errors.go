package idnow

import (
	"net/http"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// apiError is a refusal as the protocol words it.
type apiError struct {
	Status       int
	Cause        string
	Key, Message string // "" is null on the wire
}

func badValue(key, message string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Cause: "BAD_REQUEST", Key: key, Message: message}
}

func wrongValue(key string) *apiError {
	return badValue(key, "Please provide a correct value for '"+key+"'")
}

func preconditionFailed(message string) *apiError {
	return &apiError{Status: http.StatusPreconditionFailed, Cause: "PRECONDITION_FAILED", Message: message}
}

// notFound is the answer for an unknown identification; key is "token" at the gateway, "transactionToken" at the robot.
func notFound(key string) *apiError {
	return &apiError{Status: http.StatusNotFound, Cause: "OBJECT_NOT_FOUND", Key: key,
		Message: "No identification found matching the provided parameters"}
}

var (
	unauthorized = &apiError{Status: http.StatusUnauthorized, Cause: "INVALID_LOGIN_TOKEN"}
	foreign      = &apiError{Status: http.StatusUnauthorized, Cause: "SECURITY_VIOLATION"}
	noSuchRoute  = &apiError{Status: http.StatusNotFound, Cause: "OBJECT_NOT_FOUND", Message: "There is nothing at this address"}
	tooLarge     = &apiError{Status: http.StatusRequestEntityTooLarge, Cause: "BAD_REQUEST", Message: "The request body is longer than 1 MiB"}
	unreadable   = &apiError{Status: http.StatusBadRequest, Cause: "BAD_REQUEST", Message: "The request body could not be read"}
	internal     = &apiError{Status: http.StatusInternalServerError, Cause: "INTERNAL_SERVER_ERROR"}
)

// writeError answers with a refusal. Its id is new each time, for the firm's support to find it by.
func writeError(w http.ResponseWriter, e *apiError) {
	type entry struct {
		Cause          string  `json:"cause"`
		ErrorType      *string `json:"errorType"`
		ID             string  `json:"id"`
		Key            *string `json:"key"`
		Message        *string `json:"message"`
		TranslationKey *string `json:"translationKey"`
	}
	answer := struct {
		Errors []entry `json:"errors"`
	}{[]entry{{Cause: e.Cause, ID: simkit.Digits(9), Key: optional(e.Key), Message: optional(e.Message)}}}
	writeJSON(w, e.Status, answer)
}

// writeJSON answers as every JSON answer of the protocol is answered.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	simkit.WriteJSON(w, status, v)
}

// readBody reads a request's body or says why it cannot.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	return readUpTo(w, r, simkit.MaxBody)
}

// maxDocument is the most that a document to be signed may have, in bytes.
const maxDocument = 16 << 20

// readUpTo is readBody with another limit.
func readUpTo(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *apiError) {
	body, err := simkit.BodyUpTo(w, r, limit)
	switch {
	case err == simkit.ErrTooLarge:
		return nil, tooLarge
	case err != nil:
		return nil, unreadable
	}
	return body, nil
}
