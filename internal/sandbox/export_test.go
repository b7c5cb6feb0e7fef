package sandbox

import "time"

// SetSettleTime changes how long the choice of a result waits, and returns what
// it was before.
func SetSettleTime(d time.Duration) (before time.Duration) {
	before, settleTime = settleTime, d
	return before
}
