package flow

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"

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

// sameSecret compares in constant time.
func sameSecret(secret string, stored []byte) bool {
	if len(stored) != saltSize+sha256.Size {
		return false
	}
	given, err := saltedHash(secret, stored[:saltSize])
	return err == nil && subtle.ConstantTimeCompare(given, stored) == 1
}
