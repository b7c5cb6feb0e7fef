package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ChangeStatus is where a change request stands.
type ChangeStatus string

// The statuses of a change request.
const (
	ChangeAuthorizationRequired ChangeStatus = "AUTHORIZATION_REQUIRED"
	ChangeConfirmationRequired  ChangeStatus = "CONFIRMATION_REQUIRED"
	ChangeCompleted             ChangeStatus = "COMPLETED"
	ChangeFailed                ChangeStatus = "FAILED"
)

// ChangeRequest is a change that waits for the person's consent: authorize it,
// which sends a TAN to the verified mobile number, and confirm it with the TAN.
type ChangeRequest struct {
	ID           string       `json:"id"`
	Status       ChangeStatus `json:"status"`
	UpdatedAt    time.Time    `json:"updated_at"`
	URL          string       `json:"url"`            // where to authorize it; begins with a literal :env
	StringToSign string       `json:"string_to_sign"` // for devices

	// What the change answered, once it is completed: see Changed.
	ResponseCode int             `json:"response_code"`
	ResponseBody json.RawMessage `json:"response_body"`
}

// Changed reads what was changed, a [Person] or whatever else it was, of a
// change request that was confirmed.
func (r ChangeRequest) Changed(into any) error {
	if r.Status != ChangeCompleted {
		return errors.New("identikit: the change request is not completed")
	}
	if err := json.Unmarshal(r.ResponseBody, into); err != nil {
		return fmt.Errorf("identikit: what was changed: %w", err)
	}
	return nil
}

// ChangeAuthorization says whose consent is asked, and how.
type ChangeAuthorization struct {
	PersonID       string         `json:"person_id"`
	DeliveryMethod DeliveryMethod `json:"delivery_method,omitzero"` // by text message if empty
}

// DeliveryMethod is how a TAN reaches a person.
type DeliveryMethod string

// The delivery methods. DeliverStatic is for the sandbox: nothing is sent, and
// the TAN is 212212.
const (
	DeliverMobileNumber  DeliveryMethod = "mobile_number"
	DeliverDeviceSigning DeliveryMethod = "device_signing"
	DeliverStatic        DeliveryMethod = "static"
)

// ChangeConfirmation is the person's consent.
type ChangeConfirmation struct {
	PersonID   string `json:"person_id"`
	TAN        string `json:"tan"`
	DeviceData string `json:"device_data,omitzero"`
}

// AuthorizeChangeRequest sends the TAN of a change request. Again sends another.
func (c *Client) AuthorizeChangeRequest(ctx context.Context, id string, data ChangeAuthorization, options ...PostOption) (ChangeRequest, error) {
	return send[ChangeRequest](ctx, c, to(http.MethodPost, "v1", "change_requests", id, "authorize").with(data).once(options))
}

// ConfirmChangeRequest makes the change. A wrong TAN is 403 invalid_tan; with
// the fifth the change request has failed.
func (c *Client) ConfirmChangeRequest(ctx context.Context, id string, data ChangeConfirmation, options ...PostOption) (ChangeRequest, error) {
	return send[ChangeRequest](ctx, c, to(http.MethodPost, "v1", "change_requests", id, "confirm").with(data).once(options))
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
