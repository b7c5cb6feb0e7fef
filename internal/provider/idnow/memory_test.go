package idnow_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/seal"
)

// mostHeld is what the adapter may hold of an archive, whatever its size.
const mostHeld = 8 << 20

// gauge looks now and then at how much memory is in use.
type gauge struct {
	provider.Scratch
	before, most uint64
	passed       int
	drop         bool // what is written, from now on
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Write implements io.Writer.
func (g *gauge) Write(p []byte) (int, error) {
	if g.passed += len(p); g.passed >= 2<<20 {
		g.passed = 0
		g.most = max(g.most, inUse())
	}
	if g.drop {
		return len(p), nil
	}
	return g.Scratch.Write(p)
}

// largeArchive writes an archive of about 16 MiB to the disk, in which lie a
// film that cannot be packed and one that can, 40 MiB unpacked.
func largeArchive(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "large.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	noise := rand.NewChaCha8([32]byte{})
	for _, file := range []struct {
		name   string
		method uint16
		size   int64
		from   io.Reader
	}{
		{ident + "_videolog.mp4", zip.Store, 16 << 20, noise},
		{ident + "_userface.jpg", zip.Deflate, 24 << 20, zeros{}},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: file.name, Method: file.method})
		if err == nil {
			_, err = io.CopyN(w, file.from, file.size)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestArchiveMemory: an archive passes through the adapter a piece at a time,
// while it is downloaded and while its files are read.
func TestArchiveMemory(t *testing.T) {
	large := largeArchive(t)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/bank/login", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, bytes.NewReader([]byte(`{"authToken":"t"}`)))
	})
	mux.HandleFunc("GET /api/v1/bank/identifications/"+ident+".zip", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, large) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	a := idnow.New(idnow.Config{GatewayURL: srv.URL, GoURL: srv.URL, CompanyID: "bank", APIKey: "key", HTTP: srv.Client(), Wall: clock.Real{}})
	scratch, err := seal.NewScratch()
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()

	g := &gauge{Scratch: scratch, before: inUse()}
	files, err := a.Archiver.Archive(t.Context(), ident, g)
	if err != nil || len(files) != 2 || scratch.Size() < 16<<20 {
		t.Fatalf("%d files, %d bytes, %v", len(files), scratch.Size(), err)
	}
	if g.most == 0 || g.most > g.before+mostHeld {
		t.Errorf("while it was downloaded %d KiB were in use, %d before", g.most>>10, g.before>>10)
	}
	g.most, g.drop = 0, true
	for _, file := range files {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(g, r); err != nil || n < 16<<20 {
			t.Errorf("%s: %d bytes, %v", file.Name, n, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if g.most == 0 || g.most > g.before+mostHeld {
		t.Errorf("while its files were read %d KiB were in use, %d before", g.most>>10, g.before>>10)
	}
}
