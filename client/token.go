package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// token is an access token and when to get the next one.
type token struct {
	text  string
	until time.Time
}

// tokens keeps the access token. Whoever needs one while it is fetched waits for
// the same fetch.
type tokens struct {
	fetch func(context.Context) (token, error)

	mu      sync.Mutex
	current token
	flight  *flight
}

// flight is a fetch under way.
type flight struct {
	done  chan struct{} // closed when token and err are there
	token token
	err   error
}

// tokenTimeout bounds a fetch, which outlives the caller who began it: others
// may wait for it.
const tokenTimeout = time.Minute

// get returns a token that is still good.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	if time.Now().Before(t.current.until) {
		defer t.mu.Unlock()
		return t.current.text, nil
	}
	f := t.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		t.flight = f
		go t.run(context.WithoutCancel(ctx), f)
	}
	t.mu.Unlock()
	select {
	case <-f.done:
		return f.token.text, f.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (t *tokens) run(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	f.token, f.err = t.fetch(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.err == nil {
		t.current = f.token
	}
	t.flight = nil
	close(f.done)
}

// refused drops a token that the server did not take, unless a newer one has
// come meanwhile.
func (t *tokens) refused(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.text == text {
		t.current = token{}
	}
}

// drop forgets the token, good or not.
func (t *tokens) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = token{}
}

// fetchToken gets a token by client credentials (RFC 6749, section 4.4).
func (c *Client) fetchToken(ctx context.Context, tokenURL, id, secret string) (token, error) {
	asked := time.Now()
	credentials := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
	form := []byte(url.Values{"grant_type": {"client_credentials"}, "scope": {"partners"}}.Encode())
	answer, err := send[struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}](ctx, c, call{
		method: http.MethodPost, url: tokenURL, repeat: always, open: true,
		header: http.Header{"Authorization": {"Basic " + credentials}, "Content-Type": {"application/x-www-form-urlencoded"}},
		body:   func(context.Context) (io.Reader, error) { return bytes.NewReader(form), nil },
	})
	if err != nil {
		return token{}, err
	}
	if answer.AccessToken == "" {
		return token{}, errors.New("identikit: the answer to the request for a token holds none")
	}
	life := time.Duration(min(max(answer.ExpiresIn, 0), 24*3600) * float64(time.Second))
	return token{answer.AccessToken, asked.Add(life - min(life/10, time.Minute))}, nil
}
