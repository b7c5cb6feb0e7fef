// Package blob is the port to where sealed bytes lie. A blob is named by the
// hash of its sealed bytes, so a name never changes its meaning. The store sees
// no plain byte and knows nothing of documents.
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrNotFound is what Get says of a name it does not have.
var ErrNotFound = errors.New("blob: not found")

// Store keeps blobs. Bytes come first, the row that names them second; what no
// row names is swept away later.
type Store interface {
	// Put stores what r gives and returns its name, the SHA-256 of it in hex. It
	// has reached the disk when Put returns.
	Put(ctx context.Context, r io.Reader) (name string, err error)
	// Get opens the blob. The caller closes it.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Delete removes the blob; one that is not there is no error.
	Delete(ctx context.Context, name string) error
	// Each calls fn for every blob that was stored before t.
	Each(ctx context.Context, before time.Time, fn func(name string) error) error
}
