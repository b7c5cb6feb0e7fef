package client_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
)

const webhookSecret = "f82c389fb187274227186b5a58781978"

// vectors are bodies and their signatures with webhookSecret, reckoned without
// this package.
var vectors = map[string]string{
	"":   "sha256=48f7533f252a852a518945437b770d8135776471574417b31400e8857f420244",
	"{}": "sha256=a54bec67017d55cb479cd1b23f80e3c5396fb4e67c4e062bcd9d9566235ce431",
	`{"id":"6dc54352d6793a892e0702850d07b831cidt","status":"successful"}`: "sha256=bffa0d94533460d2c335ea6ee0f67e988623baff9baf5f03b5ee6899011891fe",
}

// hook is a webhook's request; headers come in pairs of name and value.
func hook(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks", strings.NewReader(body))
	for n := 0; n < len(headers); n += 2 {
		r.Header.Add(headers[n], headers[n+1])
	}
	return r
}

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerifyWebhook(t *testing.T) {
	t.Parallel()
	for body, signature := range vectors {
		e, err := client.VerifyWebhook(hook(body,
			"Solaris-Webhook-Signature", signature, "Solaris-Webhook-Id", "n1", "Solaris-Webhook-Subscription-Id", "s1",
			"Solaris-Webhook-Event-Type", "IDENTIFICATION", "Solaris-Entity-Id", "e1", "Solaris-Webhook-Attempt", "3",
			"Solaris-Webhook-Callout-Timestamp", "1631643508"), webhookSecret)
		if err != nil || string(e.Body) != body || e.ID != "n1" || e.SubscriptionID != "s1" || e.Type != client.EventIdentification ||
			e.EntityID != "e1" || e.Attempt != 3 || !e.CalledAt.Equal(time.Unix(1631643508, 0)) {
			t.Errorf("%q: %+v, %v", body, e, err)
		}
		if i, err := e.Identification(); (err == nil) != (body != "") || (len(body) > 2 && i.Status != client.StatusSuccessful) {
			t.Errorf("%q: %+v, %v", body, i, err)
		}
	}
	good := vectors["{}"]
	for name, r := range map[string]*http.Request{
		"no signature":      hook("{}"),
		"an empty one":      hook("{}", "Solaris-Webhook-Signature", ""),
		"no method":         hook("{}", "Solaris-Webhook-Signature", good[7:]),
		"another method":    hook("{}", "Solaris-Webhook-Signature", "sha1="+good[7:]),
		"upper case":        hook("{}", "Solaris-Webhook-Signature", strings.ToUpper(good)),
		"cut off":           hook("{}", "Solaris-Webhook-Signature", good[:40]),
		"something behind":  hook("{}", "Solaris-Webhook-Signature", good+" "),
		"two":               hook("{}", "Solaris-Webhook-Signature", good, "Solaris-Webhook-Signature", good),
		"of another body":   hook("{} ", "Solaris-Webhook-Signature", good),
		"of another secret": hook("{}", "Solaris-Webhook-Signature", sign("another", "{}")),
		"of the secret's hex": hook("{}", "Solaris-Webhook-Signature", sign(func() string {
			b, err := hex.DecodeString(webhookSecret)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}(), "{}")),
	} {
		if e, err := client.VerifyWebhook(r, webhookSecret); !errors.Is(err, client.ErrSignature) || e.Body != nil {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	if _, err := client.VerifyWebhook(hook("{}", "Solaris-Webhook-Signature", sign("", "{}")), ""); !errors.Is(err, client.ErrSignature) {
		t.Errorf("an empty secret: %v", err)
	}
	long := strings.Repeat("x", 1<<20)
	if _, err := client.VerifyWebhook(hook(long, "Solaris-Webhook-Signature", sign(webhookSecret, long)), webhookSecret); err != nil {
		t.Errorf("a long one: %v", err)
	}
	long += "x"
	if _, err := client.VerifyWebhook(hook(long, "Solaris-Webhook-Signature", sign(webhookSecret, long)), webhookSecret); err == nil {
		t.Error("one that is too long")
	}
}

func TestWebhookHandler(t *testing.T) {
	t.Parallel()
	var taken int
	var answer error
	h := client.WebhookHandler{
		Secret: func(_ context.Context, subscription string) string {
			return map[string]string{"s1": webhookSecret}[subscription]
		},
		Handle: func(_ context.Context, e client.Event) error { taken++; return answer },
	}
	signed := func() *http.Request {
		return hook("{}", "Solaris-Webhook-Subscription-Id", "s1", "Solaris-Webhook-Signature", vectors["{}"], "Solaris-Webhook-Event-Type", "PERSON_CHANGED")
	}
	get := signed()
	get.Method = http.MethodGet
	for name, c := range map[string]struct {
		r             *http.Request
		answer        error
		status, taken int
	}{
		"taken":               {signed(), nil, 200, 1},
		"trouble":             {signed(), errors.New("the database is away"), 500, 1},
		"refused":             {signed(), fmt.Errorf("unknown customer: %w", client.ErrReject), 422, 1},
		"not wanted any more": {signed(), client.ErrUnsubscribe, 410, 1},
		"forged":              {hook("{ }", "Solaris-Webhook-Subscription-Id", "s1", "Solaris-Webhook-Signature", vectors["{}"]), nil, 401, 0},
		"no such secret yet":  {hook("{}", "Solaris-Webhook-Subscription-Id", "s2", "Solaris-Webhook-Signature", sign("", "{}")), nil, 503, 0},
		"is anybody there":    {hook("", "Solaris-Webhook-Event-Type", "WEBHOOK-SUBSCRIPTION", "Solaris-Webhook-Subscription-Id", "s3"), nil, 200, 0},
		"a visitor":           {get, nil, 405, 0},
	} {
		taken, answer = 0, c.answer
		w := httptest.NewRecorder()
		h.ServeHTTP(w, c.r)
		if w.Code != c.status || taken != c.taken {
			t.Errorf("%s: %d, taken %d times; want %d, %d", name, w.Code, taken, c.status, c.taken)
		}
	}
}
