package ais

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// NextDue is when the next thing happens of itself: a signature, or the end of a password.
func (s *Server) NextDue() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Time
	for id := range s.open {
		if at := s.requests[id].due(); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next, !next.IsZero()
}

// RunDue does everything that is due at or before now, each thing at its own time. It returns how many requests it
// did something to.
func (s *Server) RunDue(ctx context.Context, now time.Time) int {
	s.running.Lock()
	defer s.running.Unlock()
	return s.runDue(ctx, now)
}

func (s *Server) runDue(ctx context.Context, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []*request
	for id := range s.open {
		if r := s.requests[id]; !r.due().After(now) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b *request) int { return strings.Compare(a.ID, b.ID) })
	done := 0
	for _, r := range due {
		next := *r
		err := s.settle(&next, now)
		if err == nil {
			_, err = s.put(&next)
		}
		if err != nil {
			s.cfg.Logger.ErrorContext(ctx, "simulator could not do what fell due", "error", err)
			continue
		}
		done++
	}
	return done
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
		rest := time.Second
		if at, ok := s.NextDue(); ok {
			// What is overdue could not be done, or the clock is being moved: no reason to spin.
			if left := at.Sub(s.now()); left > 0 && left < rest {
				rest = left
			}
		}
		simkit.Wait(ctx, s.changed, rest)
	}
	return nil
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
