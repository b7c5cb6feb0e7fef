package fourthline

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// ErrNoSession says that no archive was taken for the given client reference.
var ErrNoSession = errors.New("no such verification")

// Server is the simulated firm with one company's account.
type Server struct {
	cfg   Config
	store *simkit.Store

	mu          sync.Mutex               // guards what follows
	byReference map[string]*verification // none of them is changed in place
	byID        map[string]*verification
	due         dueHeap
	faults      faults

	changed chan struct{} // wakes Run
	running sync.Mutex    // held while something due is done or pushed
	paused  int           // guarded by running

	examining chan struct{} // holds one for each archive that is taken in
}

// New makes a server and loads its state from Config.Dir.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	store, err := simkit.OpenStore(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("fourthline simulator: %w", err)
	}
	s := &Server{
		cfg: cfg, store: store, byReference: map[string]*verification{}, byID: map[string]*verification{},
		changed: make(chan struct{}, 1), examining: make(chan struct{}, 4),
	}
	err = store.Each("verification-", func(data []byte) error {
		v := &verification{}
		if err := json.Unmarshal(data, v); err != nil {
			return err
		}
		s.keep(v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fourthline simulator: %w", err)
	}
	return s, nil
}

// Close waits until what is being done is done. All state has been saved as it came.
func (s *Server) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	return nil
}

func (s *Server) now() time.Time { return s.cfg.Now().UTC() }

// find finds a verification by the client's reference; nil if there is none.
func (s *Server) find(reference string) *verification {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byReference[reference]
}

// open begins the verification of a reference. It says no if there is one already, and gives that.
func (s *Server) open(reference string, next ending, check time.Duration) (*verification, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.byReference[reference]; old != nil {
		return old, false, nil
	}
	now := s.now().Truncate(time.Millisecond)
	v := &verification{
		ID: s.newID(reference), Reference: reference, CreatedAt: now, UpdatedAt: now, Status: statusNew,
		CheckedAt: now.Add(check), Next: next,
	}
	return v, true, s.put(v)
}

// newID chooses an id in the form of a UUID. The caller holds the lock.
func (s *Server) newID(reference string) string {
	for try := 0; ; try++ {
		b := simkit.Decide(s.cfg.Seed, reference, fmt.Sprintf("verification id %d", try))
		id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
		if s.byID[id] == nil {
			return id
		}
	}
}

// errUnchanged is what a change returns to leave the verification as it is.
var errUnchanged = errors.New("unchanged")

// change lets f change a copy of a verification, saves it and puts it in place. If f fails or the copy cannot be saved,
// the verification stays as it was and the error is returned.
func (s *Server) change(reference string, f func(*verification) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.byReference[reference]
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

// put saves a verification and makes it the present one. The caller holds the lock.
func (s *Server) put(v *verification) error {
	if s.cfg.PushURL == "" {
		v.Pushes = nil
	}
	if err := s.store.Save(fileName(v.Reference), v); err != nil {
		return err
	}
	s.keep(v)
	return nil
}

// keep makes a verification the present one in memory and wakes Run.
func (s *Server) keep(v *verification) {
	s.byReference[v.Reference], s.byID[v.ID] = v, v
	if at, ok := v.nextDue(); ok {
		s.due.add(at, v.Reference)
	}
	select {
	case s.changed <- struct{}{}:
	default: // it has been woken already
	}
}

// fileName is where a verification is kept. References differ by case and have no greatest length; file names may not.
func fileName(reference string) string {
	sum := sha256.Sum256([]byte(reference))
	return fmt.Sprintf("verification-%x", sum[:16])
}

// SetResult ends the check of a client reference now and tells the company at once: "accepted" or a code, see [Codes]. A
// webhook that fails is retried like any other and is no error. ErrNoSession if no archive was taken for the reference.
func (s *Server) SetResult(ctx context.Context, reference, result string) error {
	e, err := endingOf(result)
	if err != nil {
		return err
	}
	return s.setStatus(ctx, reference, e)
}

// setStatus is SetResult with any words.
func (s *Server) setStatus(ctx context.Context, reference string, e ending) error {
	s.running.Lock()
	defer s.running.Unlock()
	now := s.now()
	err := s.change(reference, func(v *verification) error {
		v.end(e, now)
		return nil
	})
	if err != nil {
		return err
	}
	v := s.find(reference)
	if n := len(v.Pushes); n > 0 {
		s.deliver(ctx, v, v.Pushes[n-1], now)
	}
	return nil
}
