package httpapi

import (
	"net/http"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// getLegitimation shows the ID document of a successful identification
// (partner-api.md §3.5, I11).
func (s *Server) getLegitimation(c *call) error {
	i, err := s.identification(c)
	if err != nil {
		return err
	}
	var p provider.Paper
	err = s.view(c, func(v kyc.View) (err error) {
		p, err = s.flow.Legitimation(v, i)
		return err
	})
	if err != nil {
		return err
	}
	o := newObject()
	o.text("legitimation_document_number", p.Number)
	o.text("legitimation_type", p.Type)
	o.text("legitimation_issuer", p.Issuer)
	o.text("legitimation_country", p.Country)
	o.text("legitimation_issued_at", p.IssuedOn)
	o.text("legitimation_valid_until", p.ValidUntil)
	return writeBytes(c, http.StatusOK, o.end())
}
