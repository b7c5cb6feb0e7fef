package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sign is the signature of a notification, written once more: neither the
// receiver nor the baseline believes the product's.
func sign(secret, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// receiverOrder tells the receiver a hook's secret, or asks what it has got.
type receiverOrder struct {
	Hook   string // the path
	Secret string // set: from now on what comes there must be signed with it
	Await  int    // answer once so many distinct notifications are there
}

// receipt is what came to a hook.
type receipt struct {
	Address     string // of the receiver
	Distinct    int
	Repeated    int
	Forged      int
	First, Last time.Time
}

// hook is a path of the receiver.
type hook struct {
	secret  []byte
	seen    map[string]struct{}
	receipt receipt
	await   int
	enough  chan struct{} // closed when await is reached
}

// receiver takes webhooks: it verifies each signature and counts each id once.
type receiver struct {
	address string
	mu      sync.Mutex
	hooks   map[string]*hook
}

// receiveTime is how long the receiver waits for what is to come.
const receiveTime = 2 * time.Minute

// serveReceiver answers orders while it takes webhooks.
func serveReceiver(ctx context.Context, in io.Reader, out io.Writer) error {
	r := &receiver{hooks: map[string]*hook{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.address = l.Addr().String()
	srv := &http.Server{Handler: r}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	err = serveOrders(ctx, in, out, r.order)
	return errors.Join(err, srv.Close(), closed(<-served))
}

// closed takes the end that was asked for as no error.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (r *receiver) order(ctx context.Context, o receiverOrder) (receipt, error) {
	h := r.hook(o.Hook)
	enough := make(chan struct{})
	r.mu.Lock()
	if o.Secret != "" {
		h.secret = []byte(o.Secret)
	}
	h.await, h.enough = o.Await, enough
	h.check()
	r.mu.Unlock()
	select {
	case <-enough:
	case <-ctx.Done():
		return receipt{}, ctx.Err()
	case <-time.After(receiveTime):
		return receipt{}, fmt.Errorf("%s: %d notifications did not come within %v", o.Hook, o.Await, receiveTime)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := h.receipt
	a.Address = r.address
	return a, nil
}

func (r *receiver) hook(path string) *hook {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hooks[path] == nil {
		r.hooks[path] = &hook{seen: map[string]struct{}{}}
	}
	return r.hooks[path]
}

// check closes enough when it is reached. The caller holds the lock.
func (h *hook) check() {
	if h.enough != nil && h.receipt.Distinct >= h.await {
		close(h.enough)
		h.enough = nil
	}
}

// ServeHTTP takes one webhook.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender has gone
	}
	h := r.hook(req.URL.Path)
	r.mu.Lock()
	secret := h.secret
	r.mu.Unlock()
	if secret == nil { // the callout of a subscription whose secret we get with its answer
		w.WriteHeader(http.StatusOK)
		return
	}
	genuine := hmac.Equal([]byte(sign(secret, body)), []byte(req.Header.Get("Solaris-Webhook-Signature")))
	id := req.Header.Get("Solaris-Webhook-Id")
	r.mu.Lock()
	_, known := h.seen[id]
	switch {
	case !genuine:
		h.receipt.Forged++
	case known:
		h.receipt.Repeated++
	default:
		h.seen[id] = struct{}{}
		h.receipt.Distinct++
		h.receipt.Last = time.Now()
		if h.receipt.First.IsZero() {
			h.receipt.First = h.receipt.Last
		}
		h.check()
	}
	r.mu.Unlock()
	if !genuine {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// postsOrder asks for signed POSTs for a time, from a client that does nothing else.
type postsOrder struct {
	URL, Secret, Body string
	Clients           int
	Warmup, Duration  time.Duration
}

func serveBaselinePosts(ctx context.Context, in io.Reader, out io.Writer) error {
	return serveOrders(ctx, in, out, func(ctx context.Context, o postsOrder) (measurement, error) {
		client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: o.Clients, MaxIdleConnsPerHost: o.Clients}}
		defer client.CloseIdleConnections()
		one := func(ctx context.Context, id string, _ int64) error { return postSigned(ctx, client, o, id) }
		if o.Warmup > 0 {
			if _, err := repeat(ctx, one, o.Clients, o.Warmup); err != nil {
				return measurement{}, err
			}
		}
		return repeat(ctx, one, o.Clients, o.Duration)
	})
}

// postSigned posts one notification with the headers that identikit sends.
func postSigned(ctx context.Context, client *http.Client, o postsOrder, id string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, strings.NewReader(o.Body))
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"Content-Type":                      "application/json",
		"User-Agent":                        "bench",
		"Solaris-Webhook-Id":                id,
		"Solaris-Webhook-Subscription-Id":   id,
		"Solaris-Webhook-Event-Type":        "IDENTIFICATION",
		"Solaris-Entity-Id":                 id,
		"Solaris-Webhook-Attempt":           "1",
		"Solaris-Webhook-Signature":         sign([]byte(o.Secret), []byte(o.Body)),
		"Solaris-Webhook-Callout-Timestamp": strconv.FormatInt(time.Now().Unix(), 10),
	} {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the receiver answered %d", resp.StatusCode)
	}
	return nil
}
