package idnow

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/identikit/identikit/internal/sim/pades"
	"github.com/identikit/identikit/internal/sim/simkit"
)

// ErrNoSession says that there is no identification with the given transaction number.
var ErrNoSession = errors.New("no such identification")

// Server is the simulated firm with its accounts.
type Server struct {
	cfg     Config
	store   *simkit.Store
	origins atomic.Pointer[origins]

	mu       sync.Mutex // guards what follows
	sessions map[string]*session
	byID     map[string]string // ident id → transaction number
	due      dueHeap
	contents map[string][]byte   // documents to be signed
	accounts map[string]*account // by CompanyID; the map itself never changes
	main     *account
	faults   faults

	changed chan struct{} // wakes Run
	running sync.Mutex    // held while something due is done or pushed
	paused  int           // guarded by running

	signing   sync.Mutex       // guards the next
	authority *pades.Authority // nil until it is needed

	examining chan struct{} // holds one for each picture that is being looked at
	evidence  evidenceCache
	same      sameEvidence
}

// origins are the addresses that are known once the listeners are.
type origins struct{ gateway, goPages, robot string }

// New makes a server and loads its state from Config.Dir.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	store, err := simkit.OpenStore(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("idnow simulator: %w", err)
	}
	s := &Server{
		cfg: cfg, store: store, sessions: map[string]*session{}, byID: map[string]string{}, contents: map[string][]byte{},
		changed: make(chan struct{}, 1), examining: make(chan struct{}, 2),
	}
	s.SetURLs(cfg.GatewayURL, cfg.GoURL, cfg.RobotURL)
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("idnow simulator: %w", err)
	}
	return s, nil
}

func (s *Server) load() error {
	if err := s.loadAccounts(); err != nil {
		return err
	}
	if err := s.loadContents(); err != nil {
		return err
	}
	return s.store.Each("session-", func(data []byte) error {
		var ses session
		if err := json.Unmarshal(data, &ses); err != nil {
			return err
		}
		if s.accountOf(&ses) != nil { // otherwise its account is configured no more
			s.keep(&ses)
		}
		return nil
	})
}

// SetURLs says where the listeners are reached (origins without a path). Call it once they are bound and before they serve.
func (s *Server) SetURLs(gateway, goURL, robot string) {
	s.origins.Store(&origins{gateway: gateway, goPages: goURL, robot: robot})
}

func (s *Server) urls() *origins { return s.origins.Load() }

// Close waits until what is being done is done. All state has been saved as it came.
func (s *Server) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	return nil
}

func (s *Server) fate(tx, purpose string) simkit.Fate { return simkit.Decide(s.cfg.Seed, tx, purpose) }

func (s *Server) now() time.Time { return s.cfg.Now().UTC() }

// session finds a session by its transaction number or ident id; nil if there is none.
func (s *Server) session(key string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(key)
}

// find is session for callers that hold the lock.
func (s *Server) find(key string) *session {
	if ses := s.sessions[key]; ses != nil {
		return ses
	}
	return s.sessions[s.byID[key]]
}

// errUnchanged is what a change returns to leave the session as it is.
var errUnchanged = errors.New("unchanged")

// change lets f change a copy of a session, saves it and puts it in place. If f fails or the copy cannot be saved, the
// session stays as it was and the error is returned.
func (s *Server) change(key string, f func(*session) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.find(key)
	if old == nil {
		return ErrNoSession
	}
	next := old.clone()
	if err := f(next); err == errUnchanged {
		return nil
	} else if err != nil {
		return err
	}
	return s.put(next)
}

// put saves a session and makes it the present one.
func (s *Server) put(ses *session) error {
	if err := s.store.Save(fileName(ses.Tx), ses); err != nil {
		return err
	}
	s.keep(ses)
	return nil
}

// keep makes a session the present one in memory and wakes Run.
func (s *Server) keep(ses *session) {
	s.sessions[ses.Tx] = ses
	s.byID[ses.ID] = ses.Tx
	if at, ok := ses.nextDue(); ok {
		s.due.add(at, ses.Tx)
	}
	select {
	case s.changed <- struct{}{}:
	default: // it has been woken already
	}
}

// fileName is where a session is kept. Transaction numbers differ by case and have no greatest length; file names may not.
func fileName(tx string) string {
	sum := sha256.Sum256([]byte(tx))
	return fmt.Sprintf("session-%x", sum[:16])
}

// newID chooses the ident id of a new session: the prefix and five characters. The caller holds the lock.
func (s *Server) newID(prefix, tx string) string {
	for try := 0; ; try++ {
		letters := s.fate(tx, fmt.Sprintf("ident id %d", try)).Letters(5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
		id := prefix + "-" + letters
		if _, taken := s.byID[id]; !taken && s.sessions[id] == nil {
			return id
		}
	}
}

var word = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

func validWords(result, reason string) bool {
	return word.MatchString(result) && (reason == "" || word.MatchString(reason))
}

// SetResult ends the session of a transaction now, with this result and reason, and tells the company at once. Any
// words in upper case will do; an empty reason is left out. A push that fails is retried like any other and is no error.
func (s *Server) SetResult(ctx context.Context, tx, result, reason string) error {
	if !validWords(result, reason) {
		return fmt.Errorf("result %q, reason %q: must be words in upper case", result, reason)
	}
	s.running.Lock()
	defer s.running.Unlock()
	now := s.now()
	err := s.change(tx, func(ses *session) error {
		ses.Plan = nil
		s.end(ses, ending{Result: result, Reason: reason, Changed: result == dataChanged}, now)
		return nil
	})
	if err != nil {
		return err
	}
	ses := s.session(tx)
	if n := len(ses.Pushes); n > 0 {
		s.deliver(ctx, ses, ses.Pushes[n-1], now)
	}
	return nil
}
