package ais

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Bridge takes passwords from somebody who asked the customer for them: POST /confirm {"response_id","password"} with
// the token of Config.BridgeToken. It answers 204 accepted, 403 wrong, 404 not known, 410 over. The API's faults are its too.
func (s *Server) Bridge() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /confirm", s.bridgeConfirm)
	return s.misbehaving(mux)
}

// ConsentAndBridge is both on one host.
func (s *Server) ConsentAndBridge() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.Consent())
	mux.Handle("/confirm", s.Bridge())
	return mux
}

func (s *Server) bridgeConfirm(w http.ResponseWriter, r *http.Request) {
	given, want := sha256.Sum256([]byte(r.Header.Get("Authorization"))), sha256.Sum256([]byte("Bearer "+s.cfg.BridgeToken))
	if s.cfg.BridgeToken == "" || subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		w.Header().Set("WWW-Authenticate", "Bearer")
		bridgeError(w, http.StatusUnauthorized, "the token is missing or wrong")
		return
	}
	var sent struct {
		ResponseID string `json:"response_id"`
		Password   string `json:"password"`
	}
	body, err := simkit.Body(w, r)
	if err == nil {
		err = json.Unmarshal(body, &sent)
	}
	if err != nil || sent.ResponseID == "" || sent.Password == "" {
		bridgeError(w, http.StatusBadRequest, "the body must be JSON with response_id and password")
		return
	}
	req := s.find(s.byResponse, sent.ResponseID)
	if req == nil {
		bridgeError(w, http.StatusNotFound, "the response id is not known")
		return
	}
	said, err := s.enter(req.ID, sent.Password)
	switch {
	case err != nil:
		s.cfg.Logger.ErrorContext(r.Context(), "simulator failed", "error", err)
		bridgeError(w, http.StatusInternalServerError, "something went wrong")
	case said == accepted:
		w.WriteHeader(http.StatusNoContent)
	case said == wrong:
		bridgeError(w, http.StatusForbidden, "the password is wrong")
	default:
		bridgeError(w, http.StatusGone, "no password is waited for")
	}
}

func bridgeError(w http.ResponseWriter, status int, message string) {
	simkit.WriteJSON(w, status, map[string]string{"error": message})
}
