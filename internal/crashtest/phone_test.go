package crashtest

import (
	"fmt"
	"net/http"
)

// The number and the password that a sandbox always takes.
const (
	testNumber   = "+15550101"
	testPassword = "212212"
)

// keyed sends a POST with an idempotency key until it is answered with the status.
func (c *client) keyed(path string, body object, want int) (answer, error) {
	a, err := c.ask(request{method: "POST", path: path, key: fmt.Sprintf("phone-%d", c.w.next()), body: body})
	if err == nil && a.status != want {
		err = c.unexpected("POST "+path, a)
	}
	return a, err
}

// verify gives the person a number and verifies it.
func (c *client) verify(p *person) error {
	path := "/v1/persons/" + p.id + "/mobile_number"
	if _, err := c.keyed(path, object{"number": testNumber}, http.StatusCreated); err != nil {
		return err
	}
	c.w.note(func() { p.phone = testNumber })
	c.w.acknowledge("mobile number")
	if _, err := c.keyed(path+"/authorize", object{"number": testNumber}, http.StatusCreated); err != nil {
		return err
	}
	if _, err := c.keyed(path+"/confirm", object{"number": testNumber, "token": testPassword}, http.StatusCreated); err != nil {
		return err
	}
	c.w.note(func() { p.verified = true })
	c.w.acknowledge("verification")
	return nil
}

// consent authorizes and confirms a change request.
func (c *client) consent(p *person, change string) error {
	path := "/v1/change_requests/" + change
	if _, err := c.keyed(path+"/authorize", object{"person_id": p.id, "delivery_method": "static"}, http.StatusCreated); err != nil {
		return err
	}
	_, err := c.keyed(path+"/confirm", object{"person_id": p.id, "tan": testPassword}, http.StatusAccepted)
	return err
}

// change sets fields that have a value, with the customer's consent.
func (c *client) change(p *person, fields object) error {
	a, err := c.ask(request{method: "PATCH", path: "/v1/persons/" + p.id, body: fields})
	if err != nil {
		return err
	}
	if a.status != http.StatusAccepted {
		return c.unexpected("ask for a change", a)
	}
	c.w.note(func() { // until it is acknowledged it may be this or that
		for name := range fields {
			p.fixed = with(p.fixed, nil)
			delete(p.fixed, name)
		}
	})
	if err := c.consent(p, a.text("id")); err != nil {
		return err
	}
	c.w.note(func() { p.fixed = with(p.fixed, fields) })
	c.w.acknowledge("change")
	return nil
}

// removeNumber takes the number away, with the customer's consent if it is verified.
func (c *client) removeNumber(p *person) error {
	c.w.note(func() { p.phone = "" })
	a, err := c.ask(request{method: "DELETE", path: "/v1/persons/" + p.id + "/mobile_number", body: object{"number": testNumber}})
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusAccepted:
		return c.consent(p, a.text("id"))
	case http.StatusOK, http.StatusForbidden: // forbidden: it went before the last answer was lost
		return nil
	}
	return c.unexpected("remove a number", a)
}

func mobileNumber(s *stage) error {
	p, err := s.createPerson(byHand, true)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return s.verify(p) },
		func() error { return s.patchPerson(p) },
		func() error { return s.change(p, object{"email": "new-" + p.marker + "@bank.example"}) },
		func() error { return s.advance("1s") },
		func() error { return s.removeNumber(p) },
		func() error {
			_, err := s.keyed("/v1/persons/"+p.id+"/mobile_number", object{"number": testNumber}, http.StatusCreated)
			return err
		},
		func() error { return s.removeNumber(p) },
		func() error { return s.advance("1s") },
	)
}
