package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/identikit/identikit/internal/seal"
)

// TestScratch: the disk never holds what was written in plain, and nothing is
// left after the end.
func TestScratch(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := seal.NewScratch()
	if err != nil {
		t.Fatal(err)
	}
	secret := bytes.Repeat([]byte("a passport"), 100)
	if _, err := s.Write(secret); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	onDisk, err := os.ReadFile(files[0])
	if err != nil || len(onDisk) != len(secret) || bytes.Contains(onDisk, []byte("passport")) {
		t.Errorf("%d bytes lie on the disk, %v", len(onDisk), err)
	}
	if err := s.Reset(); err != nil || s.Size() != 0 {
		t.Errorf("%d bytes after the reset, %v", s.Size(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(files) != 0 {
		t.Errorf("%v is left: %v", files, err)
	}
}
