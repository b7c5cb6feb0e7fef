package client

import (
	"context"
	"net/http"
)

// OriginationStatus says how far an origination has come.
type OriginationStatus string

// The statuses. This server never gives OriginationScreening.
const (
	OriginationTrigger    OriginationStatus = "identification_trigger_pending"
	OriginationSigning    OriginationStatus = "esign_pending"
	OriginationCompletion OriginationStatus = "identification_completion_pending"
	OriginationScreening  OriginationStatus = "screening_pending"
	OriginationCompleted  OriginationStatus = "completed"
	OriginationFailed     OriginationStatus = "failed"
	OriginationExpired    OriginationStatus = "expired"
)

// OriginationData is what an origination is created from.
type OriginationData struct {
	Method    Method     `json:"method"` // MethodIDnow
	Documents []Contract `json:"additional_documents"`
}

// Contract is a PDF file of the person that the customer signs.
type Contract struct {
	Identifier string               `json:"identifier"` // of a-z, 0-9, - and _
	DocumentID string               `json:"document_id"`
	Signatures map[string]Signature `json:"signature_position,omitzero"` // by name
}

// Signature is the place of a signature.
type Signature struct {
	Position SignaturePosition `json:"position"`
}

// SignaturePosition is a rectangle on a page, in points from its lower left corner.
type SignaturePosition struct {
	Page   int     `json:"page"` // from 1
	Left   float64 `json:"left"`
	Bottom float64 `json:"bottom"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Origination is an identification in which the customer signs contracts. It is
// the body of IDENTIFICATION_ORIGINATION, too ([Event.Read]).
type Origination struct {
	ID               string            `json:"identification_origination_id"`
	Status           OriginationStatus `json:"status"`
	Description      string            `json:"status_description"`
	IdentificationID string            `json:"identification_id"`
	ESigningID       string            `json:"esigning_id"`
}

// CreateOrigination has a customer identified by video and contracts signed in
// the same call. It is requested at the provider by itself.
func (c *Client) CreateOrigination(ctx context.Context, personID string, data OriginationData, options ...PostOption) (Origination, error) {
	return send[Origination](ctx, c, to(http.MethodPost, "v1", "identification_origination", "persons", personID, "identifications").with(data).once(options))
}

// Origination reads an origination.
func (c *Client) Origination(ctx context.Context, personID, id string) (Origination, error) {
	return send[Origination](ctx, c, to(http.MethodGet, "v1", "identification_origination", "persons", personID, "identifications", id))
}
