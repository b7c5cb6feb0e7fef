package httpapi

import (
	"net/http"

	"github.com/identikit/identikit/internal/kyc"
)

// originationView is an identification with contracts to sign (kyc-flows.md §4).
type originationView struct {
	ID               string                `json:"identification_origination_id"`
	Status           kyc.OriginationStatus `json:"status"`
	Description      string                `json:"status_description"`
	IdentificationID string                `json:"identification_id"`
	ESigningID       string                `json:"esigning_id"`
}

func viewOrigination(o kyc.Origination) originationView {
	return originationView{o.ID, o.Status, o.Description, o.IdentificationID, o.ESigningID}
}

func (s *Server) createOrigination(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	once, in, err := onceAndBody(c, http.StatusCreated, func(o any) ([]byte, error) {
		return marshal(viewOrigination(o.(kyc.Origination)))
	})
	if err != nil {
		return err
	}
	o, replay, err := s.flow.CreateOrigination(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	return writeOnce(c, once, o, replay, err)
}

func (s *Server) getOrigination(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	var o kyc.Origination
	err := s.view(c, func(v kyc.View) (err error) {
		o, err = v.Originations().Find(c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewOrigination(o))
}
