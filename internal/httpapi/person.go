package httpapi

import (
	"net/http"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// person finds the person of the path; another partner's is not found.
func (s *Server) person(c *call) (p kyc.Person, err error) {
	err = s.view(c, func(v kyc.View) error {
		p, err = v.Persons().Get(c.partnerID, c.PathValue("person_id"))
		return err
	})
	return p, err
}

func (s *Server) createPerson(c *call) error {
	once, in, err := onceAndBody(c, http.StatusCreated, func(p any) ([]byte, error) { return personView(p.(kyc.Person)) })
	if err != nil {
		return err
	}
	p, replay, err := s.flow.CreatePerson(c.Context(), c.partnerID, once, in)
	return writeOnce(c, once, p, replay, err)
}

func (s *Server) listPersons(c *call) error {
	return writeList(s, c, list[kyc.Person]{
		wide:  "persons",
		read:  func(v kyc.View, p kyc.Page) ([]kyc.Person, error) { return v.Persons().List(c.partnerID, p) },
		count: func(v kyc.View, atMost int) (int, error) { return v.Persons().Count(c.partnerID, atMost) },
		show:  personView,
	})
}

func (s *Server) getPerson(c *call) error {
	p, err := s.person(c)
	if err != nil {
		return err
	}
	return writePerson(c, http.StatusOK, p)
}

func (s *Server) patchPerson(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	p, asked, err := s.flow.PatchPerson(c.Context(), c.partnerID, c.PathValue("person_id"), in)
	if err != nil {
		return err
	}
	if asked != nil {
		return writeChangeRequest(c, *asked)
	}
	return writePerson(c, http.StatusOK, p)
}

func writePerson(c *call, status int, p kyc.Person) error {
	b, err := personView(p)
	if err != nil {
		return err
	}
	return writeBytes(c, status, b)
}

// personView writes the person in the order of kyc.PersonFields: every key is
// there, nested objects too, null where there is no value.
func personView(p kyc.Person) ([]byte, error) {
	o := newObject()
	o.text("id", p.ID)
	values := p.Attributes.Reveal()
	parent := ""
	for _, f := range kyc.PersonFields {
		of, name, nested := strings.Cut(f.Path, ".")
		if !nested {
			of, name = "", f.Path
		}
		if of != parent && parent != "" {
			o.shut()
		}
		if of != parent && of != "" {
			o.open(of)
		}
		parent = of
		if err := o.value(name, values[f.Path]); err != nil {
			return nil, err
		}
	}
	if parent != "" {
		o.shut()
	}
	return o.end(), nil
}
