package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	chance "math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// repeat says when a call is sent again that went wrong.
type repeat int

const (
	// unbegun: only when the server said that it has not begun (429, 503).
	unbegun repeat = iota
	// always: also when nobody knows how far it came. For what only reads, what
	// has an Idempotency-Key, and what says the same twice.
	always
)

// call is one request, as often as it is sent.
type call struct {
	method string
	url    string // the whole of it if it is not below /v1, else empty
	path   string // from path()
	query  url.Values
	header http.Header
	body   func(context.Context) (io.Reader, error) // nil: none. Made for each time it is sent
	spent  func() bool                              // whether the body cannot be made again; nil: it always can
	open   bool                                     // needs no token
	repeat repeat
	err    error // what was wrong with the arguments
}

// path joins the parts of a path. An id that would name another resource is
// refused here: an empty one, and dots, which are no characters to be escaped
// and lead up the path at the next proxy.
func path(parts ...string) (string, error) {
	var b strings.Builder
	for _, part := range parts {
		switch part {
		case "":
			return "", errors.New("identikit: an id is empty")
		case ".", "..":
			return "", errors.New("identikit: an id is made of dots")
		}
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String(), nil
}

// to makes a call to a path below the base URL.
func to(method string, parts ...string) call {
	p, err := path(parts...)
	q := call{method: method, path: p, header: http.Header{}, repeat: unbegun, err: err}
	if method == http.MethodGet {
		q.repeat = always
	}
	return q
}

// with gives the call a JSON body.
func (q call) with(in any) call {
	b, err := json.Marshal(in)
	if err != nil {
		q.err = errors.Join(q.err, fmt.Errorf("identikit: %w", err))
	}
	q.header.Set("Content-Type", "application/json")
	q.body = func(context.Context) (io.Reader, error) { return bytes.NewReader(b), nil }
	return q
}

// PostOption changes a call that creates something.
type PostOption func(*call)

// IdempotencyKey names the deed, so that it is done once even if the program is
// started again in between: the same key with the same data answers what it
// answered before. 1 to 255 visible ASCII characters; each deed needs another.
// Without this, each call has a key of its own.
func IdempotencyKey(key string) PostOption {
	return func(q *call) { q.header.Set("Idempotency-Key", key) }
}

// once makes the call one that may be repeated, by giving it a key.
func (q call) once(options []PostOption) call {
	q.header.Set("Idempotency-Key", rand.Text())
	for _, option := range options {
		option(&q)
	}
	q.repeat = always
	return q
}

// QueryOption changes a call that reads.
type QueryOption func(url.Values)

func (q call) asking(options []QueryOption) call {
	q.query = url.Values{}
	for _, option := range options {
		option(q.query)
	}
	return q
}

const (
	maxAnswer = 64 << 20 // bytes of an answer in JSON: a list of 1000 persons has some 3 MB
	maxError  = 256 << 10
)

// send makes a call and reads the answer as JSON; one without content is the
// zero value.
func send[T any](ctx context.Context, c *Client, q call) (answer T, err error) {
	resp, err := c.do(ctx, q)
	if err != nil {
		return answer, err
	}
	err = read(resp, &answer)
	return answer, err
}

// read reads an answer's JSON and closes it.
func read(resp *http.Response, into any) error {
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("identikit: read the answer: %w", err)
	}
	if len(b) > maxAnswer {
		return errors.New("identikit: the answer is too long")
	}
	if len(b) == 0 && resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("identikit: the answer is not what the API describes: %w", err)
	}
	return nil
}

// do sends the call until it is answered with success, or must not be repeated.
// The answer is the caller's to close.
func (c *Client) do(ctx context.Context, q call) (*http.Response, error) {
	if q.err != nil {
		return nil, q.err
	}
	renewed := false
	for sent := 0; ; {
		token, err := c.token(ctx, q)
		if err != nil {
			return nil, err
		}
		resp, err := c.try(ctx, q, token)
		if err == nil {
			return resp, nil
		}
		spent := q.spent != nil && q.spent()
		if token != "" && isStatus(err, http.StatusUnauthorized) {
			c.tokens.refused(token)
			if !renewed && !spent {
				renewed = true
				continue
			}
		}
		wait, again := q.again(err, sent)
		again = again && !spent
		if sent >= c.retries || !again || ctx.Err() != nil || c.pause(ctx, wait) != nil {
			return nil, err
		}
		sent++
	}
}

// token is the token to send the call with; empty if it needs none.
func (c *Client) token(ctx context.Context, q call) (string, error) {
	if q.open {
		return "", nil
	}
	token, err := c.tokens.get(ctx)
	if err != nil {
		return "", fmt.Errorf("identikit: get an access token: %w", err)
	}
	return token, nil
}

// longestWait is how long a call waits because the server asks for it. Whoever
// is told to wait longer decides for himself.
const longestWait = 30 * time.Second

// again says whether the call may be sent again after the error, and when.
func (q call) again(err error, sent int) (wait time.Duration, yes bool) {
	wait = time.Duration(float64(250*time.Millisecond<<sent) * (0.5 + chance.Float64()/2))
	var refusal *Error
	if !errors.As(err, &refusal) {
		return wait, q.repeat == always
	}
	wait = max(wait, refusal.RetryAfter)
	switch refusal.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		yes = true
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		yes = q.repeat == always
	}
	return wait, yes && wait <= longestWait
}

// pause waits, unless the context ends before that.
func pause(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try sends the call once.
func (c *Client) try(ctx context.Context, q call, token string) (*http.Response, error) {
	req, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var wrapped *url.Error // its text has the whole URL
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("identikit: %s %s: %w", q.method, req.URL.Path, err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
	if err != nil {
		body = nil // the status is known, and that is more than nothing
	}
	return nil, readError(resp.StatusCode, resp.Header, body)
}

func (c *Client) request(ctx context.Context, q call) (*http.Request, error) {
	target := q.url
	if target == "" {
		target = c.base + q.path
	}
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	var body io.Reader
	if q.body != nil {
		var err error
		if body, err = q.body(ctx); err != nil {
			return nil, fmt.Errorf("identikit: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("identikit: %w", err)
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	return req, nil
}
