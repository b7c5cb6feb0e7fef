package xs2a

import (
	"container/heap"
	"context"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// dueHeap is when to look at which session, earliest first. An entry that the session has outlived is dropped when it
// comes to the top, so a change only ever adds.
type dueHeap []dueEntry

type dueEntry struct {
	at time.Time
	tx string
}

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].tx < h[j].tx
	}
	return h[i].at.Before(h[j].at)
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(dueEntry)) }

// Pop is for container/heap.
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func (h *dueHeap) add(at time.Time, tx string) { heap.Push(h, dueEntry{at, tx}) }

// peek is the session that is due first, and when.
func (s *Server) peek() (*session, time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.due) > 0 {
		top := s.due[0]
		if ses := s.sessions[top.tx]; ses != nil {
			if at, ok := ses.nextDue(); ok && at.Equal(top.at) {
				return ses, at, true
			}
		}
		heap.Pop(&s.due)
	}
	return nil, time.Time{}, false
}

// NextDue is when the next thing happens of itself: the end of an idle session, a push or its retry.
func (s *Server) NextDue() (time.Time, bool) {
	_, at, ok := s.peek()
	return at, ok
}

// RunDue does everything that is due at or before now, in the order of time, each thing at its own time. Pushes are sent
// and their answers awaited. It returns how many things it did.
func (s *Server) RunDue(ctx context.Context, now time.Time) int {
	s.running.Lock()
	defer s.running.Unlock()
	return s.runDue(ctx, now)
}

func (s *Server) runDue(ctx context.Context, now time.Time) int {
	done := 0
	for ctx.Err() == nil {
		ses, at, ok := s.peek()
		if !ok || at.After(now) || !s.doDue(ctx, ses, at, now) {
			break
		}
		done++
	}
	return done
}

// doDue does the one thing that is due at a session. It says no if it could not: then it stays due.
func (s *Server) doDue(ctx context.Context, ses *session, at, now time.Time) bool {
	for _, p := range ses.Pushes {
		if p.At.Equal(at) {
			return s.deliver(ctx, ses, p, now)
		}
	}
	err := s.change(ses.Tx, func(ses *session) error {
		if !ses.ExpiresAt.Equal(at) {
			return errUnchanged // the customer was quicker
		}
		s.end(ses, "session_expired", at)
		return nil
	})
	if err != nil && err != ErrNoSession { // it may have been deleted meanwhile
		s.cfg.Logger.ErrorContext(ctx, "simulator could not save what fell due", "error", err)
		return false
	}
	return true
}

// Run does what falls due as the clock runs, until ctx ends. It looks at the clock at least once a second, since the
// clock's owner may have moved it.
func (s *Server) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.running.Lock()
		if s.paused == 0 {
			s.runDue(ctx, s.now())
		}
		s.running.Unlock()
		simkit.Wait(ctx, s.changed, s.untilNext())
	}
	return nil
}

// untilNext is how long Run may rest.
func (s *Server) untilNext() time.Duration {
	rest := time.Second
	if at, ok := s.NextDue(); ok {
		// What is overdue could not be done, or the clock is being moved: no reason to spin.
		if left := at.Sub(s.now()); left > 0 && left < rest {
			rest = left
		}
	}
	return rest
}

// Pause keeps Run from doing anything until Resume, and waits for what it is doing now. Pauses may be nested.
func (s *Server) Pause() {
	s.running.Lock()
	defer s.running.Unlock()
	s.paused++
}

// Resume undoes one Pause.
func (s *Server) Resume() {
	s.running.Lock()
	defer s.running.Unlock()
	s.paused--
}
