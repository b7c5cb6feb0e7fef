package client

import (
	"context"
	"net/http"
	"time"
)

// ChangeRequestStatus is where a change request stands.
type ChangeRequestStatus string

// The statuses of a change request.
const (
	ChangeAuthorizationRequired ChangeRequestStatus = "AUTHORIZATION_REQUIRED"
	ChangeConfirmationRequired  ChangeRequestStatus = "CONFIRMATION_REQUIRED"
	ChangeCompleted             ChangeRequestStatus = "COMPLETED"
	ChangeFailed                ChangeRequestStatus = "FAILED"
)

// ChangeRequest is a change that the person has to agree to.
type ChangeRequest struct {
	ID        string              `json:"id"`
	Status    ChangeRequestStatus `json:"status"`
	UpdatedAt time.Time           `json:"updated_at"`
}

// changed makes a call that is either done at once (200) or becomes a change
// request (202).
func changed[T any](ctx context.Context, c *Client, q call) (done T, request *ChangeRequest, err error) {
	resp, err := c.do(ctx, q)
	if err != nil {
		return done, nil, err
	}
	if resp.StatusCode != http.StatusAccepted {
		err = read(resp, &done)
		return done, nil, err
	}
	request = &ChangeRequest{}
	if err := read(resp, request); err != nil {
		return done, nil, err
	}
	return done, request, nil
}
