package crashtest

import (
	"slices"
	"sync"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
)

// ledger is what the customers sent and what was acknowledged. Whatever was
// sent is written down before, with the ids of the requests, by which it is
// found in the history.
type ledger struct {
	mu       sync.Mutex
	partner  sandbox.Credentials // of the load
	token    string              // the newest
	tokens   []issued            // since the last crash
	persons  []*person
	papers   []*paper
	hooks    []*hook
	acks     map[string]int // acknowledged writes by kind
	losses   int
	clock    string          // the latest time that a move of the clock was answered with
	tick     int             // counts what happens, for "before" and "after"
	issued   map[string]bool // every request id
	provoked map[string]bool // keys of jobs that a scene put in
}

// issued is a token, and the time on the sandbox's clock at which it was not
// issued yet.
type issued struct{ token, after string }

// person is a person that a customer sent, with everything of theirs.
type person struct {
	marker string // the last name, unlike any other
	owner  sandbox.Credentials
	sent   []string // request ids
	id     string   // empty until acknowledged
	key    string   // of the requests that created it
	body   string   // the answer

	patches []string // request ids
	patched bool     // acknowledged
	fixed   object   // what the answers said of fields that nobody else changes
	idents  []*ident

	erasing  bool   // somebody has begun to erase it: from now on it may be gone
	phone    string // the mobile number that was acknowledged and is not being removed
	verified bool

	tax object // the numbers of tax identifications that were acknowledged, by id
}

// ident is an identification.
type ident struct {
	person *person
	method kyc.Method
	driver string // the client that made it

	resumed bool // it is at its end, see resumeBankident
	sent    []string
	id      string
	key     string
	begun   int // tick at which it was first sent

	requests  []string          // request ids
	requested bool              // a request was acknowledged with pending
	link      string            // the url that it was acknowledged with
	seen      []string          // statuses in the order of the answers
	results   int               // acknowledged results
	documents map[string]string // id → SHA-256 of the file as it was downloaded
}

// hook is a subscription.
type hook struct {
	id, secret, event string
	path              string // at the receiver, unlike any other
	owner             string // the client
	partner           sandbox.Credentials
	acked             int // tick of the acknowledgement; 0: none
	dropping          int // tick at which its deletion was first sent; 0: never
	dropped           bool
	always            bool // it is there from before the load to the end
}

// acknowledge counts an acknowledged write.
func (l *ledger) acknowledge(kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks[kind]++
}

// next is the next tick.
func (l *ledger) next() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tick++
	return l.tick
}

// note changes something in the ledger.
func (l *ledger) note(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
}

// acknowledged is how many writes were acknowledged.
func (l *ledger) acknowledged() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, some := range l.acks {
		n += some
	}
	return n
}

// lost is how many losses were reported.
func (l *ledger) lost() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.losses
}

// all lists the persons and their identifications, acknowledged or not, but for
// those that are being erased.
func (l *ledger) all() (persons []*person, idents []*ident) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.persons {
		if !p.erasing {
			persons = append(persons, p)
			idents = append(idents, p.idents...)
		}
	}
	return persons, idents
}

// erasing is how many persons and identifications are being erased.
func (l *ledger) erasing() (persons, idents int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.persons {
		if p.erasing {
			persons, idents = persons+1, idents+len(p.idents)
		}
	}
	return persons, idents
}

// ours tells whether the path is of a subscription of the partner whom the load is of.
func (l *ledger) ours(path string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.hooks, func(h *hook) bool { return h.path == path && h.partner == l.partner })
}

// subscriptions lists the hooks.
func (l *ledger) subscriptions() []*hook {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*hook(nil), l.hooks...)
}
