package crashtest

import "sync"

// gate is where the customers wait while there is no server.
type gate struct {
	mu      sync.Mutex
	changed *sync.Cond
	api     string // empty: closed
	serial  int    // of the server; a server that was left is not entered again
	waiting int
}

func newGate() *gate {
	g := &gate{}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// enter waits until a server later than the one with the serial is there.
func (g *gate) enter(left int) (api string, serial int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.api == "" || g.serial <= left {
		g.waiting++
		g.changed.Broadcast()
		g.changed.Wait()
		g.waiting--
	}
	return g.api, g.serial
}

// look is enter for somebody who does not wait; the api is empty if there is none.
func (g *gate) look() (api string, serial int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.api, g.serial
}

// open lets everybody in.
func (g *gate) open(api string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.api, g.serial = api, g.serial+1
	g.changed.Broadcast()
}

// close waits until n customers stand before the gate: their server must be dead.
func (g *gate) close(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.api = ""
	for g.waiting < n {
		g.changed.Wait()
	}
}
