// Package webhook sends notifications: the signature, the headers, the request,
// the answer's first bytes (partner-api.md §5). What follows from an attempt is
// decided and written by package flow.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

const (
	// Timeout is how long a receiver may take (partner-api.md §5.4).
	Timeout = 30 * time.Second
	// answerBytes is how much of an answer is kept for people.
	answerBytes = 512
)

// Sender sends notifications and verification callouts.
type Sender struct {
	Flow    *flow.Service
	Client  *http.Client // made by Client
	Clock   kyc.Clock    // what the notification says about time
	Wall    kyc.Clock    // how long an attempt took
	Version string
	// Attempts counts deliveries by the class of the answer (NewMetrics).
	Attempts *prometheus.CounterVec
}

// Sign returns the value of Solaris-Webhook-Signature: HMAC-SHA256 over the
// body, with the bytes of the secret as it was handed out.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Deliver is the job of one notification, and of sending it once more.
func (s *Sender) Deliver(ctx context.Context, j kyc.Job) error {
	d, ok, err := s.Flow.Delivery(ctx, j)
	if err != nil || !ok {
		return err
	}
	started, at := s.Wall.Now(), s.Clock.Now()
	status, answer, err := s.post(ctx, message{
		url: d.Subscription.URL, id: d.Notification.ID, subscription: d.Subscription.ID, event: d.Notification.EventType,
		entity: d.Notification.EntityID, attempt: d.Attempt, secret: d.Secret, body: d.Notification.Body,
	})
	s.Attempts.WithLabelValues(class(status)).Inc()
	return s.Flow.Record(ctx, d, kyc.Attempt{
		NotificationID: d.Notification.ID, Number: d.Attempt, At: at, Duration: s.Wall.Now().Sub(started),
		Status: status, Failure: failure(err), Answer: answer,
	})
}

// Verify implements flow.Caller: an empty body that must be answered with 2xx.
func (s *Sender) Verify(ctx context.Context, sub kyc.Subscription, secret string) error {
	status, _, err := s.post(ctx, message{
		url: sub.URL, id: id.Random(id.Plain), subscription: sub.ID, event: "WEBHOOK-SUBSCRIPTION", entity: sub.ID, attempt: 1, secret: secret,
	})
	switch {
	case errors.Is(err, errForbiddenAddress):
		return &kyc.Error{
			Kind: kyc.Invalid, Code: "unsafe_webhook_url", Cause: err,
			Detail: "The webhook URL leads to an address that is not public.",
		}
	case err != nil:
		return &kyc.Error{
			Kind: kyc.Invalid, Code: "invalid_webhook_url", Cause: err,
			Detail: "The verification callout to the webhook URL failed: " + failure(err) + ".",
		}
	case status < 200 || status > 299:
		return kyc.Fail(kyc.Invalid, "invalid_webhook_url",
			"The verification callout to the webhook URL must be answered with 2xx; it was answered with %d.", status)
	}
	return nil
}

var errNoStatus = errors.New("webhook: the answer has no status")

type message struct {
	url, id, subscription, event, entity, secret string
	attempt                                      int
	body                                         []byte
}

func (s *Sender) post(ctx context.Context, m message) (status int, answer string, err error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(m.body))
	if err != nil {
		return 0, "", err
	}
	for name, value := range map[string]string{
		"Content-Type":                      "application/json",
		"User-Agent":                        "identikit/" + s.Version,
		"Solaris-Webhook-Id":                m.id,
		"Solaris-Webhook-Subscription-Id":   m.subscription,
		"Solaris-Webhook-Event-Type":        m.event,
		"Solaris-Entity-Id":                 m.entity,
		"Solaris-Webhook-Attempt":           strconv.Itoa(m.attempt),
		"Solaris-Webhook-Signature":         Sign(m.secret, m.body),
		"Solaris-Webhook-Callout-Timestamp": strconv.FormatInt(s.Clock.Now().Unix(), 10),
	} {
		req.Header.Set(name, value)
	}
	resp, err := s.Client.Do(req)
	if err != nil {
		var full *url.Error
		if errors.As(err, &full) {
			err = full.Err // without the URL, which may carry a receiver's secrets into the log
		}
		return 0, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 100 {
		return 0, "", errNoStatus // no attempt is without a status and without a reason
	}
	head := make([]byte, answerBytes)
	n, _ := io.ReadFull(resp.Body, head)           // the status is the answer; the body is for people
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	return resp.StatusCode, printable(head[:n]), nil
}

// printable makes foreign bytes fit for a text column.
func printable(b []byte) string {
	for len(b) > 0 && !utf8.Valid(b) {
		r, size := utf8.DecodeLastRune(b)
		if r != utf8.RuneError || size != 1 {
			break
		}
		b = b[:len(b)-1]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(string(b), "\x00", ""), "")
}

// failure says in a few words why there was no answer. The words never hold the
// URL, which may carry a receiver's own secrets.
func failure(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errForbiddenAddress):
		return "the address is not public"
	case errors.As(err, &dns):
		return "the host name cannot be resolved"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer within " + Timeout.String()
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return "no connection"
	}
	return "the connection broke or spoke no HTTP"
}
