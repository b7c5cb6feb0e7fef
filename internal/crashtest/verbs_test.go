package crashtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// The verbs of the API, as a partner calls them. Each writes down in the ledger
// what it sends and what it is answered.

// createPerson makes a person with the first name; with a key it is sent until
// it is answered.
func (c *client) createPerson(first string, keyed bool) (*person, error) {
	p := &person{marker: fmt.Sprintf("Muster-%s-%d", c.name, c.w.next()), owner: c.partner}
	if keyed {
		p.key = "person-" + p.marker
	}
	c.w.note(func() { c.w.persons = append(c.w.persons, p) })
	r := request{
		method: "POST", path: "/v1/persons", key: p.key, ids: &p.sent,
		body: object{"first_name": first, "last_name": p.marker, "birth_city": "Köln"},
	}
	a, err := c.post(r)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusCreated {
		return nil, c.unexpected("create a person", a)
	}
	c.w.note(func() {
		p.id, p.body = a.text("id"), string(a.body)
		p.fixed = object{}
	})
	c.w.acknowledge("person")
	return p, c.replay(r, a)
}

// post sends something that makes something: again only if it has a key.
func (c *client) post(r request) (answer, error) {
	if r.key != "" {
		return c.ask(r)
	}
	return c.try(r)
}

// replay sends a keyed request once more: it must be answered the same.
func (c *client) replay(r request, first answer) error {
	if r.key == "" {
		return nil
	}
	a, err := c.ask(r)
	if err == nil && (string(a.body) != string(first.body) || a.header.Get("Idempotency-Hit") != "true") {
		c.w.lose("the key %s is answered differently: %s and %s", r.key, first.body, a.body)
	}
	return err
}

// patchPerson fills in two fields: both or none.
func (c *client) patchPerson(p *person) error {
	fields := object{"email": p.marker + "@bank.example", "job_title": "job of " + p.marker}
	a, err := c.ask(request{method: "PATCH", path: "/v1/persons/" + p.id, body: fields, ids: &p.patches})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return c.unexpected("patch a person", a)
	}
	c.w.note(func() { p.patched, p.fixed = true, with(p.fixed, fields) })
	c.w.acknowledge("patch")
	return nil
}

// createIdent makes an identification by video.
func (c *client) createIdent(p *person, keyed bool) (*ident, error) {
	return c.createBy(kyc.MethodIDnow, nil, p, keyed)
}

// createBy makes an identification by a method; more is what else it needs.
func (c *client) createBy(m kyc.Method, more object, p *person, keyed bool) (*ident, error) {
	i := &ident{person: p, method: m, driver: c.name, begun: c.w.next(), documents: map[string]string{}}
	if keyed {
		i.key = fmt.Sprintf("ident-%d", i.begun)
	}
	c.w.note(func() { p.idents = append(p.idents, i) })
	r := request{
		method: "POST", path: "/v1/persons/" + p.id + "/identifications", key: i.key, ids: &i.sent,
		body: with(object{"method": string(m), "device_data": "device of " + p.marker}, more),
	}
	a, err := c.post(r)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusCreated {
		return nil, c.unexpected("create an identification", a)
	}
	c.w.note(func() { i.id = a.text("id"); i.seen = append(i.seen, a.text("status")) })
	c.w.acknowledge("identification")
	return i, c.replay(r, a)
}

func (i *ident) path() string { return "/v1/persons/" + i.person.id + "/identifications/" + i.id }

// request asks for the session; ok are the statuses that explain themselves
// besides 200.
func (c *client) request(i *ident, ok ...int) error {
	a, err := c.ask(request{method: "PATCH", path: i.path() + "/request", ids: &i.requests})
	if err != nil {
		return err
	}
	for _, status := range ok {
		if a.status == status {
			return nil
		}
	}
	if a.status != http.StatusOK {
		return c.unexpected("request an identification", a)
	}
	c.w.acknowledge("request")
	c.w.note(func() {
		i.seen = append(i.seen, a.text("status"))
		i.requested = true
		if i.link == "" {
			i.link = a.text("url")
		}
	})
	if a.text("url") != i.link || i.link == "" {
		c.w.lose("%s: the link is %q, and was %q", i.path(), a.text("url"), i.link)
	}
	return nil
}

// choose ends the session at the simulated provider.
func (c *client) choose(i *ident, result, reason string) error {
	body := object{"result": result}
	if reason != "" {
		body["reason"] = reason
	}
	a, err := c.ask(request{method: "POST", path: "/sandbox/identifications/" + i.id + "/result", body: body, open: true})
	if err != nil {
		return err
	}
	if a.status == http.StatusPreconditionFailed { // the provider has not been asked yet
		return nil
	}
	if a.status != http.StatusOK {
		return c.unexpected("choose a result", a)
	}
	c.w.acknowledge("result")
	c.w.note(func() { i.seen = append(i.seen, a.text("status")); i.results++ })
	return nil
}

// look reads the identification and all of its files.
func (c *client) look(i *ident) error {
	a, err := c.get(i.path() + "?include_documents=true")
	if err != nil {
		return err
	}
	var shown struct {
		Status    string
		URL       *string
		Documents []struct{ ID string }
	}
	if e := json.Unmarshal(a.body, &shown); e != nil || a.status != http.StatusOK {
		return c.unexpected("read "+i.path(), a)
	}
	c.w.note(func() { i.seen = append(i.seen, shown.Status) })
	if i.link != "" && (shown.URL == nil || *shown.URL != i.link) {
		c.w.lose("%s: the link was acknowledged and is gone", i.path())
	}
	there := map[string]bool{}
	for _, d := range shown.Documents {
		there[d.ID] = true
		if err := c.download(i, d.ID); err != nil {
			return err
		}
	}
	for id := range i.documents {
		if !there[id] {
			c.w.lose("%s: the document %s was seen and is gone", i.path(), id)
		}
	}
	return nil
}

// download reads a file; it must be the one that it was before.
func (c *client) download(i *ident, document string) error {
	a, err := c.get("/v1/persons/" + i.person.id + "/documents/" + document + "/file")
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return c.unexpected("download "+document, a)
	}
	sum := sha256.Sum256(a.body)
	now := hex.EncodeToString(sum[:])
	if before := i.documents[document]; before != "" && before != now {
		c.w.lose("document %s has other bytes than before", document)
	}
	c.w.note(func() { i.documents[document] = now })
	return nil
}

// subscribe makes a subscription of the client's partner.
func (c *client) subscribe(event string) (*hook, error) {
	h := &hook{owner: c.name, event: event, path: fmt.Sprintf("/hooks/%d", c.w.next()), partner: c.partner}
	c.w.note(func() { c.w.hooks = append(c.w.hooks, h) })
	a, err := c.try(request{method: "POST", path: "/v1/webhooks", body: object{"event_type": event, "url": c.w.receiver.url + h.path}})
	if err != nil {
		return h, err
	}
	if a.status != http.StatusCreated {
		return nil, c.unexpected("subscribe", a)
	}
	now := c.w.next()
	c.w.note(func() { h.id, h.secret, h.acked = a.text("id"), a.text("secret"), now })
	c.w.acknowledge("subscription")
	return h, nil
}

// unsubscribe removes a subscription, or what may have come of one that was
// never acknowledged.
func (c *client) unsubscribe(h *hook) error {
	id := h.id
	if id == "" {
		var err error
		if id, err = c.findHook(h); err != nil || id == "" {
			return err
		}
	}
	now := c.w.next()
	c.w.note(func() { h.dropping = now })
	a, err := c.ask(request{method: "DELETE", path: "/v1/webhooks/" + id})
	if err != nil {
		return err
	}
	if a.status/100 != 2 && a.status != http.StatusNotFound { // 404: a try without an answer did it
		return c.unexpected("unsubscribe", a)
	}
	c.w.note(func() { h.id, h.dropped = id, true })
	c.w.acknowledge("unsubscription")
	return nil
}

func (c *client) findHook(h *hook) (string, error) {
	a, err := c.get("/v1/webhooks?page[size]=1000")
	if err != nil {
		return "", err
	}
	var all []struct{ ID, URL string }
	if e := json.Unmarshal(a.body, &all); e != nil {
		return "", c.unexpected("list the subscriptions", a)
	}
	for _, x := range all {
		if strings.HasSuffix(x.URL, h.path) {
			return x.ID, nil
		}
	}
	return "", nil
}

// advance moves the clock; all that falls due on the way is done.
func (c *client) advance(d string) error {
	a, err := c.ask(request{method: "POST", path: "/sandbox/clock", body: object{"advance": d}, open: true})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return c.unexpected("move the clock", a)
	}
	c.w.acknowledge("clock")
	c.w.note(func() { c.w.clock = max(c.w.clock, a.text("now")) }) // of one form and length
	return nil
}
