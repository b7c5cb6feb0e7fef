package client

import (
	"context"
	"net/http"
	"time"
)

// Consent is what a person said to something.
type Consent string

// The two things that can be said.
const (
	Approved Consent = "APPROVED"
	Rejected Consent = "REJECTED"
)

// DeviceConsentData is what a person said to having a device watched.
type DeviceConsentData struct {
	EventType   Consent   `json:"event_type"`
	ConfirmedAt time.Time `json:"confirmed_at"`
}

// DeviceConsent is a consent to device monitoring.
type DeviceConsent struct {
	ID          string    `json:"id"`
	PersonID    string    `json:"person_id"`
	EventType   Consent   `json:"event_type"`
	ConfirmedAt time.Time `json:"confirmed_at"`
	CreatedAt   time.Time `json:"created_at"`
}

// CreateDeviceConsent records a consent to device monitoring.
func (c *Client) CreateDeviceConsent(ctx context.Context, personID string, data DeviceConsentData, options ...PostOption) (DeviceConsent, error) {
	return send[DeviceConsent](ctx, c, to(http.MethodPost, "v1", "persons", personID, "device_consents").with(data).once(options))
}

// UpdateDeviceConsent records that the person has thought better of it.
func (c *Client) UpdateDeviceConsent(ctx context.Context, personID, id string, data DeviceConsentData) (DeviceConsent, error) {
	return send[DeviceConsent](ctx, c, to(http.MethodPatch, "v1", "persons", personID, "device_consents", id).with(data))
}

// DeviceActivityData is what happened on a monitored device.
type DeviceActivityData struct {
	ActivityType string `json:"activity_type"` // like APP_START
	DeviceData   string `json:"device_data"`   // kept sealed, never read
}

// DeviceActivity is what was recorded of it.
type DeviceActivity struct {
	ID           string    `json:"id"`
	PersonID     string    `json:"person_id"`
	ActivityType string    `json:"activity_type"`
	CreatedAt    time.Time `json:"created_at"`
}

// CreateDeviceActivity records what happened on a monitored device.
func (c *Client) CreateDeviceActivity(ctx context.Context, personID string, data DeviceActivityData, options ...PostOption) (DeviceActivity, error) {
	return send[DeviceActivity](ctx, c, to(http.MethodPost, "v1", "persons", personID, "device_activities").with(data).once(options))
}

// PersonSettings are what a person prefers.
type PersonSettings struct {
	Language string `json:"language"` // ISO 639-1, like de
}

// CreateSettings records what a person prefers. The newest holds.
func (c *Client) CreateSettings(ctx context.Context, personID string, settings PersonSettings, options ...PostOption) (PersonSettings, error) {
	return send[PersonSettings](ctx, c, to(http.MethodPost, "v1", "persons", personID, "settings").with(settings).once(options))
}

// TermsEventData is what a person said to terms and conditions.
type TermsEventData struct {
	DocumentID       string    `json:"document_id"` // the document that was shown
	EventTimestamp   time.Time `json:"event_timestamp"`
	EventType        Consent   `json:"event_type"`
	ProductName      string    `json:"product_name"` // like DIGITAL_BANKING
	SignedBy         string    `json:"signed_by"`    // the person
	SignedOnBehalfOf string    `json:"signed_on_behalf_of,omitzero"`
}

// TermsEvent is what was recorded of it.
type TermsEvent struct {
	ID               string    `json:"id"`
	EventType        Consent   `json:"event_type"`
	SignedBy         string    `json:"signed_by"`
	SignedOnBehalfOf string    `json:"signed_on_behalf_of"`
	DocumentID       string    `json:"document_id"`
	ProductName      string    `json:"product_name"`
	EventTimestamp   time.Time `json:"event_timestamp"`
	CreatedAt        time.Time `json:"created_at"`
}

// CreateTermsEvent records what a person said to terms and conditions.
func (c *Client) CreateTermsEvent(ctx context.Context, data TermsEventData, options ...PostOption) (TermsEvent, error) {
	return send[TermsEvent](ctx, c, to(http.MethodPost, "v1", "terms_and_conditions_events").with(data).once(options))
}
