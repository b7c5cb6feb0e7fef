package xs2a_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/xs2a"
	sim "github.com/identikit/identikit/internal/sim/xs2a"
)

const (
	ident = "6dc54352d6793a892e0702850d07b831cidt"
	iban  = "DE62888888880012345678"
)

var anna = provider.Order{Identification: ident, Language: "DE", IBAN: iban, Person: kyc.Attributes{
	"first_name": "Anna Maria", "last_name": "Müller-Schmidt",
}}

// lastErrors are the words of providers.md §3.
var lastErrors = strings.Fields(`session_expired token_mismatch tech_error client_not_started client_aborted veto_by_merchant
	consent_invalid init_failed login_failed login_next_failed accounts_failed balance_failed turnovers_failed standing_orders_failed
	transaction_failed tan_failed tan_method_not_allowed wrong_tan max_login_tries max_tan_tries login_blacklisted
	account_blacklisted validation_failed pp_not_checked testmode_error tx_rx_iban_equal forced_transport_disabled
	country_id_invalid bank_code_unknown no_transports_found no_compatible_accounts pinned_iban_not_found
	pinned_holder_not_found pinned_iban_transaction_not_possible authorized_person authorized_person_poa
	age_verification_not_confirmed account_data_incomplete security_setting_rejection`)

func config(api string, client *http.Client) xs2a.Config {
	return xs2a.Config{
		APIURL: api, APIKey: "key", WizardURL: "https://wizard.example", InterfaceID: "look 1", AcceptTest: true, HTTP: client,
		Recipient: xs2a.Recipient{Holder: "Identikit Sandbox", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX"},
	}
}

// world is an adapter and the simulator that it speaks to over HTTP.
type world struct {
	provider.Adapter
	sim   *sim.Server
	api   string
	clock *clock.Movable
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: clock.NewMovable(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}
	w.clock.Stop()
	var err error
	if w.sim, err = sim.New(sim.Config{APIKey: "key", Now: w.clock.Now}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.sim.API())
	t.Cleanup(srv.Close)
	w.api = srv.URL
	w.Adapter = xs2a.New(config(srv.URL, srv.Client()))
	return w
}

func (w *world) start(t *testing.T, o provider.Order) provider.Ref {
	t.Helper()
	s, err := w.Starter.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return provider.Ref{Identification: o.Identification, Handle: s.Handle}
}

func TestStart(t *testing.T) {
	w := newWorld(t)
	s, err := w.Starter.Start(t.Context(), anna)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host != "wizard.example" || u.Path != "/index.html" || u.Query().Get("interface_id") != "look 1" || len(u.Query().Get("wizard_session_key")) < 20 {
		t.Errorf("the link is %s, %v", s.URL, err)
	}
	if s.Reference != "" || s.Handle == "" || s.EstimatedWaiting != nil {
		t.Errorf("%+v", s)
	}
}

// TestRefusal: the firm's no names the fields and quotes no value.
func TestRefusal(t *testing.T) {
	w := newWorld(t)
	o := anna
	o.IBAN = "DE00888888880012345678"
	_, err := w.Starter.Start(t.Context(), o)
	var e *kyc.Error
	if !errors.As(err, &e) || e.Kind != kyc.Invalid || e.Code != "xs2a_error" || !strings.Contains(e.Detail, "sender_iban") || strings.Contains(e.Error(), "DE00") {
		t.Errorf("%v", err)
	}
}

// TestNothingUnpinned: a session in which any account would do is never opened.
func TestNothingUnpinned(t *testing.T) {
	w := newWorld(t)
	for name, o := range map[string]provider.Order{
		"no IBAN": {Identification: ident, Person: anna.Person}, "no name": {Identification: ident, IBAN: iban, Person: kyc.Attributes{}},
	} {
		if s, err := w.Starter.Start(t.Context(), o); !kyc.IsKind(err, kyc.Invalid) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestWrongKey: that the account is not set up is no fault of the customer's.
func TestWrongKey(t *testing.T) {
	w := newWorld(t)
	c := config(w.api, http.DefaultClient)
	c.APIKey = "another"
	if _, err := xs2a.New(c).Starter.Start(t.Context(), anna); !kyc.IsKind(err, kyc.BadGateway) {
		t.Errorf("%v", err)
	}
}

func TestSuccess(t *testing.T) {
	w := newWorld(t)
	for result, joint := range map[string]bool{"success": false, "joint_account": true} {
		ref := w.start(t, anna)
		if err := w.sim.SetResult(t.Context(), ident, result); err != nil {
			t.Fatal(err)
		}
		f, err := w.Poller.Poll(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if f.Event != kyc.BankConfirmed || f.Result != "finished" || !f.At.Equal(w.clock.Now().Truncate(time.Millisecond)) || f.Account.Joint != joint {
			t.Errorf("%s: %s %q at %s, joint %t", result, f.Event, f.Result, f.At, f.Account.Joint)
		}
		a := f.Account
		if a.IBAN != iban || !strings.HasPrefix(a.Holder, "Anna Maria Müller-Schmidt") || a.BIC != "TESTDE88XXX" || a.BankName == "" || a.Transfer == "" {
			t.Errorf("%s: %+v", result, a)
		}
		if strings.Contains(string(f.Raw), "turnovers") {
			t.Error("what was spent is kept")
		}
	}
}

// TestReasons: every ending becomes the failure reason that is ours, with the firm's word beside it.
func TestReasons(t *testing.T) {
	w := newWorld(t)
	want := map[string]string{
		"session_expired": kyc.ReasonExpired, "authorized_person": kyc.ReasonAuthorizedHolder, "authorized_person_poa": kyc.ReasonAuthorizedHolder,
		"pinned_holder_not_found": kyc.ReasonAuthorizedHolder, "snapshot_expired": kyc.ReasonSnapshotExpired,
	}
	for _, word := range append(lastErrors, "snapshot_expired", "snapshot_failed") {
		ref := w.start(t, anna)
		if err := w.sim.SetResult(t.Context(), ident, word); err != nil {
			t.Fatal(err)
		}
		reason := want[word]
		if reason == "" {
			reason = kyc.ReasonSnapshotFailed
		}
		f, err := w.Poller.Poll(t.Context(), ref)
		if err != nil || f.Reason != reason || !strings.Contains(word, "snapshot_") && f.Result != word {
			t.Errorf("%s: reason %q, result %q, %v", word, f.Reason, f.Result, err)
		}
	}
}

// TestIdleSession: a session that nobody uses ends after half an hour.
func TestIdleSession(t *testing.T) {
	w := newWorld(t)
	ref := w.start(t, anna)
	begun := w.clock.Now()
	if err := w.clock.Set(begun.Add(31 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	w.sim.RunDue(t.Context(), w.clock.Now())
	f, err := w.Poller.Poll(t.Context(), ref)
	if err != nil || f.Event != kyc.DeadlinePassed || f.Reason != kyc.ReasonExpired || !f.At.Equal(begun.Add(30*time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("%s, %q at %s, %v", f.Event, f.Reason, f.At, err)
	}
}

// TestTestModeIsNoResult: where the bank is real, the test bank proves nothing.
func TestTestModeIsNoResult(t *testing.T) {
	w := newWorld(t)
	ref := w.start(t, anna)
	if err := w.sim.SetResult(t.Context(), ident, "success"); err != nil {
		t.Fatal(err)
	}
	c := config(w.api, http.DefaultClient)
	c.AcceptTest = false
	if _, err := xs2a.New(c).Poller.Poll(t.Context(), ref); !kyc.IsKind(err, kyc.BadGateway) {
		t.Errorf("%v", err)
	}
}

// swelling answers for the account snapshot what it is told to.
type swelling struct{ snapshot string }

func (s swelling) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/accountSnapshot") {
		if err := resp.Body.Close(); err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(strings.NewReader(s.snapshot))
	}
	return resp, err
}

// TestSwollenSnapshot: of a snapshot of very many accounts nothing is kept, which
// would take much more room here than on the wire.
func TestSwollenSnapshot(t *testing.T) {
	w := newWorld(t)
	ref := w.start(t, anna)
	if err := w.sim.SetResult(t.Context(), ident, "success"); err != nil {
		t.Fatal(err)
	}
	for accounts, taken := range map[int]bool{199: true, 200_000: false} {
		firm := xs2a.New(config(w.api, &http.Client{Transport: swelling{"[" + strings.Repeat("{},", accounts) + "{}]"}}))
		if f, err := firm.Poller.Poll(t.Context(), ref); (err == nil) != taken || err != nil && (!kyc.IsKind(err, kyc.BadGateway) || f.Raw != nil) {
			t.Errorf("%d accounts: %d bytes, %v", accounts, len(f.Raw), err)
		}
	}
}

// TestCustomersWay: what a customer does in the wizard becomes the reason that is
// ours; a wrong TAN alone is none.
func TestCustomersWay(t *testing.T) {
	w := newWorld(t)
	for pin, want := range map[string]string{
		"1234": "", "autho": kyc.ReasonAuthorizedHolder, "other": kyc.ReasonAuthorizedHolder, "snapx": kyc.ReasonSnapshotExpired,
		"noacc": kyc.ReasonSnapshotFailed, "timeo": kyc.ReasonExpired,
	} {
		s, err := w.Starter.Start(t.Context(), anna)
		if err != nil {
			t.Fatal(err)
		}
		ref := provider.Ref{Identification: ident, Handle: s.Handle}
		link, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		step := func(values string) string {
			resp, err := http.Post(w.api+"/v1.1/wizard", "application/json", strings.NewReader(`{"key":"`+link.Query().Get("wizard_session_key")+`"`+values+`}`))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(answer)
		}
		step(`,"bank_code":"88888888"`)
		step(`,"USER_NAME":"me","USER_PIN":"` + pin + `","privacy_policy":true`)
		form := step(`,"account":0`)
		if _, after, ok := strings.Cut(form, "TAN in dieser Simulation: "); ok {
			step(`,"TAN":"none"`)
			if _, err := w.Poller.Poll(t.Context(), ref); !errors.Is(err, provider.ErrNoResult) {
				t.Errorf("%s: after a wrong TAN %v", pin, err)
			}
			step(`,"TAN":"` + after[:6] + `"`)
		}
		f, err := w.Poller.Poll(t.Context(), ref)
		if err != nil || f.Reason != want || (f.Event == kyc.BankConfirmed) != (want == "") {
			t.Errorf("%s: %s, %q, %v", pin, f.Event, f.Reason, err)
		}
	}
}

func TestCheck(t *testing.T) {
	good := config("http://127.0.0.1:1", nil)
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*xs2a.Config){
		"plain http":   func(c *xs2a.Config) { c.APIURL = "http://api.xs2a.com" },
		"no wizard":    func(c *xs2a.Config) { c.WizardURL = "" },
		"no key":       func(c *xs2a.Config) { c.APIKey = "" },
		"no recipient": func(c *xs2a.Config) { c.Recipient.IBAN = "" },
		"dear":         func(c *xs2a.Config) { c.Cents = 101 },
	} {
		c := good
		change(&c)
		if c.Check() == nil {
			t.Errorf("%s passes", name)
		}
	}
}
