// Package clock holds the clocks: the real one, and the sandbox's, which runs
// in real time and can be moved forward, never back. Nothing else in the
// product reads the machine's time.
package clock

import (
	"fmt"
	"sync"
	"time"
)

// Real is the machine's clock, in UTC.
type Real struct{}

// Now returns the present instant.
func (Real) Now() time.Time { return time.Now().UTC() }

// Movable is the sandbox's clock. While stopped it stands still at one instant,
// so that everything that falls due there happens at its own time.
type Movable struct {
	mu      sync.Mutex
	base    time.Time // the machine's clock when offset was last set
	at      time.Time // this clock at that moment
	stopped bool
}

// NewMovable returns a running clock that reads start now.
func NewMovable(start time.Time) *Movable {
	return &Movable{base: time.Now(), at: start.UTC()}
}

// Start puts a clock that nobody has relied on yet to t, which may be earlier.
func (c *Movable) Start(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.base = t.UTC(), time.Now()
}

// Now returns the present instant of this clock.
func (c *Movable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Movable) now() time.Time {
	if c.stopped {
		return c.at
	}
	return c.at.Add(time.Since(c.base))
}

// Stop makes the clock stand still and returns where it stands.
func (c *Movable) Stop() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.stopped = c.now(), true
	return c.at
}

// Set moves the clock to t. Going back is refused.
func (c *Movable) Set(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); t.Before(now) {
		return fmt.Errorf("clock: cannot go back from %s to %s", now.Format(time.RFC3339), t.Format(time.RFC3339))
	}
	c.at, c.base = t.UTC(), time.Now()
	return nil
}

// Go lets the clock run on.
func (c *Movable) Go() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.stopped = time.Now(), false
}
