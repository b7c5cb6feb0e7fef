// Package id makes identifiers: 32 lower-case hex characters and a suffix that
// names the kind of thing (partner-api.md §2.1). Random in production, a fixed
// sequence in a sandbox that was given a seed. It knows nothing else.
package id

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/big"
)

// Suffixes of the identifiers that identikit gives out.
const (
	Person         = "cper"
	Identification = "cidt"
	Document       = "cdoc"
	ChangeRequest  = "csc"
	MobileNumber   = "cmno"
	Tax            = "ctin"
	Origination    = "bio"
	ESigning       = "csig"
	Consent        = "dcon"
	DeviceActivity = "dact"
	TermsEvent     = "tcev"
	Plain          = "" // webhooks, notifications: no suffix
)

// Random returns a new identifier with the suffix.
func Random(suffix string) string { return Secret() + suffix }

// Secret returns 128 random bits as 32 hex characters.
func Secret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (documented since Go 1.24)
	return hex.EncodeToString(b[:])
}

// Token returns 256 random bits as 64 hex characters: for bearer tokens.
func Token() string { return Secret() + Secret() }

// Digits returns n random decimal digits.
func Digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		d, err := rand.Int(rand.Reader, big.NewInt(10))
		if err != nil {
			panic(err) // the source of chance never fails (documented since Go 1.24)
		}
		b[i] = '0' + byte(d.Int64())
	}
	return string(b)
}

// Seeded returns the n-th identifier of the suffix's own sequence.
func Seeded(seed []byte, suffix string, n int64) string {
	mac := hmac.New(sha256.New, seed)
	mac.Write([]byte(suffix))
	mac.Write([]byte{0})
	_ = binary.Write(mac, binary.BigEndian, n)
	return hex.EncodeToString(mac.Sum(nil)[:16]) + suffix
}

// UUID returns a random UUID (version 4): the form of error and request ids.
func UUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := make([]byte, 0, 36)
	for _, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if len(text) > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}

// Jitter returns a random factor between 1-spread and 1+spread.
func Jitter(spread float64) float64 {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<30))
	if err != nil {
		return 1
	}
	return 1 - spread + 2*spread*float64(n.Int64())/(1<<30)
}
