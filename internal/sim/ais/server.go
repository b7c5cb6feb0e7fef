package ais

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// ErrNoRequest says that there is no request with the given @RequestID.
var ErrNoRequest = errors.New("no such request")

// Server is the simulated firm.
type Server struct {
	cfg   Config
	store *simkit.Store
	ca    *authority

	mu         sync.Mutex // guards what follows, and the signing key
	consentURL string
	requests   map[string]*request // by @RequestID
	byToken    map[string]string   // token of the consent page → @RequestID
	byResponse map[string]string   // async.ResponseID → @RequestID
	open       map[string]bool     // requests with something to come
	faults     faults

	changed chan struct{} // wakes Run
	running sync.Mutex    // held while something due is done
	paused  int           // guarded by running
}

// request is all that is known of one request for signatures. Once it is in the server's maps it is never changed: see
// Server.change.
type request struct {
	ID          string   // @RequestID
	Token       string   // of the consent page
	Responses   []string // async.ResponseIDs, the newest last
	Profile     string
	Documents   []document
	Stamped     bool // a time stamp was asked for
	Validation  bool // revocation data were asked for
	Subject     subject
	Language    string
	Message     string
	Transaction string // sc.APTransID
	Serial      string // sc.SerialNumber: the same for the same number
	Late        bool   `json:",omitempty"` // the consent URL comes with the first poll only

	Salt, Password []byte // the password's hash
	Wrong          int    // passwords that were not it
	ExpiresAt      time.Time

	Outcome string        // a word of outcomes; "" as long as the customer is waited for
	Delay   time.Duration // from the outcome to its effect
	ReadyAt time.Time     // when the outcome takes effect
	Done    bool          // it has
	Flaw    string        `json:",omitempty"` // what is to be wrong with the signatures
	Signed  *signed       `json:",omitempty"`
}

// document is what is signed of one.
type document struct {
	ID        string
	Algorithm string // as on the wire
	Digest    []byte
}

// responsesKept is how many ResponseIDs of a request are known.
const responsesKept = 10

// New makes a server and loads its state from Config.Dir.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	store, err := simkit.OpenStore(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	s := &Server{
		cfg: cfg, store: store, consentURL: cfg.ConsentURL, requests: map[string]*request{}, byToken: map[string]string{},
		byResponse: map[string]string{}, open: map[string]bool{}, changed: make(chan struct{}, 1),
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("ais simulator: %w", err)
	}
	return s, nil
}

// load reads the authority, or makes it, and the requests.
func (s *Server) load() error {
	err := s.store.Each("authority", func(data []byte) (err error) {
		var all map[string]kept
		if err := json.Unmarshal(data, &all); err != nil {
			return err
		}
		s.ca, err = openAuthority(all)
		return err
	})
	if err != nil {
		return err
	}
	if s.ca == nil {
		if s.ca, err = newAuthority(s.cfg.Customer); err != nil {
			return err
		}
	}
	if err := s.ca.serve(s.cfg.Hosts); err != nil {
		return err
	}
	if err := s.keepAuthority(); err != nil {
		return err
	}
	return s.store.Each("request-", func(data []byte) error {
		var r request
		if err := json.Unmarshal(data, &r); err != nil {
			return err
		}
		s.keep(&r)
		return nil
	})
}

func (s *Server) keepAuthority() error {
	all, err := s.ca.keep()
	if err != nil {
		return err
	}
	if err := s.store.Save("authority", all); err != nil || s.cfg.Dir == "" {
		return err
	}
	return s.ca.writePEM(s.cfg.Dir)
}

// SetConsentURL says where the consent pages are reached (an origin without a path). Call it before the API serves.
func (s *Server) SetConsentURL(origin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consentURL = origin
}

// Close waits until what is being done is done. All state has been saved as it came.
func (s *Server) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	return nil
}

func (s *Server) fate(subject, purpose string) simkit.Fate {
	return simkit.Decide(s.cfg.Seed, subject, purpose)
}

func (s *Server) now() time.Time { return s.cfg.Now().UTC() }

// find gives the request that one of the indexes names, as it is now; nil if there is none.
func (s *Server) find(index map[string]string, key string) *request {
	s.mu.Lock()
	id, ok := index[key]
	s.mu.Unlock()
	if !ok {
		return nil
	}
	return s.request(id)
}

// request gives a request as it is now: what has fallen due has happened. nil if there is none.
func (s *Server) request(id string) *request {
	r, err := s.change(id, func(*request) error { return nil })
	if errors.Is(err, ErrNoRequest) {
		return nil
	}
	if err != nil {
		s.cfg.Logger.Error("simulator could not do what fell due", "error", err)
	}
	return r
}

// change lets what has fallen due happen to a copy of a request, then f change it; it saves the copy and puts it in
// place. If f fails or the copy cannot be saved, the request stays as it was. It returns the present one.
func (s *Server) change(id string, f func(*request) error) (*request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.requests[id]
	if old == nil {
		return nil, ErrNoRequest
	}
	next := *old
	next.Responses = slices.Clone(old.Responses)
	before, err := json.Marshal(old)
	if err != nil {
		return old, err
	}
	if err := s.settle(&next, s.now()); err != nil {
		return old, err
	}
	if err := f(&next); err != nil {
		return old, err
	}
	after, err := json.Marshal(&next)
	if err != nil || string(before) == string(after) {
		return old, err
	}
	return s.put(&next)
}

// put saves a request and makes it the present one. The caller holds the lock.
func (s *Server) put(r *request) (*request, error) {
	if err := s.store.Save(fileName(r.ID), r); err != nil {
		return s.requests[r.ID], err
	}
	s.keep(r)
	return r, nil
}

// keep makes a request the present one in memory and wakes Run.
func (s *Server) keep(r *request) {
	if old := s.requests[r.ID]; old != nil {
		delete(s.byToken, old.Token)
		for _, id := range old.Responses {
			delete(s.byResponse, id)
		}
	}
	s.requests[r.ID], s.byToken[r.Token] = r, r.ID
	for _, id := range r.Responses {
		s.byResponse[id] = r.ID
	}
	if delete(s.open, r.ID); !r.Done {
		s.open[r.ID] = true
	}
	select {
	case s.changed <- struct{}{}:
	default: // it has been woken already
	}
}

// fileName is where a request is kept. Its id may be anything; file names may not.
func fileName(id string) string {
	sum := sha256.Sum256([]byte(id))
	return fmt.Sprintf("request-%x", sum[:16])
}

// due is when the next thing happens to a request of itself.
func (r *request) due() time.Time {
	if r.Outcome == "" {
		return r.ExpiresAt
	}
	return r.ReadyAt
}

// settle lets everything happen that is due, each at its own time. The caller holds the lock.
func (s *Server) settle(r *request, now time.Time) error {
	for !r.Done && !r.due().After(now) {
		if r.Outcome == "" {
			r.end("timeout", r.ExpiresAt)
			continue
		}
		if r.Outcome == success {
			var err error
			if r.Signed, err = s.sign(r, r.ReadyAt); err != nil {
				return err
			}
		}
		r.Done = true
	}
	return nil
}

// end decides what comes of a request, at once or after its delay.
func (r *request) end(outcome string, at time.Time) {
	r.Outcome, r.ReadyAt = outcome, at.Add(r.Delay)
	if outcome == success && r.Delay == 0 {
		r.ReadyAt = at.Add(signingTime)
	}
}

// SetResult ends a request now: with success as if the customer had given the right password, else with an error of
// the service by its word (Outcomes). What has ended already stays as it is.
func (s *Server) SetResult(_ context.Context, requestID, outcome string) error {
	if ok, known := knownOutcome(outcome); !ok {
		return errors.New(known)
	}
	_, err := s.change(requestID, func(r *request) error {
		if r.Outcome != "" {
			return fmt.Errorf("the request has ended already: %s", r.Outcome)
		}
		r.end(outcome, s.now())
		return nil
	})
	return err
}

// setPassword makes a new password for the number and keeps its hash.
func (r *request) setPassword(msisdn string) (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("ais simulator: %w", err)
	}
	password := fmt.Sprintf("%06d", n)
	if msisdn == testNumber {
		password = testPassword
	}
	r.Salt = make([]byte, 16)
	rand.Read(r.Salt) // never fails
	r.Password = r.hash(password)
	return password, nil
}

func (r *request) hash(password string) []byte {
	mac := hmac.New(sha256.New, r.Salt)
	mac.Write([]byte(password))
	return mac.Sum(nil)
}

// answer is what becomes of a password.
type answer int

const (
	accepted answer = iota
	wrong
	over // nobody waits for a password (any more)
)

// enter takes a password that the customer gave. The right one again is accepted again.
func (s *Server) enter(id, password string) (answer, error) {
	said := over
	_, err := s.change(id, func(r *request) error {
		right := hmac.Equal(r.hash(password), r.Password)
		switch {
		case r.Outcome == success && right:
			said = accepted
		case r.Outcome != "":
		case right:
			said = accepted
			r.end(success, s.now())
		default:
			said = wrong
			if r.Wrong++; r.Wrong == passwordTries {
				r.end("InvalidOtp", s.now())
			}
		}
		return nil
	})
	if errors.Is(err, ErrNoRequest) {
		return over, nil
	}
	return said, err
}

// giveUp ends a request that waits for the customer.
func (s *Server) giveUp(id, outcome string) error {
	_, err := s.change(id, func(r *request) error {
		if r.Outcome == "" {
			r.end(outcome, s.now())
		}
		return nil
	})
	return err
}

// all gives every request in the order of their ids.
func (s *Server) all() (list []*request) {
	s.mu.Lock()
	ids := slices.Sorted(maps.Keys(s.requests))
	s.mu.Unlock()
	for _, id := range ids {
		if r := s.request(id); r != nil {
			list = append(list, r)
		}
	}
	return list
}
