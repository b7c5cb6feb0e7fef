// Package blobtest is the contract of blob.Store.
package blobtest

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/identikit/identikit/internal/blob"
	"github.com/identikit/identikit/internal/clock"
)

// Run holds the store to the contract.
func Run(t *testing.T, s blob.Store) {
	ctx := t.Context()
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	names := map[string][]byte{}
	for _, content := range [][]byte{{}, []byte("hello"), large} {
		name, err := s.Put(ctx, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Put(ctx, bytes.NewReader(content))
		if err != nil || again != name {
			t.Errorf("the same bytes twice: %s and %s, %v", name, again, err)
		}
		names[name] = content
	}
	for name, want := range names {
		r, err := s.Get(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back as %d, %v", len(want), len(got), err)
		}
	}
	broken := errors.New("broken")
	if _, err := s.Put(ctx, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
	for _, name := range []string{strings.Repeat("0", 64), "../../etc/passwd", ""} {
		if _, err := s.Get(ctx, name); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Get(%q): %v", name, err)
		}
		if err := s.Delete(ctx, name); err != nil {
			t.Errorf("Delete(%q): %v", name, err)
		}
	}
	seen := 0
	each := func(before time.Time) error {
		return s.Each(ctx, before, func(name string) error {
			if _, ok := names[name]; !ok {
				t.Errorf("Each: %q is none of ours", name)
			}
			seen++
			return s.Delete(ctx, name)
		})
	}
	if err := each(time.Unix(0, 0)); err != nil || seen != 0 {
		t.Errorf("Each saw %d that are younger, %v", seen, err)
	}
	if err := each(clock.Real{}.Now().Add(time.Hour)); err != nil || seen != len(names) {
		t.Errorf("Each saw %d of %d, %v", seen, len(names), err)
	}
	for name := range names {
		if _, err := s.Get(ctx, name); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("deleted, yet %v", err)
		}
	}
}
