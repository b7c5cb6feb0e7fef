package server

import (
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/method"
	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/method/bankid"
	"github.com/identikit/identikit/internal/provider/ais"
	"github.com/identikit/identikit/internal/provider/fourthline"
	"github.com/identikit/identikit/internal/provider/guard"
	"github.com/identikit/identikit/internal/provider/xs2a"
)

// Bankident is what the methods bank and bank_id need: a firm for the bank login
// and one that signs; for bank a register of persons, for bank_id a firm that
// checks identity data. A method that lacks its own is not available.
type Bankident struct {
	Bank        xs2a.Config
	Signer      ais.Config
	DataChecker fourthline.Config // without a URL: no bank_id
	Register    flow.Register     // nil: no bank
	Banks       bank.Banks
	PushSecret  string // of both firms' paths
}

// BankPushPath and DataPushPath are where the firms post their news: unguessable paths.
func BankPushPath(secret string) string { return "/inbound/xs2a/" + secret }

// DataPushPath is that of the firm that checks identity data.
func DataPushPath(secret string) string { return "/inbound/fourthline/" + secret }

// bankident adds the methods to the verbs, and the firms' pushes to the API.
func (c Config) bankident(f *flow.Service, guards *guard.Guards, inbound map[string]httpapi.Inbound) {
	b := c.Bankident
	if b == nil {
		return
	}
	firm := guards.Guard("xs2a", xs2a.New(b.Bank))
	f.Signer = guards.GuardSigning("ais", ais.New(b.Signer))
	f.Register, f.Banks = b.Register, b.Banks
	inbound["xs2a"] = httpapi.Inbound{Secret: b.PushSecret, Receiver: firm.Receiver}
	add := func(r method.Rules) { f.Rules[r.Method], f.Providers[r.Method] = r, firm }
	if b.Register != nil {
		add(bank.Rules)
	}
	if b.DataChecker.URL != "" {
		b.DataChecker.Wall = f.Wall
		f.DataChecker = guards.Guard("fourthline", fourthline.New(b.DataChecker))
		inbound["fourthline"] = httpapi.Inbound{Secret: b.PushSecret, Receiver: f.DataChecker.Receiver}
		add(bankid.Rules)
	}
}
