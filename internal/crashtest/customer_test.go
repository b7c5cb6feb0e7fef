package crashtest

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sim/fourthline"
)

// customer does one thing after another until the world ends. It waits when
// there is no server, and goes on where it was.
type customer struct {
	*client
	chance *rand.Rand
}

// journeys is how many each customer makes before waiting for the next server,
// so that a scene in which weeks pass is not buried under them.
const journeys = 10

func (c *customer) work() {
	defer c.http.CloseIdleConnections()
	for n := 1; !c.w.ending.Load(); n++ {
		if n%journeys == 0 {
			c.w.gate.enter(c.entered) // no more with this server
		}
		err := c.journey()
		if err != nil && !errors.Is(err, errNoAnswer) {
			return // reported where it happened
		}
	}
}

// robots are the scenarios that need nobody; the others of the load are people.
var robots = []string{
	"ABORTIDENT", "CANCELED", "FRAUDIDENT", "FRAUDIDENT", "FRAUDIDENT", "HAPPYPATH", "FRAUDOK", "FRAUDREVIEW", "CHANGEALL", "LONGREVIEW", "UNHEARD-OF",
}

// somebody is the first name of the next person.
func (c *customer) somebody() string {
	if c.one(3) {
		return "X-AUTOTEST-" + robots[c.chance.IntN(len(robots))]
	}
	return byHand
}

func (c *customer) one(in int) bool { return c.chance.IntN(in) == 0 }

// journey is one customer's way, or something that stands beside it.
func (c *customer) journey() error {
	switch c.chance.IntN(14) {
	case 0:
		return c.advance([]string{"1s", "12s", "45s", "2m"}[c.chance.IntN(4)])
	case 1:
		c.token = ""
		return nil
	case 2:
		return c.subscriber()
	case 3, 4:
		return c.bankident()
	}
	p, err := c.createPerson(c.somebody(), c.one(2))
	if err != nil {
		return err
	}
	if c.one(2) {
		if err := c.patchPerson(p); err != nil {
			return err
		}
	}
	i, err := c.createIdent(p, c.one(2))
	if err != nil {
		return err
	}
	if c.one(4) {
		if err := c.hand(i); err != nil {
			return err
		}
	}
	if c.one(8) {
		return nil // never requested
	}
	if err := c.several(i); err != nil {
		return err
	}
	return c.play(i)
}

// hand uploads a paper, and takes it away again now and then.
func (c *customer) hand(i *ident) error {
	if c.one(2) {
		_, err := c.upload(i.person, i, c.one(2))
		return err
	}
	x, err := c.upload(i.person, nil, c.one(2))
	if err == nil && c.one(2) {
		err = c.changePaper(x)
	}
	if err == nil && c.one(2) {
		err = c.deletePaper(x)
	}
	return err
}

// refusals are what a request may be answered besides 200: the provider refuses
// or has trouble, or a result was quicker.
var refusals = []int{http.StatusBadRequest, http.StatusPreconditionFailed, http.StatusBadGateway, http.StatusGatewayTimeout}

// several requests the identification once, or twice at the same time.
func (c *customer) several(i *ident) error {
	if !c.one(4) {
		return c.request(i, refusals...)
	}
	twin := c.w.client(c.name+"-twin", false)
	twin.token, twin.sent = c.token, c.sent*1000
	var wg sync.WaitGroup
	wg.Go(func() {
		// Its answer is the other's; that it was sent is written down.
		_, _ = twin.try(request{method: "PATCH", path: i.path() + "/request", ids: &i.requests})
		twin.http.CloseIdleConnections()
	})
	err := c.request(i, refusals...)
	wg.Wait()
	return err
}

// endings are what people come to; after the first four they try again.
var endings = []struct{ result, reason string }{
	{"ABORTED", "TECH_VIDEO"}, {"CANCELED", "TECH_PHOTO"}, {"ABORTED", ""}, {"CANCELED", ""},
	{"FRAUD_SUSPICION_CONFIRMED", ""}, {"REVIEW_PENDING", ""}, {"SUCCESS", ""}, {"SUCCESS_DATA_CHANGED", ""},
}

// play goes through some attempts. Most end in a state that is final: whatever
// else may change is polled for two weeks, and weeks pass often here.
func (c *customer) play(i *ident) error {
	for range c.chance.IntN(3) {
		e := endings[c.chance.IntN(len(endings))]
		if err := c.choose(i, e.result, e.reason); err != nil {
			return err
		}
		if e.result == "ABORTED" || e.result == "CANCELED" {
			if err := c.request(i, refusals...); err != nil {
				return err
			}
		}
	}
	if !c.one(12) {
		if err := c.choose(i, "FAILED", ""); err != nil {
			return err
		}
	}
	return c.look(i)
}

// subscriber subscribes, does something that must be told, and unsubscribes.
func (c *customer) subscriber() error {
	h, err := c.subscribe("IDENTIFICATION")
	if err == nil {
		var p *person
		if p, err = c.createPerson("X-MANUALTEST-HAPPYPATH", false); err == nil {
			_, err = c.createIdent(p, false)
		}
	}
	if h == nil || (err != nil && !errors.Is(err, errNoAnswer)) {
		return err
	}
	return c.unsubscribe(h)
}

// bankident is a way through Bankident that may be left anywhere.
func (c *customer) bankident() error {
	i, err := c.createBank([]kyc.Method{kyc.MethodBank, kyc.MethodBankID}[c.chance.IntN(2)])
	if err == nil {
		err = c.request(i, append(refusals, troubled...)...)
	}
	if err != nil {
		return err
	}
	results := []string{"success", "success", "success", "joint_account", "login_failed"}
	steps := []func() error{
		func() error { return c.end(i, results[c.chance.IntN(len(results))]) },
		func() error {
			if i.method == kyc.MethodBank {
				return nil
			}
			return errors.Join(c.handData(i), c.end(i, []string{fourthline.Accepted, fourthline.Accepted, "1036", "4000"}[c.chance.IntN(4)]))
		},
		func() error { return c.authorize(i) },
		func() error { return c.confirm(i, []string{testPassword, testPassword, "000000"}[c.chance.IntN(3)]) },
		func() error { return c.advance("3s") },
		func() error { return c.look(i) },
	}
	for _, step := range steps {
		if c.one(8) {
			return nil
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
