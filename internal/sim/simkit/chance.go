package simkit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Now is the real time, for simulators that nobody gave a clock.
func Now() time.Time { return time.Now() }

// Wait returns when d of real time has passed, wake delivers or ctx ends, whichever is first.
func Wait(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}

// UUID is a new random identifier (RFC 9562, version 4).
func UUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand.Read ends the process instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Digits is a new random number of exactly n decimal digits, the first of them not 0.
func Digits(n int) string {
	out := make([]byte, n)
	rand.Read(out)
	for i, b := range out {
		out[i] = '0' + b%10
	}
	if n > 0 && out[0] == '0' {
		out[0] = '1'
	}
	return string(out)
}

// Fate is chance that can be repeated: 32 bytes decided by the seed and by what they are for, with no position in a
// sequence to keep.
type Fate [sha256.Size]byte

// Decide gives the fate of one subject (a transaction number, say) for one purpose.
func Decide(seed []byte, subject, purpose string) Fate {
	mac := hmac.New(sha256.New, seed)
	fmt.Fprintf(mac, "%d:%s:%s", len(subject), subject, purpose)
	return Fate(mac.Sum(nil))
}

// Between is a duration from low to high, both included, in whole milliseconds.
func (f Fate) Between(low, high time.Duration) time.Duration {
	steps := uint64((high-low)/time.Millisecond) + 1
	return low + time.Duration(f.number()%steps)*time.Millisecond
}

// Upto is a number from 0 to n-1.
func (f Fate) Upto(n int) int { return int(f.number() % uint64(n)) }

// Letters is n (at most 32) characters of the alphabet.
func (f Fate) Letters(n int, alphabet string) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[int(f[i])%len(alphabet)]
	}
	return string(out)
}

func (f Fate) number() uint64 { return binary.BigEndian.Uint64(f[:8]) }
