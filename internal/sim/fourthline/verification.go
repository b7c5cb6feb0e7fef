package fourthline

import (
	"slices"
	"time"
)

// Statuses of the firm's.
const (
	statusNew          = "new"
	statusInvalid      = "invalid_data"
	statusInconsistent = "inconsistent_data"
	statusCompleted    = "completed"
)

// verification is everything that is kept of one. It is never changed in place.
type verification struct {
	ID        string
	Reference string // the client's
	CreatedAt time.Time
	UpdatedAt time.Time // when the status came to be
	Status    string
	Code      int       // 0: none yet
	CheckedAt time.Time // when the check ends; zero: it has
	Next      ending    // of the check
	Told      int       // how many statuses came to be after the first: numbers the pushes
	Pushes    []push
}

// ending is a status with its code.
type ending struct {
	Status string
	Code   int
}

// push is the telling of one status.
type push struct {
	N     int       // the verification's Told
	At    time.Time // when it is sent next
	Tries int       // how often it was sent in vain
}

func (v *verification) clone() *verification {
	next := *v
	next.Pushes = slices.Clone(v.Pushes)
	return &next
}

// end gives the verification a status and makes its push due.
func (v *verification) end(e ending, at time.Time) {
	at = at.UTC().Truncate(time.Millisecond)
	if least := v.UpdatedAt.Add(time.Millisecond); at.Before(least) {
		at = least
	}
	v.Status, v.Code, v.UpdatedAt, v.CheckedAt = e.Status, e.Code, at, time.Time{}
	v.Told++
	v.Pushes = append(v.Pushes, push{N: v.Told, At: at})
}

// nextDue is when the next thing happens to it of itself.
func (v *verification) nextDue() (time.Time, bool) {
	due := v.CheckedAt
	for _, p := range v.Pushes {
		if due.IsZero() || p.At.Before(due) {
			due = p.At
		}
	}
	return due, !due.IsZero()
}
