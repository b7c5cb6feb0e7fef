package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// workerCmd runs one of the bench's further processes: it reads orders on
// standard input and answers each on standard output, one JSON value each.
type workerCmd struct {
	Name string `arg:"" help:"Which one."`
}

// workers are the processes that the bench starts of itself.
var workers = map[string]func(ctx context.Context, in io.Reader, out io.Writer) error{
	"load":             serveLoad,
	"baseline-http":    serveBaselineHTTP,
	"baseline-commits": serveBaselineCommits,
	"baseline-posts":   serveBaselinePosts,
	"receiver":         serveReceiver,
	"journeys":         serveJourneys,
}

// Run implements the subcommand.
func (c *workerCmd) Run(ctx context.Context) error {
	serve, ok := workers[c.Name]
	if !ok {
		return fmt.Errorf("there is no worker %q", c.Name)
	}
	return serve(ctx, os.Stdin, os.Stdout)
}

// reply is what a worker says to an order.
type reply[A any] struct {
	Answer A
	Error  string
}

// serveOrders answers orders until the bench closes the worker's input.
func serveOrders[O, A any](ctx context.Context, in io.Reader, out io.Writer, do func(context.Context, O) (A, error)) error {
	orders, replies := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var order O
		if err := orders.Decode(&order); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var r reply[A]
		var err error
		if r.Answer, err = do(ctx, order); err != nil {
			r.Error = err.Error()
		}
		if err := replies.Encode(r); err != nil {
			return err
		}
	}
}
