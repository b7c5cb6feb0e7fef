package provider

import "context"

type movedKey struct{}

// InMovedTime marks calls that a sandbox makes while it moves its clock. An hour
// of that is no time at all on the machine: to wait for a provider there is in
// vain, and a circuit breaker that is open would stay so to the end of the
// move, whatever becomes of the provider meanwhile.
func InMovedTime(ctx context.Context) context.Context {
	return context.WithValue(ctx, movedKey{}, true)
}

// TimeIsMoved tells whether the call is made in moved time.
func TimeIsMoved(ctx context.Context) bool {
	moved, _ := ctx.Value(movedKey{}).(bool)
	return moved
}
