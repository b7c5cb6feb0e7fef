package seal_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/seal"
)

var key = strings.Repeat("A", 43) + "="

// FuzzMasterKey: a key that is taken is 32 bytes, and opens what it sealed.
func FuzzMasterKey(f *testing.F) {
	for _, s := range []string{key, key + "\n", "", "c2hvcnQ=", strings.Repeat("A", 44), strings.Repeat("-", 43) + "=", "\ufeff" + key} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := seal.NewMaster(text)
		if err != nil {
			if len(strings.TrimSpace(text)) > 12 && strings.Contains(err.Error(), text) { // shorter ones may be words of ours
				t.Errorf("the error shows the key: %v", err)
			}
			return
		}
		if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err != nil || len(b) != 32 {
			t.Errorf("%q was taken: %d bytes, %v", text, len(b), err)
		}
		sealed, err := m.Seal([]byte("secret"), "a")
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := m.Open(sealed, "a"); err != nil || string(plain) != "secret" {
			t.Errorf("%q: %q %v", text, plain, err)
		}
	})
}

// FuzzOpen: nobody makes bytes that open without the key, and what was sealed
// comes back as it was, for its owner alone.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("a document"), "owner", []byte("forged"))
	f.Add([]byte{}, "", bytes.Repeat([]byte{0}, 100))
	master, err := seal.NewMaster(key)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := master.NewKey("owner")
	if err != nil {
		f.Fatal(err)
	}
	own, err := master.Key(sealed, "owner")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, plain []byte, about string, forged []byte) {
		made, err := own.Seal(plain, about)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := own.Open(made, about); err != nil || !bytes.Equal(back, plain) {
			t.Errorf("%q came back as %q: %v", plain, back, err)
		}
		if _, err := own.Open(made, about+"x"); err == nil {
			t.Errorf("%q opens for another owner", about)
		}
		if !bytes.Equal(forged, made) {
			if _, err := own.Open(forged, about); err == nil {
				t.Errorf("%q opens", forged)
			}
		}
		if _, err := master.Key(forged, about); err == nil {
			t.Errorf("%q is taken for a key", forged)
		}
	})
}

// FuzzScratch: what is written comes back from every place, and after a reset
// nothing of it does.
func FuzzScratch(f *testing.F) {
	f.Add([]byte("a large archive"), []byte("another"), uint16(3))
	f.Add(bytes.Repeat([]byte{0}, 100), []byte{}, uint16(17))
	s, err := seal.NewScratch()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, first, second []byte, off uint16) {
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
		for _, part := range [][]byte{first, second} {
			if _, err := s.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		all := append(append([]byte{}, first...), second...)
		if s.Size() != int64(len(all)) {
			t.Errorf("%d bytes, want %d", s.Size(), len(all))
		}
		from := min(int(off), len(all))
		got, err := io.ReadAll(io.NewSectionReader(s, int64(from), int64(len(all))))
		if err != nil || !bytes.Equal(got, all[from:]) {
			t.Errorf("from %d: %q, want %q: %v", from, got, all[from:], err)
		}
	})
}
