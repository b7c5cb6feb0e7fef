//go:build crashpoints

package crash

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/identikit/identikit/internal/blob"
	"github.com/identikit/identikit/internal/kyc"
)

const (
	// atVariable arms one point: "before flow.(*Service).accepted:296", or with
	// "#3" behind it the third time that it is passed.
	atVariable = "IDENTIKIT_CRASH_AT"
	// traceVariable names a file to which every point that is passed is appended,
	// and "killed at " with the armed one.
	traceVariable = "IDENTIKIT_CRASH_TRACE"
)

// points are the points of this process; every store shares them.
var points = sync.OnceValue(func() *tracer {
	t := &tracer{passed: map[string]int{}, nth: 1}
	at, nth, many := strings.Cut(os.Getenv(atVariable), "#")
	t.armed = at
	if many {
		var err error
		if t.nth, err = strconv.Atoi(nth); err != nil {
			panic(atVariable + ": " + err.Error())
		}
	}
	if name := os.Getenv(traceVariable); name != "" {
		var err error
		if t.trace, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			panic(err)
		}
	}
	return t
})

// tracer counts the points that are passed and dies at the armed one.
type tracer struct {
	armed string
	nth   int
	trace *os.File

	mu     sync.Mutex
	passed map[string]int
}

// pass is called at a point. At the armed one it does not come back, and nobody
// else passes a point any more.
func (t *tracer) pass(point string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed[point]++
	t.write(point)
	if point != t.armed || t.passed[point] != t.nth {
		return
	}
	t.write("killed at " + point)
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {} // the signal is on its way
}

func (t *tracer) write(line string) {
	if t.trace == nil {
		return
	}
	if _, err := t.trace.WriteString(line + "\n"); err != nil {
		panic(err)
	}
}

var closures = regexp.MustCompile(`(\.(func|gowrap)?\d+|-range\d+)+$`)

// caller names the function that called the method of a store, and the line.
func caller() string {
	pcs := make([]uintptr, 1)
	runtime.Callers(3, pcs)
	frame, _ := runtime.CallersFrames(pcs).Next()
	name := path.Base(frame.Function) // the package's last element, the receiver, the function
	return fmt.Sprintf("%s:%d", closures.ReplaceAllString(name, ""), frame.Line)
}

// Store puts points before and after every commit of the store.
func Store(s kyc.Store) kyc.Store { return store{s, points()} }

type store struct {
	kyc.Store
	points *tracer
}

// Tx implements kyc.Store.
func (s store) Tx(ctx context.Context, fn func(kyc.Tx) error) error {
	verb := caller()
	err := s.Store.Tx(ctx, func(tx kyc.Tx) error {
		err := fn(tx)
		if err == nil {
			s.points.pass("before " + verb)
		}
		return err
	})
	if err == nil {
		s.points.pass("after " + verb)
	}
	return err
}

// Blobs puts points before and after every change of the blob store.
func Blobs(s blob.Store) blob.Store { return blobs{s, points()} }

type blobs struct {
	blob.Store
	points *tracer
}

// Put implements blob.Store. Its first point comes when all bytes were read:
// they are written then, and do not have their name yet.
func (s blobs) Put(ctx context.Context, r io.Reader) (string, error) {
	verb := caller()
	name, err := s.Store.Put(ctx, io.MultiReader(r, atEnd(func() { s.points.pass("before " + verb) })))
	if err == nil {
		s.points.pass("after " + verb)
	}
	return name, err
}

// atEnd is a reader of nothing that tells when it is read.
type atEnd func()

// Read implements io.Reader.
func (fn atEnd) Read([]byte) (int, error) {
	fn()
	return 0, io.EOF
}

// Delete implements blob.Store.
func (s blobs) Delete(ctx context.Context, name string) error {
	verb := caller()
	s.points.pass("before " + verb)
	err := s.Store.Delete(ctx, name)
	if err == nil {
		s.points.pass("after " + verb)
	}
	return err
}
