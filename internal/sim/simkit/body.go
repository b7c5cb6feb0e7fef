package simkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// MaxBody is the most that a simulator reads of a request, in bytes.
const MaxBody = 1 << 20

// ErrTooLarge says that a request body is longer than the limit; answer it with 413.
var ErrTooLarge = errors.New("request body too large")

// Body reads a request's body whole. A longer one than MaxBody gives ErrTooLarge and closes the connection after the answer.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) { return BodyUpTo(w, r, MaxBody) }

// BodyUpTo is Body with another limit, for files.
func BodyUpTo(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	return data, nil
}

// SameSite refuses what a page of another site sends, which it could do with the browser of a developer who has a
// steering port on the same machine. Programs, which send no such headers, are let in.
func SameSite(h http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(h)
}

// WriteJSON answers with v as JSON. Nothing is written before v is known to be JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil { // a value of our own that is no JSON: a mistake in the simulator
		http.Error(w, "the simulator could not write its answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(data) // a client that has gone away is no concern of the answer's
}
