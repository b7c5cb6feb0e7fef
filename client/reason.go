package client

import (
	"context"
	"net/http"
)

// ReasonGroup is how an attempt ends with a failure reason.
type ReasonGroup string

// The groups of failure reasons.
const (
	ReasonAborted   ReasonGroup = "ABORTED"                   // the identification becomes aborted
	ReasonCancelled ReasonGroup = "CANCELLED"                 // the identification becomes canceled
	ReasonFraud     ReasonGroup = "FRAUD_SUSPICION_CONFIRMED" // the identification fails, and its reason is never disclosed
)

// FailureReason is one of the reasons that stand in the guides. A provider may
// give others.
type FailureReason struct {
	Code         string      `json:"code"` // as in [Identification].FailureReason
	Description  string      `json:"description"`
	Permanent    *bool       `json:"permanent"`      // another try does not help; nil: not known
	CausedByUser *bool       `json:"caused_by_user"` // it lies with the customer; nil: not known
	Group        ReasonGroup `json:"group"`
	Methods      []Method    `json:"methods"` // that give it
}

// FailureReasons is the whole catalogue, sorted by code. An extension of identikit.
func (c *Client) FailureReasons(ctx context.Context) ([]FailureReason, error) {
	return send[[]FailureReason](ctx, c, to(http.MethodGet, "v1", "identification_failure_reasons"))
}
