package main

import (
	"context"
	"errors"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/sandbox"
)

// ownAccountFlags are a partner's own account at the provider, for idnow_custom.
// They bear the names of the server's own account, so no configuration file sets
// them: the server's would become the partner's.
type ownAccountFlags struct {
	IdnowCompanyID  string `name:"idnow-company-id" help:"The partner's own account at the video provider, for the method idnow_custom." placeholder:"ID" config:"no"`
	IdnowAPIKey     string `name:"idnow-api-key" help:"Its API key, which is kept sealed and never shown again." env:"IDENTIKIT_PARTNER_IDNOW_API_KEY" placeholder:"KEY" config:"no"`
	IdnowGatewayURL string `name:"idnow-gateway-url" help:"Its company API, if it is another than the server's." placeholder:"URL" config:"no"`
	IdnowGoURL      string `name:"idnow-go-url" help:"Where it receives customers, if that is elsewhere." placeholder:"URL" config:"no"`
	ClearIdnow      bool   `name:"clear-idnow-account" help:"Take the partner's own account away."`
}

// settings are the account as it is kept; nil if the flags name none.
func (f ownAccountFlags) settings() ([]byte, error) {
	switch {
	case f.IdnowCompanyID != "" && f.ClearIdnow:
		return nil, errors.New("--clear-idnow-account and --idnow-company-id contradict each other")
	case f.IdnowCompanyID == "" && f.IdnowGatewayURL != "":
		return nil, errors.New("--idnow-gateway-url belongs to an account: give --idnow-company-id and --idnow-api-key too")
	case f.IdnowCompanyID == "":
		return nil, nil
	}
	return idnow.Settings{
		CompanyID: f.IdnowCompanyID, APIKey: f.IdnowAPIKey, GatewayURL: f.IdnowGatewayURL, GoURL: f.IdnowGoURL,
	}.Encode()
}

// setAccount gives the partner the account, takes it away, or does nothing.
func (c *partnerSetCmd) setAccount(ctx context.Context, store kyc.Store, settings []byte) error {
	switch {
	case c.ClearIdnow:
		return flow.SetAccount(ctx, store, nil, c.ClientID, nil)
	case settings == nil:
		return nil
	}
	fallback := ""
	if c.Database == "" {
		fallback = sandbox.MasterKeyFile(c.Data)
	}
	master, err := c.masterFlags.open(fallback)
	if err != nil {
		return err
	}
	return flow.SetAccount(ctx, store, master, c.ClientID, settings)
}
