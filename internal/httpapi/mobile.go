package httpapi

import (
	"context"
	"net/http"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

// mobileNumberView is a person's mobile number (partner-api.md §3.3).
type mobileNumberView struct {
	ID       string `json:"id"`
	Number   string `json:"number"`
	Verified bool   `json:"verified"`
}

func viewMobileNumber(m kyc.MobileNumber) mobileNumberView {
	return mobileNumberView{ID: m.ID, Number: m.Number, Verified: m.Verified}
}

// numberVerb is a verb that answers with the mobile number.
type numberVerb func(ctx context.Context, partnerID, personID string, o flow.Once, body map[string]any) (kyc.MobileNumber, *kyc.Replay, error)

// mobileNumber decodes, calls the verb and answers 201, as all POSTs here do.
func (s *Server) mobileNumber(c *call, verb numberVerb) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	once, in, err := onceAndBody(c, http.StatusCreated, func(m any) ([]byte, error) { return marshal(viewMobileNumber(m.(kyc.MobileNumber))) })
	if err != nil {
		return err
	}
	m, replay, err := verb(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	return writeOnce(c, once, m, replay, err)
}

func (s *Server) createMobileNumber(c *call) error {
	return s.mobileNumber(c, s.flow.CreateMobileNumber)
}

func (s *Server) authorizeMobileNumber(c *call) error {
	return s.mobileNumber(c, s.flow.AuthorizeMobileNumber)
}

func (s *Server) confirmMobileNumber(c *call) error {
	return s.mobileNumber(c, s.flow.ConfirmMobileNumber)
}

func (s *Server) getMobileNumber(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	var m kyc.MobileNumber
	err := s.view(c, func(v kyc.View) error {
		found, ok, err := v.MobileNumbers().OfPerson(c.PathValue("person_id"))
		if m = found; err == nil && !ok {
			err = kyc.Missing("Solaris::MobileNumber", c.PathValue("person_id"))
		}
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewMobileNumber(m))
}

func (s *Server) deleteMobileNumber(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	m, asked, err := s.flow.DeleteMobileNumber(c.Context(), c.partnerID, c.PathValue("person_id"), in)
	if err != nil {
		return err
	}
	if asked != nil {
		return writeChangeRequest(c, *asked)
	}
	return writeJSON(c, http.StatusOK, viewMobileNumber(m))
}
