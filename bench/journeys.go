package main

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/identikit/identikit/internal/id"
)

// journeysOrder asks for customers that are identified one after the other, so
// many at a time, by a partner that takes the webhooks as well.
type journeysOrder struct {
	API, Steering string // host:port
	Token         string
	Bankident     bool // by the method bank instead of a video call
	Customers     int
	Warmup        time.Duration
	Duration      time.Duration
}

// traveller is the partner of the journeys: it calls the API and takes webhooks.
type traveller struct {
	mu      sync.Mutex
	address string
	secret  []byte
	waiting map[string]chan struct{} // by identification, closed by its last webhook
	forged  atomic.Int64
}

// serveJourneys answers orders while it takes webhooks.
func serveJourneys(ctx context.Context, in io.Reader, out io.Writer) error {
	t := &traveller{waiting: map[string]chan struct{}{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.address = l.Addr().String()
	srv := &http.Server{Handler: t}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	err = serveOrders(ctx, in, out, t.order)
	return errors.Join(err, srv.Close(), closed(<-served))
}

func (t *traveller) order(ctx context.Context, o journeysOrder) (measurement, error) {
	t.mu.Lock()
	known := t.secret != nil
	t.mu.Unlock()
	if !known {
		if err := t.subscribe(ctx, o); err != nil {
			return measurement{}, err
		}
	}
	if o.Warmup > 0 {
		if _, err := t.all(ctx, o, o.Warmup); err != nil {
			return measurement{}, err
		}
	}
	return t.all(ctx, o, o.Duration)
}

func (t *traveller) subscribe(ctx context.Context, o journeysOrder) error {
	p := &partner{address: o.API, token: o.Token}
	var s subscription
	body := fmt.Sprintf(`{"event_type":"IDENTIFICATION","url":"http://%s/"}`, t.address)
	_, err := p.call(ctx, 201, "POST", "/v1/webhooks", body, &s)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.secret = []byte(s.Secret)
	return err
}

// ServeHTTP takes one webhook; the last one of a journey tells of its success.
func (t *traveller) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender has gone
	}
	t.mu.Lock()
	secret := t.secret
	t.mu.Unlock()
	if secret == nil { // the callout of the subscription
		return
	}
	var event struct{ ID, Status string }
	if !hmac.Equal([]byte(sign(secret, body)), []byte(req.Header.Get("Solaris-Webhook-Signature"))) || json.Unmarshal(body, &event) != nil {
		t.forged.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if event.Status != "successful" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if done := t.waiting[event.ID]; done != nil {
		close(done)
		delete(t.waiting, event.ID) // the same again finds nobody
	}
}

// all lets the customers travel for a time; who has begun comes to the end.
func (t *traveller) all(ctx context.Context, o journeysOrder, d time.Duration) (measurement, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	took := make([][]time.Duration, o.Customers)
	started := time.Now()
	for n := range o.Customers {
		wg.Go(func() {
			c := &customerOnWay{order: o, traveller: t}
			err := c.open()
			for err == nil && time.Since(started) < d && ctx.Err() == nil {
				from := time.Now()
				if err = c.travel(ctx); err == nil {
					took[n] = append(took[n], time.Since(from))
				}
			}
			if err := errors.Join(err, c.close()); err != nil {
				cancel(fmt.Errorf("a journey: %w", err))
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(started)
	if err := context.Cause(ctx); err != nil {
		return measurement{}, err
	}
	if n := t.forged.Load(); n > 0 {
		return measurement{}, fmt.Errorf("%d webhooks had a wrong signature", n)
	}
	var all []time.Duration
	for _, one := range took {
		all = append(all, one...)
	}
	return measure(all, elapsed), nil
}

// customerOnWay is one customer with the connections that are used for them.
type customerOnWay struct {
	order         journeysOrder
	traveller     *traveller
	api, steering *wire
}

func (c *customerOnWay) open() (err error) {
	if c.api, err = dial(c.order.API); err != nil {
		return err
	}
	c.steering, err = dial(c.order.Steering)
	return err
}

func (c *customerOnWay) close() (err error) {
	for _, w := range []*wire{c.api, c.steering} {
		if w != nil {
			err = errors.Join(err, w.conn.Close())
		}
	}
	return err
}

// call sends a request to the API and reads its answer.
func (c *customerOnWay) call(want int, method, path, body string, out any) error {
	return callOn(c.api, request(method, c.order.API, path, c.order.Token, body), want, out)
}

// callOn sends a request and reads the JSON that must come.
func callOn(w *wire, request []byte, want int, out any) error {
	status, body, err := w.do(request)
	if err != nil {
		return err
	}
	if status != want {
		line, _, _ := strings.Cut(string(request), "\r\n")
		return fmt.Errorf("%s: answered %d, want %d: %.300s", line, status, want, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// shownIdentification is what a journey looks at.
type shownIdentification struct {
	ID, Status, URL string
	Documents       []struct {
		ID   string
		Size int
	}
}

// travel is one journey: the person, the identification, the request, the
// result at the provider, the last webhook, the documents.
func (c *customerOnWay) travel(ctx context.Context) error {
	if c.order.Bankident {
		return c.travelBankident(ctx)
	}
	var person struct{ ID string }
	if err := c.call(201, "POST", "/v1/persons", customer("Anna", "Muster "+id.Secret()[:8]), &person); err != nil {
		return err
	}
	var i shownIdentification
	if err := c.call(201, "POST", identificationsPath(person.ID), newIdentification, &i); err != nil {
		return err
	}
	path := identificationsPath(person.ID) + "/" + i.ID
	if err := c.call(200, "PATCH", path+"/request", "", &i); err != nil {
		return err
	}
	if i.Status != "pending" || i.URL == "" {
		return fmt.Errorf("a requested identification is %s with the URL %q", i.Status, i.URL)
	}
	done := c.traveller.await(i.ID)
	result := request("POST", c.order.Steering, "/sessions/"+i.ID+"/result", "", `{"result":"SUCCESS"}`)
	if err := callOn(c.steering, result, 200, nil); err != nil {
		return err
	}
	if err := wait(ctx, i.ID, done); err != nil {
		return err
	}
	return c.download(person.ID, path, 0)
}

// download reads one of the documents at the end of a journey.
func (c *customerOnWay) download(personID, path string, nth int) error {
	var i shownIdentification
	if err := c.call(200, "GET", path+"?include_documents=true", "", &i); err != nil {
		return err
	}
	if i.Status != "successful" || len(i.Documents) <= nth {
		return fmt.Errorf("an identification is %s with %d documents at the end of its journey", i.Status, len(i.Documents))
	}
	report := i.Documents[nth]
	err := c.call(200, "GET", "/v1/persons/"+personID+"/documents/"+report.ID+"/file", "", nil)
	if err == nil && len(c.api.body) != report.Size {
		err = fmt.Errorf("a document of %d bytes came with %d", report.Size, len(c.api.body))
	}
	return err
}

// await is closed by the last webhook of the identification.
func (t *traveller) await(identification string) chan struct{} {
	done := make(chan struct{})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting[identification] = done
	return done
}

// wait waits for the last webhook.
func wait(ctx context.Context, identification string, done chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(answerTime):
		return fmt.Errorf("the last webhook of %s did not come within %v", identification, answerTime)
	}
}
