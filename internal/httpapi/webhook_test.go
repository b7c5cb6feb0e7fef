package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit"
)

// callouts is a receiver that counts verification callouts and answers them.
func callouts(t testing.TB, status int) (url string, seen *atomic.Int32) {
	seen = new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		if r.Method != "POST" || h.Get("Solaris-Webhook-Event-Type") != "WEBHOOK-SUBSCRIPTION" || r.ContentLength != 0 ||
			h.Get("Solaris-Webhook-Attempt") != "1" || h.Get("Solaris-Webhook-Callout-Timestamp") == "" || !strings.HasPrefix(h.Get("Solaris-Webhook-Signature"), "sha256=") {
			t.Errorf("callout %s %v", r.Method, h)
		}
		seen.Add(1)
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, seen
}

func TestWebhookCallout(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	for status, good := range map[int]bool{200: true, 201: true, 204: true, 299: true, 302: false, 400: false, 401: false, 404: false, 410: false, 422: false, 500: false} {
		url, seen := callouts(t, status)
		before := len(l.Array("/v1/webhooks?page[size]=1000"))
		if good {
			l.Call(201, "POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": url})
		} else {
			refused(t, l, 400, "invalid_webhook_url", "POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": url})
		}
		if seen.Load() != 1 || (len(l.Array("/v1/webhooks?page[size]=1000")) == before+1) != good {
			t.Errorf("%d: %d callouts", status, seen.Load())
		}
	}
}

func TestWebhookRules(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	gone := httptest.NewServer(nil)
	gone.Close()
	const model, unsafe, invalid = "invalid_model", "unsafe_webhook_url", "invalid_webhook_url"
	for _, c := range []struct {
		name    string
		event   any
		url     any
		code    string
		sources []string
	}{
		{"nothing listens", "IDENTIFICATION", gone.URL, invalid, nil},
		{"no TLS there", "IDENTIFICATION", "https" + strings.TrimPrefix(gone.URL, "http"), invalid, nil},
		{"plain http", "IDENTIFICATION", "http://bank.example/hooks", unsafe, nil},
		{"plain http to an address", "IDENTIFICATION", "http://10.0.0.1/hooks", unsafe, nil},
		{"plain http to any address", "IDENTIFICATION", "http://0.0.0.0/hooks", unsafe, nil},
		{"a name that looks like loopback", "IDENTIFICATION", "http://127.0.0.1.bank.example/", unsafe, nil},
		{"another scheme", "IDENTIFICATION", "ftp://bank.example/hooks", unsafe, nil},
		{"user-info", "IDENTIFICATION", "https://user:pass@bank.example/", model, []string{"url"}},
		{"user-info, loopback", "IDENTIFICATION", "http://127.0.0.1@bank.example/", model, []string{"url"}},
		{"no host", "IDENTIFICATION", "https:///hooks", model, []string{"url"}},
		{"a port and no host", "IDENTIFICATION", "https://:443/hooks", model, []string{"url"}},
		{"relative", "IDENTIFICATION", "/hooks", model, []string{"url"}},
		{"no URL", "IDENTIFICATION", "hooks", model, []string{"url"}},
		{"opaque", "IDENTIFICATION", "https:bank.example", model, []string{"url"}},
		{"script", "IDENTIFICATION", "javascript:alert(1)", model, []string{"url"}},
		{"broken escape", "IDENTIFICATION", "https://bank.example/%zz", model, []string{"url"}},
		{"line break", "IDENTIFICATION", "https://bank.example/\r\nX: y", model, []string{"url"}},
		{"blank", "IDENTIFICATION", " https://bank.example/", model, []string{"url"}},
		{"long", "IDENTIFICATION", "https://bank.example/" + strings.Repeat("x", 2048), model, []string{"url"}},
		{"number", "IDENTIFICATION", 5, "type_error", []string{"url"}},
		{"URL missing", "IDENTIFICATION", nil, model, []string{"url"}},
		{"event missing", nil, gone.URL, model, []string{"event_type"}},
		{"both missing", nil, nil, model, []string{"event_type", "url"}},
		{"unknown event", "IDENTIFICATIONS", gone.URL, model, []string{"event_type"}},
		{"event in small letters", "identification", gone.URL, model, []string{"event_type"}},
		{"event of another type", []string{"IDENTIFICATION"}, gone.URL, "type_error", []string{"event_type"}},
		{"unknown event, unsafe URL", "X", "http://bank.example/", model, []string{"event_type"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := refused(t, with(t, l), 400, c.code, "POST", "/v1/webhooks", object{"event_type": c.event, "url": c.url})
			same(t, "sources", r.sources(), c.sources)
		})
	}
	if n := len(l.Array("/v1/webhooks")); n != 0 {
		t.Errorf("%d subscriptions came of it", n)
	}
}

func TestWebhookLifecycle(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	url, _ := callouts(t, 200)
	url += "/hooks?key=ä%20b"
	form, secretForm := regexp.MustCompile(`^[0-9a-f]{32}$`), regexp.MustCompile(`^[0-9a-f]{32}$`)
	body := object{"event_type": "PERSON_CHANGED", "url": url, "colour": "blue"}
	one, two := l.Call(201, "POST", "/v1/webhooks", body), l.Call(201, "POST", "/v1/webhooks", body)
	if one["id"] == two["id"] || one["secret"] == two["secret"] {
		t.Errorf("the same twice: %v %v", one, two)
	}
	for _, o := range []object{one, two} {
		if !form.MatchString(o["id"].(string)) || !secretForm.MatchString(o["secret"].(string)) || o["url"] != url || o["event_type"] != "PERSON_CHANGED" {
			t.Errorf("%v", o)
		}
		if files := atRest(t, l, o["secret"].(string)); len(files) > 0 {
			t.Errorf("the secret is in %v", files)
		}
	}
	same(t, "list", idsOf(l.Array("/v1/webhooks")), []string{one["id"].(string), two["id"].(string)})
	path := "/v1/webhooks/" + one["id"].(string)
	for _, o := range append(l.Array("/v1/webhooks"), l.Call(200, "GET", path, nil)) {
		if o["secret"] != nil || o["url"] != url {
			t.Errorf("%v", o)
		}
	}
	l.Call(204, "DELETE", path, nil)
	refused(t, l, 404, "model_not_found", "GET", path, nil)
	refused(t, l, 404, "model_not_found", "DELETE", path, nil)
	same(t, "list", idsOf(l.Array("/v1/webhooks")), []string{two["id"].(string)})
}

// TestWebhookEventTypes: every name of partner-api.md §5.7 may be subscribed to.
func TestWebhookEventTypes(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	url, seen := callouts(t, 200)
	for _, event := range kyc.EventTypes {
		l.Call(201, "POST", "/v1/webhooks", object{"event_type": event, "url": url})
	}
	if int(seen.Load()) != len(kyc.EventTypes) || len(kyc.EventTypes) < 80 {
		t.Errorf("%d callouts for %d events", seen.Load(), len(kyc.EventTypes))
	}
}
