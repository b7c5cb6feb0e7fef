package dir_test

import (
	"testing"

	"github.com/identikit/identikit/internal/blob/blobtest"
	"github.com/identikit/identikit/internal/blob/dir"
)

func TestContract(t *testing.T) {
	d, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Run(t, d)
}
