//go:build !crashpoints

package crash

import (
	"github.com/identikit/identikit/internal/blob"
	"github.com/identikit/identikit/internal/kyc"
)

// Store is the store itself: only a build with the tag crashpoints has points.
func Store(s kyc.Store) kyc.Store { return s }

// Blobs is the blob store itself: only a build with the tag crashpoints has points.
func Blobs(s blob.Store) blob.Store { return s }
