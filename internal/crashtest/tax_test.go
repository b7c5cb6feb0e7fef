package crashtest

import (
	"encoding/json"
	"net/http"
)

func (p *person) taxes() string { return "/v1/persons/" + p.id + "/tax_identifications" }

// createTax gives the person a tax identification and returns its id.
func (c *client) createTax(p *person, body object) (string, error) {
	a, err := c.keyed(p.taxes(), body, http.StatusCreated)
	if err != nil {
		return "", err
	}
	id := a.text("id")
	c.w.note(func() { p.tax = with(with(object{}, p.tax), object{id: body["number"]}) })
	c.w.acknowledge("tax identification")
	return id, nil
}

// changeTax gives it another number and makes it primary, with the customer's consent.
func (c *client) changeTax(p *person, id, number string) error {
	a, err := c.ask(request{method: "PATCH", path: p.taxes() + "/" + id, body: object{"number": number, "primary": true}})
	if err != nil {
		return err
	}
	if a.status != http.StatusAccepted {
		return c.unexpected("change a tax identification", a)
	}
	c.w.note(func() { // until it is acknowledged it may be this or that
		p.tax = with(p.tax, nil)
		delete(p.tax, id)
	})
	if err := c.consent(p, a.text("id")); err != nil {
		return err
	}
	c.w.note(func() { p.tax = with(p.tax, object{id: number}) })
	c.w.acknowledge("change of a tax identification")
	return nil
}

func taxIdentifications(s *stage) error {
	p, err := s.createPerson(byHand, true)
	if err != nil {
		return err
	}
	if err := s.verify(p); err != nil {
		return err
	}
	if _, err := s.createTax(p, object{"country": "DE", "number": "86095742719"}); err != nil {
		return err
	}
	dutch, err := s.createTax(p, object{"country": "NL", "number": "111222333"})
	if err != nil {
		return err
	}
	return s.changeTax(p, dutch, "123456782")
}

// compareTax: what was acknowledged is there, and one of them is primary.
func (w *world) compareTax(c *client, p *person) error {
	w.mu.Lock()
	path, want := p.taxes(), p.tax
	w.mu.Unlock()
	if len(want) == 0 {
		return nil
	}
	a, err := c.get(path)
	if err != nil {
		return err
	}
	var list []object
	if err := json.Unmarshal(a.body, &list); err != nil {
		w.lose("%s: %d %s", path, a.status, a.body)
		return nil
	}
	numbers := object{}
	for _, t := range list {
		id, _ := t["id"].(string)
		numbers[id] = t["number"]
	}
	for id, number := range want {
		if numbers[id] != number {
			w.lose("%s/%s: the number is %v, acknowledged was %v", path, id, numbers[id], number)
		}
	}
	return nil
}

type taxRow struct {
	id, person, country string
	primary             bool
}

// auditTax: each was created once, and each person that has any has one that is primary.
func (w *world) auditTax(r *rows) {
	created := map[string]int{}
	for _, h := range r.history {
		if h.event != "tax_identification_created" {
			continue
		}
		var told struct{ ID string }
		if err := json.Unmarshal([]byte(h.details), &told); err != nil {
			w.lose("the history of person %s is unreadable: %v", h.person, err)
		}
		created[told.ID]++
	}
	primary := map[string]int{}
	for _, t := range r.taxes {
		if created[t.id] != 1 {
			w.lose("tax identification %s was created %d times", t.id, created[t.id])
		}
		delete(created, t.id)
		if primary[t.person] += 0; t.primary {
			primary[t.person]++
		}
	}
	for id := range created {
		w.lose("the history tells of a tax identification %s that is not there", id)
	}
	for person, n := range primary {
		if n != 1 {
			w.lose("person %s has %d primary tax identifications", person, n)
		}
	}
}
