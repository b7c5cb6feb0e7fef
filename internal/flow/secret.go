package flow

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"runtime"

	"github.com/identikit/identikit/internal/id"
)

// An identification secret is chosen by people, so it is stored under a salt and
// a slow hash: saltSize bytes of salt, then the hash.
const (
	saltSize = 32
	rounds   = 100_000
)

// HashSecret returns the stored form of an identification secret.
func HashSecret(secret string) ([]byte, error) {
	return saltedHash(secret, []byte(id.Secret()))
}

func saltedHash(secret string, salt []byte) ([]byte, error) {
	hash, err := pbkdf2.Key(sha256.New, secret, salt, rounds, sha256.Size)
	return append(append([]byte{}, salt...), hash...), err
}

// slowHashes lets half of the processors hash at a time: whoever guesses secrets
// must not take the time of all others.
var slowHashes = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// sameSecret compares in constant time. It fails only if ctx ends first.
func sameSecret(ctx context.Context, secret string, stored []byte) (bool, error) {
	if len(stored) != saltSize+sha256.Size {
		return false, nil
	}
	select {
	case slowHashes <- struct{}{}:
		defer func() { <-slowHashes }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	given, err := saltedHash(secret, stored[:saltSize])
	return err == nil && subtle.ConstantTimeCompare(given, stored) == 1, err
}
