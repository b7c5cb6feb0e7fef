package flow

import (
	"context"
	"slices"
	"strings"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
)

// NewPartner is what an operator says of a new partner.
type NewPartner struct {
	Name                             string
	ClientID, Secret                 string // empty: made here
	Methods                          []kyc.Method
	Greeting, SuccessURL, FailureURL string
	IDnowAccount                     []byte // sealed by SealAccount
}

// CreatePartner makes a partner and returns its client secret, which is stored
// hashed and cannot be shown again.
func CreatePartner(ctx context.Context, store kyc.Store, in NewPartner) (p kyc.Partner, secret string, err error) {
	if strings.TrimSpace(in.Name) == "" {
		return p, "", kyc.Fail(kyc.Invalid, "validation_error", "a partner needs a name: --name \"My Bank\"")
	}
	p = kyc.Partner{
		Name: in.Name, ClientID: in.ClientID, Methods: in.Methods,
		Greeting: in.Greeting, SuccessURL: in.SuccessURL, FailureURL: in.FailureURL, IDnowAccount: in.IDnowAccount,
	}
	if err := checkPartner(p); err != nil {
		return p, "", err
	}
	if p.ClientID == "" {
		p.ClientID = id.Secret()
	}
	if secret = in.Secret; secret == "" {
		secret = id.Token()
	}
	p.SecretHash = Hash(secret)
	err = store.Tx(ctx, func(tx kyc.Tx) error {
		p.ID, p.CreatedAt = id.Random("cpar"), tx.Now()
		return tx.Partners().Insert(p)
	})
	return p, secret, err
}

func checkPartner(p kyc.Partner) error {
	for _, m := range p.Methods {
		if !kyc.KnownMethod(m) {
			return kyc.Fail(kyc.Invalid, "validation_error", "there is no method %q; known are %v", m, kyc.Methods)
		}
	}
	for _, u := range []string{p.SuccessURL, p.FailureURL} {
		if err := kyc.CheckReturnURL(u); err != nil {
			return err
		}
	}
	return nil
}

// ChangePartner changes the partner with the client id.
func ChangePartner(ctx context.Context, store kyc.Store, clientID string, change func(*kyc.Partner)) error {
	return store.Tx(ctx, func(tx kyc.Tx) error {
		p, err := tx.Partners().ByClientID(clientID)
		if err != nil {
			return err
		}
		p.Methods = slices.Clone(p.Methods)
		change(&p)
		if err := checkPartner(p); err != nil {
			return err
		}
		return tx.Partners().Update(p)
	})
}

// RotateSecret gives the partner a new client secret and returns it.
func RotateSecret(ctx context.Context, store kyc.Store, clientID string) (string, error) {
	secret := id.Token()
	return secret, ChangePartner(ctx, store, clientID, func(p *kyc.Partner) { p.SecretHash = Hash(secret) })
}
