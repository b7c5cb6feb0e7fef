// Package bank is the method bank (Bankident): the customer logs in to the bank,
// releases a reference transfer from an account that is the customer's alone, and
// signs the report on it electronically (S3; kyc-flows.md §6).
package bank

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method"
)

// Rules of the method. Required is rulings §2: what video asks for, and the city
// of birth.
var Rules = method.Rules{
	Method:  kyc.MethodBank,
	Machine: Machine,
	Required: []string{
		"first_name", "last_name", "birth_date", "birth_city", "nationality", "address.line_1", "address.postal_code",
		"address.city", "address.country", "mobile_number", "terms_conditions_signed_at", "data_terms_signed_at",
	},
	Bank:             true,
	SoleHolder:       true,
	Registered:       true,
	SignerTerms:      true,
	LinkLifetime:     24 * time.Hour,
	AuthorizeWithin:  10 * time.Minute,
	ConfirmWithin:    8 * time.Minute,
	CountsAsRepeated: []kyc.Method{kyc.MethodBank, kyc.MethodBankID},
}

// Machine is the table of kyc-flows.md §6.2. A password that is asked for again
// leaves the state as it is, with a new deadline.
var Machine = kyc.Machine{Start: kyc.Created, Moves: map[kyc.State]map[kyc.Event]kyc.State{
	kyc.Created:               {kyc.Requested: kyc.Pending},
	kyc.Pending:               {kyc.BankConfirmed: kyc.AuthorizationRequired, kyc.FailedForGood: kyc.Failed, kyc.DeadlinePassed: kyc.Expired},
	kyc.AuthorizationRequired: {kyc.Authorized: kyc.ConfirmationRequired, kyc.DeadlinePassed: kyc.Expired},
	kyc.ConfirmationRequired: {
		kyc.Authorized: kyc.ConfirmationRequired, kyc.SignConfirmed: kyc.Confirmed,
		kyc.SigningFailed: kyc.Failed, kyc.DeadlinePassed: kyc.Expired,
	},
	kyc.Confirmed: {kyc.DocumentsSigned: kyc.Successful, kyc.SigningFailed: kyc.Failed},
}}
