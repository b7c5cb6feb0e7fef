package flow

import (
	"bytes"
	"context"
	"sync"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
	"github.com/identikit/identikit/internal/seal"
)

// Opener opens a partner's own account at a provider from its settings, which
// only the provider's package can read.
type Opener func(partnerID string, settings []byte) (provider.Adapter, error)

// SetAccount gives the partner an account of its own at the video provider;
// no settings take it away. They are sealed and never shown again.
func SetAccount(ctx context.Context, store kyc.Store, master *seal.Master, clientID string, settings []byte) error {
	var sealed []byte
	if len(settings) > 0 {
		var err error
		if sealed, err = SealAccount(master, clientID, settings); err != nil {
			return err
		}
	}
	return ChangePartner(ctx, store, clientID, func(p *kyc.Partner) { p.IDnowAccount = sealed })
}

// SealAccount seals the settings of a partner's own account.
func SealAccount(master *seal.Master, clientID string, settings []byte) ([]byte, error) {
	return master.Seal(settings, aboutAccount(clientID))
}

func aboutAccount(clientID string) string { return "account of " + clientID }

// mayUse tells whether the partner may use the method: it is not limited to
// others, and has the account of its own that the method may need.
func (s *Service) mayUse(p kyc.Partner, m kyc.Method) bool {
	_, own := s.Accounts[m]
	return p.May(m) && (!own || len(p.IDnowAccount) > 0)
}

// adapterFor finds the adapter of an identification by its method, by whether
// contracts are signed in it, and by its partner if the method runs on the
// partner's own account.
func (s *Service) adapterFor(ctx context.Context, i kyc.Identification) (provider.Adapter, error) {
	if signs, err := s.signs(ctx, i); signs || err != nil {
		return s.Signing, err
	}
	if i.State == kyc.Processed {
		return s.DataChecker, nil
	}
	if a, ok := s.Providers[i.Method]; ok {
		return a, nil
	}
	open, ok := s.Accounts[i.Method]
	if !ok {
		return provider.Adapter{}, kyc.Fail(kyc.NotFound, "model_not_found", "no provider for the method %s", i.Method)
	}
	var p kyc.Partner
	err := s.Store.View(ctx, func(v kyc.View) (err error) {
		p, err = v.Partners().Get(i.PartnerID)
		return err
	})
	if err != nil {
		return provider.Adapter{}, err
	}
	if len(p.IDnowAccount) == 0 {
		return provider.Adapter{}, kyc.Fail(kyc.NotFound, "model_not_found", "the partner has no account of its own for the method %s any more", i.Method)
	}
	return s.opened.get(p, func() (provider.Adapter, error) {
		settings, err := s.Master.Open(p.IDnowAccount, aboutAccount(p.ClientID))
		if err != nil {
			return provider.Adapter{}, err
		}
		return open(p.ID, settings)
	})
}

// signs tells whether the customer signs contracts in the identification.
func (s *Service) signs(ctx context.Context, i kyc.Identification) (yes bool, err error) {
	if s.Signing.Starter == nil || i.Method != kyc.MethodIDnow {
		return false, nil
	}
	err = s.Store.View(ctx, func(v kyc.View) error {
		_, yes, err = v.Originations().OfIdentification(i.ID)
		return err
	})
	return yes, err
}

// openAccounts keeps the adapters of partners' own accounts: they hold login
// tokens and count what they have under way. Partners with one are few.
type openAccounts struct {
	mu  sync.Mutex
	all map[string]openAccount // by partner
}

type openAccount struct {
	sealed  []byte // the settings that it was opened with
	adapter provider.Adapter
}

// get returns the partner's adapter, opened anew when the settings have changed.
func (o *openAccounts) get(p kyc.Partner, open func() (provider.Adapter, error)) (provider.Adapter, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.all[p.ID]; ok && bytes.Equal(known.sealed, p.IDnowAccount) {
		return known.adapter, nil
	}
	a, err := open()
	if err != nil {
		return a, err
	}
	if o.all == nil {
		o.all = map[string]openAccount{}
	}
	o.all[p.ID] = openAccount{p.IDnowAccount, a}
	return a, nil
}
