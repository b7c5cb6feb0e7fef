package xs2a

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// ErrNoSession says that there is no session of the given identification.
var ErrNoSession = errors.New("no such session")

// ErrEnded says that the session is over already: it ends once.
var ErrEnded = errors.New("the session is over already")

// Server is the simulated firm.
type Server struct {
	cfg     Config
	store   *simkit.Store
	origins atomic.Pointer[origins]

	mu       sync.Mutex          // guards what follows
	sessions map[string]*session // by transaction
	byKey    map[string]string   // wizard_session_key → transaction
	bySubj   map[string][]string // identification → its transactions, oldest first
	due      dueHeap
	faults   faults

	changed chan struct{} // wakes Run
	running sync.Mutex    // held while something due is done or pushed
	paused  int           // guarded by running
}

// origins are the addresses that are known once the listeners are.
type origins struct{ api, wizard string }

// New makes a server and loads its state from Config.Dir.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	store, err := simkit.OpenStore(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("xs2a simulator: %w", err)
	}
	s := &Server{
		cfg: cfg, store: store, sessions: map[string]*session{}, byKey: map[string]string{}, bySubj: map[string][]string{},
		changed: make(chan struct{}, 1),
	}
	s.SetURLs(cfg.APIURL, cfg.WizardURL)
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("xs2a simulator: %w", err)
	}
	return s, nil
}

func (s *Server) load() error {
	var all []*session
	err := s.store.Each("session-", func(data []byte) error {
		var ses session
		if err := json.Unmarshal(data, &ses); err != nil {
			return err
		}
		all = append(all, &ses)
		return nil
	})
	slices.SortFunc(all, func(a, b *session) int { return a.Number - b.Number }) // the last of an identification counts
	for _, ses := range all {
		s.keep(ses)
	}
	return err
}

// SetURLs says where the listeners are reached (origins without a path). Call it once they are bound and before they serve.
func (s *Server) SetURLs(api, wizard string) {
	s.origins.Store(&origins{api: api, wizard: wizard})
}

// Close waits until what is being done is done. All state has been saved as it came.
func (s *Server) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	return nil
}

func (s *Server) now() time.Time { return s.cfg.Now().UTC() }

// session finds a session by its transaction; nil if there is none.
func (s *Server) session(tx string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[tx]
}

// sessionOfKey finds a session by its wizard_session_key.
func (s *Server) sessionOfKey(key string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[s.byKey[key]]
}

// latest is the last session of an identification; nil if there is none.
func (s *Server) latest(identification string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if identification == "" {
		return nil
	}
	for _, tx := range slices.Backward(s.bySubj[identification]) {
		if ses := s.sessions[tx]; ses != nil { // else it was deleted
			return ses
		}
	}
	return nil
}

// all is every session, the oldest first.
func (s *Server) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	sessions := make([]*session, 0, len(s.sessions))
	for _, ses := range s.sessions {
		sessions = append(sessions, ses)
	}
	slices.SortFunc(sessions, func(a, b *session) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.Tx, b.Tx)
	})
	return sessions
}

// open makes a session of an order.
func (s *Server) open(o order) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := &session{
		Order: o, Identification: o.identification(), CreatedAt: s.now(), LastError: noError, Step: stepStart,
		Language: o.Language, PaymentStatus: statusNone,
	}
	ses.ExpiresAt = ses.CreatedAt.Add(idleTime)
	ses.Number = len(s.bySubj[ses.Identification]) + 1
	subject := fmt.Sprintf("%s#%d", ses.Identification, ses.Number)
	for try := 0; ses.Tx == "" || s.sessions[ses.Tx] != nil; try++ {
		ses.Tx = simkit.Decide(s.cfg.Seed, subject, fmt.Sprintf("transaction %d", try)).Letters(16, alphabet)
	}
	ses.ID = simkit.Decide(s.cfg.Seed, ses.Tx, "session").Letters(16, alphabet)
	ses.Key = simkit.Decide(s.cfg.Seed, ses.Tx, "key").Letters(32, alphabet)
	if o.SenderBIC != "" {
		ses.Bank, ses.Step = o.SenderBIC, stepLogin // the firm skips the choice of a bank then
	}
	return ses, s.put(ses)
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// errUnchanged is what a change returns to leave the session as it is.
var errUnchanged = errors.New("unchanged")

// change lets f change a copy of a session, saves it and puts it in place. If f fails or the copy cannot be saved, the
// session stays as it was and the error is returned.
func (s *Server) change(tx string, f func(*session) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.sessions[tx]
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

// put saves a session and makes it the present one. The caller holds the lock.
func (s *Server) put(ses *session) error {
	if err := s.store.Save("session-"+fileName(ses.Tx), ses); err != nil {
		return err
	}
	s.keep(ses)
	return nil
}

// keep makes a session the present one in memory and wakes Run.
func (s *Server) keep(ses *session) {
	if s.sessions[ses.Tx] == nil {
		s.byKey[ses.Key] = ses.Tx
		s.bySubj[ses.Identification] = append(s.bySubj[ses.Identification], ses.Tx)
	}
	s.sessions[ses.Tx] = ses
	if at, ok := ses.nextDue(); ok {
		s.due.add(at, ses.Tx)
	}
	select {
	case s.changed <- struct{}{}:
	default: // it has been woken already
	}
}

// remove deletes a session; nothing is left of it.
func (s *Server) remove(tx string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.sessions[tx]
	if err := s.store.Delete("session-" + fileName(tx)); err != nil {
		return err
	}
	if ses != nil {
		delete(s.byKey, ses.Key)
	}
	delete(s.sessions, tx)
	return nil
}

// fileName is where a session is kept. Transactions differ by case; file names may not.
func fileName(tx string) string { return fmt.Sprintf("%x", tx) }

// SetResult ends the last session of an identification now, as if the customer had come to this end, and tells it at
// once: "success", "joint_account", "snapshot_expired", "snapshot_failed" (all three successes of the wizard), or a word of
// last_error. A push that fails is retried like any other and is no error.
func (s *Server) SetResult(ctx context.Context, identification, result string) error {
	sc, known := endings[result]
	if !known {
		return fmt.Errorf("unknown result: must be one of %s", strings.Join(Results(), ", "))
	}
	s.running.Lock()
	defer s.running.Unlock()
	ses := s.latest(identification)
	if ses == nil {
		return ErrNoSession
	}
	now := s.now()
	err := s.change(ses.Tx, func(ses *session) error {
		if ses.over() {
			return ErrEnded
		}
		if sc.Ends == "" { // whatever login there was
			ses.Accounts = nil
		}
		s.finish(ses, sc, now)
		return nil
	})
	if err != nil {
		return err
	}
	ses = s.session(ses.Tx)
	if n := len(ses.Pushes); n > 0 {
		s.deliver(ctx, ses, ses.Pushes[n-1], now)
	}
	return nil
}
