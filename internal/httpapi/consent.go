package httpapi

import (
	"net/http"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

// deviceConsentView is a consent to watching a device (partner-api.md §3.1, D1).
type deviceConsentView struct {
	ID          string  `json:"id"`
	PersonID    string  `json:"person_id"`
	EventType   string  `json:"event_type"`
	ConfirmedAt *string `json:"confirmed_at"`
	CreatedAt   *string `json:"created_at"`
}

func viewDeviceConsent(d kyc.DeviceConsent) deviceConsentView {
	return deviceConsentView{d.ID, d.PersonID, d.EventType, instant(d.ConfirmedAt), instant(d.CreatedAt)}
}

// deviceActivityView does not show what the device said.
type deviceActivityView struct {
	ID           string  `json:"id"`
	PersonID     string  `json:"person_id"`
	ActivityType string  `json:"activity_type"`
	CreatedAt    *string `json:"created_at"`
}

func viewDeviceActivity(a kyc.DeviceActivity) deviceActivityView {
	return deviceActivityView{a.ID, a.PersonID, a.ActivityType, instant(a.CreatedAt)}
}

// termsEventView is what a person said to terms and conditions (kyc-flows.md §14).
type termsEventView struct {
	ID               string  `json:"id"`
	EventType        string  `json:"event_type"`
	SignedBy         string  `json:"signed_by"`
	SignedOnBehalfOf *string `json:"signed_on_behalf_of"`
	DocumentID       string  `json:"document_id"`
	ProductName      string  `json:"product_name"`
	EventTimestamp   *string `json:"event_timestamp"`
	CreatedAt        *string `json:"created_at"`
}

func viewTermsEvent(e kyc.TermsEvent) termsEventView {
	return termsEventView{
		ID: e.ID, EventType: e.EventType, SignedBy: e.SignedBy, SignedOnBehalfOf: kyc.Optional(e.SignedOnBehalfOf),
		DocumentID: e.DocumentID, ProductName: e.ProductName, EventTimestamp: instant(e.EventAt), CreatedAt: instant(e.CreatedAt),
	}
}

type settingsView struct {
	Language string `json:"language"`
}

// writeMade answers a POST that makes one thing of a person: with the idempotency
// key, the person of the path first, then the body.
func writeMade[T any, V any](s *Server, c *call, view func(T) V, verb func(flow.Once, map[string]any) (T, *kyc.Replay, error)) error {
	if c.PathValue("person_id") != "" {
		if _, err := s.person(c); err != nil {
			return err
		}
	}
	once, err := onceFor(c, func(noun any) ([]byte, error) { return marshal(view(noun.(T))) })
	if err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	made, replay, err := verb(once, in)
	if err != nil {
		return err
	}
	if replay != nil {
		return writeReplay(c, replay)
	}
	return writeJSON(c, http.StatusCreated, view(made))
}

func (s *Server) createDeviceConsent(c *call) error {
	return writeMade(s, c, viewDeviceConsent, func(once flow.Once, in map[string]any) (kyc.DeviceConsent, *kyc.Replay, error) {
		return s.flow.CreateDeviceConsent(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	})
}

func (s *Server) changeDeviceConsent(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	err := s.view(c, func(v kyc.View) error {
		_, err := v.Consents().Device(c.PathValue("person_id"), c.PathValue("id"))
		return err
	})
	if err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	d, err := s.flow.ChangeDeviceConsent(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"), in)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewDeviceConsent(d))
}

func (s *Server) createDeviceActivity(c *call) error {
	return writeMade(s, c, viewDeviceActivity, func(once flow.Once, in map[string]any) (kyc.DeviceActivity, *kyc.Replay, error) {
		return s.flow.CreateDeviceActivity(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	})
}

func (s *Server) createTermsEvent(c *call) error {
	return writeMade(s, c, viewTermsEvent, func(once flow.Once, in map[string]any) (kyc.TermsEvent, *kyc.Replay, error) {
		return s.flow.SignTerms(c.Context(), c.partnerID, once, in)
	})
}

func (s *Server) createSettings(c *call) error {
	view := func(chosen flow.Settings) settingsView { return settingsView{chosen.Language} }
	return writeMade(s, c, view, func(once flow.Once, in map[string]any) (flow.Settings, *kyc.Replay, error) {
		return s.flow.PutSettings(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	})
}
