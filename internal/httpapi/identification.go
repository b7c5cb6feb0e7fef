package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/video"
)

// identificationView has the keys in the order of rulings §1.
type identificationView struct {
	ID                     string            `json:"id"`
	Reference              *string           `json:"reference"`
	URL                    *string           `json:"url"`
	Status                 kyc.State         `json:"status"`
	CompletedAt            *string           `json:"completed_at"`
	Method                 kyc.Method        `json:"method"`
	ProofOfAddressType     *string           `json:"proof_of_address_type"`
	ProofOfAddressIssuedAt *string           `json:"proof_of_address_issued_at"`
	Language               *string           `json:"language"`
	IBAN                   *string           `json:"iban"`
	TermsSignedAt          *string           `json:"terms_and_conditions_signed_at"`
	AuthorizationExpiresAt *string           `json:"authorization_expires_at"`
	ConfirmationExpiresAt  *string           `json:"confirmation_expires_at"`
	EstimatedWaitingTime   *int              `json:"estimated_waiting_time"`
	CurrentReferenceToken  *string           `json:"current_reference_token"`
	ProviderStatusCode     *string           `json:"provider_status_code"`
	FailureReason          *string           `json:"failure_reason"`
	PersonID               string            `json:"person_id"`
	Address                addressView       `json:"address"`
	Documents              *[]shownDocuments `json:"documents,omitempty"`
}

type addressView struct {
	Line1      *string `json:"line_1"`
	Line2      *string `json:"line_2"`
	PostalCode *string `json:"postal_code"`
	City       *string `json:"city"`
	Country    *string `json:"country"`
	State      *string `json:"state"`
}

func instant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return kyc.Optional(kyc.FormatInstant(t))
}

func viewIdentification(i kyc.Identification) (identificationView, error) {
	v := identificationView{
		ID: i.ID, Reference: kyc.Optional(i.Reference), URL: kyc.Optional(i.URL), Status: i.State,
		CompletedAt: instant(i.CompletedAt), Method: i.Method,
		ProofOfAddressType: kyc.Optional(i.ProofOfAddressType), ProofOfAddressIssuedAt: kyc.Optional(i.ProofOfAddressIssuedAt),
		Language: kyc.Optional(i.Language), IBAN: kyc.Optional(i.IBAN), TermsSignedAt: instant(i.TermsSignedAt),
		EstimatedWaitingTime: i.EstimatedWaitingTime, FailureReason: kyc.Optional(i.VisibleReason()), PersonID: i.PersonID,
	}
	return v, json.Unmarshal([]byte(i.Address), &v.Address)
}

func writeIdentification(c *call, status int, i kyc.Identification) error {
	v, err := viewIdentification(i)
	if err != nil {
		return err
	}
	return writeJSON(c, status, v)
}

// identification finds the identification of the path.
func (s *Server) identification(c *call) (i kyc.Identification, err error) {
	err = s.view(c, func(v kyc.View) error {
		i, err = v.Identifications().Find(c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
		return err
	})
	if kyc.IsKind(err, kyc.NotFound) {
		if _, missing := s.person(c); missing != nil {
			return i, missing // the person of the path is not there either: say that
		}
	}
	return i, err
}

func (s *Server) createIdentification(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	once, err := onceFor(c, func(noun any) ([]byte, error) {
		v, err := viewIdentification(noun.(kyc.Identification))
		if err != nil {
			return nil, err
		}
		return marshal(v)
	})
	if err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	i, replay, err := s.flow.CreateIdentification(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	if err != nil {
		return err
	}
	if replay != nil {
		return writeReplay(c, replay)
	}
	return writeIdentification(c, http.StatusCreated, i)
}

func (s *Server) getIdentification(c *call) error {
	i, err := s.identification(c)
	if err != nil {
		return err
	}
	with, err := flag(c, "include_documents")
	if err != nil {
		return err
	}
	if !with {
		return writeIdentification(c, http.StatusOK, i)
	}
	v, err := viewIdentification(i)
	if err != nil {
		return err
	}
	err = s.view(c, func(read kyc.View) error {
		documents, err := read.Documents().OfIdentification(i.ID)
		shown := make([]shownDocuments, len(documents))
		for n, d := range documents {
			shown[n] = showDocument(d)
		}
		v.Documents = &shown
		return err
	})
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, v)
}

// flag reads a yes or no of the query.
func flag(c *call, name string) (bool, error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return false, nil
	}
	yes, err := strconv.ParseBool(text)
	if err != nil {
		return false, &kyc.Error{Kind: kyc.Invalid, Code: "validation_error", Fields: []kyc.FieldError{
			{Code: "validation_error", Field: name, Message: "must be true or false"},
		}}
	}
	return yes, nil
}

func (s *Server) listPersonIdentifications(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	return s.identificationsOf(c, kyc.IdentificationFilter{PartnerID: c.partnerID, PersonID: c.PathValue("person_id")}, "")
}

func (s *Server) listIdentifications(c *call) error {
	return s.identificationsOf(c, kyc.IdentificationFilter{PartnerID: c.partnerID}, "identifications")
}

func (s *Server) identificationsOf(c *call, f kyc.IdentificationFilter, wide string) error {
	return writeList(s, c, list[kyc.Identification]{
		wide:  wide,
		read:  func(v kyc.View, p kyc.Page) ([]kyc.Identification, error) { return v.Identifications().List(f, p) },
		count: func(v kyc.View, atMost int) (int, error) { return v.Identifications().Count(f, atMost) },
		show:  func(i kyc.Identification) (any, error) { return viewIdentification(i) },
	})
}

func (s *Server) requestIdentification(c *call) error {
	if _, err := s.identification(c); err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	i, err := s.flow.Request(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"), in)
	if err != nil {
		return err
	}
	return writeIdentification(c, http.StatusOK, i)
}

func (s *Server) listSupportedDocuments(c *call) error {
	if _, err := s.identification(c); err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, video.SupportedDocuments().Documents)
}
