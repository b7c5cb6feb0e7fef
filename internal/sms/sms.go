// Package sms hands texts for phones to a gateway over HTTP. It knows the one
// request that docs/operating.md describes, and nothing of persons or of what
// the texts are about; it logs neither number nor text.
package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/identikit/identikit/internal/flow"
)

// Gateway sends texts through an HTTP gateway. It implements flow.Texter.
type Gateway struct {
	URL    string // https
	Token  string // sent as a bearer token; empty: none
	From   string // what the phone shows as the sender; empty: the gateway's own
	Agent  string // how we introduce ourselves: User-Agent
	Client *http.Client
}

// timeout is how long the gateway may take to accept a message.
const timeout = 15 * time.Second

// Check tells what is wrong with the settings.
func (g Gateway) Check() error {
	u, err := url.Parse(g.URL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && !loopback(u)) {
		return errors.New("--sms-url must be an https URL, like https://sms.example/messages; http is for this machine alone")
	}
	return nil
}

// loopback allows a gateway on this machine to be called without TLS.
func loopback(u *url.URL) bool {
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return u.Scheme == "http"
	}
	return false
}

// message is what the gateway is sent.
type message struct {
	ID   string `json:"id"`
	To   string `json:"to"`
	From string `json:"from,omitempty"`
	Text string `json:"text"`
}

// Text implements flow.Texter. A 4xx is final, but for 408, 425 and 429.
func (g Gateway) Text(ctx context.Context, id, number, text string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(message{ID: id, To: number, From: g.From, Text: text})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", id)
	req.Header.Set("User-Agent", g.Agent)
	if g.Token != "" {
		req.Header.Set("Authorization", "Bearer "+g.Token)
	}
	resp, err := g.Client.Do(req)
	if err != nil {
		var full *url.Error
		if errors.As(err, &full) {
			err = full.Err // without the URL, which may carry a secret
		}
		return fmt.Errorf("sms: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	return verdict(resp.StatusCode)
}

// verdict says what the gateway's status means.
func verdict(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests,
		status < 400, status >= 500:
		return fmt.Errorf("sms: the gateway answered %d", status)
	}
	return fmt.Errorf("%w: it answered %d", flow.ErrTextRefused, status)
}
