package client

import (
	"context"
	"time"
)

// ReadError is readError, for the fuzzer.
var ReadError = readError

// Hurry makes the client not wait between attempts, and tells what it would
// have waited. Not for several goroutines.
func (c *Client) Hurry() *[]time.Duration {
	var waits []time.Duration
	c.pause = func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		return nil
	}
	return &waits
}
