package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

// changeRequestView is what a change that needs consent is answered with
// (partner-api.md §3.2).
type changeRequestView struct {
	ID        string           `json:"id"`
	Status    kyc.ChangeStatus `json:"status"`
	UpdatedAt string           `json:"updated_at"`
	URL       string           `json:"url"`
}

// authorizedView is a change request whose TAN was sent. There is nothing to
// sign: that is for devices, of which a person has none.
type authorizedView struct {
	ID           string           `json:"id"`
	Status       kyc.ChangeStatus `json:"status"`
	UpdatedAt    string           `json:"updated_at"`
	StringToSign *string          `json:"string_to_sign"`
}

// confirmedView is a change request that was carried out.
type confirmedView struct {
	ID           string           `json:"id"`
	Status       kyc.ChangeStatus `json:"status"`
	UpdatedAt    string           `json:"updated_at"`
	ResponseCode int              `json:"response_code"`
	ResponseBody json.RawMessage  `json:"response_body"`
}

// writeChangeRequest answers 202: nothing is changed yet. The URL begins with
// the literal ":env", as in the answers of the API that we follow.
func writeChangeRequest(c *call, r kyc.ChangeRequest) error {
	return writeJSON(c, http.StatusAccepted, changeRequestView{
		ID: r.ID, Status: r.Status, UpdatedAt: kyc.FormatInstant(r.UpdatedAt), URL: ":env/v1/change_requests/" + r.ID + "/authorize",
	})
}

func renderAuthorized(r any) ([]byte, error) {
	x := r.(kyc.ChangeRequest)
	return marshal(authorizedView{ID: x.ID, Status: x.Status, UpdatedAt: kyc.FormatInstant(x.UpdatedAt)})
}

// changeRequest tells whether the change request of the path is there.
func (s *Server) changeRequest(c *call) error {
	return s.view(c, func(v kyc.View) error {
		_, err := v.ChangeRequests().Find(c.partnerID, c.PathValue("id"))
		return err
	})
}

func (s *Server) authorizeChange(c *call) error {
	if err := s.changeRequest(c); err != nil {
		return err
	}
	once, in, err := onceAndBody(c, http.StatusCreated, renderAuthorized)
	if err != nil {
		return err
	}
	r, replay, err := s.flow.AuthorizeChange(c.Context(), c.partnerID, c.PathValue("id"), once, in)
	return writeOnce(c, once, r, replay, err)
}

func (s *Server) confirmChange(c *call) error {
	if err := s.changeRequest(c); err != nil {
		return err
	}
	once, in, err := onceAndBody(c, http.StatusAccepted, renderConfirmed)
	if err != nil {
		return err
	}
	done, replay, err := s.flow.ConfirmChange(c.Context(), c.partnerID, c.PathValue("id"), once, in)
	return writeOnce(c, once, done, replay, err)
}

func renderConfirmed(done any) ([]byte, error) {
	d := done.(flow.Confirmed)
	changed, err := renderChanged(d.Changed)
	if err != nil {
		return nil, err
	}
	return marshal(confirmedView{
		ID: d.ID, Status: d.Status, UpdatedAt: kyc.FormatInstant(d.UpdatedAt), ResponseCode: http.StatusAccepted, ResponseBody: changed,
	})
}

// renderChanged shows what a change request changed as its own endpoint does.
func renderChanged(noun any) ([]byte, error) {
	switch noun := noun.(type) {
	case kyc.Person:
		return personView(noun)
	case kyc.MobileNumber:
		return marshal(viewMobileNumber(noun))
	case kyc.TaxIdentification:
		return marshal(viewTaxIdentification(noun))
	}
	return nil, fmt.Errorf("httpapi: a change request changed a %T, which nobody can show", noun)
}
