package xs2a

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// step is where a customer is in the wizard, in the firm's words.
type step string

const (
	stepStart    step = "WizardStartStep" // the bank
	stepLogin    step = "WizardLoginStep"
	stepAccounts step = "Accounts"
	stepTan      step = "Tan"
	stepSca      step = "Sca" // the transfer is released in the bank's app
	stepFinish   step = "FinishStep"
)

// The values of payment_status.
const (
	statusNone     = "NONE"
	statusReceived = "RECEIVED"
	statusLoss     = "LOSS"
)

// session is all that is known of one wizard session. Once it is in the server's map it is never changed: see Server.change.
type session struct {
	Tx, ID, Key    string
	Identification string // what the company calls it, from the metadata; "" if it said nothing
	Number         int    // among the sessions of its identification, from 1
	CreatedAt      time.Time
	Order          order

	Step      step
	Inputs    int // how many the customer has made
	Language  string
	Bank      string `json:",omitempty"` // code or BIC
	Scenario  scenario
	Accounts  []account `json:",omitempty"` // of the login
	Chosen    int       // of Accounts
	LoginFail int       `json:",omitempty"`
	TanFail   int       `json:",omitempty"`
	Polls     int       `json:",omitempty"`
	LastError string
	Finished  bool
	EndedAt   time.Time `json:",omitzero"`
	ExpiresAt time.Time `json:",omitzero"` // when it ends of itself; zero if it is over

	PaymentStatus string
	Events        []event
	Pushes        []push
}

// account is one account at the simulated bank.
type account struct {
	Holder, IBAN, BIC, Bank, Country string
	Joint                            bool
}

// event is one entry of the firm's event log, with its data as they were.
type event struct {
	ID        string          `json:"id"`
	Tx        string          `json:"transaction"`
	Type      string          `json:"type"`
	Data      json.RawMessage `json:"data"`
	Testmode  bool            `json:"testmode"`
	Message   string          `json:"message"`
	CreatedAt time.Time       `json:"created_at"`
	Object    string          `json:"object"`
}

// clone gives a copy that shares nothing that is changed in place.
func (ses *session) clone() *session {
	c := *ses
	c.Accounts, c.Events, c.Pushes = slices.Clone(ses.Accounts), slices.Clone(ses.Events), slices.Clone(ses.Pushes)
	return &c
}

func (ses *session) over() bool { return !ses.EndedAt.IsZero() }

// pays says that a transfer is released, and not only the account looked at.
func (ses *session) pays() bool { return ses.Order.Product == productPay }

// account is the one that was chosen. Only a session with a login has any.
func (ses *session) account() account {
	if ses.Chosen < 0 || ses.Chosen >= len(ses.Accounts) {
		return account{}
	}
	return ses.Accounts[ses.Chosen]
}

// nextDue is the earliest time at which something happens to the session of itself.
func (ses *session) nextDue() (time.Time, bool) {
	due := ses.ExpiresAt
	for _, p := range ses.Pushes {
		if due.IsZero() || p.At.Before(due) {
			due = p.At
		}
	}
	return due, !due.IsZero()
}

// fail notes an error after which the customer may go on.
func (ses *session) fail(word string) { ses.LastError = word }

// end ends the session with an error.
func (s *Server) end(ses *session, word string, at time.Time) {
	s.finish(ses, scenario{Ends: word}, at)
}

// finish ends the session as a scenario wants it.
func (s *Server) finish(ses *session, sc scenario, at time.Time) {
	ses.Step, ses.EndedAt, ses.ExpiresAt, ses.Scenario = stepFinish, at.Truncate(time.Millisecond), time.Time{}, sc
	kind, message := "transaction.created", "The wizard session was finished successfully"
	if sc.Ends == "" {
		if len(ses.Accounts) == 0 { // the customer never came
			ses.Accounts, ses.Chosen = s.accountsOf(ses, sc, ""), 0
		}
		ses.Finished, ses.LastError = true, noError
	} else {
		ses.LastError = sc.Ends
		kind, message = "transaction.updated", "The wizard session ended without success"
	}
	s.log(ses, kind, message, at)
}

// log adds an entry to the event log, and the push that tells it.
func (s *Server) log(ses *session, kind, message string, at time.Time) {
	var data any = s.sessionEvent(ses)
	if ses.Finished {
		data = s.product(ses)
	}
	raw, err := json.Marshal(data)
	if err != nil { // the metadata were JSON when they came
		s.cfg.Logger.Error("simulator could not write an event", "error", err)
		raw = json.RawMessage("null")
	}
	ses.Events = append(ses.Events, event{
		ID: simkit.Decide(s.cfg.Seed, ses.Tx, fmt.Sprintf("event %d", len(ses.Events))).Letters(16, alphabet),
		Tx: ses.Tx, Type: kind, Data: raw, Testmode: true, Message: message, CreatedAt: at.Truncate(time.Millisecond), Object: "xs2a_event",
	})
	if s.cfg.PushURL != "" {
		ses.Pushes = append(ses.Pushes, push{Event: len(ses.Events) - 1, At: at})
	}
}
