package httpapi

import (
	linked "container/list"
	"crypto/sha256"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// DefaultConcurrent is how many calls a partner may have under way at a time.
const DefaultConcurrent = 255

// busy counts the calls that each partner has under way on this node.
type busy struct {
	most int64
	of   sync.Map // partner → *atomic.Int64; partners are few and stay
}

// enter counts a call; false if the partner has as many as it may.
func (b *busy) enter(partnerID string) (*atomic.Int64, bool) {
	n, ok := b.of.Load(partnerID)
	if !ok {
		n, _ = b.of.LoadOrStore(partnerID, new(atomic.Int64))
	}
	count := n.(*atomic.Int64)
	if count.Add(1) > b.most {
		count.Add(-1)
		return nil, false
	}
	return count, true
}

// errBusy says what is the matter and when to come back.
func (b *busy) errBusy() error {
	e := kyc.Fail(kyc.TooMany, "too_many_requests",
		"You have %d calls under way, which is as many as a partner may have at a time. Wait for one of them, then repeat this one.", b.most)
	e.RetryAfter = time.Second
	return e
}

// How failed requests for tokens are slowed. A client at an address may fail a
// few times in a row; then each failure doubles how long it has to wait. An
// address may fail more often in all, for others can be behind it, and whoever
// has been given a token from there is not held back by what the others do. A
// client is never slowed by failures from other addresses: else anybody could
// lock it out.
var (
	perClient  = pace{free: 5, longest: time.Minute, forgets: time.Minute}
	perAddress = pace{free: 100, longest: time.Minute, forgets: 5 * time.Second}
)

const (
	firstWait = time.Second
	// remembered is how many failing or known parties are kept in mind; beyond it
	// those that were heard of longest ago are forgotten.
	remembered = 8192
)

// pace is how failures are answered.
type pace struct {
	free    int           // so many cost nothing
	longest time.Duration // no wait is longer
	forgets time.Duration // in each such time one is forgotten
}

// wait is how long nothing is tried after the n-th failure.
func (p pace) wait(n int) time.Duration {
	if n < p.free {
		return 0
	}
	return kyc.Backoff(n-p.free, firstWait, p.longest)
}

// party is who asks for a token: a client at an address, or all of an address.
type party struct {
	address netip.Prefix
	client  [16]byte // of the hash of its id; zero: the address as a whole
}

// record is what is known of a party.
type record struct {
	party
	failures int
	last     time.Time // of the last failure
	welcome  bool      // it was given a token, and has not failed since
}

// throttle slows those who guess client secrets. It runs on the machine's time.
type throttle struct {
	mu      sync.Mutex
	records map[party]*linked.Element // of *record
	order   linked.List               // the longest unheard-of first
}

func partiesOf(address netip.Prefix, clientID string) (client, whole party) {
	hash := sha256.Sum256([]byte(clientID))
	return party{address, [16]byte(hash[:16])}, party{address: address}
}

// ask says whether a client may try, or how long it has to wait.
func (t *throttle) ask(address netip.Prefix, clientID string, now time.Time) (wait time.Duration) {
	client, whole := partiesOf(address, clientID)
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.known(client)
	if known != nil {
		wait = perClient.left(known, now)
	}
	if all := t.known(whole); all != nil && (known == nil || !known.welcome) {
		wait = max(wait, perAddress.left(all, now))
	}
	return wait
}

// left is how long is still to wait.
func (p pace) left(r *record, now time.Time) time.Duration {
	until := r.last.Add(p.wait(r.failures))
	return max(0, until.Sub(now))
}

// failed counts a wrong secret.
func (t *throttle) failed(address netip.Prefix, clientID string, now time.Time) {
	client, whole := partiesOf(address, clientID)
	t.mu.Lock()
	defer t.mu.Unlock()
	perClient.count(t.keep(client), now)
	perAddress.count(t.keep(whole), now)
}

// count counts a failure. Those that were let in together, before the first of
// them had failed, count once when they go beyond what is free.
func (p pace) count(r *record, now time.Time) {
	if p.left(r, now) > 0 {
		return
	}
	if !r.last.IsZero() {
		r.failures = max(0, r.failures-int(max(0, now.Sub(r.last))/p.forgets))
	}
	r.failures = min(r.failures+1, p.free+10) // so that it can be lived down
	r.last, r.welcome = now, false
}

// succeeded forgives the client its failures and remembers it well.
func (t *throttle) succeeded(address netip.Prefix, clientID string) {
	client, _ := partiesOf(address, clientID)
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.keep(client)
	r.failures, r.last, r.welcome = 0, time.Time{}, true
}

func (t *throttle) known(p party) *record {
	if e := t.records[p]; e != nil {
		return e.Value.(*record)
	}
	return nil
}

// keep returns the party's record, made if need be, as the one heard of last.
func (t *throttle) keep(p party) *record {
	if e := t.records[p]; e != nil {
		t.order.MoveToBack(e)
		return e.Value.(*record)
	}
	if t.records == nil {
		t.records = map[party]*linked.Element{}
	}
	if len(t.records) >= remembered {
		oldest := t.order.Remove(t.order.Front()).(*record)
		delete(t.records, oldest.party)
	}
	r := &record{party: p}
	t.records[p] = t.order.PushBack(r)
	return r
}

// errSlowed says how long to wait.
func errSlowed(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	e := kyc.Fail(kyc.TooMany, "too_many_requests",
		"Too many requests for a token failed from your address. Check the client id and the client secret, and try again in %d s.", seconds)
	e.RetryAfter = wait
	return e
}

// addressOf is where a request comes from: the peer, or what trusted proxies say
// of it. Of IPv6 it is the network of 64 bits, which is what one subscriber has.
func (s *Server) addressOf(r *http.Request) netip.Prefix {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{} // no network: a test
	}
	a := clientAddress(peer.Addr(), r.Header.Values("X-Forwarded-For"), s.proxies)
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a, bits).Masked()
}

// clientAddress walks X-Forwarded-For from its end, where the proxy next to us
// wrote, as far as it was written by proxies that are trusted. What comes before
// may be anybody's invention.
func clientAddress(peer netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	at := plainAddress(peer)
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for n := len(hops) - 1; n >= 0 && within(trusted, at); n-- {
		before, ok := hop(strings.TrimSpace(hops[n]))
		if !ok {
			break
		}
		at = plainAddress(before)
	}
	return at
}

// hop reads what a proxy wrote. Some write the port too: without it, all who
// come by them would be one client, whom each of them could have slowed.
func hop(s string) (netip.Addr, bool) {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr(), true
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

func plainAddress(a netip.Addr) netip.Addr { return a.WithZone("").Unmap() }

func within(all []netip.Prefix, a netip.Addr) bool {
	for _, p := range all {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
