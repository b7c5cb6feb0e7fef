package client

import (
	"context"
	"net/http"
)

// MobileNumber is the phone by which a person consents to changes. It is
// another thing than the field of the person.
type MobileNumber struct {
	ID       string `json:"id"`
	Number   string `json:"number"` // E.164
	Verified bool   `json:"verified"`
}

// MobileNumberData is what a mobile number is created from.
type MobileNumberData struct {
	Number     string `json:"number"` // E.164; blanks, -, _ and / are stripped
	DeviceData string `json:"device_data,omitzero"`
}

// numberChoice says which number is meant, and by which one-time password.
type numberChoice struct {
	Number string `json:"number"`
	Token  string `json:"token,omitzero"`
}

// CreateMobileNumber adds the person's mobile number; a person has one at most.
// It is not verified yet: authorize and confirm it.
func (c *Client) CreateMobileNumber(ctx context.Context, personID string, data MobileNumberData, options ...PostOption) (MobileNumber, error) {
	return send[MobileNumber](ctx, c, to(http.MethodPost, "v1", "persons", personID, "mobile_number").with(data).once(options))
}

// MobileNumber reads the person's mobile number.
func (c *Client) MobileNumber(ctx context.Context, personID string) (MobileNumber, error) {
	return send[MobileNumber](ctx, c, to(http.MethodGet, "v1", "persons", personID, "mobile_number"))
}

// AuthorizeMobileNumber sends a one-time password to the number, which replaces
// the one before. In a sandbox see [Sandbox.Messages].
func (c *Client) AuthorizeMobileNumber(ctx context.Context, personID, number string, options ...PostOption) (MobileNumber, error) {
	return send[MobileNumber](ctx, c, to(http.MethodPost, "v1", "persons", personID, "mobile_number", "authorize").
		with(numberChoice{Number: number}).once(options))
}

// ConfirmMobileNumber verifies the number by its one-time password. A wrong one
// is 403 invalid_tan.
func (c *Client) ConfirmMobileNumber(ctx context.Context, personID, number, password string, options ...PostOption) (MobileNumber, error) {
	return send[MobileNumber](ctx, c, to(http.MethodPost, "v1", "persons", personID, "mobile_number", "confirm").
		with(numberChoice{number, password}).once(options))
}

// DeleteMobileNumber removes the number. One that was never verified goes at
// once and comes back. A verified one stays until the change request, which
// comes back then (else nil), is confirmed.
func (c *Client) DeleteMobileNumber(ctx context.Context, personID, number string) (MobileNumber, *ChangeRequest, error) {
	return changed[MobileNumber](ctx, c, to(http.MethodDelete, "v1", "persons", personID, "mobile_number").with(numberChoice{Number: number}))
}
