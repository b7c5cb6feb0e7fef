package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// What one request may make the server hold. What needs no token may hold
// little; what is large waits for one of a few slots, however many ask at once.
const (
	maxBody  = 1 << 20 // bytes of JSON
	maxForm  = 8 << 10 // bytes at the token endpoints, where nobody has shown a token yet
	maxDepth = 32      // objects and lists within each other
	maxParts = 4096    // members and items in a body: each costs many times its bytes once decoded

	smallBody    = 64 << 10         // larger ones need a slot
	largeBodies  = 8                // slots
	largeBodyFor = 10 * time.Second // how long a body with a slot may take to come
)

var (
	errTooLarge    = kyc.Fail(tooLarge, "payload_too_large", "The body is larger than 1 MiB.")
	errFormTooLong = kyc.Fail(tooLarge, "payload_too_large", "The body is larger than 8 KiB.")
	errUnreadable  = kyc.Fail(kyc.Invalid, "invalid_json", "The body could not be read to its end.")
	errIntricate   = kyc.Fail(kyc.Invalid, "invalid_json", "The body holds more than %d members and items, or nests them deeper than %d.", maxParts, maxDepth)
)

// slots are the places for large bodies, or for uploads. One partner may hold a
// part of them, so that the others get on.
type slots struct {
	all  chan struct{}
	each int
	of   sync.Map // a partner's share: partner → chan struct{}
}

func newSlots(all, each int) *slots { return &slots{all: make(chan struct{}, all), each: each} }

func (s *slots) share(partnerID string) chan struct{} {
	share, ok := s.of.Load(partnerID)
	if !ok {
		share, _ = s.of.LoadOrStore(partnerID, make(chan struct{}, s.each))
	}
	return share.(chan struct{})
}

// kept is a body that was read already.
type kept struct {
	io.Reader
	bytes []byte
}

func (kept) Close() error { return nil }

// body reads the request's bytes, once, and at most so many.
func body(c *call, most int64) ([]byte, error) {
	if again, ok := c.Body.(kept); ok {
		return again.bytes, nil
	}
	r := http.MaxBytesReader(c.ResponseWriter, c.Body, most)
	b, err := io.ReadAll(io.LimitReader(r, smallBody))
	if err == nil && len(b) == smallBody {
		b, err = readLarge(c, b, r)
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large) && most == maxForm:
		return nil, errFormTooLong
	case errors.As(err, &large):
		return nil, errTooLarge
	case err != nil:
		return nil, errUnreadable
	}
	c.Body = kept{bytes.NewReader(b), b}
	return b, nil
}

// readLarge reads the rest of a large body. The slot is the request's until it
// is answered; a client that is slow loses it.
func readLarge(c *call, head []byte, r io.Reader) ([]byte, error) {
	if err := c.takeSlot(); err != nil {
		return nil, err
	}
	conn := http.NewResponseController(c)
	if err := conn.SetReadDeadline(c.wall.Now().Add(largeBodyFor)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	b := bytes.NewBuffer(make([]byte, 0, max(2*smallBody, min(c.ContentLength, maxBody)+bytes.MinRead)))
	b.Write(head)
	if _, err := b.ReadFrom(r); err != nil {
		return nil, err
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return b.Bytes(), nil
}

func (c *call) takeSlot() error {
	share := c.slots.share(c.partnerID)
	for _, place := range []chan struct{}{share, c.slots.all} {
		select {
		case place <- struct{}{}:
			c.places = append(c.places, place)
		case <-c.Context().Done():
			return c.Context().Err()
		}
	}
	return nil
}

// trySlot takes a slot if there is one.
func (c *call) trySlot(from *slots) bool {
	share := from.share(c.partnerID)
	for _, place := range []chan struct{}{share, from.all} {
		select {
		case place <- struct{}{}:
			c.places = append(c.places, place)
		default:
			return false // the answer gives back what was taken
		}
	}
	return true
}

// freeSlot gives the slot back, if there is one.
func (c *call) freeSlot() {
	for _, place := range c.places {
		<-place
	}
	c.places = nil
}

// intricate tells whether JSON has more parts than a request of ours can need.
// It counts before anything is built of them.
func intricate(b []byte) bool {
	depth, parts, text := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			depth++
			parts++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			parts++
		}
		if depth > maxDepth || parts > maxParts {
			return true
		}
	}
	return false
}
