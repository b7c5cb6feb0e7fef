package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener is one bound address and what it serves.
type Listener struct {
	Name    string
	Net     net.Listener
	Handler http.Handler
	TLS     *tls.Config // nil: plain http
}

// Listen binds an address. The error says what to do.
func Listen(name, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for the %s: %w (is another server running there? port 0 takes any free one)", addr, name, err)
	}
	return l, nil
}

// Origin is the URL of a listener, without a path.
func Origin(l net.Listener, encrypted bool) string {
	scheme := "http"
	if encrypted {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(l.Addr().String()) // an address of ours
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// drainTime is how long requests may go on after the signal to stop.
const drainTime = 20 * time.Second

// Serve serves all listeners until ctx ends or one of them fails; then it lets
// what is under way come to its end.
func Serve(ctx context.Context, log *slog.Logger, listeners ...Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, l := range listeners {
		srv := httpServer(log, l)
		wg.Go(func() {
			err := serve(srv, l)
			if !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("the %s stopped: %w", l.Name, err))
			}
		})
		wg.Go(func() {
			<-ctx.Done()
			drain, done := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
			defer done()
			if err := srv.Shutdown(drain); err != nil {
				log.Warn("requests were cut at the stop", "listener", l.Name, "error", err)
				_ = srv.Close() // cuts what did not end in time
			}
		})
	}
	wg.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// httpServer bounds what a client can hold: time, bytes of headers, connections.
// Bodies are bounded where they are read.
func httpServer(log *slog.Logger, l Listener) *http.Server {
	return &http.Server{
		Handler: l.Handler, TLSConfig: l.TLS,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 10 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 4 << 10, // net/http lets 4 KiB more through: 8 KiB in all
		ConnState:      newConnections(maxConnections).changed,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func serve(srv *http.Server, l Listener) error {
	if l.TLS != nil {
		return srv.ServeTLS(l.Net, "", "")
	}
	return srv.Serve(l.Net)
}
