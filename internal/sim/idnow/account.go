package idnow

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// Kind is what the customers of an account do.
type Kind string

// The kinds of account.
const (
	Video     Kind = ""          // they talk to an agent
	AutoIdent Kind = "AUTOIDENT" // they take pictures of their document and of themselves
)

// Account is one company's contract with the firm. Several share the hosts; none sees what is another's.
type Account struct {
	CompanyID   string // short name of the account, part of every path, e.g. "identikitsandbox"
	CompanyName string // the account's name for people
	APIKey      string // what the company logs in with
	Prefix      string // first three characters of ident ids, "TST" if empty
	Kind        Kind
	ESign       bool   // its customers sign the documents that come for them
	PushURL     string // where results are POSTed; "" sends none
}

// account is an account with what the firm keeps of it, in a file of its own.
type account struct {
	Account `json:"-"`

	Company     string               // CompanyID; "" in a file from before there were several
	Tokens      map[string]time.Time // SHA-256 of a login token in hex → its last use
	Definitions []definition         // in their sort order
	Defaults    map[string][]byte    // identifier of a definition → its default document
}

func newAccount(a Account) *account {
	return &account{Account: a, Company: a.CompanyID, Tokens: map[string]time.Time{}, Defaults: map[string][]byte{}}
}

// loadAccounts makes the accounts of the configuration, with what was kept of them.
func (s *Server) loadAccounts() error {
	s.main = newAccount(s.cfg.Account)
	s.accounts = map[string]*account{s.main.CompanyID: s.main}
	for _, a := range s.cfg.More {
		if s.accounts[a.CompanyID] != nil {
			return errors.New("two accounts have the same CompanyID")
		}
		s.accounts[a.CompanyID] = newAccount(a)
	}
	return s.store.Each("account", func(data []byte) error {
		var kept account
		if err := json.Unmarshal(data, &kept); err != nil {
			return err
		}
		if a := s.account(kept.Company); a != nil { // otherwise it is configured no more
			a.Tokens, a.Definitions, a.Defaults = kept.Tokens, kept.Definitions, kept.Defaults
		}
		return nil
	})
}

// account finds an account by its CompanyID, nil if there is none. Files from before there were several name none: theirs
// is the main one.
func (s *Server) account(company string) *account {
	if company == "" {
		return s.main
	}
	return s.accounts[company]
}

// accountOf is the account of a session. Sessions of unknown accounts are never loaded.
func (s *Server) accountOf(ses *session) *account { return s.account(ses.Company) }

// accountIn is the account that a call names; the callers have made sure that there is one.
func (s *Server) accountIn(r *http.Request) *account { return s.account(r.PathValue("company")) }

// owns says whether a session is the account's.
func (s *Server) owns(a *account, ses *session) bool { return ses != nil && s.accountOf(ses) == a }

// sessionIn is the session that a call is about, by its transaction number or ident id; nil if the account has none.
func (s *Server) sessionIn(r *http.Request, key string) *session {
	if ses := s.session(key); s.owns(s.accountIn(r), ses) {
		return ses
	}
	return nil
}

// save keeps the account. The caller holds the lock.
func (s *Server) save(a *account) error {
	name := "account"
	if a != s.main {
		name = fmt.Sprintf("account-%x", sha256.Sum256([]byte(a.CompanyID)))
	}
	return s.store.Save(name, a)
}

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
	a := s.accountIn(r)
	if a == nil || !a.isAPIKey(sent.APIKey) {
		return unauthorized
	}
	token, now := simkit.UUID(), s.now()
	s.mu.Lock()
	maps.DeleteFunc(a.Tokens, func(_ string, used time.Time) bool { return lapsed(used, now) })
	a.Tokens[hashToken(token)] = now
	err := s.save(a)
	s.mu.Unlock()
	if err != nil {
		return s.failed(r, err)
	}
	writeJSON(w, http.StatusOK, map[string]string{"authToken": token})
	return nil
}

func lapsed(used, now time.Time) bool { return now.Sub(used) > tokenLifetime }

func hashToken(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token))) }

func (a *account) isAPIKey(key string) bool {
	return subtle.ConstantTimeCompare([]byte(key), []byte(a.APIKey)) == 1
}

// useToken finds the account of a login token, nil if it is not good, and lets the token's hour begin anew. The use is
// saved once a minute, so a token may lapse a minute early after a restart.
func (s *Server) useToken(token string) (*account, error) {
	now, hash := s.now(), hashToken(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		used, known := a.Tokens[hash]
		switch {
		case !known:
			continue
		case lapsed(used, now):
			return nil, nil
		case now.Sub(used) < time.Minute:
			return a, nil
		}
		a.Tokens[hash] = now
		return a, s.save(a)
	}
	return nil, nil
}

// byToken lets only calls with a login token through, and only to the token's own company.
func (s *Server) byToken(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		a, err := s.useToken(r.Header.Get("X-API-LOGIN-TOKEN"))
		switch {
		case err != nil:
			return s.failed(r, err)
		case a == nil:
			return unauthorized
		case r.PathValue("company") != a.CompanyID:
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
				if a := s.accountIn(r); a == nil || !a.isAPIKey(key) {
					return unauthorized
				}
				return next(w, r)
			}
		}
		return s.byToken(next)(w, r)
	}
}
