package idnow

import (
	"net/http"
	"strings"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Robot is the API that drives the test robots. Here the robots run by themselves after /start, so its calls are answered
// and change nothing.
func (s *Server) Robot() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /api/v1/{company}/identifications/{tx}/start", s.byKey(s.robotStart))
	mux.Handle("POST /api/v1/{company}/identifications/{tx}/requestVideoChat", handler(s.requestVideoChat))
	return inProtocol(mux)
}

// robotStart is endpoint 24.
func (s *Server) robotStart(w http.ResponseWriter, r *http.Request) *apiError {
	ses, refused := s.robotSession(w, r)
	if refused != nil {
		return refused
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token": "0", "internalToken": ses.ID, "status": "STARTED",
		"email": optional(ses.Data["email"]), "mobile": optional(ses.Data["mobilephone"]), "trackingId": optional(ses.Tracking),
		"testRobotType": "AUTO", "testRobotName": strings.ToLower(ses.robot().Case),
		"request": map[string]any{
			"status": "NEW", "videoSession": simkit.UUID(), "userVideoSessionToken": simkit.UUID(), "positionInQueue": nil,
		},
	})
	return nil
}

// requestVideoChat is endpoint 25. The documents call it without a key, the firm's clients with one: both do.
func (s *Server) requestVideoChat(w http.ResponseWriter, r *http.Request) *apiError {
	a := s.accountIn(r)
	if a == nil {
		return notFound("transactionToken")
	}
	if key := r.Header.Get("X-API-KEY") + r.Header.Get("X-API_KEY"); key != "" && !a.isAPIKey(key) {
		return unauthorized
	}
	if _, refused := s.robotSession(w, r); refused != nil {
		return refused
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// robotSession is the session that a robot call is about; its customer must be a robot.
func (s *Server) robotSession(w http.ResponseWriter, r *http.Request) (*session, *apiError) {
	if _, refused := readBody(w, r); refused != nil {
		return nil, refused
	}
	ses := s.sessionIn(r, r.PathValue("tx"))
	if ses == nil {
		return nil, notFound("transactionToken")
	}
	if ses.unready() {
		return nil, preconditionFailed("A document that must be signed has not been uploaded")
	}
	if !ses.robot().Auto {
		return nil, preconditionFailed("The customer of this identification is no test robot")
	}
	return ses, nil
}
