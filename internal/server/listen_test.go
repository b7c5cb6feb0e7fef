package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// served serves with the settings of production, changed for the test, and
// returns the address.
func served(t *testing.T, change func(*http.Server)) string {
	t.Helper()
	l, err := Listen("test", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := httpServer(slog.New(slog.DiscardHandler), Listener{Net: l, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})})
	change(srv)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, address, text string) *bufio.Reader {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReader(c)
}

// TestDeadlines: a client that is too slow is cut off in its headers, in its
// body and in its silence. The deadlines are those of production divided by
// a hundred; that production has them is the first thing that is checked.
func TestDeadlines(t *testing.T) {
	const hurry = 100
	address := served(t, func(s *http.Server) {
		if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != time.Minute || s.IdleTimeout != 2*time.Minute || s.MaxHeaderBytes != 4<<10 {
			t.Errorf("%s for headers, %s for requests, %s of silence, %d bytes", s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout, s.MaxHeaderBytes)
		}
		s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout = s.ReadHeaderTimeout/hurry, s.ReadTimeout/hurry, s.IdleTimeout/hurry
	})
	for name, c := range map[string]struct{ sent, want string }{
		"nothing":     {"", ""},
		"half a line": {"GET / HT", "HTTP/1.1 400 "},
		"half a head": {"GET / HTTP/1.1\r\nHost: x\r\n", ""},
		"half a body": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 400 "},
		"silence":     {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK"},
	} {
		r := dial(t, address, c.sent)
		said, err := io.ReadAll(r) // it ends when the server hangs up
		if err != nil && !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.HasPrefix(string(said), c.want) || (c.want == "" && len(said) > 0) {
			t.Errorf("%s: %q, want %q", name, said, c.want)
		}
	}
}

// TestHeaderBytes: 8 KiB of headers are the end.
func TestHeaderBytes(t *testing.T) {
	address := served(t, func(*http.Server) {})
	for length, want := range map[int]int{4 << 10: 200, 10 << 10: 431} {
		resp, err := http.ReadResponse(dial(t, address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: "+strings.Repeat("x", length)+"\r\n\r\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", length, resp.StatusCode, want)
		}
	}
}

// TestConnections: of too many connections the longest silent goes, and whoever
// comes is served.
func TestConnections(t *testing.T) {
	const most = 3
	address := served(t, func(s *http.Server) { s.ConnState = newConnections(most).changed })
	const ask = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	var all []*bufio.Reader
	for range most + 2 {
		r := dial(t, address, ask)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		all = append(all, r)
	}
	for _, r := range all[:2] {
		if _, err := r.ReadByte(); err == nil {
			t.Error("the longest silent connection is open")
		}
	}
}
