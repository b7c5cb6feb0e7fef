package ais

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// faults is how the simulator misbehaves at a tester's wish. It is not kept over a restart.
type faults struct {
	Mode  string        // one of faultModes, "" for none
	Count int           // calls left; 0 is until cleared
	Delay time.Duration // of the modes slow and late
	next  nextRequest
}

// nextRequest is what comes of the next call of /sign.
type nextRequest struct {
	Outcome string        // a word of outcomes; "" leaves it to the customer
	Refuse  bool          // /sign itself is answered so
	Delay   time.Duration // from the outcome, also the customer's, to its effect
	Flaw    string        // what is wrong with the signatures
	Late    bool          // the consent URL comes with the first poll only
}

// takeNext gives what is to come of this call of /sign, and forgets it.
func (s *Server) takeNext() nextRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.faults.next
	s.faults.next = nextRequest{}
	return next
}

// faultModes is every way in which the API can misbehave. A handler gets the API's own as next.
var faultModes = map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler, delay time.Duration){
	"down": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) { hangUp(w) },
	"slow": func(w http.ResponseWriter, r *http.Request, next http.Handler, delay time.Duration) {
		// net/http notices that the client has gone only once the body is read.
		body, err := io.ReadAll(io.LimitReader(r.Body, simkit.MaxBody+1))
		if err != nil {
			return
		}
		simkit.Wait(r.Context(), nil, delay)
		if r.Context().Err() == nil {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	},
	"late": func(w http.ResponseWriter, r *http.Request, next http.Handler, delay time.Duration) {
		whole := heldAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(&whole, r)
		simkit.Wait(r.Context(), nil, delay)
		if r.Context().Err() == nil {
			w.WriteHeader(whole.status)
			w.Write(whole.body.Bytes())
		}
	},
	"garbage": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write([]byte("\x00\xfe{\"SignResponse\": urn-\xff\xff}}garbage"))
	},
	"html": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		w.Write([]byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"))
	},
	"wrong_types": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		simkit.WriteJSON(w, http.StatusOK, object{"SignResponse": object{
			"Result": object{"ResultMajor": []int{1}, "ResultMinor": 4711}, "OptionalOutputs": "none", "SignatureObject": true,
		}})
	},
	"half": func(w http.ResponseWriter, r *http.Request, next http.Handler, _ time.Duration) {
		whole := heldAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(&whole, r)
		body := whole.body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(whole.status)
		w.Write(body[:len(body)/2])
		hangUp(w)
	},
	"refuse": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		writeResult(w, "", profile11, bad("UnexpectedData", "The simulator was told to refuse this call"))
	},
}

// heldAnswer keeps an answer back.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *heldAnswer) WriteHeader(status int)      { a.status = status }
func (a *heldAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// hangUp ends the connection in the middle of the answer. The panic is net/http's own way to do so; it logs nothing.
func hangUp(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok && len(w.Header()) > 0 {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}

// misbehaving puts the faults before a handler.
func (s *Server) misbehaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		fault := s.faults
		if s.faults.Count == 1 {
			s.faults.Mode = ""
		}
		s.faults.Count = max(0, s.faults.Count-1)
		s.mu.Unlock()
		if mode, ok := faultModes[fault.Mode]; ok {
			mode(w, r, next, fault.Delay)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func modeNames() []string { return slices.Sorted(maps.Keys(faultModes)) }
