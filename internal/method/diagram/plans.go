package main

import (
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/autoident"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/method/bankid"
	"github.com/identikit/identikit/internal/method/video"
)

// plan says where the states of a machine stand.
type plan struct {
	title   string
	machine kyc.Machine
	at      map[kyc.State]place
	// family are states of one column that have moves in common. They are framed,
	// and what all of them can do is drawn once, from the frame.
	family      []kyc.State
	familyTitle string
}

// place is a column from the left and a row from the top; rows may be halves.
type place struct {
	column int
	row    float64
}

var plans = map[kyc.Method]plan{
	kyc.MethodIDnow:          idnow("idnow: video identification", video.Machine),
	kyc.MethodIDnowAutoident: idnow("idnow_autoident: automatic identification", autoident.Machine),
	kyc.MethodBank: {
		title:   "bank: bank login and electronic signature",
		machine: bank.Machine,
		at: map[kyc.State]place{
			kyc.Expired: {0, 3.2},
			kyc.Created: {1, 0}, kyc.Pending: {1, 1.6}, kyc.AuthorizationRequired: {1, 3.2},
			kyc.ConfirmationRequired: {1, 4.8}, kyc.Confirmed: {1, 6.4}, kyc.Successful: {1, 8},
			kyc.Failed: {2, 4.8},
		},
	},
	kyc.MethodBankID: {
		title:   "bank_id: bank login, identity document and electronic signature",
		machine: bankid.Machine,
		at: map[kyc.State]place{
			kyc.Expired: {0, 4.8},
			kyc.Created: {1, 0}, kyc.Pending: {1, 1.6}, kyc.IdentificationDataReq: {1, 3.2}, kyc.Processed: {1, 4.8},
			kyc.AuthorizationRequired: {1, 6.4}, kyc.ConfirmationRequired: {1, 8}, kyc.Confirmed: {1, 9.6}, kyc.Successful: {1, 11.2},
			kyc.Rejected: {2, 4.2}, kyc.Failed: {2, 8},
		},
	},
}

// idnow is where the states of that provider's methods stand.
func idnow(title string, m kyc.Machine) plan {
	return plan{
		title:   title,
		machine: m,
		at: map[kyc.State]place{
			kyc.Created: {0, -1.7}, kyc.Pending: {0, 0}, kyc.Canceled: {0, 2}, kyc.Aborted: {0, 4},
			kyc.PendingSuccessful: {1, 1}, kyc.PendingFailed: {1, 3},
			kyc.Successful: {2, 0}, kyc.Failed: {2, 4.5}, kyc.Expired: {2, 5.5},
		},
		family:      []kyc.State{kyc.Pending, kyc.Canceled, kyc.Aborted},
		familyTitle: "the customer may use the link",
	}
}
