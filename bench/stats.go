package main

import (
	"context"
	"math"
	"slices"
	"time"
)

// median is the middle of the values; of an even number the mean of the two.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// percentile is the smallest value that at least the share p of the sorted
// values does not exceed (nearest rank).
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// measurement is what a worker saw in one run.
type measurement struct {
	Count   int
	Seconds float64
	P50ms   float64
	P99ms   float64
	MaxMs   float64
}

func (m measurement) rate() float64 {
	if m.Seconds == 0 {
		return 0
	}
	return float64(m.Count) / m.Seconds
}

// measure sums a run up.
func measure(took []time.Duration, elapsed time.Duration) measurement {
	slices.Sort(took)
	return measurement{
		Count: len(took), Seconds: elapsed.Seconds(),
		P50ms: ms(percentile(took, 0.50)), P99ms: ms(percentile(took, 0.99)), MaxMs: ms(percentile(took, 1)),
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measured is what many did at the same time, unless one of them ended ctx with
// a cause.
func measured(ctx context.Context, took [][]time.Duration, elapsed time.Duration) (measurement, error) {
	if err := context.Cause(ctx); err != nil {
		return measurement{}, err
	}
	return measure(slices.Concat(took...), elapsed), nil
}
