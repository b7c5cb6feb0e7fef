package ais

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Steering is the tester's port: it is no part of the firm's wire. Whoever reaches it may do everything, so it belongs on
// a loopback address.
//
//	GET    /requests               what there is
//	GET    /requests/{id}          one of them, by @RequestID
//	POST   /requests/{id}/result   {"outcome"}: ends it now; the words are those of Outcomes
//	POST   /next                   {"outcome","refuse","delay","flaw","late"}: what comes of the next call of /sign. Without an
//	                               outcome the customer decides; with refuse /sign itself is answered so; delay is from the
//	                               outcome to its effect; flaw spoils the signatures; late sends the consent URL later
//	POST   /faults                 {"mode","count","delay"}: the API and the bridge misbehave, so many calls long (0: until cleared)
//	DELETE /faults                 clears the faults and what was to come of the next call
//	GET    /authority.pem          who vouches for the signers
func (s *Server) Steering() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, _ *http.Request) {
		views := []requestView{}
		for _, r := range s.all() {
			views = append(views, s.view(r))
		}
		simkit.WriteJSON(w, http.StatusOK, object{"requests": views})
	})
	mux.HandleFunc("GET /requests/{id}", s.steerOne)
	mux.HandleFunc("POST /requests/{id}/result", s.steerResult)
	mux.HandleFunc("POST /next", s.steerNext)
	mux.HandleFunc("POST /faults", s.steerFaults)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		s.setFaults(func(f *faults) { *f = faults{} })
		simkit.WriteJSON(w, http.StatusOK, struct{}{})
	})
	mux.HandleFunc("GET /authority.pem", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		w.Write(s.TrustedPEM())
	})
	return simkit.SameSite(mux)
}

// requestView is a request as a tester sees it: no personal data, no password.
type requestView struct {
	ID         string    `json:"request_id"`
	ConsentURL string    `json:"consent_url"`
	Documents  int       `json:"documents"`
	Outcome    *string   `json:"outcome"`
	Done       bool      `json:"done"`
	Wrong      int       `json:"wrong_passwords"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func (s *Server) view(r *request) requestView {
	v := requestView{ID: r.ID, ConsentURL: s.consentAddress(r), Documents: len(r.Documents), Done: r.Done, Wrong: r.Wrong, ExpiresAt: r.ExpiresAt}
	if r.Outcome != "" {
		v.Outcome = &r.Outcome
	}
	return v
}

func (s *Server) steerOne(w http.ResponseWriter, r *http.Request) {
	req := s.request(r.PathValue("id"))
	if req == nil {
		steerError(w, http.StatusNotFound, ErrNoRequest.Error())
		return
	}
	simkit.WriteJSON(w, http.StatusOK, s.view(req))
}

func (s *Server) steerResult(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Outcome string `json:"outcome"`
	}
	if !steerBody(w, r, &sent) {
		return
	}
	if ok, known := knownOutcome(sent.Outcome); !ok {
		steerError(w, http.StatusBadRequest, known)
		return
	}
	switch err := s.SetResult(r.Context(), r.PathValue("id"), sent.Outcome); {
	case errors.Is(err, ErrNoRequest):
		steerError(w, http.StatusNotFound, err.Error())
	case err != nil:
		steerError(w, http.StatusConflict, err.Error())
	default:
		s.steerOne(w, r)
	}
}

func (s *Server) steerNext(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Outcome string `json:"outcome"`
		Refuse  bool   `json:"refuse"`
		Delay   string `json:"delay"`
		Flaw    string `json:"flaw"`
		Late    bool   `json:"late"`
	}
	if !steerBody(w, r, &sent) {
		return
	}
	delay, ok := steerDelay(w, sent.Delay, 0)
	if !ok {
		return
	}
	known, words := knownOutcome(sent.Outcome)
	switch {
	case sent.Outcome != "" && !known || sent.Refuse && (!known || sent.Outcome == success):
		steerError(w, http.StatusBadRequest, words+"; with refuse, not success")
		return
	case sent.Flaw != "" && !slices.Contains(flaws, sent.Flaw):
		steerError(w, http.StatusBadRequest, "flaw must be one of "+strings.Join(flaws, ", "))
		return
	}
	s.setFaults(func(f *faults) { f.next = nextRequest{sent.Outcome, sent.Refuse, delay, sent.Flaw, sent.Late} })
	simkit.WriteJSON(w, http.StatusOK, sent)
}

func (s *Server) steerFaults(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Mode  string `json:"mode"`
		Count int    `json:"count"`
		Delay string `json:"delay"`
	}
	if !steerBody(w, r, &sent) {
		return
	}
	if faultModes[sent.Mode] == nil || sent.Count < 0 {
		steerError(w, http.StatusBadRequest, "mode must be one of "+strings.Join(modeNames(), ", ")+"; count 0 or more")
		return
	}
	delay, ok := steerDelay(w, sent.Delay, 10*time.Second)
	if !ok {
		return
	}
	s.setFaults(func(f *faults) { f.Mode, f.Count, f.Delay = sent.Mode, sent.Count, delay })
	simkit.WriteJSON(w, http.StatusOK, sent)
}

func (s *Server) setFaults(change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
}

// steerDelay reads a duration, or answers why it cannot.
func steerDelay(w http.ResponseWriter, text string, otherwise time.Duration) (time.Duration, bool) {
	if text == "" {
		return otherwise, true
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 365*24*time.Hour {
		steerError(w, http.StatusBadRequest, `delay must be a duration such as "29s", a year at most`)
		return 0, false
	}
	return d, true
}

// steerBody reads a JSON body into v, or answers why it cannot.
func steerBody(w http.ResponseWriter, r *http.Request, v any) bool {
	body, err := simkit.Body(w, r)
	if errors.Is(err, simkit.ErrTooLarge) {
		steerError(w, http.StatusRequestEntityTooLarge, err.Error())
		return false
	}
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		steerError(w, http.StatusBadRequest, "the body is no JSON object of this call")
		return false
	}
	return true
}

func steerError(w http.ResponseWriter, status int, message string) {
	simkit.WriteJSON(w, status, map[string]string{"error": message})
}
