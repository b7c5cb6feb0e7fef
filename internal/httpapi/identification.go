package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/paper"
)

func instant(t time.Time) *string { return kyc.Optional(instantText(t)) }

// instantText is empty for no time.
func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return kyc.FormatInstant(t)
}

// viewIdentification has the keys in the order of rulings §1; documents are
// shown if there is a list of them, be it empty.
func viewIdentification(i kyc.Identification, documents []shownDocuments) ([]byte, error) {
	o := newObject()
	o.text("id", i.ID)
	o.text("reference", i.Reference)
	o.text("url", i.URL)
	o.text("status", string(i.State))
	o.text("completed_at", instantText(i.CompletedAt))
	o.text("method", string(i.Method))
	o.text("proof_of_address_type", i.ProofOfAddressType)
	o.text("proof_of_address_issued_at", i.ProofOfAddressIssuedAt)
	o.text("language", i.Language)
	o.text("iban", i.IBAN)
	o.text("terms_and_conditions_signed_at", instantText(i.TermsSignedAt))
	o.text("authorization_expires_at", instantText(i.AuthorizationExpiresAt))
	o.text("confirmation_expires_at", instantText(i.ConfirmationExpiresAt))
	o.number("estimated_waiting_time", i.EstimatedWaitingTime)
	o.text("current_reference_token", i.ReferenceToken)
	o.text("provider_status_code", i.StatusCode)
	o.text("failure_reason", i.VisibleReason())
	o.text("person_id", i.PersonID)
	address, err := textsOf(i.Address)
	if err != nil {
		return nil, err
	}
	o.open("address")
	for _, member := range kyc.AddressMembers {
		o.text(member, address(member))
	}
	o.shut()
	if documents != nil {
		if err := o.value("documents", documents); err != nil {
			return nil, err
		}
	}
	return o.end(), nil
}

func writeIdentification(c *call, status int, i kyc.Identification) error {
	b, err := viewIdentification(i, nil)
	if err != nil {
		return err
	}
	return writeBytes(c, status, b)
}

// identification finds the identification of the path.
func (s *Server) identification(c *call) (i kyc.Identification, err error) {
	err = s.view(c, func(v kyc.View) error {
		i, err = v.Identifications().Find(c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
		return err
	})
	if kyc.IsKind(err, kyc.NotFound) {
		err = s.orMissingPerson(c, err)
	}
	return i, err
}

func (s *Server) createIdentification(c *call) error {
	once, err := onceFor(c, func(noun any) ([]byte, error) { return viewIdentification(noun.(kyc.Identification), nil) })
	if err != nil {
		return s.orMissingPerson(c, err)
	}
	in, err := decode(c)
	if err != nil {
		return s.orMissingPerson(c, err)
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

// orMissingPerson says that the person of the path is not there, if that is so:
// it comes before what is wrong with the body.
func (s *Server) orMissingPerson(c *call, err error) error {
	if _, missing := s.person(c); missing != nil {
		return missing
	}
	return err
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
	var shown []shownDocuments
	if with {
		if shown, err = s.documentsOf(c, i.ID, i.PersonID); err != nil {
			return err
		}
	}
	b, err := viewIdentification(i, shown)
	if err != nil {
		return err
	}
	return writeBytes(c, http.StatusOK, b)
}

// documentsOf is what there is of an identification. It is apart from the usual
// way, so that a read without documents makes nothing for them.
func (s *Server) documentsOf(c *call, identificationID, personID string) (shown []shownDocuments, err error) {
	err = s.view(c, func(v kyc.View) error {
		documents, err := v.Documents().OfIdentification(identificationID)
		if err == nil {
			err = s.flow.OpenNames(v.Persons(), personID, documents)
		}
		shown = make([]shownDocuments, len(documents))
		for n, d := range documents {
			shown[n] = showDocument(d)
		}
		return err
	})
	return shown, err
}

// flag reads a yes or no of the query.
func flag(c *call, name string) (bool, error) {
	if c.URL.RawQuery == "" {
		return false, nil
	}
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
		show:  func(i kyc.Identification) ([]byte, error) { return viewIdentification(i, nil) },
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

// authorizeIdentification begins the signature (S3). Where the signer has a page
// of its own for the consent, which may be framed, a Link header names it.
func (s *Server) authorizeIdentification(c *call) error {
	if _, err := s.identification(c); err != nil {
		return err
	}
	if _, err := decode(c); err != nil { // none is asked for; what is sent must be JSON all the same
		return err
	}
	a, err := s.flow.Authorize(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"))
	if err != nil {
		return err
	}
	if a.ConsentURL != "" {
		c.Header().Set("Link", "<"+a.ConsentURL+`>; rel="`+consentRelation+`"`)
	}
	return writeIdentification(c, http.StatusOK, a.Identification)
}

// consentRelation is the relation of the Link header to the signer's consent page
// (RFC 8288: one of our own is a URL).
const consentRelation = "https://identikit.dev/rel/consent"

func (s *Server) confirmIdentification(c *call) error {
	if _, err := s.identification(c); err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	i, err := s.flow.Confirm(c.Context(), c.partnerID, c.PathValue("person_id"), c.PathValue("id"), in)
	if err != nil {
		return err
	}
	return writeIdentification(c, http.StatusOK, i)
}

// eligibilityView is the answer of an eligibility check (partner-api.md §3.5, I10).
type eligibilityView struct {
	Method   kyc.Method `json:"method"`
	Eligible bool       `json:"eligible"`
	Reasons  []string   `json:"reasons"`
}

func viewEligibility(e flow.Eligibility) ([]byte, error) {
	return marshal(eligibilityView{Method: e.Method, Eligible: len(e.Reasons) == 0, Reasons: append([]string{}, e.Reasons...)})
}

// checkEligibility creates nothing, so it answers 200.
func (s *Server) checkEligibility(c *call) error {
	once, err := onceFor(c, func(noun any) ([]byte, error) { return viewEligibility(noun.(flow.Eligibility)) })
	if err != nil {
		return s.orMissingPerson(c, err)
	}
	once.Status = http.StatusOK
	in, err := decode(c)
	if err != nil {
		return s.orMissingPerson(c, err)
	}
	e, replay, err := s.flow.CheckEligibility(c.Context(), c.partnerID, c.PathValue("person_id"), once, in)
	if err != nil {
		return err
	}
	if replay != nil {
		return writeReplay(c, replay)
	}
	b, err := viewEligibility(e)
	if err != nil {
		return err
	}
	return writeBytes(c, http.StatusOK, b)
}

// idnowAttemptView is a result of the provider (partner-api.md §3.5, I12).
type idnowAttemptView struct {
	ID      string          `json:"id"`
	Result  string          `json:"result"`
	Reason  *string         `json:"reason"`
	Payload json.RawMessage `json:"payload"`
}

func (s *Server) listIDnowAttempts(c *call) error {
	i, err := s.identification(c)
	if err != nil {
		return err
	}
	return writeList(s, c, list[flow.ProviderAttempt]{
		read: func(v kyc.View, p kyc.Page) ([]flow.ProviderAttempt, error) {
			if i.Method.Bankident() {
				return nil, nil // other firms' answers
			}
			findings, err := v.Findings().List(i.ID, p)
			if err != nil {
				return nil, err
			}
			return s.flow.ProviderAttempts(v.Persons(), i, findings)
		},
		count: func(v kyc.View, atMost int) (int, error) {
			if i.Method.Bankident() {
				return 0, nil
			}
			return v.Findings().Count(i.ID, atMost)
		},
		show: func(a flow.ProviderAttempt) ([]byte, error) {
			return marshal(idnowAttemptView{ID: a.ID, Result: a.Result, Reason: kyc.Optional(a.Reason), Payload: a.Payload})
		},
	})
}

func (s *Server) listSupportedDocuments(c *call) error {
	i, err := s.identification(c)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, paper.Supported(i.Method))
}
