package flow_test

import (
	"context"
	"crypto/sha512"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/job"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/method/bankid"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/provider/ais"
	"github.com/identikit/identikit/internal/seal"
	simais "github.com/identikit/identikit/internal/sim/ais"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// bankFirm is a bank's firm, a data checker and a register that say what they are told to.
type bankFirm struct {
	finding provider.Finding
	taken   []string // archives
	refuse  error    // of Take
	unknown bool     // the register does not know the person
	asked   int      // of the register
}

func (f *bankFirm) Start(_ context.Context, o provider.Order) (provider.Session, error) {
	return provider.Session{Handle: "bank of " + o.IBAN, URL: "https://wizard.example/"}, nil
}

func (f *bankFirm) Poll(_ context.Context, r provider.Ref) (provider.Finding, error) {
	if f.finding.Event == "" {
		return provider.Finding{}, provider.ErrNoResult
	}
	return f.finding, nil
}

func (f *bankFirm) Read(string, []byte) (provider.Finding, error) {
	return provider.Finding{Account: provider.Account{Transfer: "4711avi"}}, nil
}

func (f *bankFirm) Take(_ context.Context, o provider.Order, archive io.Reader, size int64) (string, error) {
	b, err := io.ReadAll(archive)
	if err == nil && int64(len(b)) != size {
		err = errors.New("another size")
	}
	f.taken = append(f.taken, string(b))
	return "check of " + o.Identification, errors.Join(err, f.refuse)
}

func (f *bankFirm) Match(_ context.Context, person kyc.Attributes, iban string) (bool, error) {
	f.asked++
	return !f.unknown, nil
}

// signerFirm is a simulated signer and its adapter, which can be made to end otherwise.
type signerFirm struct {
	provider.Signing
	password string // that was sent last

	mu      sync.Mutex
	orders  []provider.SigningOrder
	handle  string    // of the last one
	ends    kyc.Event // instead of signing
	stamped time.Time // instead of when it was signed
	garbled bool      // its answers make no sense
	trouble error     // of Sign
	asking  func()    // while it is asked to sign
	away    error     // of Ask
	endless int       // answers without an end, each with a handle of its own; 0: none
	during  func()    // while a password is looked at
	guesses atomic.Int64
}

// rightPassword stands for the one that was sent.
const rightPassword = "right"

func newSigner(t *testing.T, now func() time.Time) *signerFirm {
	t.Helper()
	f := &signerFirm{}
	sim, err := simais.New(simais.Config{
		Customer: "bank", ConsentURL: "https://consent.example", Plain: true, BridgeToken: "bridge", Now: now,
		Text: func(_ context.Context, _, _, text string) error {
			f.password = text[len(text)-6:]
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	api, bridge := httptest.NewServer(sim.API()), httptest.NewServer(sim.Bridge())
	t.Cleanup(func() {
		api.Close()
		bridge.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Signing = ais.New(ais.Config{
		URL: api.URL + "/AIS-Server/rs/v1.0", Identity: "bank:" + simais.DefaultEntity, Jurisdiction: "DE", TrustedCAs: sim.TrustedCAs(),
		ConfirmURL: bridge.URL + "/confirm", ConfirmToken: "bridge", HTTP: http.DefaultClient,
	})
	return f
}

func (f *signerFirm) Sign(ctx context.Context, o provider.SigningOrder) (provider.SigningSession, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders = append(f.orders, o)
	if f.asking != nil {
		f.asking()
	}
	if f.trouble != nil {
		return provider.SigningSession{}, f.trouble
	}
	session, err := f.Signer.Sign(ctx, o)
	f.handle = session.Handle
	return session, err
}

func (f *signerFirm) Ask(ctx context.Context, handle string) (provider.Signature, error) {
	if f.away != nil {
		return provider.Signature{}, f.away
	}
	if f.endless > 0 {
		f.endless++
		return provider.Signature{Handle: "handle " + strconv.Itoa(f.endless)}, provider.ErrNoResult
	}
	if f.ends != "" {
		return provider.Signature{Event: f.ends, Result: "word", At: time.Now()}, nil
	}
	if f.garbled {
		return provider.Signature{}, kyc.Fail(kyc.BadGateway, "bad_gateway", "garbage")
	}
	s, err := f.Signer.Ask(ctx, handle)
	if !f.stamped.IsZero() {
		s.At = f.stamped
	}
	return s, err
}

func (f *signerFirm) Confirm(ctx context.Context, handle, password string) error {
	f.guesses.Add(1)
	if f.during != nil {
		f.during()
	}
	if password == rightPassword {
		password = f.password
	}
	return f.Confirmer.Confirm(ctx, handle, password)
}

// counter is the verbs of Bankident on a store, with firms of their own.
type counter struct {
	*flow.Service
	t       *testing.T
	bank    *bankFirm
	signer  *signerFirm
	clock   *clock.Movable
	runner  *job.Runner
	partner kyc.Partner
	person  string
	ident   string
}

var ibans = map[kyc.Method]string{kyc.MethodBank: "DE89370400440532013000", kyc.MethodBankID: "DE02120300000000202051"}

func newCounter(t *testing.T, url string, m kyc.Method) *counter {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c := &counter{t: t, bank: &bankFirm{}, clock: clock.NewMovable(time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC))}
	c.clock.Stop()
	c.signer = newSigner(t, c.clock.Now)
	store, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Clock: c.clock, NewID: func(s string, _ int64) string { return id.Random(s) }})
	must(err)
	t.Cleanup(func() { must(store.Close()) })
	master, err := seal.MasterFromFile(t.TempDir()+"/key", true)
	must(err)
	blobs, err := dir.Open(t.TempDir())
	must(err)
	log := slog.New(slog.DiscardHandler)
	firm := provider.Adapter{Name: "firm", Starter: c.bank, Poller: c.bank, Reader: c.bank, Taker: c.bank}
	c.Service = &flow.Service{
		Store: store, Clock: c.clock, Wall: clock.Real{}, Master: master, Blobs: blobs, Log: log, RequestDeadline: time.Minute, Texter: &gateway{},
		Rules:       map[kyc.Method]method.Rules{kyc.MethodBank: bank.Rules, kyc.MethodBankID: bankid.Rules},
		Providers:   map[kyc.Method]provider.Adapter{kyc.MethodBank: firm, kyc.MethodBankID: firm},
		DataChecker: firm, Register: c.bank, Banks: bank.Default(),
		Signer: provider.Signing{Name: "signer", Signer: c.signer, Confirmer: c.signer},
	}
	c.runner = job.New(store, c.clock, clock.Real{}, log, job.Group{Workers: 4, Handlers: map[kyc.JobKind]job.Handler{
		kyc.StartSession: c.StartSession, kyc.FetchResult: c.FetchResult, kyc.PollResult: c.PollResult, kyc.Expire: c.Expire,
		kyc.SubmitData: c.SubmitData, kyc.AuthorizeSigning: c.AuthorizeSigning, kyc.ConfirmSigning: c.ConfirmSigning, kyc.CollectSigning: c.CollectSigning,
		kyc.SendMessage: c.SendMessage,
	}})
	c.partner, _, err = flow.CreatePartner(t.Context(), store, flow.NewPartner{Name: "Bank"})
	must(err)
	person, _, err := c.CreatePerson(t.Context(), c.partner.ID, flow.Once{}, map[string]any{
		"first_name": "Anna", "last_name": "Muster", "birth_date": "1980-01-01", "birth_city": "Köln", "nationality": "DE", "mobile_number": "+4915112345678",
		"address":                    map[string]any{"line_1": "Weg 1", "postal_code": "10115", "city": "Berlin", "country": "DE"},
		"terms_conditions_signed_at": "2031-01-01T00:00:00Z", "data_terms_signed_at": "2031-01-01T00:00:00Z",
	})
	must(err)
	c.person = person.ID
	must(store.Tx(t.Context(), func(tx kyc.Tx) error {
		return tx.MobileNumbers().Insert(kyc.MobileNumber{
			ID: id.Random(id.MobileNumber), PartnerID: c.partner.ID, PersonID: person.ID, Number: "+4915112345678", Verified: true, CreatedAt: tx.Now(), Version: 1,
		})
	}))
	c.ident = c.create(m)
	return c
}

func (c *counter) create(m kyc.Method) string {
	c.t.Helper()
	i, _, err := c.CreateIdentification(c.t.Context(), c.partner.ID, c.person, flow.Once{}, map[string]any{
		"method": string(m), "iban": ibans[m], "terms_and_conditions_signed_at": "2031-03-01T11:59:00Z",
	})
	if err == nil {
		_, err = c.Request(c.t.Context(), c.partner.ID, c.person, i.ID, nil)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return i.ID
}

func (c *counter) authorize() (kyc.Identification, error) {
	a, err := c.Authorize(c.t.Context(), c.partner.ID, c.person, c.ident)
	return a.Identification, err
}

func (c *counter) confirm(token string) (kyc.Identification, error) {
	return c.Confirm(c.t.Context(), c.partner.ID, c.person, c.ident, map[string]any{"token": token})
}

// tell makes a firm have a result, and runs what follows from it.
func (c *counter) tell(f provider.Finding) {
	c.t.Helper()
	if f.Event == kyc.BankConfirmed && f.Account.IBAN == "" {
		f.Account.IBAN = c.iban()
	}
	if f.At.IsZero() {
		f.At = c.clock.Now()
	}
	f.Raw, f.Result = []byte("{}"), string(f.Event)
	f.Fingerprint = string(f.Event) + strconv.FormatInt(f.At.UnixMicro(), 10)
	c.bank.finding = f
	if err := c.Notice(c.t.Context(), c.ident); err != nil {
		c.t.Fatal(err)
	}
	c.run(time.Second)
}

// iban is that of the identification.
func (c *counter) iban() (iban string) {
	c.t.Helper()
	err := c.Store.View(c.t.Context(), func(v kyc.View) error {
		i, err := v.Identifications().Get(c.ident)
		iban = i.IBAN
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return iban
}

// run lets time pass and runs what falls due in it, each at its own time.
func (c *counter) run(later time.Duration) {
	c.t.Helper()
	for to := c.clock.Now().Add(later); ; {
		if _, err := c.runner.RunDue(c.t.Context(), func(kyc.Tx) error { return nil }); err != nil {
			c.t.Fatal(err)
		}
		next, ok, err := c.runner.NextDue(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		if !ok || next.After(to) {
			next = to
		}
		if !next.After(c.clock.Now()) && !c.clock.Now().Before(to) {
			return
		}
		if next.After(c.clock.Now()) {
			if err := c.clock.Set(next); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

func (c *counter) expect(state kyc.State, reason string, documents ...string) kyc.Identification {
	c.t.Helper()
	var i kyc.Identification
	err := c.Store.View(c.t.Context(), func(v kyc.View) (err error) {
		if i, err = v.Identifications().Get(c.ident); err != nil {
			return err
		}
		all, err := v.Documents().OfIdentification(c.ident)
		var kinds []string
		for _, d := range all {
			kinds = append(kinds, d.Type)
		}
		if i.State != state || i.VisibleReason() != reason || !slices.Equal(kinds, documents) {
			c.t.Errorf("%s %q with %v, want %s %q with %v", i.State, i.VisibleReason(), kinds, state, reason, documents)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return i
}

var bankConfirmed = provider.Finding{Event: kyc.BankConfirmed, Account: provider.Account{Transfer: "4711avi"}}

// TestBankident walks the whole way, and what is refused on it.
func TestBankident(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newCounter(t, url, kyc.MethodBank)
		if i := c.expect(kyc.Pending, ""); i.Reference != "" || i.URL == "" || i.Handle != "bank of "+i.IBAN {
			t.Errorf("%+v", i)
		}
		_, err := c.authorize()
		refused(t, err, kyc.PreconditionFailed, "invalid_identification_status")
		_, err = c.confirm(rightPassword)
		refused(t, err, kyc.PreconditionFailed, "invalid_identification_status")
		c.tell(bankConfirmed)
		i := c.expect(kyc.AuthorizationRequired, "", kyc.DocumentQES)
		if got := i.AuthorizationExpiresAt.Sub(c.clock.Now()); got < 9*time.Minute || got > 10*time.Minute {
			t.Errorf("%s to authorize", got)
		}
		if i, err = c.authorize(); err != nil || i.State != kyc.ConfirmationRequired || len(i.ReferenceToken) != 9 {
			t.Fatalf("%+v, %v", i, err)
		}
		first := i
		c.run(90 * time.Second)
		_, err = c.confirm("000000")
		refused(t, err, kyc.Forbidden, "invalid_tan")
		if i, err = c.authorize(); err != nil || i.ReferenceToken == first.ReferenceToken || !i.ConfirmationExpiresAt.After(first.ConfirmationExpiresAt) {
			t.Fatalf("again: %+v, %v", i, err)
		}
		if !i.AuthorizationExpiresAt.Equal(first.AuthorizationExpiresAt) {
			t.Error("the time to authorize was extended")
		}
		if i, err = c.confirm(rightPassword); err != nil || i.State != kyc.Confirmed {
			t.Fatalf("%s, %v", i.State, err)
		}
		c.run(time.Minute)
		c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
		order := c.signer.orders[1]
		if len(c.signer.orders) != 2 || order.Phone != "+4915112345678" || len(order.Message) > 120 || !strings.Contains(order.Message, i.ReferenceToken) ||
			len(order.Documents) != 1 || len(order.Documents[0].SHA512) != sha512.Size {
			t.Errorf("%d orders, %+v", len(c.signer.orders), order)
		}
		if _, err = c.confirm(rightPassword); !kyc.IsKind(err, kyc.PreconditionFailed) {
			t.Errorf("after the end: %v", err)
		}
		c.run(15 * 24 * time.Hour) // no deadline takes it back
		c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
		_, err = c.Request(t.Context(), c.partner.ID, c.person, c.newOne(), nil)
		refused(t, err, kyc.Unprocessable, "unprocessable_entity")
	})
}

// newOne is another identification by the same method.
func (c *counter) newOne() string {
	i, _, err := c.CreateIdentification(c.t.Context(), c.partner.ID, c.person, flow.Once{}, map[string]any{
		"method": "bank", "iban": ibans[kyc.MethodBank], "terms_and_conditions_signed_at": "2031-03-01T11:59:00Z",
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return i.ID
}

func refused(t *testing.T, err error, kind kyc.Kind, code string) {
	t.Helper()
	var e *kyc.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("%v, want %s", err, code)
	}
}

// TestBankEndings: what the bank can say, and what partners learn of it.
func TestBankEndings(t *testing.T) {
	for name, c := range map[string]struct {
		method kyc.Method
		told   provider.Finding
		state  kyc.State
		reason string
		files  []string
	}{
		"joint account":              {kyc.MethodBank, provider.Finding{Event: kyc.BankConfirmed, Account: provider.Account{Joint: true}}, kyc.Failed, "joint_account", nil},
		"joint account, bank_id":     {kyc.MethodBankID, provider.Finding{Event: kyc.BankConfirmed, Account: provider.Account{Joint: true}}, kyc.IdentificationDataReq, "", nil},
		"another account":            {kyc.MethodBank, provider.Finding{Event: kyc.BankConfirmed, Account: provider.Account{IBAN: "DE02120300000000202051"}}, kyc.Failed, "access_by_authorized_holder", nil},
		"authorized holder":          {kyc.MethodBank, provider.Finding{Event: kyc.FailedForGood, Reason: kyc.ReasonAuthorizedHolder}, kyc.Failed, "access_by_authorized_holder", nil},
		"snapshot":                   {kyc.MethodBankID, provider.Finding{Event: kyc.FailedForGood, Reason: kyc.ReasonSnapshotFailed}, kyc.Failed, "account_snapshot_failed", nil},
		"the bank's session ran out": {kyc.MethodBank, provider.Finding{Event: kyc.DeadlinePassed, Reason: kyc.ReasonExpired}, kyc.Expired, "expired", nil},
		"a word that nobody knows":   {kyc.MethodBank, provider.Finding{Event: kyc.NotUnderstood}, kyc.Pending, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newCounter(t, testdb.SQLite(t), c.method)
			d.tell(c.told)
			d.expect(c.state, c.reason, c.files...)
		})
	}
}

// TestAlreadyIdentified: of two that are open at a time, the second one that gets
// as far fails.
func TestAlreadyIdentified(t *testing.T) {
	c := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
	first := c.ident
	second := c.create(kyc.MethodBankID)
	c.tell(bankConfirmed)
	if _, err := c.authorize(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.confirm(rightPassword); err != nil {
		t.Fatal(err)
	}
	c.run(time.Minute)
	c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
	c.ident = second
	c.tell(bankConfirmed)
	c.expect(kyc.Failed, kyc.ReasonAlreadyIdentified)
	c.ident = first
	c.expect(kyc.Successful, "", kyc.DocumentQES, kyc.DocumentSignedQES)
}

// TestDeadlines: each state ends by itself when its time is over.
func TestDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		confirmed, authorized bool
		after                 time.Duration // in which nothing ends
		files                 []string
	}{
		"nobody logs in":    {false, false, 24*time.Hour - 2*time.Minute, nil},
		"nobody authorizes": {true, false, 9 * time.Minute, []string{kyc.DocumentQES}},
		"no password comes": {true, true, 9 * time.Minute, []string{kyc.DocumentQES}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newCounter(t, testdb.SQLite(t), kyc.MethodBank)
			state := kyc.Pending
			if c.confirmed {
				d.tell(bankConfirmed)
				state = kyc.AuthorizationRequired
			}
			if c.authorized {
				if _, err := d.authorize(); err != nil {
					t.Fatal(err)
				}
				state = kyc.ConfirmationRequired
			}
			d.run(c.after)
			d.expect(state, "", c.files...)
			if c.authorized { // the password is too old, and so is not even shown to the signer
				_, err := d.confirm(rightPassword)
				refused(t, err, kyc.Forbidden, "invalid_tan")
				if d.signer.guesses.Load() != 0 {
					t.Error("an old password was handed over")
				}
			}
			d.run(2 * time.Minute)
			d.expect(kyc.Expired, "expired", c.files...)
			_, err := d.authorize()
			refused(t, err, kyc.PreconditionFailed, "invalid_identification_status")
		})
	}
}
