package xs2a

import (
	"strconv"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sim/simkit"
)

// The fields of the wizard's forms.
const (
	fieldCountry  = "country_id"
	fieldBank     = "bank_code"
	fieldUser     = "USER_NAME"
	fieldPIN      = "USER_PIN"
	fieldPrivacy  = "privacy_policy"
	fieldAccount  = "account"
	fieldTAN      = "TAN"
	fieldLanguage = "language"
)

// The actions of the form protocol, and one more: "released" says that the transfer was released in the bank's app.
const (
	actionBack     = "back"
	actionTabs     = "switch-login-tabs" // there is but one way to log in
	actionPoll     = "poll"
	actionLanguage = "change-language"
	actionAbort    = "abort"
	actionReleased = "released"
)

// maxTries is how often a login and a TAN may be wrong.
const maxTries = 3

// pollsToRelease is how often the release in the app must be asked for until it has come.
const pollsToRelease = 2

// values is what a customer entered, by field.
type values map[string]string

// problems is what is wrong with a form: the text key of the message by the field's name.
type problems map[string]string

// walk takes one input of the customer's into a session that is not over.
func (s *Server) walk(ses *session, action string, in values, now time.Time) problems {
	if action == actionPoll {
		if ses.Step == stepSca {
			if ses.Polls++; ses.Polls >= pollsToRelease {
				s.release(ses, now)
			}
		}
		return nil
	}
	ses.Inputs++
	ses.ExpiresAt = now.Add(idleTime)
	switch {
	case action == actionAbort:
		s.end(ses, "client_aborted", now)
	case action == actionBack:
		ses.back()
	case action == actionLanguage:
		if l := in[fieldLanguage]; l == "de" || l == "en" {
			ses.Language = l
		}
	case action == actionReleased:
		if ses.Step == stepSca {
			s.release(ses, now)
		}
	case action == actionTabs:
	case ses.Step == stepStart:
		return ses.chooseBank(in)
	case ses.Step == stepLogin:
		return s.login(ses, in, now)
	case ses.Step == stepAccounts:
		return s.chooseAccount(ses, in, now)
	case ses.Step == stepTan:
		return s.enterTAN(ses, in, now)
	}
	return nil
}

// back leads to the step before.
func (ses *session) back() {
	switch ses.Step {
	case stepLogin:
		if ses.Order.SenderBIC == "" {
			ses.Step = stepStart
		}
	case stepAccounts:
		ses.Step, ses.Accounts = stepLogin, nil
	case stepTan, stepSca:
		ses.Step = stepAccounts
	}
}

func (ses *session) chooseBank(in values) problems {
	if c := in[fieldCountry]; c != "" && !knownCountry(c) {
		ses.fail("country_id_invalid")
		return problems{fieldCountry: "error.country"}
	}
	if strings.TrimSpace(in[fieldBank]) == "" {
		ses.fail("validation_failed")
		return problems{fieldBank: "error.required"}
	}
	found := ses.findBank(in[fieldBank])
	if found == "" {
		ses.fail("bank_code_unknown")
		return problems{fieldBank: "error.bank"}
	}
	ses.Bank, ses.Step = found, stepLogin
	return nil
}

func (s *Server) login(ses *session, in values, now time.Time) problems {
	user, pin := strings.TrimSpace(in[fieldUser]), strings.ToLower(strings.TrimSpace(in[fieldPIN]))
	wrong := problems{}
	for _, field := range []string{fieldUser, fieldPIN} {
		switch v := in[field]; {
		case strings.TrimSpace(v) == "":
			wrong[field] = "error.required"
		case len(v) > 200:
			wrong[field] = "error.long"
		}
	}
	if len(wrong) > 0 {
		ses.fail("validation_failed")
	}
	if !ticked(in[fieldPrivacy]) {
		wrong[fieldPrivacy] = "error.privacy"
		ses.fail("pp_not_checked")
	}
	if len(wrong) > 0 {
		return wrong
	}
	sc := pins[pin]
	if sc.Wrong {
		if ses.LoginFail++; ses.LoginFail >= maxTries {
			s.end(ses, "max_login_tries", now)
			return nil
		}
		ses.fail("login_failed")
		return problems{fieldPIN: "error.login"}
	}
	if sc.At == stepLogin {
		s.end(ses, sc.Ends, now)
		return nil
	}
	ses.Scenario, ses.Accounts, ses.Chosen, ses.Step = sc, s.accountsOf(ses, sc, user), 0, stepAccounts
	return nil
}

// ticked reads a checkbox: what browsers and scripts send for one.
func ticked(v string) bool { return v != "" && v != "0" && v != "false" }

// selectable says whether an account may be chosen: any, unless one is pinned.
func (ses *session) selectable(a account) bool {
	return ses.Order.SenderIBAN == "" || ses.Order.SenderIBAN == a.IBAN
}

func (s *Server) chooseAccount(ses *session, in values, now time.Time) problems {
	n, err := strconv.Atoi(in[fieldAccount])
	if err != nil || n < 0 || n >= len(ses.Accounts) || !ses.selectable(ses.Accounts[n]) {
		ses.fail("validation_failed")
		return problems{fieldAccount: "error.choose"}
	}
	ses.Chosen = n
	pinned, a := ses.Order.SenderHolder, ses.Accounts[n]
	switch {
	case ses.Scenario.At == stepAccounts:
		s.end(ses, ses.Scenario.Ends, now)
	case pinned != "" && !sameName(pinned, a.Holder):
		s.end(ses, "pinned_holder_not_found", now)
	case !ses.pays():
		s.release(ses, now)
	case a.IBAN == ses.Order.RecipientIBAN:
		s.end(ses, "tx_rx_iban_equal", now)
	case ses.Scenario.App:
		ses.Step, ses.Polls = stepSca, 0
	default:
		ses.Step = stepTan
	}
	return nil
}

// tan is the TAN of a session; the form shows it.
func (s *Server) tan(ses *session) string {
	return simkit.Decide(s.cfg.Seed, ses.Tx, "tan").Letters(6, "0123456789")
}

func (s *Server) enterTAN(ses *session, in values, now time.Time) problems {
	if strings.TrimSpace(in[fieldTAN]) != s.tan(ses) {
		if ses.TanFail++; ses.TanFail >= maxTries {
			s.end(ses, "max_tan_tries", now)
			return nil
		}
		ses.fail("wrong_tan")
		return problems{fieldTAN: "error.tan"}
	}
	if ses.Scenario.At == stepTan {
		s.end(ses, ses.Scenario.Ends, now)
		return nil
	}
	s.release(ses, now)
	return nil
}

// release ends the wizard with success.
func (s *Server) release(ses *session, now time.Time) {
	sc := ses.Scenario
	sc.At, sc.Ends = "", ""
	s.finish(ses, sc, now)
}

// take takes an input into a session; a session that is over, or gone, is left as it is.
func (s *Server) take(tx, action string, in values, fresh func(*session) bool) (problems, error) {
	var wrong problems
	now := s.now()
	err := s.change(tx, func(ses *session) error {
		if !ses.over() && !now.Before(ses.ExpiresAt) { // the customer was too slow, and Run has not noticed yet
			s.end(ses, "session_expired", ses.ExpiresAt)
			return nil
		}
		if ses.over() || !fresh(ses) {
			return errUnchanged
		}
		wrong = s.walk(ses, action, in, now)
		return nil
	})
	return wrong, err
}
