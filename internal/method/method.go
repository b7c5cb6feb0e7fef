// Package method says what a way of identification is: its table of states,
// what it asks of a person, how long its link lives. Each method has a folder.
//
// Rules only, no I/O: it imports package kyc.
package method

import (
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Rules are everything that makes one method differ from another.
type Rules struct {
	Method  kyc.Method
	Machine kyc.Machine
	// Required are the person's fields without which it cannot begin, by path
	// (rulings §2). Test-scenario persons are exempt.
	Required []string
	// Residence is the country the person must live in; empty means any.
	Residence string
	// Renews says that the method is for persons who have been identified before
	// by any method, and for nobody else (S2: Re-KYC).
	Renews bool
	// Bank says that the customer logs in to a bank account, whose IBAN is asked for.
	Bank bool
	// SoleHolder says that the account must have no other holder.
	SoleHolder bool
	// Registered says that a register must know the person as identified before
	// (the eligibility check).
	Registered bool
	// SignerTerms says that consent to the signer's terms is asked for.
	SignerTerms bool
	// CountsAsRepeated are the methods of which one success makes this one pointless.
	CountsAsRepeated []kyc.Method
	// LinkLifetime runs from the first request.
	LinkLifetime time.Duration
	// AuthorizeWithin runs from authorization_required on and is never extended,
	// ConfirmWithin from each authorization on; zero for methods without a
	// signature of their own.
	AuthorizeWithin, ConfirmWithin time.Duration
}

// Signs says that the customer signs electronically (authorize and confirm).
func (r Rules) Signs() bool { return r.AuthorizeWithin > 0 }

// Check says what hinders the person from being identified this way. before tells
// whether the person has a successful identification already; it counts only for
// methods that renew one.
func (r Rules) Check(a kyc.Attributes, before bool) []kyc.FieldError {
	var broken []kyc.FieldError
	for _, path := range r.Required {
		if !a.Has(path) {
			broken = append(broken, kyc.FieldError{Field: path, Message: "can't be blank"})
		}
	}
	elsewhere := false
	if country := a.Text("address.country").Reveal(); r.Residence != "" && country != "" {
		elsewhere = country != r.Residence
	}
	switch {
	case elsewhere && r.Renews:
		broken = append(broken, kyc.FieldError{
			Field: "method", Message: string(r.Method) + " is for persons whose address.country is " + r.Residence,
		})
	case elsewhere:
		broken = append(broken, kyc.FieldError{
			Field: "address.country", Message: "must be " + r.Residence + " for the method " + string(r.Method),
		})
	}
	if r.Renews && !before {
		broken = append(broken, kyc.FieldError{
			Field: "method", Message: string(r.Method) + " is for persons who have a successful identification already",
		})
	}
	return broken
}
