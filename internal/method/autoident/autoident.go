// Package autoident is the method idnow_autoident: the customer takes pictures of
// a document and of their own face, and no agent is there (S2). It identifies
// anew who was identified before (Re-KYC), and nobody for the first time.
package autoident

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
)

// Rules of the method: S2, "Eligibility"; Required is rulings §2, as for video.
var Rules = method.Rules{
	Method:  kyc.MethodIDnowAutoident,
	Machine: Machine,
	Required: []string{
		"first_name", "last_name", "birth_date", "nationality", "address.line_1", "address.postal_code",
		"address.city", "address.country", "mobile_number", "terms_conditions_signed_at", "data_terms_signed_at",
	},
	Residence:    "DE",
	Renews:       true,
	LinkLifetime: 14 * 24 * time.Hour,
}

// Machine is the table of rulings §3, "Allowed moves", which holds for all methods
// of this provider. It stands here once more, and not as a name for that of video:
// what S2 says of this method alone is changed here alone. Cases 2 and 3 of S2,
// Appendix II, are the rows of canceled and of successful.
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
