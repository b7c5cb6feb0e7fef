package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"sync"
	"sync/atomic"
	"time"
)

// loadOrder asks the load client for one run against one server.
type loadOrder struct {
	Address string // host:port
	Conns   int
	// Rate is how many requests are begun per second, whether or not the server
	// keeps up: a request that waits for a free connection ages meanwhile. 0
	// begins the next as soon as an answer is there.
	Rate     float64
	Warmup   time.Duration // not counted
	Duration time.Duration

	Method, Token, Body string
	Paths               []string // of which each request takes one at random
	Status              int      // anything else ends the run
	Contains            string   // in a sample of the bodies; {id} is the path's last element
}

// sampleEvery is how often the body of an answer is looked into.
const sampleEvery = 64

func serveLoad(ctx context.Context, in io.Reader, out io.Writer) error {
	return serveOrders(ctx, in, out, load)
}

// load runs an order.
func load(ctx context.Context, o loadOrder) (measurement, error) {
	if o.Conns < 1 || len(o.Paths) == 0 {
		return measurement{}, errors.New("an order needs connections and paths")
	}
	requests := make([][]byte, len(o.Paths))
	for n, p := range o.Paths {
		requests[n] = request(o.Method, o.Address, p, o.Token, o.Body)
	}
	r := &drive{order: o, requests: requests}
	for range o.Conns {
		w, err := dial(o.Address)
		if err != nil {
			return measurement{}, err
		}
		defer w.conn.Close()
		r.wires = append(r.wires, w)
	}
	if o.Warmup > 0 {
		if _, err := r.all(ctx, o.Warmup); err != nil {
			return measurement{}, err
		}
	}
	return r.all(ctx, o.Duration)
}

// drive is an order with its connections.
type drive struct {
	order    loadOrder
	requests [][]byte
	wires    []*wire
}

// all drives all connections for a time.
func (r *drive) all(ctx context.Context, d time.Duration) (measurement, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var begun atomic.Int64
	took := make([][]time.Duration, len(r.wires))
	started := time.Now()
	for n, w := range r.wires {
		wg.Go(func() {
			var err error
			if took[n], err = r.one(ctx, w, started, d, &begun); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return measured(ctx, took, time.Since(started))
}

// one sends one request after the other on one connection.
func (r *drive) one(ctx context.Context, w *wire, started time.Time, d time.Duration, begun *atomic.Int64) ([]time.Duration, error) {
	chance := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	took := make([]time.Duration, 0, 1<<14)
	for ctx.Err() == nil {
		from := time.Now()
		if r.order.Rate > 0 {
			from = started.Add(time.Duration(float64(begun.Add(1)-1) / r.order.Rate * float64(time.Second)))
		}
		if from.Sub(started) >= d {
			return took, nil
		}
		if wait := time.Until(from); wait > 0 {
			<-time.After(wait)
		}
		n := chance.IntN(len(r.requests))
		status, body, err := w.do(r.requests[n])
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.order.Method, r.order.Paths[n], err)
		}
		took = append(took, time.Since(from))
		if status != r.order.Status {
			return nil, fmt.Errorf("%s %s: answered %d, want %d: %.300s", r.order.Method, r.order.Paths[n], status, r.order.Status, body)
		}
		if len(took)%sampleEvery == 1 {
			if want := r.contains(n); !bytes.Contains(body, []byte(want)) {
				return nil, fmt.Errorf("%s %s: the answer has no %q: %.300s", r.order.Method, r.order.Paths[n], want, body)
			}
		}
	}
	return took, nil
}

func (r *drive) contains(n int) string {
	if r.order.Contains == "{id}" {
		return path.Base(r.order.Paths[n])
	}
	return r.order.Contains
}
