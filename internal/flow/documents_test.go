package flow_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit"
)

// blobs lists the files of the document folder and makes them look old.
func blobs(t *testing.T, l *testkit.Live) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(l.Options.Data, "documents"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		paths = append(paths, path)
		old := time.Now().Add(-2 * time.Hour)
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestSealed: nothing that lies in the folder can be read without a key.
func TestSealed(t *testing.T) {
	l := testkit.Start(t, "")
	l.Identify("X-AUTOTEST-HAPPYPATH")
	l.Advance("5m")
	paths := blobs(t, l)
	if len(paths) != 6 { // five documents and the provider's archive
		t.Fatalf("%d files", len(paths))
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, plain := range []string{"%PDF", "JFIF", "RIFF", "PK\x03\x04", "HAPPYPATH"} {
			if bytes.Contains(b, []byte(plain)) {
				t.Errorf("%s shows %q", filepath.Base(path), plain)
			}
		}
	}
}

// TestSweep: bytes that no row names go, the others stay.
func TestSweep(t *testing.T) {
	l := testkit.Start(t, "")
	ident := l.Identify("X-AUTOTEST-HAPPYPATH")
	l.Advance("5m")
	folder := filepath.Join(l.Options.Data, "documents")
	orphan := filepath.Join(folder, "ab", "ab"+strings.Repeat("0", 62))
	half := filepath.Join(folder, "new", "half-written")
	for _, path := range []string{orphan, half} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("lost"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := blobs(t, l)
	l.Advance("25h")
	if after := blobs(t, l); len(after) != len(before)-2 {
		t.Errorf("%d files before, %d after the sweep; want two less", len(before), len(after))
	}
	for _, path := range []string{orphan, half} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, d := range l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any) {
		person := filepath.Dir(filepath.Dir(ident))
		if status, _, _ := l.Do("GET", person+"/documents/"+d.(testkit.Object)["id"].(string)+"/file", nil); status != 200 {
			t.Errorf("%v: %d", d, status)
		}
	}
}
