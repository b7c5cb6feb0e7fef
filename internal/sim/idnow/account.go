package idnow

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// account is what the firm keeps of the company itself, in a file of its own.
type account struct {
	Tokens      map[string]time.Time // SHA-256 of a login token in hex → its last use
	Definitions []definition         // in their sort order
	Defaults    map[string][]byte    // identifier of a definition → its default document
}

func newAccount() account {
	return account{Tokens: map[string]time.Time{}, Defaults: map[string][]byte{}}
}

// saveAccount keeps the account. The caller holds the lock.
func (s *Server) saveAccount() error { return s.store.Save("account", s.account) }

// login is endpoint 1: every call gives a new token.
func (s *Server) login(w http.ResponseWriter, r *http.Request) *apiError {
	body, refused := readBody(w, r)
	if refused != nil {
		return refused
	}
	var sent struct{ APIKey string }
	if err := json.Unmarshal(body, &sent); err != nil {
		return &apiError{Status: http.StatusBadRequest, Cause: "UNPARSEABLE_JSON"}
	}
	if r.PathValue("company") != s.cfg.CompanyID || !s.isAPIKey(sent.APIKey) {
		return unauthorized
	}
	token, now := simkit.UUID(), s.now()
	s.mu.Lock()
	maps.DeleteFunc(s.account.Tokens, func(_ string, used time.Time) bool { return lapsed(used, now) })
	s.account.Tokens[hashToken(token)] = now
	err := s.saveAccount()
	s.mu.Unlock()
	if err != nil {
		return s.failed(r, err)
	}
	writeJSON(w, http.StatusOK, map[string]string{"authToken": token})
	return nil
}

func lapsed(used, now time.Time) bool { return now.Sub(used) > tokenLifetime }

func hashToken(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token))) }

func (s *Server) isAPIKey(key string) bool {
	return subtle.ConstantTimeCompare([]byte(key), []byte(s.cfg.APIKey)) == 1
}

// useToken says whether a login token is good, and lets its hour begin anew. The use is saved once a minute, so a token
// may lapse a minute early after a restart.
func (s *Server) useToken(token string) (bool, error) {
	now, hash := s.now(), hashToken(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	used, known := s.account.Tokens[hash]
	if !known || lapsed(used, now) {
		return false, nil
	}
	if now.Sub(used) < time.Minute {
		return true, nil
	}
	s.account.Tokens[hash] = now
	return true, s.saveAccount()
}

// byToken lets only calls with a login token through, and only to the token's own company.
func (s *Server) byToken(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		good, err := s.useToken(r.Header.Get("X-API-LOGIN-TOKEN"))
		switch {
		case err != nil:
			return s.failed(r, err)
		case !good:
			return unauthorized
		case r.PathValue("company") != s.cfg.CompanyID:
			return foreign
		}
		return next(w, r)
	}
}

// byKey lets calls with the API key through, and those with a login token. One client spells the header X-API_KEY.
func (s *Server) byKey(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		for _, name := range []string{"X-API-KEY", "X-API_KEY"} {
			if key := r.Header.Get(name); key != "" {
				if r.PathValue("company") != s.cfg.CompanyID || !s.isAPIKey(key) {
					return unauthorized
				}
				return next(w, r)
			}
		}
		return s.byToken(next)(w, r)
	}
}
