package flow_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/job"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// gateway is a gateway for texts that does what it is told.
type gateway struct {
	answers []error // of the next messages; then it takes all
	ids     []string
	texts   []string
}

func (g *gateway) Text(_ context.Context, id, number, text string) error {
	g.ids, g.texts = append(g.ids, id), append(g.texts, number+" "+text)
	if len(g.answers) == 0 {
		return nil
	}
	err := g.answers[0]
	g.answers = g.answers[1:]
	return err
}

// phones is a service of production with a gateway, and a person with a number.
type phones struct {
	*flow.Service
	gateway *gateway
	clock   *clock.Movable
	runner  *job.Runner
	person  string
}

func newPhones(t *testing.T, url string) *phones {
	t.Helper()
	p := &phones{gateway: &gateway{}, clock: clock.NewMovable(time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC))}
	p.clock.Stop()
	store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{
		Clock: p.clock, NewID: func(suffix string, _ int64) string { return id.Random(suffix) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	master, err := seal.NewMaster(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	p.Service = &flow.Service{Store: store, Clock: p.clock, Wall: clock.Real{}, Master: master, Log: log, Texter: p.gateway}
	p.runner = job.New(store, p.clock, clock.Real{}, log,
		job.Group{Workers: 1, Handlers: map[kyc.JobKind]job.Handler{kyc.SendMessage: p.SendMessage}})
	person, _, err := p.CreatePerson(t.Context(), "bank", flow.Once{}, map[string]any{"first_name": "Anna"})
	if err != nil {
		t.Fatal(err)
	}
	p.person = person.ID
	p.must(t, p.CreateMobileNumber)
	return p
}

var itsNumber = map[string]any{"number": "+4915112345678"}

type verb func(context.Context, string, string, flow.Once, map[string]any) (kyc.MobileNumber, *kyc.Replay, error)

func (p *phones) must(t *testing.T, do verb) {
	t.Helper()
	if _, _, err := do(t.Context(), "bank", p.person, flow.Once{}, itsNumber); err != nil {
		t.Fatal(err)
	}
}

// pass moves the clock and does what is due at every second of it.
func (p *phones) pass(t *testing.T, d time.Duration) {
	t.Helper()
	for end := p.clock.Now().Add(d); ; {
		if _, err := p.runner.RunDue(t.Context(), func(kyc.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if !p.clock.Now().Before(end) {
			return
		}
		if err := p.clock.Set(p.clock.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *phones) states(t *testing.T) (states []kyc.MessageState) {
	t.Helper()
	err := p.Store.View(t.Context(), func(v kyc.View) error {
		list, err := v.Messages().List("", kyc.Page{Limit: 10})
		for _, m := range list {
			states = append(states, m.State)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return states
}

// TestMessageTrouble: a gateway in trouble is asked again, with the same id, as
// long as the password is good; what it refuses is over.
func TestMessageTrouble(t *testing.T) {
	t.Parallel()
	trouble := errors.New("the line is dead")
	refused := fmt.Errorf("%w: no such number", flow.ErrTextRefused)
	testdb.Each(t, func(t *testing.T, url string) {
		for _, c := range []struct {
			name    string
			answers []error
			want    kyc.MessageState
			calls   int
		}{
			{"at once", nil, kyc.MessageSent, 1},
			{"at the third try", []error{trouble, trouble}, kyc.MessageSent, 3},
			{"never", slices.Repeat([]error{trouble}, 100), kyc.MessageExpired, 8},
			{"refused", []error{refused}, kyc.MessageRefused, 1},
			{"refused in the end", []error{trouble, refused}, kyc.MessageRefused, 2},
		} {
			t.Run(c.name, func(t *testing.T) {
				p := newPhones(t, fresh(t, url))
				p.gateway.answers = c.answers
				p.must(t, p.AuthorizeMobileNumber)
				p.pass(t, 10*time.Minute)
				if got := p.states(t); len(got) != 1 || got[0] != c.want || len(p.gateway.ids) != c.calls || len(slices.Compact(p.gateway.ids)) != 1 {
					t.Errorf("%v after %d calls", got, len(p.gateway.ids))
				}
			})
		}
	})
}

// fresh is another database of the same kind.
func fresh(t *testing.T, url string) string {
	if regexp.MustCompile(`^postgres`).MatchString(url) {
		return testdb.Postgres(t)
	}
	return testdb.SQLite(t)
}

// TestProductionTAN: outside of a sandbox the passwords of the tests are worth nothing.
func TestProductionTAN(t *testing.T) {
	t.Parallel()
	p := newPhones(t, testdb.SQLite(t))
	ctx := t.Context()
	p.must(t, p.AuthorizeMobileNumber)
	p.pass(t, 0)
	token := p.gateway.texts[0][len("+4915112345678 "):][:6]
	confirm := func(token string) error {
		_, _, err := p.ConfirmMobileNumber(ctx, "bank", p.person, flow.Once{}, map[string]any{"number": itsNumber["number"], "token": token})
		return err
	}
	if err := confirm("212212"); token != "212212" && !kyc.IsKind(err, kyc.Forbidden) {
		t.Errorf("%v", err)
	}
	if err := confirm(token); err != nil {
		t.Error(err)
	}
	_, r, err := p.DeleteMobileNumber(ctx, "bank", p.person, itsNumber)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.AuthorizeChange(ctx, "bank", r.ID, flow.Once{}, map[string]any{"person_id": p.person, "delivery_method": "static"})
	if !kyc.IsKind(err, kyc.Invalid) {
		t.Errorf("static: %v", err)
	}
	p.Texter = nil // no gateway is set
	_, _, err = p.AuthorizeMobileNumber(ctx, "bank", p.person, flow.Once{}, itsNumber)
	if !kyc.IsKind(err, kyc.NotImplemented) {
		t.Errorf("without a gateway: %v", err)
	}
}
