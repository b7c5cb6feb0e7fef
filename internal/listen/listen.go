// Package listen lets a developer see an API's events on this machine: it
// subscribes, proves and prints each notification, forwards it to a receiver
// that is being written, and unsubscribes at the end.
//
// It is a client like any other: it speaks the partner API over HTTP and knows
// no store and no verb.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/id"
)

// Options say what to listen to and what to do with it.
type Options struct {
	API       API
	Events    []string
	ForwardTo string // empty: nothing is forwarded, and each event is answered with 200
	Secret    string // that forwarded requests are signed with
	Addr      string // where to listen: HOST:PORT
	Callback  string // the URL under which the API reaches Addr; empty: by Addr itself
	// Print is called for each event, one after the other.
	Print func(Event)
	// Ready is called once all subscriptions are made.
	Ready func(url string)
	// Say tells people of something that needs their attention.
	Say func(format string, args ...any)
}

// Event is a notification that came and what became of it.
type Event struct {
	Time         time.Time // when it was sent, by the API's clock
	Event        string
	Entity       string
	Notification string
	Attempt      string
	Body         []byte
	Forwarded    int    // the receiver's status; 0: not forwarded, or there was no answer
	Failure      string // why there was no answer
}

const (
	// endTime is how long the end may take: unsubscribing, and what is under way.
	endTime = 15 * time.Second
	// known is how long an early notification waits for its subscription's secret.
	known = 10 * time.Second
)

// Listen listens until ctx ends or something fails. However it ends, it removes
// the subscriptions that it has made; the error names those that it could not.
func Listen(ctx context.Context, o Options) (err error) {
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w (port 0 takes any free one)", o.Addr, err)
	}
	base := strings.TrimSuffix(o.Callback, "/")
	if base == "" {
		base = "http://" + l.Addr().String()
	}
	path := "/identikit-listen/" + id.Secret() // nobody else's notifications come here
	h := newHub(o, path)
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // broken connections are no news to a developer
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		err = errors.Join(err, h.unsubscribe(end, base+path))
		if srv.Shutdown(end) != nil {
			_ = srv.Close() // what hangs is cut
		}
	}()
	if err := h.subscribe(ctx, base+path); err != nil {
		return err
	}
	o.Ready(base + path)
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return fmt.Errorf("the listener stopped: %w", err)
	}
}

// hub receives notifications.
type hub struct {
	Options
	path   string
	client *http.Client  // to the receiver
	all    chan struct{} // closed when every secret is known

	tried   bool // to subscribe: there may be something to remove
	mu      sync.Mutex
	secrets map[string]subscription // by id
	printer sync.Mutex
}

type subscription struct{ id, event, secret string }

func newHub(o Options, path string) *hub {
	api := *o.API.Client
	api.CheckRedirect = noRedirect // it would carry secret and token to another port, or along without TLS
	o.API.Client = &api
	return &hub{
		Options: o, path: path, all: make(chan struct{}), secrets: map[string]subscription{},
		client: &http.Client{Timeout: forwardTime, CheckRedirect: noRedirect}, // as the API
	}
}

// noRedirect makes a redirect an answer, and not a way.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// subscribe makes a subscription for each event.
func (h *hub) subscribe(ctx context.Context, url string) error {
	session, err := h.API.login(ctx)
	if err != nil {
		return err
	}
	h.tried = true
	for _, event := range h.Events {
		s, err := session.subscribe(ctx, event, url)
		if err != nil {
			return fmt.Errorf("cannot subscribe to %s: %w", event, err)
		}
		h.mu.Lock()
		h.secrets[s.id] = s
		h.mu.Unlock()
	}
	close(h.all)
	return nil
}

// unsubscribe removes what was made, and what may have been made by a call whose
// answer was lost.
func (h *hub) unsubscribe(ctx context.Context, url string) error {
	if !h.tried {
		return nil
	}
	h.mu.Lock()
	var ids []string
	for subscription := range h.secrets {
		ids = append(ids, subscription)
	}
	h.mu.Unlock()
	slices.Sort(ids)
	session, err := h.API.login(ctx) // the old token may be too old
	if err == nil {
		var lost []string
		if lost, err = session.subscribed(ctx, url); err == nil {
			for _, subscription := range lost {
				if !slices.Contains(ids, subscription) {
					ids = append(ids, subscription)
				}
			}
		}
	}
	var left []string
	for _, subscription := range ids {
		if err == nil {
			err = session.unsubscribe(ctx, subscription)
		}
		if err != nil {
			left = append(left, subscription)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("these subscriptions are still there, remove them by DELETE /v1/webhooks/{id}: %s: %w", strings.Join(left, ", "), err)
	}
	return err
}

// find returns the subscription; one that is being made is waited for.
func (h *hub) find(ctx context.Context, subscriptionID string) (subscription, bool) {
	look := func() (subscription, bool) {
		h.mu.Lock()
		defer h.mu.Unlock()
		s, ok := h.secrets[subscriptionID]
		return s, ok
	}
	if s, ok := look(); ok {
		return s, true
	}
	wait := time.NewTimer(known)
	defer wait.Stop()
	select {
	case <-h.all:
	case <-ctx.Done():
	case <-wait.C:
	}
	return look()
}
