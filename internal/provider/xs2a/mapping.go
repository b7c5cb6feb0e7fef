package xs2a

import (
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// ending is what a word of last_error means to us.
type ending struct {
	event  kyc.Event
	reason string // of kyc.Reason…
	goesOn bool   // the customer may try again in the same session
}

var (
	dataMissing = ending{event: kyc.FailedForGood, reason: kyc.ReasonSnapshotFailed}
	notHolder   = ending{event: kyc.FailedForGood, reason: kyc.ReasonAuthorizedHolder}
	tryAgain    = ending{event: kyc.FailedForGood, reason: kyc.ReasonSnapshotFailed, goesOn: true}
)

// endings are all words of last_error (providers.md §3). The firm keeps the last
// error of a session also while it goes on: "wrong_tan" says nothing yet unless the
// session stands at its last step.
var endings = map[string]ending{
	"session_expired":                      {event: kyc.DeadlinePassed, reason: kyc.ReasonExpired},
	"authorized_person":                    notHolder,
	"authorized_person_poa":                notHolder,
	"pinned_holder_not_found":              notHolder,
	"client_not_started":                   tryAgain,
	"login_failed":                         tryAgain,
	"login_next_failed":                    tryAgain,
	"wrong_tan":                            tryAgain,
	"validation_failed":                    tryAgain,
	"pp_not_checked":                       tryAgain,
	"country_id_invalid":                   tryAgain,
	"bank_code_unknown":                    tryAgain,
	"token_mismatch":                       dataMissing,
	"tech_error":                           dataMissing,
	"client_aborted":                       dataMissing,
	"veto_by_merchant":                     dataMissing,
	"consent_invalid":                      dataMissing,
	"init_failed":                          dataMissing,
	"accounts_failed":                      dataMissing,
	"balance_failed":                       dataMissing,
	"turnovers_failed":                     dataMissing,
	"standing_orders_failed":               dataMissing,
	"transaction_failed":                   dataMissing,
	"tan_failed":                           dataMissing,
	"tan_method_not_allowed":               dataMissing,
	"max_login_tries":                      dataMissing,
	"max_tan_tries":                        dataMissing,
	"login_blacklisted":                    dataMissing,
	"account_blacklisted":                  dataMissing,
	"testmode_error":                       dataMissing,
	"tx_rx_iban_equal":                     dataMissing,
	"forced_transport_disabled":            dataMissing,
	"no_transports_found":                  dataMissing,
	"no_compatible_accounts":               dataMissing,
	"pinned_iban_not_found":                dataMissing,
	"pinned_iban_transaction_not_possible": dataMissing,
	"age_verification_not_confirmed":       dataMissing,
	"account_data_incomplete":              dataMissing,
	"security_setting_rejection":           dataMissing,
}

// noError is the last_error of a session without one.
const noError = "none"

// lastStep is the current_step of a session that is over.
const lastStep = "FinishStep"

// endingOf never fails: a word that we do not know is kept and changes nothing.
func endingOf(word string) ending {
	if e, ok := endings[word]; ok {
		return e
	}
	if strings.HasPrefix(word, "security_") { // there are more of them than the documents list
		return dataMissing
	}
	return ending{event: kyc.NotUnderstood}
}

// Our own words for the result of a session that succeeded, as far as the firm has none.
const (
	succeeded       = "finished"
	snapshotFailed  = "account_snapshot_not_found"
	snapshotExpired = "account_snapshot_gone"
	anotherIBAN     = "another_sender_iban" // the account is not the one that was named
)
