package listen

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/webhook"
)

const (
	// maxBody is the largest notification that is taken.
	maxBody = 1 << 20
	// forwardTime is how long the receiver may take: less than the API waits for us.
	forwardTime = webhook.Timeout - 2*time.Second
	// maxReply is how much of the receiver's answer is passed on; the API keeps less.
	maxReply = 4 << 10
)

// ServeHTTP takes a notification: it is proved, forwarded, answered as the
// receiver answers, and printed.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != h.path && !strings.HasSuffix(r.URL.Path, h.path) { // a tunnel may add to it
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body is too large or did not come", http.StatusRequestEntityTooLarge)
		return
	}
	if r.Header.Get("Solaris-Webhook-Event-Type") == "WEBHOOK-SUBSCRIPTION" && len(body) == 0 {
		return // the verification callout: its secret is not known yet, and nothing follows from it
	}
	s, ok := h.find(r.Context(), r.Header.Get("Solaris-Webhook-Subscription-Id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	if !hmac.Equal([]byte(webhook.Sign(s.secret, body)), []byte(r.Header.Get("Solaris-Webhook-Signature"))) {
		h.Say("a request with a wrong signature came and was refused")
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	e := Event{
		Time: sent(r.Header), Event: s.event, Entity: word(r.Header.Get("Solaris-Entity-Id")), Body: body,
		Notification: word(r.Header.Get("Solaris-Webhook-Id")), Attempt: word(r.Header.Get("Solaris-Webhook-Attempt")),
	}
	h.forward(w, r, &e)
	h.printer.Lock()
	defer h.printer.Unlock()
	h.Print(e)
	if e.Forwarded == http.StatusGone {
		h.Say("the receiver answered 410, which ends the subscription to %s", e.Event)
	}
}

// forward passes the notification on, signed with the one secret of the receiver,
// and its answer back.
func (h *hub) forward(w http.ResponseWriter, r *http.Request, e *Event) {
	if h.ForwardTo == "" {
		return // 200
	}
	resp, err := h.post(r.Context(), r.Header, e.Body)
	if err != nil {
		e.Failure = "the receiver does not answer"
		if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "Client.Timeout") {
			e.Failure = "the receiver takes too long"
		}
		http.Error(w, e.Failure, http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	e.Forwarded = resp.StatusCode
	if kind := resp.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.CopyN(w, resp.Body, maxReply) // the status is the answer
}

// passedOn are the headers that a receiver sees.
var passedOn = []string{
	"Content-Type", "User-Agent", "Solaris-Webhook-Id", "Solaris-Webhook-Subscription-Id", "Solaris-Webhook-Event-Type",
	"Solaris-Entity-Id", "Solaris-Webhook-Attempt", "Solaris-Webhook-Callout-Timestamp",
}

func (h *hub) post(ctx context.Context, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.ForwardTo, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, name := range passedOn {
		req.Header.Set(name, header.Get(name))
	}
	req.Header.Set("Solaris-Webhook-Signature", webhook.Sign(h.Secret, body))
	return h.client.Do(req)
}

// sent is when the notification was sent, by the API's clock.
func sent(h http.Header) time.Time {
	seconds, err := strconv.ParseInt(h.Get("Solaris-Webhook-Callout-Timestamp"), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

var wordForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// word is a header's value if it is fit for a terminal; headers are not signed.
func word(s string) string {
	if wordForm.MatchString(s) {
		return s
	}
	return "?"
}
