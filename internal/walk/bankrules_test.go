package walk

import (
	"slices"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/method/bankid"
)

// The rules of Bankident, as kyc-flows.md §6 and §7 and the rulings have them; nothing
// here comes from the product.
const (
	bankLink     = 24 * time.Hour   // from the request
	bankSession  = 30 * time.Minute // in which nobody does anything at the bank
	signWithin   = 10 * time.Minute // from authorization_required
	passwordGood = 8 * time.Minute  // from each authorize
	mostTries    = 5
	checkTakes   = 30 * time.Second // at the simulated firm
)

// bankMoves is kyc-flows.md §6.2 and §7: where each event leads.
var bankMoves = map[string]map[string]map[string]string{
	"bank": {
		"created":                {"requested": "pending"},
		"pending":                {"bank_confirmed": "authorization_required", "failed": "failed", "deadline_passed": "expired"},
		"authorization_required": {"authorized": "confirmation_required", "deadline_passed": "expired"},
		"confirmation_required": {
			"authorized": "confirmation_required", "confirmed": "confirmed", "signing_failed": "failed", "deadline_passed": "expired",
		},
		"confirmed": {"signed": "successful", "signing_failed": "failed"},
	},
	"bank_id": {
		"created":                      {"requested": "pending"},
		"pending":                      {"bank_confirmed": "identification_data_required", "failed": "failed", "deadline_passed": "expired"},
		"identification_data_required": {"data_received": "processed", "deadline_passed": "expired"},
		"processed":                    {"data_accepted": "authorization_required", "failed": "failed", "data_rejected": "rejected"},
		"authorization_required":       {"authorized": "confirmation_required", "deadline_passed": "expired"},
		"confirmation_required": {
			"authorized": "confirmation_required", "confirmed": "confirmed", "signing_failed": "failed", "deadline_passed": "expired",
		},
		"confirmed": {"signed": "successful", "signing_failed": "failed"},
	},
}

// ending is where a firm's word leads, and what partners are told of it.
type ending struct{ to, reason, code string }

// bankEndings is kyc-flows.md §6.4, for the words of the bank's firm that are no success.
var bankEndings = map[string]ending{
	"snapshot_failed":   {"failed", "account_snapshot_failed", ""},
	"snapshot_expired":  {"failed", "account_snapshot_expired", ""},
	"authorized_person": {"failed", "access_by_authorized_holder", ""},
	"client_aborted":    {"failed", "account_snapshot_failed", ""},
	"max_tan_tries":     {"failed", "account_snapshot_failed", ""},
	"session_expired":   {"expired", "expired", ""},
}

// bankEnding is where a word of the bank's firm leads; again says that the person was
// identified by this way before.
func bankEnding(method, word string, again bool) ending {
	if e, ok := bankEndings[word]; ok {
		return e
	}
	switch {
	case again:
		return ending{"failed", "ALREADY_IDENTIFIED_SUCCESSFULLY", ""}
	case method == "bank_id":
		return ending{"identification_data_required", "", ""}
	case word == "joint_account":
		return ending{"failed", "joint_account", ""}
	}
	return ending{"authorization_required", "", ""}
}

// checkEndings is providers.md §4: what the firm that checks identity data may say.
var checkEndings = map[string]ending{
	"accepted": {"authorization_required", "", "1000"},
	"100":      {"authorization_required", "", "100"},
	"1036":     {"failed", "invalid_data", "1036"},
	"2001":     {"failed", "inconsistent_data", "2001"},
	"4000":     {"rejected", "", "4000"},
}

// What the signer may say (providers.md §2.5): the customer confirmed on its page, the
// attempt is over, it will not sign at all.
var (
	signerOver  = []string{"cancel", "timeout", "transport", "SignatureError"}
	signerFails = []string{"SerialNumberMismatch"}
)

// fitting is what can be said in each status.
var fitting = map[string][]string{
	"pending": {
		"success", "joint_account", "joint_account", "joint_account", "snapshot_failed", "snapshot_expired", "authorized_person", "client_aborted",
		"max_tan_tries", "session_expired",
	},
	"processed":             {"accepted", "100", "1036", "2001", "4000"},
	"confirmation_required": {"success", "success", "cancel", "timeout", "transport", "SignatureError", "SerialNumberMismatch"},
}

// words are what can be said, right or wrong where it is said.
var words = []string{"success", "success", "joint_account", "session_expired", "accepted", "1036", "4000", "cancel", "SerialNumberMismatch", "palmistry"}

// TestBankRulesAreTheTable: as TestRulesAreTheTable.
func TestBankRulesAreTheTable(t *testing.T) {
	for name, m := range map[string]kyc.Machine{"bank": bank.Machine, "bank_id": bankid.Machine} {
		for _, from := range m.States() {
			for ev, to := range m.Moves[from] {
				if want := bankMoves[name][string(from)][string(ev)]; want != string(to) {
					t.Errorf("%s: %s leads from %s to %s in the table, to %q in the rules", name, ev, from, to, want)
				}
			}
			if len(m.Moves[from]) != len(bankMoves[name][string(from)]) {
				t.Errorf("%s: from %s the table has %d moves, the rules %d", name, from, len(m.Moves[from]), len(bankMoves[name][string(from)]))
			}
		}
		for from := range bankMoves[name] {
			if !slices.Contains(m.States(), kyc.State(from)) {
				t.Errorf("%s: the table does not know %s", name, from)
			}
		}
	}
}
