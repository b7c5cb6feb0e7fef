package server

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// maxConnections is how many connections a listener holds at a time.
const maxConnections = 4000

// connections keeps the number of open connections within bounds, so that
// nobody can take the memory of all by opening ever more. When there are too
// many, the one that has been silent for longest is closed: a newcomer with a
// request matters more.
type connections struct {
	most int

	mu     sync.Mutex
	open   map[net.Conn]*list.Element // nil while a request is under way
	silent list.List                  // of net.Conn, the longest silent first
}

func newConnections(most int) *connections {
	return &connections{most: most, open: map[net.Conn]*list.Element{}}
}

// changed is the hook of http.Server.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if surplus := c.note(conn, state); surplus != nil {
		_ = surplus.Close() // whoever is at the other end has hung up, or learns it now
	}
}

// note remembers the state and returns a connection that must go.
func (c *connections) note(conn net.Conn, state http.ConnState) (surplus net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if waiting := c.open[conn]; waiting != nil {
		c.silent.Remove(waiting)
	}
	switch state {
	case http.StateNew, http.StateIdle:
		c.open[conn] = c.silent.PushBack(conn)
	case http.StateActive:
		c.open[conn] = nil
	case http.StateHijacked, http.StateClosed:
		delete(c.open, conn)
	}
	if len(c.open) <= c.most {
		return nil
	}
	oldest := c.silent.Front()
	if oldest == nil {
		return nil // all are at work; their deadlines end them
	}
	c.silent.Remove(oldest)
	surplus = oldest.Value.(net.Conn)
	delete(c.open, surplus)
	return surplus
}
