package idnow

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Steering is the tester's port: it is no part of the firm's wire. It shows the sessions, chooses results and makes the
// simulator misbehave. Whoever reaches it may do everything, so it belongs on a loopback address.
//
//	GET    /sessions                what there is
//	GET    /sessions/{tx}           one of them
//	POST   /sessions/{tx}/result    {"result","reason"}: ends it now; a reason of the guides alone brings its own result
//	POST   /faults                  {"mode","count","delay","path"}: the gateway misbehaves, so many calls long (0: until
//	                                cleared), at calls whose path has this in it (none: at all)
//	DELETE /faults                  clears the faults of the gateway and of pushes
//	POST   /pushes                  {"duplicate","drop","reorder"}: what is done to the next pushes
//	POST   /push                    any body: it is sent where pushes go, as a forger would; the answer has the status.
//	                                ?company= names the account, if it is not the main one
//	POST   /unkind                  {"on"}: a little of everything
func (s *Server) Steering() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sessions", s.steerList)
	mux.HandleFunc("GET /sessions/{tx}", s.steerOne)
	mux.HandleFunc("POST /sessions/{tx}/result", s.steerResult)
	mux.HandleFunc("POST /faults", s.steerFaults)
	mux.HandleFunc("DELETE /faults", s.steerClear)
	mux.HandleFunc("POST /pushes", s.steerPushes)
	mux.HandleFunc("POST /push", s.steerPush)
	mux.HandleFunc("POST /unkind", s.steerUnkind)
	mux.HandleFunc("GET /authority.pem", s.steerAuthority)
	return simkit.SameSite(mux)
}

// sessionView is a session as a tester sees it: no personal data.
type sessionView struct {
	Tx       string     `json:"transactionnumber"`
	ID       string     `json:"id"`
	Link     string     `json:"link"`
	Created  time.Time  `json:"created_at"`
	Attempt  int        `json:"attempt"`
	Step     string     `json:"page"`
	Result   *string    `json:"result"`
	Reason   *string    `json:"reason"`
	Tracking *string    `json:"trackingid"`
	NextDue  *time.Time `json:"next_due"`
	Pushes   int        `json:"pushes_waiting"`

	Outcomes []outcomeView `json:"outcomes"`
}

// outcomeView is a result that came to be, whether it still holds or not.
type outcomeView struct {
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt"`
	Result  string    `json:"result"`
	Reason  *string   `json:"reason"`
}

func (s *Server) view(ses *session) sessionView {
	v := sessionView{
		Tx: ses.Tx, ID: ses.ID, Link: s.urls().goPages + s.link(ses),
		Created: ses.CreatedAt, Attempt: ses.Attempt, Step: s.pageOf(ses), Tracking: optional(ses.Tracking), Pushes: len(ses.Pushes),
		Outcomes: make([]outcomeView, len(ses.Outcomes)),
	}
	for n, o := range ses.Outcomes {
		v.Outcomes[n] = outcomeView{o.At, o.Attempt, o.Report.Process.Result, optional(o.Report.Process.Reason)}
	}
	if o := ses.present(); o != nil {
		v.Result, v.Reason = optional(o.Report.Process.Result), optional(o.Report.Process.Reason)
	}
	if at, ok := ses.nextDue(); ok {
		v.NextDue = &at
	}
	return v
}

func (s *Server) steerList(w http.ResponseWriter, _ *http.Request) {
	views := []sessionView{}
	for _, ses := range s.all() {
		views = append(views, s.view(ses))
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]any{"sessions": views})
}

func (s *Server) steerOne(w http.ResponseWriter, r *http.Request) {
	ses := s.session(r.PathValue("tx"))
	if ses == nil {
		steerError(w, http.StatusNotFound, ErrNoSession.Error())
		return
	}
	simkit.WriteJSON(w, http.StatusOK, s.view(ses))
}

func (s *Server) steerResult(w http.ResponseWriter, r *http.Request) {
	var sent struct{ Result, Reason string }
	if !steerBody(w, r, &sent) {
		return
	}
	if ses := s.session(r.PathValue("tx")); ses != nil && sent.Result == "" {
		sent.Result = resultOf(ses.Kind, sent.Reason)
	}
	if !validWords(sent.Result, sent.Reason) {
		steerError(w, http.StatusBadRequest, "result and reason must be words in upper case")
		return
	}
	err := s.SetResult(r.Context(), r.PathValue("tx"), sent.Result, sent.Reason)
	switch {
	case errors.Is(err, ErrNoSession):
		steerError(w, http.StatusNotFound, err.Error())
	case err != nil:
		s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
		steerError(w, http.StatusInternalServerError, "the result could not be saved")
	default:
		s.steerOne(w, r)
	}
}

func (s *Server) steerFaults(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Mode  string `json:"mode"`
		Count int    `json:"count"`
		Delay string `json:"delay"`
		Path  string `json:"path"`
	}
	if !steerBody(w, r, &sent) {
		return
	}
	if faultModes[sent.Mode] == nil || sent.Count < 0 {
		steerError(w, http.StatusBadRequest, "mode must be one of "+strings.Join(modeNames(), ", ")+"; count 0 or more")
		return
	}
	delay := 10 * time.Second
	if sent.Delay != "" {
		var err error
		if delay, err = time.ParseDuration(sent.Delay); err != nil || delay < 0 {
			steerError(w, http.StatusBadRequest, `delay must be a duration such as "29s"`)
			return
		}
	}
	s.mu.Lock()
	s.faults.Gateway = gatewayFault{Mode: sent.Mode, Count: sent.Count, Delay: delay, Path: sent.Path}
	s.mu.Unlock()
	simkit.WriteJSON(w, http.StatusOK, map[string]any{"mode": sent.Mode, "count": sent.Count, "delay": delay.String(), "path": sent.Path})
}

func (s *Server) steerClear(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.faults.Gateway, s.faults.Pushes = gatewayFault{}, pushFaults{}
	s.mu.Unlock()
	simkit.WriteJSON(w, http.StatusOK, struct{}{})
}

func (s *Server) steerPushes(w http.ResponseWriter, r *http.Request) {
	var sent pushFaults
	if !steerBody(w, r, &sent) {
		return
	}
	if sent.Duplicate < 0 || sent.Drop < 0 {
		steerError(w, http.StatusBadRequest, "duplicate and drop must be 0 or more")
		return
	}
	s.mu.Lock()
	s.faults.Pushes = sent
	s.mu.Unlock()
	simkit.WriteJSON(w, http.StatusOK, sent)
}

func (s *Server) steerPush(w http.ResponseWriter, r *http.Request) {
	body, err := simkit.Body(w, r)
	if errors.Is(err, simkit.ErrTooLarge) {
		steerError(w, http.StatusRequestEntityTooLarge, err.Error())
		return
	}
	a := s.account(r.URL.Query().Get("company"))
	if a == nil {
		steerError(w, http.StatusNotFound, "there is no such company")
		return
	}
	if err != nil || a.PushURL == "" {
		steerError(w, http.StatusBadRequest, "the body could not be read, or there is nowhere to push to")
		return
	}
	status, err := s.post(r.Context(), a.PushURL, body)
	if err != nil {
		steerError(w, http.StatusBadGateway, err.Error())
		return
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]int{"status": status})
}

func (s *Server) steerUnkind(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		On bool `json:"on"`
	}
	if !steerBody(w, r, &sent) {
		return
	}
	s.mu.Lock()
	s.faults.Unkind = sent.On
	s.mu.Unlock()
	simkit.WriteJSON(w, http.StatusOK, sent)
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
