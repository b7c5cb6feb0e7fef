package httpapi

import (
	"testing"
	"time"
)

type fakeWall struct{ now time.Time }

func (w *fakeWall) Now() time.Time { return w.now }

// TestTotals: exact up to 10,000; beyond that counted at most every ten seconds.
func TestTotals(t *testing.T) {
	wall := &fakeWall{time.Date(2031, 8, 31, 10, 0, 0, 0, time.UTC)}
	var remembered totals
	things := map[string]int{"one": 10_000, "two": 10_001}
	for _, step := range []struct {
		partner string
		more    int
		wait    time.Duration
		want    int
	}{
		{"one", 0, 0, 10_000}, {"two", 0, 0, 10_001}, {"two", 5, 9 * time.Second, 10_001}, {"two", 0, time.Second, 10_006},
		{"one", 1, 0, 10_001}, {"one", 1, 0, 10_001}, {"one", -2, 10 * time.Second, 10_000}, {"one", -1, 0, 9_999},
		{"two", 1, time.Second, 10_007},
	} {
		wall.now = wall.now.Add(step.wait)
		things[step.partner] += step.more
		n, err := remembered.of("persons", step.partner, wall, func(atMost int) (int, error) { return min(things[step.partner], atMost), nil })
		if err != nil || n != step.want {
			t.Errorf("%+v: %d %v", step, n, err)
		}
	}
}
