package kyc

import (
	"slices"
	"testing"
)

// TestEventTypes: both lists are sorted, name nothing twice, and what concerns
// identifications and persons can be subscribed to.
func TestEventTypes(t *testing.T) {
	for _, list := range [][]string{EventTypes, KYCEventTypes} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("not sorted, or something twice: %v", list)
		}
	}
	for _, event := range KYCEventTypes {
		if !slices.Contains(EventTypes, event) {
			t.Errorf("%s cannot be subscribed to", event)
		}
	}
}
