package fourthline

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// faults is how the simulator misbehaves at a tester's wish. It is not kept over a restart.
type faults struct {
	API    apiFault
	Pushes pushFaults
	held   heldPush
}

// apiFault is what the API does instead of its work.
type apiFault struct {
	Mode  string        // one of faultModes, "" for none
	Count int           // calls left; 0 is until cleared
	Delay time.Duration // of the mode slow
}

type pushFaults struct {
	Duplicate int  `json:"duplicate"` // so many of the next pushes are sent twice
	Drop      int  `json:"drop"`      // so many of the next pushes are not sent
	Reorder   bool `json:"reorder"`   // the next push is sent after the one that follows it
}

// heldPush is a push that waits for another to overtake it.
type heldPush struct {
	reference string
	n         int
}

// heldPushAtMost is how long a push waits to be overtaken.
const heldPushAtMost = 10 * time.Minute

type pushAction int

const (
	sendPush pushAction = iota
	sendTwice
	dropPush
	holdPush
)

func (a pushAction) copies() int { return map[pushAction]int{sendPush: 1, sendTwice: 2}[a] }

// pushFault decides what is done to the next push.
func (s *Server) pushFault(reference string, p push) pushAction {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	switch {
	case f.held == heldPush{reference, p.N}: // nothing came to overtake it
		f.held = heldPush{}
	case f.Pushes.Drop > 0:
		f.Pushes.Drop--
		return dropPush
	case f.Pushes.Reorder && f.held == heldPush{} && p.Tries == 0:
		f.Pushes.Reorder = false
		f.held = heldPush{reference, p.N}
		return holdPush
	case f.Pushes.Duplicate > 0:
		f.Pushes.Duplicate--
		return sendTwice
	}
	return sendPush
}

// releaseHeldPush makes a push that was held due, now that another has overtaken it.
func (s *Server) releaseHeldPush(ctx context.Context, reference string, overtaker push, now time.Time) {
	s.mu.Lock()
	held := s.faults.held
	s.mu.Unlock()
	if held == (heldPush{}) || held == (heldPush{reference, overtaker.N}) {
		return
	}
	s.settle(ctx, held.reference, push{N: held.n}, func(p *push) bool { p.At = now; return true })
}

// faultModes is every way in which the API can misbehave. A handler gets the API's own as next.
var faultModes = map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler, delay time.Duration){
	"down": func(http.ResponseWriter, *http.Request, http.Handler, time.Duration) { panic(http.ErrAbortHandler) },
	"slow": func(w http.ResponseWriter, r *http.Request, next http.Handler, delay time.Duration) {
		whole := heldAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(&whole, r) // net/http notices that the client has gone only once the body is read
		simkit.Wait(r.Context(), nil, delay)
		if r.Context().Err() == nil {
			w.WriteHeader(whole.status)
			w.Write(whole.body.Bytes())
		}
	},
	"garbage": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("\x00\xfe{\"verificationId\": \xff\xff}}garbage"))
	},
	"html": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		w.Write([]byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"))
	},
	"wrong_types": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		simkit.WriteJSON(w, http.StatusOK, map[string]any{
			"access_token": []int{1}, "token_type": 2, "expires_in": "soon", "verifications": "none", "verificationId": 4711,
			"clientReference": map[string]int{}, "status": 1000, "statusCode": []int{1000}, "updatedAt": 0,
		})
	},
	"half": func(w http.ResponseWriter, r *http.Request, next http.Handler, _ time.Duration) {
		whole := heldAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(&whole, r)
		body := whole.body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(whole.status)
		w.Write(body[:len(body)/2])
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler) // net/http's own way to hang up; it logs nothing
	},
	"refuse": func(w http.ResponseWriter, r *http.Request, next http.Handler, _ time.Duration) {
		if r.URL.Path == tokenPath { // to log in is no request that could be refused for what it asks
			next.ServeHTTP(w, r)
			return
		}
		writeError(w, http.StatusBadRequest, "refused", "The simulator was told to refuse this call.")
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

// misbehaving puts the faults before a handler.
func (s *Server) misbehaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.nextFault(); f.Mode != "" {
			faultModes[f.Mode](w, r, next, f.Delay)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// nextFault takes the fault that meets the next call.
func (s *Server) nextFault() apiFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults.API
	switch {
	case f.Count == 1:
		s.faults.API = apiFault{}
	case f.Count > 1:
		s.faults.API.Count--
	}
	return f
}
