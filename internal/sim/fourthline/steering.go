package fourthline

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Steering is the tester's port: it is no part of the firm's wire. Whoever reaches it may do everything, so it belongs on
// a loopback address.
//
//	GET    /verifications                     what there is
//	GET    /verifications/{reference}         one of them
//	POST   /verifications/{reference}/result  {"result"}: ends its check now, with "accepted" or a code; or {"status","code"}:
//	                                          any words
//	POST   /faults                            {"mode","count","delay"}: the API misbehaves, so many calls long (0: until cleared)
//	DELETE /faults                            clears the faults of the API and of pushes
//	POST   /pushes                            {"duplicate","drop","reorder"}: what is done to the next pushes
func (s *Server) Steering() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /verifications", s.steerList)
	mux.HandleFunc("GET /verifications/{reference}", s.steerOne)
	mux.HandleFunc("POST /verifications/{reference}/result", s.steerResult)
	mux.HandleFunc("POST /faults", s.steerFaults)
	mux.HandleFunc("DELETE /faults", s.steerClear)
	mux.HandleFunc("POST /pushes", s.steerPushes)
	return simkit.SameSite(mux)
}

// steeringView is a verification as a tester sees it.
type steeringView struct {
	verificationView
	NextDue *time.Time `json:"nextDue"`
	Pushes  int        `json:"pushesWaiting"`
}

func steeringViewOf(v *verification) steeringView {
	view := steeringView{verificationView: viewOf(v), Pushes: len(v.Pushes)}
	if at, ok := v.nextDue(); ok {
		view.NextDue = &at
	}
	return view
}

func (s *Server) steerList(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.byReference))
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b *verification) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.Reference, b.Reference))
	})
	views := []steeringView{}
	for _, v := range all {
		views = append(views, steeringViewOf(v))
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]any{"verifications": views})
}

func (s *Server) steerOne(w http.ResponseWriter, r *http.Request) {
	v := s.find(r.PathValue("reference"))
	if v == nil {
		steerError(w, http.StatusNotFound, ErrNoSession.Error())
		return
	}
	simkit.WriteJSON(w, http.StatusOK, steeringViewOf(v))
}

func (s *Server) steerResult(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Result string `json:"result"`
		Status string `json:"status"`
		Code   int    `json:"code"`
	}
	if !steerBody(w, r, &sent) {
		return
	}
	var err error
	if sent.Status != "" {
		err = s.setStatus(r.Context(), r.PathValue("reference"), ending{sent.Status, sent.Code})
	} else {
		err = s.SetResult(r.Context(), r.PathValue("reference"), sent.Result)
	}
	switch {
	case errors.Is(err, ErrNoSession):
		steerError(w, http.StatusNotFound, err.Error())
	case errors.Is(err, ErrResult):
		steerError(w, http.StatusBadRequest, err.Error())
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
	}
	if !steerBody(w, r, &sent) {
		return
	}
	delay, err := time.ParseDuration(cmp.Or(sent.Delay, "10s"))
	if faultModes[sent.Mode] == nil || sent.Count < 0 || err != nil || delay < 0 {
		steerError(w, http.StatusBadRequest, "mode must be one of "+strings.Join(slices.Sorted(maps.Keys(faultModes)), ", ")+
			`; count 0 or more; delay a duration such as "29s"`)
		return
	}
	s.mu.Lock()
	s.faults.API = apiFault{Mode: sent.Mode, Count: sent.Count, Delay: delay}
	s.mu.Unlock()
	simkit.WriteJSON(w, http.StatusOK, map[string]any{"mode": sent.Mode, "count": sent.Count, "delay": delay.String()})
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
