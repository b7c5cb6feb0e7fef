package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// askToken asks for a token as somebody behind a proxy.
func askToken(t *testing.T, l *testkit.Live, from, clientID, secret string) (int, http.Header, []byte) {
	t.Helper()
	return send(t, l, "POST", "/oauth2/token", "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded",
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(clientID+":"+secret)), "X-Forwarded-For", from)
}

// TestGuessersAreSlowed: a client that fails at one address has to wait there,
// whether it exists or not, and even with the right secret; at another address
// it is not held back.
func TestGuessersAreSlowed(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	id, secret := l.Partner.ClientID, l.Partner.ClientSecret
	for _, client := range []string{id, "nobody"} {
		for n := range 5 {
			if status, _, body := askToken(t, l, "203.0.113.7", client, "wrong"); status != 401 {
				t.Fatalf("failure %d: %d %s", n+1, status, body)
			}
		}
		for _, with := range []string{"wrong", secret} {
			status, h, body := askToken(t, l, "203.0.113.7", client, with)
			r := readRefusal(t, status, body)
			after, err := strconv.Atoi(h.Get("Retry-After"))
			if status != 429 || r.Code != "too_many_requests" || r.Error != "temporarily_unavailable" || err != nil || after < 1 {
				t.Fatalf("%d %v %s", status, h, body)
			}
		}
	}
	for from, want := range map[string]int{"203.0.113.8": 200, "2001:db8::1": 200, "198.51.100.1, 203.0.113.7": 429, "203.0.113.7, 198.51.100.1": 200, "nonsense": 200} {
		if status, _, body := askToken(t, l, from, id, secret); status != want {
			t.Errorf("from %s: %d %s", from, status, body)
		}
	}
}

// TestThrottle walks the paces on a clock of its own.
func TestThrottle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	address, elsewhere := netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("203.0.113.8/32")
	var s httpapi.Throttle
	var waits []time.Duration
	for range 16 {
		s.Failed(address, "a", now)
		wait := s.Ask(address, "a", now)
		waits = append(waits, wait)
		now = now.Add(wait) // as soon as it may
		if s.Ask(address, "a", now) != 0 {
			t.Fatal("the wait is not over")
		}
	}
	same(t, "waits", waits[:8], []time.Duration{0, 0, 0, 0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second})
	for _, w := range waits {
		if w > time.Minute {
			t.Errorf("%v", waits)
		}
	}
	s.Failed(address, "a", now)
	before := s.Ask(address, "a", now)
	for range 64 { // they were let in together
		s.Failed(address, "a", now)
	}
	if after := s.Ask(address, "a", now); after != before {
		t.Errorf("the wait grew from %v to %v", before, after)
	}
	if s.Ask(elsewhere, "a", now) != 0 || s.Ask(address, "b", now) != 0 {
		t.Error("another is held back")
	}
	s.Succeeded(address, "a")
	if s.Ask(address, "a", now) != 0 {
		t.Error("a success forgives")
	}
	// Many clients at one address: those who have a token go on, new ones wait.
	for n := range 100 {
		s.Failed(address, fmt.Sprint("guess-", n), now)
	}
	if s.Ask(address, "new", now) == 0 || s.Ask(address, "a", now) != 0 || s.Ask(elsewhere, "new", now) != 0 {
		t.Error("the address is slowed as a whole, but not for those it is known for")
	}
	now = now.Add(10 * time.Minute) // forgotten with time
	s.Failed(address, "new", now)
	if s.Ask(address, "newer", now) != 0 {
		t.Error("an address is slowed for ever")
	}
	// Nobody can make it grow.
	for n := range 30_000 {
		s.Failed(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 32), "a", now)
	}
	if n := s.Len(); n > 8192 {
		t.Errorf("%d are remembered", n)
	}
}

// TestClientAddress: only what trusted proxies wrote is believed.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		peer, want string
		forwarded  []string
	}{
		{"198.51.100.1", "198.51.100.1", []string{"1.2.3.4"}},
		{"10.0.0.1", "1.2.3.4", []string{"1.2.3.4"}},
		{"::ffff:10.0.0.1", "1.2.3.4", []string{"1.2.3.4"}},
		{"10.0.0.1", "1.2.3.4", []string{"9.9.9.9, 1.2.3.4, 10.0.0.2"}},
		{"10.0.0.1", "1.2.3.4", []string{"9.9.9.9", "1.2.3.4,fd00::2"}},
		{"10.0.0.1", "10.0.0.2", []string{"1.2.3.4, nonsense, 10.0.0.2"}},
		{"10.0.0.1", "1.2.3.4", []string{"9.9.9.9:1, 1.2.3.4:50123"}},
		{"10.0.0.1", "2001:db8::1", []string{"[2001:db8::1]:443"}},
		{"10.0.0.1", "10.0.0.1", nil},
		{"10.0.0.1", "10.0.0.1", []string{""}},
		{"fd00::1%eth0", "2001:db8::1", []string{"2001:db8::1"}},
	} {
		if got := httpapi.ClientAddress(netip.MustParseAddr(c.peer), c.forwarded, trusted); got.String() != c.want {
			t.Errorf("%v: %s, want %s", c, got, c.want)
		}
	}
}

// TestConcurrentCalls: a partner has so many calls under way and no more; others
// are not concerned, and a place is free again however a call ended.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url, func(o *sandbox.Options) { o.MaxConcurrent = 2 })
		other := newPartner(t, l, flow.NewPartner{Name: "Other Bank"})
		r := testkit.NewReceiver(t)
		r.Hold() // verification callouts, so that calls take long
		var calls sync.WaitGroup
		for range 2 {
			calls.Go(func() {
				if status, _, body := l.Do("POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": r.URL}); status != 201 {
					t.Errorf("%d %s", status, body)
				}
			})
		}
		r.Held(2)
		status, h, body := l.Do("GET", "/v1/persons", nil)
		var e object
		if err := json.Unmarshal(body, &e); err != nil || status != 429 || h.Get("Retry-After") != "1" || e["code"] != "too_many_requests" {
			t.Errorf("%d %v %s", status, h, body)
		}
		other.Array("/v1/persons")                            // another partner
		refused(t, other, 404, "not_found", "GET", "/x", nil) // and what ends in an error
		l.TokenOf(l.Partner.ClientID, l.Partner.ClientSecret)
		l.Call(200, "GET", "/sandbox/clock", nil) // open routes do not count
		r.Release()
		calls.Wait()
		for range 5 {
			l.Array("/v1/persons")
			refused(t, l, 404, "model_not_found", "GET", "/v1/persons/nobody", nil)
		}
	})
}

// FuzzClientAddress: whatever a client writes into the header, a peer that is
// not trusted is believed nothing, and a trusted one names an address or itself.
func FuzzClientAddress(f *testing.F) {
	for _, s := range []string{"", "1.2.3.4", "1.2.3.4, 10.0.0.1", "fe80::1%eth0", ",,,", "::ffff:10.0.0.1", strings.Repeat("10.0.0.1,", 99)} {
		f.Add(s)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, header string) {
		stranger := netip.MustParseAddr("198.51.100.1")
		if got := httpapi.ClientAddress(stranger, []string{header}, trusted); got != stranger {
			t.Errorf("%q made a stranger %s", header, got)
		}
		if got := httpapi.ClientAddress(netip.MustParseAddr("10.0.0.1"), []string{header}, trusted); !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q made %s", header, got)
		}
	})
}
