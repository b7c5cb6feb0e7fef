package xs2a

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// faults is how the simulator misbehaves at a tester's wish. It is not kept over a restart.
type faults struct {
	API    apiFault
	Pushes pushFaults
	Unkind bool // everything a little: every 20th call fails, every push comes twice, every second one late
	calls  int  // of the API, while unkind
	pushes int  // sent, while unkind
	held   heldPush
}

// apiFault is what the company's API does instead of its work.
type apiFault struct {
	Mode  string        // one of faultModes, "" for none
	Count int           // calls left; 0 is until cleared
	Delay time.Duration // of the modes slow and late
	Path  string        // meets only calls whose path has this in it; "" meets all
}

type pushFaults struct {
	Duplicate int  `json:"duplicate"` // so many of the next pushes are sent twice
	Drop      int  `json:"drop"`      // so many of the next pushes are not sent
	Reorder   bool `json:"reorder"`   // the next push is sent after the one that follows it
}

// heldPush is a push that waits for another to overtake it.
type heldPush struct {
	tx    string
	event int
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
func (s *Server) pushFault(tx string, p push) pushAction {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	if f.held == (heldPush{tx, p.Event}) { // nothing came to overtake it
		f.held = heldPush{}
		return sendPush
	}
	if f.Unkind {
		f.pushes++
	}
	switch {
	case f.Pushes.Drop > 0:
		f.Pushes.Drop--
		return dropPush
	case (f.Pushes.Reorder || f.Unkind && f.pushes%2 == 0) && f.held == (heldPush{}) && p.Tries == 0:
		f.Pushes.Reorder = false
		f.held = heldPush{tx, p.Event}
		return holdPush
	case f.Unkind:
		return sendTwice
	case f.Pushes.Duplicate > 0:
		f.Pushes.Duplicate--
		return sendTwice
	}
	return sendPush
}

// releaseHeldPush makes a push that was held due, now that another has overtaken it.
func (s *Server) releaseHeldPush(ctx context.Context, tx string, overtaker push, now time.Time) {
	s.mu.Lock()
	held := s.faults.held
	s.mu.Unlock()
	if held == (heldPush{}) || held == (heldPush{tx, overtaker.Event}) {
		return
	}
	s.settle(ctx, held.tx, push{Event: held.event}, func(p *push) bool { p.At = now; return true })
}

// faultModes is every way in which the API can misbehave. A handler gets the API's own as next.
var faultModes = map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler, delay time.Duration){
	"down": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) { hangUp(w) },
	"slow": func(w http.ResponseWriter, r *http.Request, next http.Handler, delay time.Duration) {
		// net/http notices that the client has gone only once the body is read.
		body, err := io.ReadAll(io.LimitReader(r.Body, simkit.MaxBody+1))
		if err != nil {
			writeError(w, badRequest("The body could not be read."))
			return
		}
		simkit.Wait(r.Context(), nil, delay)
		if r.Context().Err() == nil {
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
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
		w.Write([]byte("\x00\xfe{\"id\": TST-\xff\xff}}garbage"))
	},
	"html": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		w.Write([]byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"))
	},
	"wrong_types": func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ time.Duration) {
		simkit.WriteJSON(w, http.StatusOK, map[string]any{
			"transaction": 4711, "wizard_session_key": []int{1}, "last_error": 7, "finished": "maybe", "parameters": "none",
			"sender_iban": 1, "data": 5, "account": []string{"a"},
		})
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
		writeError(w, invalid(map[string]string{"purpose": "is what the simulator was told to refuse."}))
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
		fault, trouble := s.nextFault(r.URL.Path)
		switch {
		case trouble:
			writeError(w, internal)
		case fault.Mode == "":
			next.ServeHTTP(w, r)
		default:
			faultModes[fault.Mode](w, r, next, fault.Delay)
		}
	})
}

// nextFault takes the fault that meets the next call of the API, and whether it meets unkind trouble instead.
func (s *Server) nextFault(path string) (apiFault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	if f.Unkind {
		if f.calls++; f.calls%20 == 0 {
			return apiFault{}, true
		}
	}
	fault := f.API
	if !strings.Contains(path, fault.Path) {
		return apiFault{}, false
	}
	if fault.Count == 1 {
		f.API = apiFault{}
	} else if fault.Count > 1 {
		f.API.Count--
	}
	return fault, false
}

// modeNames lists the fault modes in alphabetical order.
func modeNames() []string {
	var names []string
	for name := range faultModes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
