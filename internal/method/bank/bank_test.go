package bank

import (
	"slices"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/methodtest"
)

func TestMatrix(t *testing.T) { methodtest.Matrix(t, Rules) }

// TestAllowedMoves compares the table with kyc-flows.md §6.2, state by state, and
// adds what a signer's refusal needs.
func TestAllowedMoves(t *testing.T) {
	methodtest.Moves(t, Machine, map[kyc.State][]kyc.State{
		kyc.Created:               {kyc.Pending},
		kyc.Pending:               {kyc.AuthorizationRequired, kyc.Failed, kyc.Expired},
		kyc.AuthorizationRequired: {kyc.ConfirmationRequired, kyc.Expired},
		kyc.ConfirmationRequired:  {kyc.ConfirmationRequired, kyc.Confirmed, kyc.Expired, kyc.Failed},
		kyc.Confirmed:             {kyc.Successful, kyc.Failed},
	})
}

func TestChains(t *testing.T) {
	const (
		login     = "requested pending"
		bank      = login + ", bank_confirmed authorization_required"
		password  = bank + ", authorized confirmation_required"
		another   = password + ", authorized confirmation_required"
		confirmed = password + ", confirmed confirmed"
	)
	for name, steps := range map[string]string{
		"straight through":                    confirmed + ", signed successful",
		"another password":                    another + ", confirmed confirmed, signed successful",
		"the bank step fails":                 login + ", failed failed",
		"the link is too old":                 login + ", deadline_passed expired",
		"nobody authorizes":                   bank + ", deadline_passed expired",
		"nobody confirms":                     password + ", deadline_passed expired",
		"nobody confirms another password":    another + ", deadline_passed expired",
		"the signer refuses to begin":         password + ", signing_failed failed",
		"the signer refuses after a password": confirmed + ", signing_failed failed",
	} {
		t.Run(name, func(t *testing.T) {
			if end := methodtest.Chain(t, Machine, steps); len(Machine.Moves[end]) > 0 {
				t.Errorf("the chain ends in %s, which is not final", end)
			}
		})
	}
}

// TestNothingOutOfTurn: no signature without a password, no password without what comes before it.
func TestNothingOutOfTurn(t *testing.T) {
	for ev, want := range map[kyc.Event][]kyc.State{
		kyc.BankConfirmed:   {kyc.Pending},
		kyc.Authorized:      {kyc.AuthorizationRequired, kyc.ConfirmationRequired},
		kyc.SignConfirmed:   {kyc.ConfirmationRequired},
		kyc.DocumentsSigned: {kyc.Confirmed},
		kyc.Succeeded:       nil,
		kyc.AttemptOver:     nil,
	} {
		if got := Machine.From(ev); !slices.Equal(got, want) {
			t.Errorf("%s is possible in %v, want %v", ev, got, want)
		}
	}
}

func TestStates(t *testing.T) {
	methodtest.States(t, Machine, kyc.Successful, kyc.Failed, kyc.Expired)
	if slices.Contains(Machine.States(), kyc.Signed) {
		t.Error("no source says what signed means; the documents' signatures are successful")
	}
}

func TestWalk(t *testing.T) { methodtest.Walk(t, Machine) }

// TestTwice: an authorization may come twice as well, for it asks for another password.
func TestTwice(t *testing.T) { methodtest.Twice(t, Machine) }

func TestRules(t *testing.T) {
	for _, country := range []string{"DE", "AT", "US"} { // rulings §2 ask for an address, not for one in Germany
		methodtest.Required(t, Rules, country, false)
	}
	if !slices.Contains(Rules.Required, "birth_city") || Rules.Residence != "" || Rules.Renews {
		t.Errorf("%v of persons who live in %q, renews: %v", Rules.Required, Rules.Residence, Rules.Renews)
	}
	if !Rules.Signs() || !Rules.Bank || !Rules.SoleHolder || !Rules.Registered || !Rules.SignerTerms {
		t.Errorf("%+v", Rules)
	}
	if Rules.LinkLifetime != 24*time.Hour || Rules.AuthorizeWithin != 10*time.Minute || Rules.ConfirmWithin != 8*time.Minute {
		t.Errorf("the link lives %s, authorize within %s, confirm within %s", Rules.LinkLifetime, Rules.AuthorizeWithin, Rules.ConfirmWithin)
	}
	if !slices.Equal(Rules.CountsAsRepeated, []kyc.Method{kyc.MethodBank, kyc.MethodBankID}) {
		t.Errorf("made pointless by %v", Rules.CountsAsRepeated)
	}
}
