package client

import (
	"context"
	"iter"
	"net/http"
)

// ReasonNoTIN says why somebody has no tax number.
type ReasonNoTIN string

// The reasons. ReasonOther needs a description.
const (
	ReasonNotAssignedByCountry ReasonNoTIN = "NOT_ASSIGNED_BY_COUNTRY"
	ReasonNotAssignedYet       ReasonNoTIN = "NOT_ASSIGNED_YET"
	ReasonOther                ReasonNoTIN = "OTHER"
)

// TaxIdentificationData is what a tax identification is created from: a number,
// or the reason why there is none.
type TaxIdentificationData struct {
	Country           string      `json:"country,omitzero"` // ISO 3166-1 alpha-2; one of each
	Number            string      `json:"number,omitzero"`
	Primary           *bool       `json:"primary,omitzero"` // nil: the first one is
	ReasonNoTIN       ReasonNoTIN `json:"reason_no_tin,omitzero"`
	ReasonDescription string      `json:"reason_description,omitzero"`
}

// TaxIdentificationPatch is what may be changed of a tax identification.
type TaxIdentificationPatch struct {
	Number            string      `json:"number,omitzero"`
	Primary           *bool       `json:"primary,omitzero"`
	ReasonNoTIN       ReasonNoTIN `json:"reason_no_tin,omitzero"`
	ReasonDescription string      `json:"reason_description,omitzero"`
}

// TaxIdentification is the number by which a country's tax office knows a person.
type TaxIdentification struct {
	ID                string      `json:"id"`
	Country           string      `json:"country"`
	Number            string      `json:"number"`
	Primary           bool        `json:"primary"`
	ReasonNoTIN       ReasonNoTIN `json:"reason_no_tin"`
	ReasonDescription string      `json:"reason_description"`
	ValidUntil        Date        `json:"valid_until"`
	TaxIDType         string      `json:"tax_id_type"` // which of a country's numbers it is
}

// CreateTaxIdentification adds a tax identification to a person.
func (c *Client) CreateTaxIdentification(ctx context.Context, personID string, data TaxIdentificationData, options ...PostOption) (TaxIdentification, error) {
	return send[TaxIdentification](ctx, c, to(http.MethodPost, "v1", "persons", personID, "tax_identifications").with(data).once(options))
}

// TaxIdentifications lists a person's tax identifications, oldest first. Takes
// [PageSize] and [NewestFirst].
func (c *Client) TaxIdentifications(ctx context.Context, personID string, options ...QueryOption) iter.Seq2[TaxIdentification, error] {
	return list[TaxIdentification](ctx, c, to(http.MethodGet, "v1", "persons", personID, "tax_identifications"), options)
}

// TaxIdentification reads a tax identification.
func (c *Client) TaxIdentification(ctx context.Context, personID, id string) (TaxIdentification, error) {
	return send[TaxIdentification](ctx, c, to(http.MethodGet, "v1", "persons", personID, "tax_identifications", id))
}

// PatchTaxIdentification changes a tax identification, with the person's consent:
// a change request comes back. If there is nothing to change it is nil, and the
// tax identification comes back as it is.
func (c *Client) PatchTaxIdentification(ctx context.Context, personID, id string, patch TaxIdentificationPatch) (TaxIdentification, *ChangeRequest, error) {
	return changed[TaxIdentification](ctx, c, to(http.MethodPatch, "v1", "persons", personID, "tax_identifications", id).with(patch))
}
