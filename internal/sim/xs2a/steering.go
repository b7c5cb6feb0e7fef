package xs2a

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Steering is the tester's port: it is no part of the firm's wire. It shows the sessions, ends them and makes the
// simulator misbehave. Whoever reaches it may do everything, so it belongs on a loopback address.
//
//	GET    /sessions                            what there is
//	GET    /sessions/{identification}           the last one of an identification
//	POST   /sessions/{identification}/result    {"result"}: ends it now (Server.SetResult)
//	POST   /faults                  {"mode","count","delay","path"}: the API misbehaves, so many calls long (0: until
//	                                cleared), at calls whose path has this in it (none: at all)
//	DELETE /faults                  clears the faults of the API and of pushes
//	POST   /pushes                  {"duplicate","drop","reorder"}: what is done to the next pushes
//	POST   /push                    any body: it is sent where pushes go, as a forger would; the answer has the status
//	POST   /unkind                  {"on"}: a little of everything
func (s *Server) Steering() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sessions", s.steerList)
	mux.HandleFunc("GET /sessions/{identification}", s.steerOne)
	mux.HandleFunc("POST /sessions/{identification}/result", s.steerResult)
	mux.HandleFunc("POST /faults", s.steerFaults)
	mux.HandleFunc("DELETE /faults", s.steerClear)
	mux.HandleFunc("POST /pushes", s.steerPushes)
	mux.HandleFunc("POST /push", s.steerPush)
	mux.HandleFunc("POST /unkind", s.steerUnkind)
	return simkit.SameSite(mux)
}

// sessionView is a session as a tester sees it: no personal data.
type sessionView struct {
	Tx             string     `json:"transaction"`
	Identification string     `json:"identification"`
	Link           string     `json:"link"`
	Created        time.Time  `json:"created_at"`
	Step           step       `json:"current_step"`
	LastError      string     `json:"last_error"`
	Finished       bool       `json:"finished"`
	EndedAt        *time.Time `json:"ended_at"`
	NextDue        *time.Time `json:"next_due"`
	Pushes         int        `json:"pushes_waiting"`
}

func (s *Server) view(ses *session) sessionView {
	v := sessionView{
		Tx: ses.Tx, Identification: ses.Identification, Link: s.origins.Load().wizard + "/index.html?wizard_session_key=" + ses.Key,
		Created: ses.CreatedAt, Step: ses.Step, LastError: ses.LastError, Finished: ses.Finished, Pushes: len(ses.Pushes),
	}
	if ses.over() {
		v.EndedAt = &ses.EndedAt
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
	ses := s.latest(r.PathValue("identification"))
	if ses == nil {
		steerError(w, http.StatusNotFound, ErrNoSession.Error())
		return
	}
	simkit.WriteJSON(w, http.StatusOK, s.view(ses))
}

func (s *Server) steerResult(w http.ResponseWriter, r *http.Request) {
	var sent struct{ Result string }
	if !steerBody(w, r, &sent) {
		return
	}
	_, known := endings[sent.Result]
	err := s.SetResult(r.Context(), r.PathValue("identification"), sent.Result)
	switch {
	case err == nil:
		s.steerOne(w, r)
	case !known:
		steerError(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, ErrNoSession):
		steerError(w, http.StatusNotFound, err.Error())
	case errors.Is(err, ErrEnded):
		steerError(w, http.StatusConflict, err.Error())
	default:
		s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
		steerError(w, http.StatusInternalServerError, "the result could not be saved")
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
	s.faults.API = apiFault{Mode: sent.Mode, Count: sent.Count, Delay: delay, Path: sent.Path}
	s.mu.Unlock()
	simkit.WriteJSON(w, http.StatusOK, map[string]any{"mode": sent.Mode, "count": sent.Count, "delay": delay.String(), "path": sent.Path})
}

func (s *Server) steerClear(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.faults.API, s.faults.Pushes = apiFault{}, pushFaults{}
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
	if err != nil || s.cfg.PushURL == "" {
		steerError(w, http.StatusBadRequest, "the body could not be read, or there is nowhere to push to")
		return
	}
	status, err := s.post(r.Context(), body)
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
