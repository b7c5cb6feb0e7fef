// Package seal keeps bytes unreadable without a key: one master key per
// installation, one key per person that the master key seals. Whoever destroys
// a person's key has destroyed every copy of what it sealed (rulings §6).
//
// It knows keys and bytes, nothing of persons or files. See docs/adr/0005.
package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	streaming "github.com/tink-crypto/tink-go/v2/streamingaead/subtle"
)

// keySize is the size of every key: 256 bits.
const keySize = 32

// segment is how many bytes are sealed and authenticated at a time, so that a
// large file can be read from the start before its end was seen.
const segment = 64 << 10

// Master seals the keys of persons and other small secrets.
type Master struct{ aead *subtle.AESGCM }

// NewMaster takes a key of 32 bytes in base64, as `openssl rand -base64 32` makes it.
func NewMaster(encoded string) (*Master, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || len(key) != keySize {
		return nil, errors.New("the master key must be 32 bytes in base64: make one with `openssl rand -base64 32`")
	}
	aead, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Master{aead}, nil
}

// MasterFromFile reads the master key from a file. With create, a missing file
// is made with a new key and mode 0600.
func MasterFromFile(path string, create bool) (*Master, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && create {
		text = []byte(base64.StdEncoding.EncodeToString(newKey()) + "\n")
		err = write(path, text)
	}
	if err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	return NewMaster(string(text))
}

// write makes a file of mode 0600 that has reached the disk, all of it or none:
// what it will seal must not outlive it.
func write(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func newKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails (documented since Go 1.24)
	return key
}

// Seal seals a small secret. about says what it is for; Open needs the same.
func (m *Master) Seal(secret []byte, about string) ([]byte, error) {
	return m.aead.Encrypt(secret, []byte(about))
}

// Open opens what Seal made.
func (m *Master) Open(sealed []byte, about string) ([]byte, error) {
	secret, err := m.aead.Decrypt(sealed, []byte(about))
	if err != nil {
		return nil, fmt.Errorf("seal: cannot open %s: is this the master key it was sealed with?", about)
	}
	return secret, nil
}

// NewKey makes a key for the owner (a person's id) and returns it sealed.
func (m *Master) NewKey(owner string) ([]byte, error) { return m.Seal(newKey(), "key of "+owner) }

// Key opens a sealed key.
func (m *Master) Key(sealed []byte, owner string) (*Key, error) {
	key, err := m.Open(sealed, "key of "+owner)
	if err != nil {
		return nil, err
	}
	stream, err := streaming.NewAESGCMHKDF(key, "SHA256", keySize, segment, 0)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Key{stream, key}, nil
}

// Key seals the bytes of one owner.
type Key struct {
	stream *streaming.AESGCMHKDF
	secret []byte
}

// Digest tells the same bytes again, by their SHA-256. Without the key nobody can
// tell whether it is that of a file which they have. about says what it is for.
func (k *Key) Digest(sum []byte, about string) ([]byte, error) {
	own, err := hkdf.Key(sha256.New, k.secret, nil, "digest of "+about, keySize)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	mac := hmac.New(sha256.New, own)
	mac.Write(sum)
	return mac.Sum(nil), nil
}

// Writer seals what is written to it; Close ends the sealing, not w.
func (k *Key) Writer(w io.Writer, about string) (io.WriteCloser, error) {
	return k.stream.NewEncryptingWriter(w, []byte(about))
}

// Reader opens what Writer sealed. It fails at the first changed byte.
func (k *Key) Reader(r io.Reader, about string) (io.Reader, error) {
	return k.stream.NewDecryptingReader(r, []byte(about))
}

// Seal seals bytes in one go.
func (k *Key) Seal(plain []byte, about string) ([]byte, error) {
	var b bytes.Buffer
	w, err := k.Writer(&b, about)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Open opens what Seal made.
func (k *Key) Open(sealed []byte, about string) ([]byte, error) {
	r, err := k.Reader(bytes.NewReader(sealed), about)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
