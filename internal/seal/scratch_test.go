package seal_test

import (
	"bytes"
	"path/filepath"
	"runtime"
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
	onDisk, err := s.OnDisk()
	if err != nil || len(onDisk) != len(secret) || bytes.Contains(onDisk, []byte("passport")) {
		t.Errorf("%d bytes lie on the disk, %v", len(onDisk), err)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*")); runtime.GOOS != "windows" && (err != nil || len(files) != 0) {
		t.Errorf("a crash would leave %v: %v", files, err)
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
