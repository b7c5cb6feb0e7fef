package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/identikit/identikit/internal/seal"
)

func master(t *testing.T) *seal.Master {
	t.Helper()
	m, err := seal.MasterFromFile(filepath.Join(t.TempDir(), "key"), true)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestKey(t *testing.T) {
	m := master(t)
	sealed, err := m.NewKey("anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Key(sealed, "ben"); err == nil {
		t.Error("ben's key opened with anna's")
	}
	if _, err := master(t).Key(sealed, "anna"); err == nil {
		t.Error("opened under another master key")
	}
	key, err := m.Key(sealed, "anna")
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range [][]byte{nil, []byte("passport"), bytes.Repeat([]byte("x"), 300_000)} {
		b, err := key.Seal(plain, "doc")
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) > 0 && bytes.Contains(b, plain[:min(len(plain), 8)]) {
			t.Error("sealed bytes show the plain ones")
		}
		got, err := key.Open(b, "doc")
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes came back as %d, %v", len(plain), len(got), err)
		}
		if _, err := key.Open(b, "other"); err == nil {
			t.Error("opened as something else")
		}
		b[len(b)-1] ^= 1
		if _, err := key.Open(b, "doc"); err == nil {
			t.Error("a changed byte went unseen")
		}
	}
}

func TestMasterFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := seal.MasterFromFile(path, false); err == nil {
		t.Error("a missing key was no error")
	}
	if _, err := seal.MasterFromFile(path, true); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := seal.NewMaster("c2hvcnQ="); err == nil {
		t.Error("a short key was accepted")
	}
}

// TestDigest: the same bytes have the same digest under one key for one purpose,
// and under no other.
func TestDigest(t *testing.T) {
	m := master(t)
	key := func(owner string) *seal.Key {
		sealed, err := m.NewKey(owner)
		if err != nil {
			t.Fatal(err)
		}
		k, err := m.Key(sealed, owner)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	anna, ben := key("anna"), key("ben")
	seen := map[string]bool{}
	for _, c := range []struct {
		key        *seal.Key
		sum, about string
		again      bool
	}{{anna, "sum", "a", false}, {anna, "sum", "a", true}, {anna, "other", "a", false}, {anna, "sum", "b", false}, {ben, "sum", "a", false}} {
		d, err := c.key.Digest([]byte(c.sum), c.about)
		if err != nil || len(d) != 32 || seen[string(d)] != c.again {
			t.Errorf("%+v: %x, seen %t, %v", c, d, seen[string(d)], err)
		}
		seen[string(d)] = true
	}
}
