// Package video is the method idnow, a video call with an agent (S4), and
// idnow_custom, the same on an account of the partner's own.
package video

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
)

// Rules of the method. Required is rulings §2: never salutation, line_2 or state.
var Rules = method.Rules{
	Method:  kyc.MethodIDnow,
	Machine: Machine,
	Required: []string{
		"first_name", "last_name", "birth_date", "nationality", "address.line_1", "address.postal_code",
		"address.city", "address.country", "mobile_number", "terms_conditions_signed_at", "data_terms_signed_at",
	},
	Residence:    "DE",
	LinkLifetime: 14 * 24 * time.Hour,
}

// CustomRules are those of the method idnow_custom: the same call, on the
// partner's own account at the provider.
var CustomRules = custom()

func custom() method.Rules {
	r := Rules
	r.Method = kyc.MethodIDnowCustom
	return r
}

// Machine is the table of rulings §3, "Allowed moves". What is not in it is
// kept as evidence and changes nothing. Case 3 of S4, Appendix II, is the row of
// successful: fraud that a later review finds cancels.
var Machine = kyc.Machine{Start: kyc.Created, Moves: map[kyc.State]map[kyc.Event]kyc.State{
	kyc.Created:           {kyc.Requested: kyc.Pending},
	kyc.Pending:           open,
	kyc.Aborted:           again,
	kyc.Canceled:          again,
	kyc.PendingSuccessful: {kyc.Succeeded: kyc.Successful, kyc.CanceledByReview: kyc.Canceled, kyc.FailedForGood: kyc.Failed, kyc.FraudSuspected: kyc.PendingFailed},
	kyc.PendingFailed:     {kyc.Succeeded: kyc.Successful, kyc.CanceledByReview: kyc.Canceled, kyc.FailedForGood: kyc.Failed},
	kyc.Successful:        {kyc.CanceledByReview: kyc.Canceled, kyc.FailedForGood: kyc.Canceled},
}}

// open is what can happen while the customer may use the link.
var open = map[kyc.Event]kyc.State{
	kyc.ReviewStarted: kyc.PendingSuccessful, kyc.FraudSuspected: kyc.PendingFailed,
	kyc.Succeeded: kyc.Successful, kyc.FailedForGood: kyc.Failed,
	kyc.AttemptAborted: kyc.Aborted, kyc.CanceledByReview: kyc.Canceled, kyc.DeadlinePassed: kyc.Expired,
}

// again is open, and the partner may ask again as well.
var again = map[kyc.Event]kyc.State{
	kyc.Requested:     kyc.Pending,
	kyc.ReviewStarted: kyc.PendingSuccessful, kyc.FraudSuspected: kyc.PendingFailed,
	kyc.Succeeded: kyc.Successful, kyc.FailedForGood: kyc.Failed,
	kyc.AttemptAborted: kyc.Aborted, kyc.CanceledByReview: kyc.Canceled, kyc.DeadlinePassed: kyc.Expired,
}
