package flow_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/blob"
	"github.com/identikit/identikit/internal/kyc"
)

// fullDisk takes so many blobs and no more.
type fullDisk struct {
	blob.Store
	left int
}

func (d *fullDisk) Put(ctx context.Context, r io.Reader) (string, error) {
	if d.left == 0 {
		return "", errors.New("the disk is full")
	}
	d.left--
	return d.Store.Put(ctx, r)
}

// TestFullDisk: evidence is kept as a whole or not at all, and once.
func TestFullDisk(t *testing.T) {
	d := newDesk(t)
	disk := &fullDisk{d.Blobs, 2} // the report and the picture, but not the firm's own file
	d.Blobs = disk
	d.tell(kyc.Succeeded)
	d.expect(kyc.Successful, 0)
	disk.left = 3
	d.run(time.Hour)
	d.expect(kyc.Successful, 2)
}
