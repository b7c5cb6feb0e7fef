package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Method is a way to identify somebody.
type Method string

// The methods. A server may not run all of them: 403 unauthorized_action.
const (
	MethodBank              Method = "bank"
	MethodBankID            Method = "bank_id"
	MethodBankPlus          Method = "bank_plus"
	MethodFourthline        Method = "fourthline"
	MethodFourthlineSigning Method = "fourthline_signing"
	MethodIDnow             Method = "idnow" // a video call
	MethodIDnowAutoIdent    Method = "idnow_autoident"
	MethodIDnowCustom       Method = "idnow_custom"
	MethodManual            Method = "manual"
	MethodPostident         Method = "postident"
)

// Status is where an identification stands.
type Status string

// The statuses. From aborted and canceled it may be requested again; failed,
// expired and rejected are final; a late review may turn successful into canceled.
const (
	StatusCreated                    Status = "created"
	StatusPending                    Status = "pending"
	StatusPendingSuccessful          Status = "pending_successful"
	StatusPendingFailed              Status = "pending_failed"
	StatusSuccessful                 Status = "successful"
	StatusAborted                    Status = "aborted"
	StatusCanceled                   Status = "canceled"
	StatusFailed                     Status = "failed"
	StatusExpired                    Status = "expired"
	StatusRejected                   Status = "rejected"
	StatusAuthorizationRequired      Status = "authorization_required"
	StatusConfirmationRequired       Status = "confirmation_required"
	StatusConfirmed                  Status = "confirmed"
	StatusIdentificationDataRequired Status = "identification_data_required"
	StatusProcessed                  Status = "processed"
	StatusSigned                     Status = "signed"
	StatusPreSuccessful              Status = "pre_successful"
	StatusPendingAccountCreation     Status = "pending_account_creation"
	StatusPendingRefTransfer         Status = "pending_ref_transfer"
)

// IdentificationData is what an identification is created from.
type IdentificationData struct {
	Method                     Method    `json:"method"`
	Language                   string    `json:"language,omitzero"`              // DE or EN
	ProofOfAddressType         string    `json:"proof_of_address_type,omitzero"` // like GAS_BILL; goes with the day of issue
	ProofOfAddressIssuedAt     Date      `json:"proof_of_address_issued_at,omitzero"`
	IBAN                       string    `json:"iban,omitzero"`
	TermsAndConditionsSignedAt time.Time `json:"terms_and_conditions_signed_at,omitzero"`
	DeviceData                 string    `json:"device_data,omitzero"` // kept sealed, never read
}

// RequestData is what a request may carry.
type RequestData struct {
	Secret     string `json:"secret,omitzero"` // needed if the partner has an identification secret
	DeviceData string `json:"device_data,omitzero"`
}

// Identification is one process of proving who a person is.
type Identification struct {
	ID                         string    `json:"id"`
	Reference                  string    `json:"reference"` // the provider's name for the session. Not for the customer's eyes
	URL                        string    `json:"url"`       // where the customer goes
	Status                     Status    `json:"status"`
	CompletedAt                time.Time `json:"completed_at"`
	Method                     Method    `json:"method"`
	ProofOfAddressType         string    `json:"proof_of_address_type"`
	ProofOfAddressIssuedAt     Date      `json:"proof_of_address_issued_at"`
	Language                   string    `json:"language"`
	IBAN                       string    `json:"iban"`
	TermsAndConditionsSignedAt time.Time `json:"terms_and_conditions_signed_at"`
	AuthorizationExpiresAt     time.Time `json:"authorization_expires_at"`
	ConfirmationExpiresAt      time.Time `json:"confirmation_expires_at"`
	EstimatedWaitingTime       *int      `json:"estimated_waiting_time"` // seconds until an agent is free
	CurrentReferenceToken      string    `json:"current_reference_token"`
	ProviderStatusCode         string    `json:"provider_status_code"`
	FailureReason              string    `json:"failure_reason"` // for aborted and canceled; of bank and bank_id for failed and expired
	PersonID                   string    `json:"person_id"`
	Address                    Address   `json:"address"`

	// Documents are there only when asked for, by WithDocuments.
	Documents []Document `json:"documents,omitzero"`
}

// SupportedDocument is a kind of identity document that the provider accepts,
// with the countries that issue it.
type SupportedDocument struct {
	Type             string   `json:"type"`
	IssuingCountries []string `json:"issuing_countries"`
}

// CreateIdentification creates an identification. Nothing is started at the
// provider yet.
func (c *Client) CreateIdentification(ctx context.Context, personID string, data IdentificationData, options ...PostOption) (Identification, error) {
	return send[Identification](ctx, c, to(http.MethodPost, "v1", "persons", personID, "identifications").with(data).once(options))
}

// RequestIdentification starts the identification at the provider. The answer
// has the URL for the customer. Asking again changes nothing while it is
// pending, and opens the same URL anew after aborted and canceled.
func (c *Client) RequestIdentification(ctx context.Context, personID, id string) (Identification, error) {
	return c.RequestIdentificationWith(ctx, personID, id, RequestData{})
}

// RequestIdentificationWith is RequestIdentification for partners with an
// identification secret, or with data of the customer's device.
func (c *Client) RequestIdentificationWith(ctx context.Context, personID, id string, data RequestData) (Identification, error) {
	q := to(http.MethodPatch, "v1", "persons", personID, "identifications", id, "request").with(data)
	q.repeat = always // asking again joins what was begun
	return send[Identification](ctx, c, q)
}

// AuthorizeIdentification begins the electronic signature of [MethodBank] and
// [MethodBankID]: the customer is sent a one-time password, beside which stands
// CurrentReferenceToken. Again sends another one.
func (c *Client) AuthorizeIdentification(ctx context.Context, personID, id string) (Identification, error) {
	return send[Identification](ctx, c, to(http.MethodPatch, "v1", "persons", personID, "identifications", id, "authorize"))
}

// ConfirmIdentification gives the signer the one-time password. A wrong one is a
// 403 invalid_tan.
func (c *Client) ConfirmIdentification(ctx context.Context, personID, id, password string) (Identification, error) {
	q := to(http.MethodPatch, "v1", "persons", personID, "identifications", id, "confirm")
	return send[Identification](ctx, c, q.with(map[string]string{"token": password}))
}

// Eligibility says whether a person can be identified by a method.
type Eligibility struct {
	Method   Method   `json:"method"`
	Eligible bool     `json:"eligible"`
	Reasons  []string `json:"reasons"` // why not, like match_for_person_data_not_found
}

// CheckEligibility asks whether the person can be identified by the method, which
// is [MethodBank].
func (c *Client) CheckEligibility(ctx context.Context, personID string, method Method, options ...PostOption) (Eligibility, error) {
	q := to(http.MethodPost, "v1", "persons", personID, "identification_eligibility_checks")
	return send[Eligibility](ctx, c, q.with(map[string]Method{"method": method}).once(options))
}

// WithDocuments asks for the documents that an identification left.
func WithDocuments(q url.Values) { q.Set("include_documents", "true") }

// Identification reads an identification. Takes [WithDocuments].
func (c *Client) Identification(ctx context.Context, personID, id string, options ...QueryOption) (Identification, error) {
	return send[Identification](ctx, c, to(http.MethodGet, "v1", "persons", personID, "identifications", id).asking(options))
}

// IdentificationsOf lists a person's identifications, oldest first. Takes
// [PageSize] and [NewestFirst].
func (c *Client) IdentificationsOf(ctx context.Context, personID string, options ...QueryOption) iter.Seq2[Identification, error] {
	return list[Identification](ctx, c, to(http.MethodGet, "v1", "persons", personID, "identifications"), options)
}

// Identifications lists all identifications of the partner, oldest first. Takes
// [PageSize] and [NewestFirst].
func (c *Client) Identifications(ctx context.Context, options ...QueryOption) iter.Seq2[Identification, error] {
	return list[Identification](ctx, c, to(http.MethodGet, "v1", "identifications"), options)
}

// SupportedDocuments lists the identity documents that the provider of the
// identification accepts.
func (c *Client) SupportedDocuments(ctx context.Context, personID, id string) ([]SupportedDocument, error) {
	return send[[]SupportedDocument](ctx, c, to(http.MethodGet, "v1", "persons", personID, "identifications", id, "supported_documents"))
}

// LegitimationData is the identity document by which a person was identified.
type LegitimationData struct {
	Number     string `json:"legitimation_document_number"`
	Type       string `json:"legitimation_type"` // IDCARD, PASSPORT, or another word of the provider's
	Issuer     string `json:"legitimation_issuer"`
	Country    string `json:"legitimation_country"`     // ISO 3166-1 alpha-2
	IssuedAt   string `json:"legitimation_issued_at"`   // YYYY-MM-DD
	ValidUntil string `json:"legitimation_valid_until"` // YYYY-MM-DD
}

// LegitimationData is the document that was shown in a successful identification;
// of others there is none: an [Error] with the status 404.
func (c *Client) LegitimationData(ctx context.Context, personID, id string) (LegitimationData, error) {
	return send[LegitimationData](ctx, c, to(http.MethodGet, "v1", "persons", personID, "identifications", id, "legitimation_data"))
}

// IDnowAttempt is one result that the provider gave.
type IDnowAttempt struct {
	ID      string          `json:"id"`
	Result  Result          `json:"result"`
	Reason  string          `json:"reason"`
	Payload json.RawMessage `json:"payload"` // the provider's own object
}

// IDnowAttempts lists the provider's results, oldest first. Takes [PageSize] and
// [NewestFirst].
func (c *Client) IDnowAttempts(ctx context.Context, personID, id string, options ...QueryOption) iter.Seq2[IDnowAttempt, error] {
	return list[IDnowAttempt](ctx, c, to(http.MethodGet, "v1", "persons", personID, "identifications", id, "idnow_attempts"), options)
}
