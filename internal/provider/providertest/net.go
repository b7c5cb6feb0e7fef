package providertest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Net is a network in memory: real HTTP, and no time but that of the bubble.
type Net struct {
	t      *testing.T
	Client *http.Client

	mu    sync.Mutex
	hosts map[string]*host
}

func newNet(t *testing.T) *Net {
	n := &Net{t: t, hosts: map[string]*host{}}
	transport := &http.Transport{DialContext: n.dial}
	t.Cleanup(transport.CloseIdleConnections)
	n.Client = &http.Client{Transport: transport}
	return n
}

// Serve puts a server at http://NAME until the test ends, and returns its origin.
func (n *Net) Serve(name string, h http.Handler) string {
	l := &host{calls: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	n.hosts[name+":80"] = l
	n.mu.Unlock()
	srv := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.t.Errorf("%s: %v", name, err)
		}
	}()
	n.t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			n.t.Errorf("%s: %v", name, err)
		}
		<-done
	})
	return "http://" + name
}

func (n *Net) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.hosts[address]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Err: errors.New("there is no " + address)}
	}
	ours, theirs := net.Pipe()
	select {
	case l.calls <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Err: errors.New(address + " is closed")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// host is a net.Listener in memory.
type host struct {
	calls  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (h *host) Accept() (net.Conn, error) {
	select {
	case c := <-h.calls:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *host) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *host) Addr() net.Addr { return &net.TCPAddr{} }
