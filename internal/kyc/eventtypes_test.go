package kyc

import (
	"slices"
	"testing"
)

// TestEventTypes: both lists are sorted, name nothing twice, what concerns
// identifications and persons can be subscribed to, and all that is sent does.
func TestEventTypes(t *testing.T) {
	for _, list := range [][]string{EventTypes, KYCEventTypes} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("not sorted, or something twice: %v", list)
		}
	}
	for _, event := range []string{EventIdentification, EventPersonChanged, EventMobileNumberCreated, EventMobileNumberDeleted,
		EventTaxIdentificationChanged, EventPersonDeleted, EventPaperExpiry} {
		if !slices.Contains(KYCEventTypes, event) {
			t.Errorf("%s is sent, and nobody who listens to all that concerns persons is told", event)
		}
	}
	for _, event := range KYCEventTypes {
		if !slices.Contains(EventTypes, event) {
			t.Errorf("%s cannot be subscribed to", event)
		}
	}
}
