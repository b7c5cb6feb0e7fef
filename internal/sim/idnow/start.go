package idnow

import (
	"errors"
	"net/http"
)

var (
	errFinished = errors.New("identification is finished")
	errForeign  = errors.New("the transaction number is another company's")
)

// start is endpoint 3: a new identification, or new data for one that is not finished.
func (s *Server) start(w http.ResponseWriter, r *http.Request) *apiError {
	tx := r.PathValue("tx")
	if !validTransaction.MatchString(tx) {
		return wrongValue("transactionnumber")
	}
	body, refused := readBody(w, r)
	if refused != nil {
		return refused
	}
	p, refused := readPerson(body, s.cfg.Strict)
	if refused != nil {
		return refused
	}
	robot, refused := robotOf(s.accountIn(r).Kind, p.Data)
	if refused == nil {
		refused = s.accountIn(r).mayPlay(robot)
	}
	if refused != nil {
		return refused
	}
	id, isNew, err := s.open(s.accountIn(r), tx, p)
	switch {
	case errors.Is(err, errFinished):
		return &apiError{Status: http.StatusConflict, Cause: "EXISTING_IDENTIFICATION"}
	case errors.Is(err, errForeign):
		return &apiError{Status: http.StatusForbidden, Cause: "SECURITY_VIOLATION", Key: "transactionnumber"}
	case err != nil:
		return s.failed(r, err)
	}
	status := http.StatusOK
	if isNew {
		status = http.StatusCreated
	}
	writeJSON(w, status, map[string]string{"id": id})
	return nil
}

// open makes the session of a transaction, or overwrites the data of one that is not finished. One that was aborted or
// canceled is opened anew.
func (s *Server) open(a *account, tx string, p person) (id string, isNew bool, err error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var ses *session
	if old := s.sessions[tx]; old != nil {
		switch {
		case !s.owns(a, old):
			return "", false, errForeign
		case old.finished():
			return "", false, errFinished
		}
		ses = old.clone()
	} else {
		isNew = true
		ses = &session{
			Company: a.CompanyID, Kind: a.Kind, ESign: a.ESign, Tx: tx, ID: s.newID(a.Prefix, tx), CreatedAt: now, Step: stepLanding, Documents: a.instances(),
		}
		if err := s.takeDefaults(a, ses); err != nil {
			return "", false, err
		}
	}
	ses.Data, ses.Questions = p.Data, p.Questions
	if tracking := p.Data["trackingid"]; tracking != "" {
		ses.Tracking = tracking
	}
	again := ses.mayRetry()
	if again {
		ses.begin(stepLanding)
		ses.Reopened = true
	}
	if robot := ses.robot(); robot.Auto && (isNew || again || ses.idle()) {
		ses.begin(stepEnded)
		ses.Plan = s.plan(ses, robot.Case, now.Add(s.cfg.SessionLength))
	}
	return ses.ID, isNew, s.put(ses)
}

// idle says that nobody has begun an attempt whose end is still to come.
func (ses *session) idle() bool {
	return ses.Step == stepLanding && len(ses.Plan) == 0 && ses.present() == nil
}
