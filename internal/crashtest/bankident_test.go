package crashtest

import (
	"net/http"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sim/fourthline"
)

// bankIBAN is of an account from which a sandbox takes a transfer.
const bankIBAN = "DE77110101010100000093"

// troubled are what a step of Bankident may be answered besides 200: it was taken
// and the answer is lost, its time is over, the password is used up, the firm is
// in trouble, or whoever took it is dead and its lease is not.
var troubled = []int{
	http.StatusForbidden, http.StatusConflict, http.StatusPreconditionFailed, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// createBank makes a person with a phone and an identification by one of the methods of Bankident.
func (c *client) createBank(m kyc.Method) (*ident, error) {
	p, err := c.createPerson(byHand, true)
	if err != nil {
		return nil, err
	}
	if err := c.verify(p); err != nil {
		return nil, err
	}
	return c.createBy(m, object{"iban": bankIBAN, "terms_and_conditions_signed_at": "2020-01-01T00:00:00Z"}, p, true)
}

// eligible asks whether the person can be identified by the method bank.
func (c *client) eligible(p *person) error {
	a, err := c.keyed("/v1/persons/"+p.id+"/identification_eligibility_checks", object{"method": "bank"}, http.StatusOK)
	if err == nil && a.object()["eligible"] != true {
		err = c.unexpected("ask for the eligibility", a)
	}
	return err
}

// end ends what the identification waits for, as the customer or a firm would. It may have moved on.
func (c *client) end(i *ident, result string) error {
	a, err := c.ask(request{method: "POST", path: "/sandbox/identifications/" + i.id + "/result", body: object{"result": result}, open: true})
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusOK:
		c.w.acknowledge("result")
		c.w.note(func() { i.seen = append(i.seen, a.text("status")) })
	case http.StatusBadRequest, http.StatusPreconditionFailed:
	default:
		return c.unexpected("end "+i.path()+" with "+result, a)
	}
	return nil
}

// step asks for the next step, and writes down what it was answered.
func (c *client) step(i *ident, name string, body any) (status int, err error) {
	a, err := c.ask(request{method: "PATCH", path: i.path() + "/" + name, body: body, ids: &i.requests})
	if err != nil {
		return 0, err
	}
	switch {
	case a.status == http.StatusOK:
		c.w.acknowledge(name)
		c.w.note(func() { i.seen = append(i.seen, a.text("status")) })
	case !slices.Contains(troubled, a.status):
		return a.status, c.unexpected(name+" "+i.path(), a)
	}
	return a.status, nil
}

// authorize has the signer send a password.
func (c *client) authorize(i *ident) error {
	_, err := c.step(i, "authorize", nil)
	return err
}

// confirm gives a password.
func (c *client) confirm(i *ident, password string) error {
	_, err := c.step(i, "confirm", object{"token": password})
	return err
}

// handData uploads an archive with which all is well. It may be there already.
func (c *client) handData(i *ident) error {
	archive, err := fourthline.Sample(nil)
	if err != nil {
		return err
	}
	x := &paper{person: i.person, ident: i, plain: string(archive)}
	r := request{method: "POST", path: i.path() + "/document_upload", ids: &x.sent}
	if r.kind, r.body, err = formWith("kyc.zip", x.plain, "OTHER"); err != nil {
		return err
	}
	c.w.note(func() { c.w.papers = append(c.w.papers, x) })
	a, err := c.ask(r)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusConflict, a.status == http.StatusPreconditionFailed:
		return nil
	case a.status != http.StatusCreated:
		return c.unexpected("upload the identity data", a)
	}
	c.w.note(func() {
		x.id = a.text("id")
		i.documents[x.id] = sumOf(archive)
	})
	c.w.acknowledge("identity data")
	return nil
}

// status reads how the identification stands.
func (c *client) status(i *ident) (kyc.State, error) {
	a, err := c.get(i.path())
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		return "", c.unexpected("read "+i.path(), a)
	}
	c.w.note(func() { i.seen = append(i.seen, a.text("status")) })
	return kyc.State(a.text("status")), nil
}

// advances is how many steps an identification may take to its end.
const advances = 30

// finishBank does whatever is the identification's next step until it is at its
// end: from wherever a crash has left it, that must be possible.
func (c *client) finishBank(i *ident) error {
	var st kyc.State
	for range advances {
		var err error
		if st, err = c.status(i); err != nil {
			return err
		}
		switch st {
		case kyc.Created:
			err = c.request(i, troubled...)
		case kyc.Pending:
			err = c.end(i, "success")
		case kyc.IdentificationDataReq:
			err = c.handData(i)
		case kyc.Processed:
			err = c.end(i, fourthline.Accepted)
		case kyc.AuthorizationRequired:
			err = c.authorize(i)
		case kyc.ConfirmationRequired:
			var status int
			if status, err = c.step(i, "confirm", object{"token": testPassword}); err == nil && status == http.StatusForbidden {
				err = c.authorize(i)
			}
		case kyc.Confirmed:
		default:
			return nil
		}
		if err == nil {
			err = c.advance("3s")
		}
		if err != nil {
			return err
		}
	}
	r, err := c.w.snapshot()
	if err != nil {
		return err
	}
	now := time.Now().UnixMicro()
	if slices.ContainsFunc(r.jobs, func(j jobRow) bool { return j.key == i.id && j.leaseUntil > now }) {
		return nil // of the dead, see untilFree; its time will come
	}
	c.w.lose("identification %s is still %s after %d steps", i.id, st, advances)
	return nil
}

// resumeBankident brings the harness's own identifications to their end that the
// last crash has broken off.
func (w *world) resumeBankident(p *process) {
	w.t.Helper()
	c := w.harness
	c.direct = p.APIURL
	defer func() { c.direct = "" }()
	for _, firm := range []string{"/xs2a", "/ais", "/fourthline"} {
		if err := w.steer(p, "DELETE", firm+"/faults", nil, nil); err != nil {
			w.t.Fatalf("%s: %v", w.name, err)
		}
	}
	_, idents := w.all()
	for _, i := range idents {
		if i.id == "" || i.resumed || !i.method.Bankident() || i.driver != c.name || i.person.owner != c.partner {
			continue
		}
		if err := c.finishBank(i); err != nil {
			w.t.Fatalf("%s: resume %s (seed %d): %v %s", w.name, i.path(), w.seed, err, p.log.String())
		}
		i.resumed = true
	}
}

// bankident tells whether the identification is by one of the methods of Bankident.
func (i identRow) bankident() bool { return kyc.Method(i.method).Bankident() }

// toldWithoutFinding tells whether a firm was the cause of the line and no result of
// it is kept: it took no identity data, or its signatures say that the customer confirmed.
func (i identRow) toldWithoutFinding(h historyRow) bool {
	switch kyc.Event(h.event) {
	case kyc.AttemptOver, kyc.SigningFailed, kyc.SignConfirmed:
		return true
	case kyc.FailedForGood:
		return h.from == string(kyc.Processed) && i.statusCode == ""
	}
	return false
}

// handedOver tells whether the firm that checks identity data has them.
func (i identRow) handedOver(lines []historyRow) bool {
	return i.handle != "" && slices.ContainsFunc(lines, func(h historyRow) bool { return h.event == string(kyc.DataReceived) })
}

// auditFirms: the firms know what we asked them for, and of identity data once.
func (w *world) auditFirms(p *process, r *rows) {
	w.t.Helper()
	var bank struct {
		Sessions []struct{ Identification string }
	}
	var checker struct {
		Verifications []struct{ ClientReference string }
	}
	var signer struct {
		Requests []struct {
			ID   string `json:"request_id"`
			Done bool
		}
	}
	for path, into := range map[string]any{"/xs2a/sessions": &bank, "/fourthline/verifications": &checker, "/ais/requests": &signer} {
		if err := w.steer(p, "GET", path, nil, into); err != nil {
			w.t.Fatal(err)
		}
	}
	sessions, checks, done := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, s := range bank.Sessions {
		sessions[s.Identification]++
	}
	for _, v := range checker.Verifications {
		checks[v.ClientReference]++
	}
	for _, q := range signer.Requests {
		done[q.ID] = q.Done
	}
	lines := group(r.history, func(h historyRow) string { return h.ident })
	for _, i := range r.idents {
		if i.bankident() && i.requestedAt != 0 && sessions[i.id] == 0 {
			w.lose("the bank's firm has no session of %s", i.id)
		}
		if want := i.handedOver(lines[i.id]); want && checks[i.id] != 1 {
			w.lose("identity data of %s were taken %d times", i.id, checks[i.id])
		}
	}
	for _, s := range r.signings {
		if there, known := done[s.id]; s.state == string(kyc.SigningDone) && !(known && there) {
			w.lose("the signer knows nothing of the signatures of %s", s.ident)
		}
	}
}
