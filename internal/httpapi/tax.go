package httpapi

import (
	"net/http"

	"github.com/identikit/identikit/internal/kyc"
)

// taxIdentificationView is a person's tax identification (partner-api.md §3.1).
type taxIdentificationView struct {
	ID                string  `json:"id"`
	Country           string  `json:"country"`
	Number            *string `json:"number"`
	Primary           bool    `json:"primary"`
	ReasonNoTIN       *string `json:"reason_no_tin"`
	ReasonDescription *string `json:"reason_description"`
	ValidUntil        *string `json:"valid_until"` // nobody tells us
	TaxIDType         *string `json:"tax_id_type"`
}

func viewTaxIdentification(t kyc.TaxIdentification) taxIdentificationView {
	number := t.Number.Reveal()
	return taxIdentificationView{
		ID: t.ID, Country: t.Country, Number: kyc.Optional(number), Primary: t.Primary,
		ReasonNoTIN: kyc.Optional(t.ReasonNoTIN), ReasonDescription: kyc.Optional(t.ReasonDescription.Reveal()),
		TaxIDType: kyc.Optional(kyc.TaxIDType(t.Country, number)),
	}
}

func (s *Server) createTaxIdentification(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	once, in, err := onceAndBody(c, http.StatusCreated, func(t any) ([]byte, error) {
		return marshal(viewTaxIdentification(t.(kyc.TaxIdentification)))
	})
	if err != nil {
		return err
	}
	t, replay, err := s.flow.CreateTaxIdentification(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	return writeOnce(c, once, t, replay, err)
}

func (s *Server) listTaxIdentifications(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	personID := c.PathValue("person_id")
	return writeList(s, c, list[kyc.TaxIdentification]{
		read: func(v kyc.View, p kyc.Page) ([]kyc.TaxIdentification, error) {
			sealed, err := v.TaxIdentifications().List(c.partnerID, personID, p)
			if err != nil {
				return nil, err
			}
			return s.flow.OpenTaxIdentifications(v.Persons(), sealed)
		},
		count: func(v kyc.View, atMost int) (int, error) {
			return v.TaxIdentifications().Count(c.partnerID, personID, atMost)
		},
		show: func(t kyc.TaxIdentification) ([]byte, error) { return marshal(viewTaxIdentification(t)) },
	})
}

// taxIdentification finds the tax identification of the path.
func (s *Server) taxIdentification(c *call) (t kyc.TaxIdentification, err error) {
	if _, err := s.person(c); err != nil {
		return t, err
	}
	err = s.view(c, func(v kyc.View) error {
		sealed, err := v.TaxIdentifications().Find(c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
		if err != nil {
			return err
		}
		opened, err := s.flow.OpenTaxIdentifications(v.Persons(), []kyc.TaxIdentification{sealed})
		if err == nil {
			t = opened[0]
		}
		return err
	})
	return t, err
}

func (s *Server) getTaxIdentification(c *call) error {
	t, err := s.taxIdentification(c)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, viewTaxIdentification(t))
}

func (s *Server) patchTaxIdentification(c *call) error {
	if _, err := s.taxIdentification(c); err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	t, asked, err := s.flow.PatchTaxIdentification(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"), in)
	if err != nil {
		return err
	}
	if asked != nil {
		return writeChangeRequest(c, *asked)
	}
	return writeJSON(c, http.StatusOK, viewTaxIdentification(t))
}
