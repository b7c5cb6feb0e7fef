package xs2a

import (
	"maps"
	"slices"
	"strings"
)

// noError is the last_error of a session without one.
const noError = "none"

// lastErrors is every word of last_error.
var lastErrors = []string{
	"session_expired", "token_mismatch", "tech_error", "client_not_started", "client_aborted", "veto_by_merchant", "consent_invalid",
	"init_failed", "login_failed", "login_next_failed", "accounts_failed", "balance_failed", "turnovers_failed",
	"standing_orders_failed", "transaction_failed", "tan_failed", "tan_method_not_allowed", "wrong_tan", "max_login_tries",
	"max_tan_tries", "login_blacklisted", "account_blacklisted", "validation_failed", "pp_not_checked", "testmode_error",
	"tx_rx_iban_equal", "forced_transport_disabled", "country_id_invalid", "bank_code_unknown", "no_transports_found",
	"no_compatible_accounts", "pinned_iban_not_found", "pinned_holder_not_found", "pinned_iban_transaction_not_possible",
	"authorized_person", "authorized_person_poa", "age_verification_not_confirmed", "account_data_incomplete",
	"security_setting_rejection",
}

// scenario is how a session goes on from the login. The zero value is the happy path.
type scenario struct {
	At       step   `json:",omitempty"` // after which it ends
	Ends     string `json:",omitempty"` // with this last_error
	Wrong    bool   `json:",omitempty"` // the login is refused, and may be tried again
	Joint    bool   `json:",omitempty"`
	Snapshot string `json:",omitempty"` // what became of the account snapshot: "expired" or "failed"; "": it is there
	App      bool   `json:",omitempty"` // the transfer is released in the bank's app, not by a TAN
}

// pins is the scenarios by the PIN of the login; any other is the happy path. docs/sandbox-bank.md has the table.
var pins = map[string]scenario{
	"joint": {Joint: true},
	"bkapp": {App: true},
	"snapx": {Snapshot: "expired"},
	"snapf": {Snapshot: "failed"},
	"wrong": {Wrong: true},
	"timeo": {At: stepLogin, Ends: "session_expired"},
	"techn": {At: stepLogin, Ends: "tech_error"},
	"tmode": {At: stepLogin, Ends: "testmode_error"},
	"valid": {At: stepLogin, Ends: "validation_failed"},
	"block": {At: stepLogin, Ends: "login_blacklisted"},
	"trans": {At: stepLogin, Ends: "no_transports_found"},
	"noacc": {At: stepLogin, Ends: "accounts_failed"},
	"nofit": {At: stepLogin, Ends: "no_compatible_accounts"},
	"noibn": {At: stepLogin, Ends: "pinned_iban_not_found"},
	"other": {At: stepAccounts, Ends: "pinned_holder_not_found"},
	"autho": {At: stepAccounts, Ends: "authorized_person"},
	"power": {At: stepAccounts, Ends: "authorized_person_poa"},
	"nopay": {At: stepAccounts, Ends: "pinned_iban_transaction_not_possible"},
	"black": {At: stepAccounts, Ends: "account_blacklisted"},
	"balan": {At: stepAccounts, Ends: "balance_failed"},
	"turno": {At: stepAccounts, Ends: "turnovers_failed"},
	"incom": {At: stepAccounts, Ends: "account_data_incomplete"},
	"secur": {At: stepAccounts, Ends: "security_setting_rejection"},
	"notan": {At: stepAccounts, Ends: "tan_method_not_allowed"},
	"tanko": {At: stepTan, Ends: "tan_failed"},
	"trxko": {At: stepTan, Ends: "transaction_failed"},
}

// endings is what SetResult takes.
var endings = func() map[string]scenario {
	all := map[string]scenario{
		"success": {}, "joint_account": {Joint: true}, "snapshot_expired": {Snapshot: "expired"}, "snapshot_failed": {Snapshot: "failed"},
	}
	for _, word := range lastErrors {
		all[word] = scenario{Ends: word}
	}
	return all
}()

// Results lists what SetResult takes, in alphabetical order.
func Results() []string { return slices.Sorted(maps.Keys(endings)) }

// The test bank and its accounts.
const (
	testBankCode = "88888888"
	testBankBIC  = "TESTDE88XXX"
	testBankName = "Testbank"
)

var testIBANs = []string{"DE62888888880012345678", "DE04888888880087654321"}

// jointSuffix is how the IBAN of a joint account ends.
const jointSuffix = "0004"

// otherHolder is who holds an account if no holder is pinned, coHolder who shares a joint one, and somebodyElse whose
// account is not the pinned holder's.
const (
	otherHolder  = "Max Mustermann"
	coHolder     = "Alex Beispiel"
	somebodyElse = "Robin Nachbar"
)

// asHolder begins a user name that logs in as somebody: "holder:Erika Musterfrau".
const asHolder = "holder:"

// bankOf is the bank that an IBAN belongs to: its national code (in Germany eight digits, elsewhere what usually is one).
func bankOf(iban string) string {
	length, ok := map[string]int{"DE": 8, "AT": 5, "CH": 5, "NL": 4, "LU": 3, "FR": 5, "IT": 6, "ES": 4}[iban[:min(2, len(iban))]]
	if !ok {
		length = 4
	}
	if len(iban) < 4+length {
		return ""
	}
	return iban[4 : 4+length]
}

// findBank says which bank a customer means by a code, a BIC or a name; "" if there is none. Besides the test bank there is
// the one of the pinned IBAN.
func (ses *session) findBank(typed string) string {
	code := strings.ToUpper(strings.ReplaceAll(typed, " ", ""))
	switch {
	case code == testBankCode, code == testBankBIC, code == strings.ToUpper(testBankName):
		return testBankCode
	case code != "" && code == bankOf(ses.Order.SenderIBAN):
		return code
	}
	return ""
}

// bank is the code, BIC and name of the bank that holds an IBAN.
func bank(iban string) (bic, name string) {
	code := bankOf(iban)
	if code == testBankCode || code == "" {
		return testBankBIC, testBankName
	}
	return "TEST" + country(iban) + "88XXX", testBankName + " " + code
}

func country(iban string) string {
	if len(iban) < 2 {
		return "DE"
	}
	return iban[:2]
}

// accountsOf is the accounts behind a login: the pinned one and another. user may log in as somebody.
func (s *Server) accountsOf(ses *session, sc scenario, user string) []account {
	holder := ses.Order.SenderHolder
	if holder == "" {
		holder = otherHolder
	}
	if name, ok := strings.CutPrefix(user, asHolder); ok && strings.TrimSpace(name) != "" {
		holder = strings.TrimSpace(name)
	}
	ibans := slices.Clone(testIBANs)
	if pinned := ses.Order.SenderIBAN; pinned != "" {
		ibans = append([]string{pinned}, slices.DeleteFunc(ibans, func(i string) bool { return i == pinned })[0])
	}
	var all []account
	for n, iban := range ibans {
		a := account{Holder: holder, IBAN: iban, Country: country(iban), Joint: n == 0 && (sc.Joint || strings.HasSuffix(iban, jointSuffix))}
		a.BIC, a.Bank = bank(iban)
		if a.Joint {
			a.Holder += " und " + coHolder
		}
		all = append(all, a)
	}
	return all
}

// validIBAN checks the form and the check digits of an IBAN (ISO 13616).
func validIBAN(iban string) bool {
	if len(iban) < 15 || len(iban) > 34 {
		return false
	}
	rest := 0
	for i, c := range iban[4:] + iban[:4] {
		letter, digit := c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
		switch at := (i + 4) % len(iban); {
		case at < 2 && !letter, at >= 2 && at < 4 && !digit, !letter && !digit:
			return false
		case digit:
			rest = (rest*10 + int(c-'0')) % 97
		default:
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}
