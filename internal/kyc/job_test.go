package kyc

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestBackoff: it begins with the first pause, doubles, and stays at the most,
// however often something was tried.
func TestBackoff(t *testing.T) {
	const day = 24 * time.Hour
	if got := Backoff(20, 3*time.Hour, 365*day); got != 365*day { // 3 hours, doubled 20 times, do not fit into a duration
		t.Errorf("3 hours, doubled 20 times, are %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		most := time.Duration(rapid.Int64Range(1, int64(365*24*time.Hour)).Draw(t, "most"))
		first := time.Duration(rapid.Int64Range(1, int64(most)).Draw(t, "first"))
		attempt := rapid.IntRange(0, 1000).Draw(t, "attempt")
		is, next := Backoff(attempt, first, most), Backoff(attempt+1, first, most)
		if Backoff(0, first, most) != first || is < first || next != min(2*is, most) {
			t.Fatalf("after %d attempts %s, then %s; from %s to %s", attempt, is, next, first, most)
		}
	})
}
