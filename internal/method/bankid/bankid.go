// Package bankid is the method bank_id: as the method bank, also for accounts with
// several holders and for persons whom the register does not know; between the
// bank and the signature a firm checks the customer's ID document (kyc-flows.md §7).
package bankid

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
)

// Rules of the method. Required is rulings §2, as for the method bank.
var Rules = method.Rules{
	Method:  kyc.MethodBankID,
	Machine: Machine,
	Required: []string{
		"first_name", "last_name", "birth_date", "birth_city", "nationality", "address.line_1", "address.postal_code",
		"address.city", "address.country", "mobile_number", "terms_conditions_signed_at", "data_terms_signed_at",
	},
	Bank:             true,
	LinkLifetime:     24 * time.Hour,
	AuthorizeWithin:  10 * time.Minute,
	ConfirmWithin:    8 * time.Minute,
	CountsAsRepeated: []kyc.Method{kyc.MethodBank, kyc.MethodBankID},
}

// Machine is the table of kyc-flows.md §6.2 with the step of the ID document: its
// data are required, processed by the firm that checks them, and accepted or not.
var Machine = kyc.Machine{Start: kyc.Created, Moves: map[kyc.State]map[kyc.Event]kyc.State{
	kyc.Created:               {kyc.Requested: kyc.Pending},
	kyc.Pending:               {kyc.BankConfirmed: kyc.IdentificationDataReq, kyc.FailedForGood: kyc.Failed, kyc.DeadlinePassed: kyc.Expired},
	kyc.IdentificationDataReq: {kyc.DataReceived: kyc.Processed, kyc.DeadlinePassed: kyc.Expired},
	kyc.Processed:             {kyc.DataAccepted: kyc.AuthorizationRequired, kyc.FailedForGood: kyc.Failed, kyc.DataRejected: kyc.Rejected},
	kyc.AuthorizationRequired: {kyc.Authorized: kyc.ConfirmationRequired, kyc.DeadlinePassed: kyc.Expired},
	kyc.ConfirmationRequired: {
		kyc.Authorized: kyc.ConfirmationRequired, kyc.SignConfirmed: kyc.Confirmed,
		kyc.SigningFailed: kyc.Failed, kyc.DeadlinePassed: kyc.Expired,
	},
	kyc.Confirmed: {kyc.DocumentsSigned: kyc.Successful, kyc.SigningFailed: kyc.Failed},
}}
