package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/identikit/identikit/internal/method/bank"
	"github.com/identikit/identikit/internal/provider/ais"
	"github.com/identikit/identikit/internal/provider/fourthline"
	"github.com/identikit/identikit/internal/provider/xs2a"
	"github.com/identikit/identikit/internal/register"
	"github.com/identikit/identikit/internal/server"
)

// bankidentFlags are the accounts behind the methods bank and bank_id. Without an
// XS2A key neither is available.
type bankidentFlags struct {
	Xs2aURL         string `name:"xs2a-url" help:"The API of the firm for bank logins." default:"https://api.xs2a.com" env:"IDENTIKIT_XS2A_URL" placeholder:"URL" group:"Bankident"`
	Xs2aAPIKey      string `name:"xs2a-api-key" help:"The account there; without one the methods bank and bank_id are not available." env:"IDENTIKIT_XS2A_API_KEY" placeholder:"KEY" group:"Bankident"`
	Xs2aWizardURL   string `name:"xs2a-wizard-url" help:"Where customers log in to their bank." env:"IDENTIKIT_XS2A_WIZARD_URL" placeholder:"URL" group:"Bankident"`
	Xs2aInterfaceID string `name:"xs2a-interface-id" help:"How the wizard looks." env:"IDENTIKIT_XS2A_INTERFACE_ID" placeholder:"ID" group:"Bankident"`
	Xs2aHolder      string `name:"xs2a-holder" help:"Holder of the account that takes the reference transfers." env:"IDENTIKIT_XS2A_HOLDER" placeholder:"NAME" group:"Bankident"`
	Xs2aIBAN        string `name:"xs2a-iban" help:"Its IBAN." env:"IDENTIKIT_XS2A_IBAN" placeholder:"IBAN" group:"Bankident"`
	Xs2aBIC         string `name:"xs2a-bic" help:"Its BIC." env:"IDENTIKIT_XS2A_BIC" placeholder:"BIC" group:"Bankident"`

	Xs2aAcceptTest bool `name:"xs2a-accept-test" help:"Take logins of the firm's test mode, where anybody logs in as anybody: for staging alone." env:"IDENTIKIT_XS2A_ACCEPT_TEST" group:"Bankident"`

	AisURL          string `help:"The service for electronic signatures." default:"https://ais.swisscom.com/AIS-Server/rs/v1.0" env:"IDENTIKIT_AIS_URL" placeholder:"URL" group:"Bankident"`
	AisIdentity     string `help:"The account there, as customer:key-entity." env:"IDENTIKIT_AIS_IDENTITY" placeholder:"NAME" group:"Bankident"`
	AisCountry      string `help:"Country in the signers' certificates." default:"DE" env:"IDENTIKIT_AIS_COUNTRY" placeholder:"CC" group:"Bankident"`
	AisCert         string `help:"Client certificate (PEM) by which the service knows its customers." env:"IDENTIKIT_AIS_CERT" placeholder:"FILE" and:"aiscert" group:"Bankident"`
	AisKey          string `help:"Its key (PEM)." env:"IDENTIKIT_AIS_KEY" placeholder:"FILE" and:"aiscert" group:"Bankident"`
	AisTLSCA        string `name:"ais-tls-ca" help:"Who vouches for the service's own certificate (PEM), if not an authority that the system trusts." env:"IDENTIKIT_AIS_TLS_CA" placeholder:"FILE" group:"Bankident"`
	AisCA           string `name:"ais-ca" help:"Who vouches for the signatures (PEM): every one is checked." env:"IDENTIKIT_AIS_CA" placeholder:"FILE" group:"Bankident"`
	AisConfirmURL   string `help:"The bridge that takes one-time passwords (docs/adr/0011); without one customers confirm on the service's page." env:"IDENTIKIT_AIS_CONFIRM_URL" placeholder:"URL" group:"Bankident"`
	AisConfirmToken string `help:"Shown to the bridge." env:"IDENTIKIT_AIS_CONFIRM_TOKEN" placeholder:"TOKEN" group:"Bankident"`

	FourthlineURL          string `help:"The firm that checks identity data; without one the method bank_id is not available." env:"IDENTIKIT_FOURTHLINE_URL" placeholder:"URL" group:"Bankident"`
	FourthlineClientID     string `name:"fourthline-client-id" help:"The account there." env:"IDENTIKIT_FOURTHLINE_CLIENT_ID" placeholder:"ID" group:"Bankident"`
	FourthlineClientSecret string `help:"Its secret." env:"IDENTIKIT_FOURTHLINE_CLIENT_SECRET" placeholder:"SECRET" group:"Bankident"`

	RegisterURL    string `help:"The register that knows who was identified before (docs/operating.md); without one the method bank is not available." env:"IDENTIKIT_REGISTER_URL" placeholder:"URL" group:"Bankident"`
	RegisterToken  string `help:"Sent to it as a bearer token." env:"IDENTIKIT_REGISTER_TOKEN" placeholder:"TOKEN" group:"Bankident"`
	SupportedBanks string `help:"The banks whose customers can log in, instead of the list that is built in (JSON: docs/operating.md)." env:"IDENTIKIT_SUPPORTED_BANKS" placeholder:"FILE" group:"Bankident"`
	BankPushSecret string `help:"The unguessable end of the paths for both firms' pushes, /inbound/xs2a/SECRET and /inbound/fourthline/SECRET: 32 characters at least." env:"IDENTIKIT_BANK_PUSH_SECRET" placeholder:"SECRET" group:"Bankident"`
}

// idle names a setting that means nothing without another one: a slip that would
// leave out what somebody believes is there.
func (f bankidentFlags) idle() error {
	const key, checker, register, bridge = "--xs2a-api-key", "--fourthline-url", "--register-url", "--ais-confirm-url"
	for _, s := range []struct{ name, value, needs, has string }{
		{"--xs2a-wizard-url", f.Xs2aWizardURL, key, f.Xs2aAPIKey}, {"--xs2a-holder", f.Xs2aHolder, key, f.Xs2aAPIKey},
		{"--xs2a-iban", f.Xs2aIBAN, key, f.Xs2aAPIKey}, {"--ais-identity", f.AisIdentity, key, f.Xs2aAPIKey}, {"--ais-cert", f.AisCert, key, f.Xs2aAPIKey},
		{"--ais-ca", f.AisCA, key, f.Xs2aAPIKey}, {bridge, f.AisConfirmURL, key, f.Xs2aAPIKey}, {checker, f.FourthlineURL, key, f.Xs2aAPIKey},
		{register, f.RegisterURL, key, f.Xs2aAPIKey}, {"--bank-push-secret", f.BankPushSecret, key, f.Xs2aAPIKey},
		{"--supported-banks", f.SupportedBanks, key, f.Xs2aAPIKey}, {"--ais-confirm-token", f.AisConfirmToken, bridge, f.AisConfirmURL},
		{"--fourthline-client-id", f.FourthlineClientID, checker, f.FourthlineURL}, {"--fourthline-client-secret", f.FourthlineClientSecret, checker, f.FourthlineURL},
		{"--register-token", f.RegisterToken, register, f.RegisterURL},
	} {
		if s.value != "" && s.has == "" {
			return fmt.Errorf("%s means nothing without %s: set both, or neither", s.name, s.needs)
		}
	}
	return nil
}

// bankident are the accounts, checked; nil if there are none.
func (f bankidentFlags) bankident() (*server.Bankident, error) {
	if err := f.idle(); err != nil {
		return nil, err
	}
	if f.Xs2aAPIKey == "" {
		return nil, nil
	}
	b := &server.Bankident{
		Bank: xs2a.Config{
			APIURL: f.Xs2aURL, APIKey: f.Xs2aAPIKey, WizardURL: f.Xs2aWizardURL, InterfaceID: f.Xs2aInterfaceID, AcceptTest: f.Xs2aAcceptTest,
			Recipient: xs2a.Recipient{Holder: f.Xs2aHolder, IBAN: f.Xs2aIBAN, BIC: f.Xs2aBIC}, HTTP: firmClient(),
		},
		Banks: bank.Default(), PushSecret: f.BankPushSecret,
	}
	if err := b.Bank.Check(); err != nil {
		return nil, err
	}
	if len(f.BankPushSecret) < 32 {
		return nil, errors.New("--bank-push-secret must have 32 characters at least; make one with `openssl rand -hex 32`")
	}
	var err error
	if b.Signer, err = f.signer(); err != nil {
		return nil, err
	}
	if f.FourthlineURL != "" {
		b.DataChecker = fourthline.Config{URL: f.FourthlineURL, ClientID: f.FourthlineClientID, ClientSecret: f.FourthlineClientSecret, HTTP: firmClient()}
		if err := b.DataChecker.Check(); err != nil {
			return nil, err
		}
	}
	if f.RegisterURL != "" {
		r := register.Client{URL: f.RegisterURL, Token: f.RegisterToken, Agent: "identikit/" + version, HTTP: firmClient()}
		if err := r.Check(); err != nil {
			return nil, err
		}
		b.Register = r
	}
	if f.FourthlineURL == "" && f.RegisterURL == "" {
		return nil, errors.New("neither bank nor bank_id can be offered: bank needs --register-url, bank_id needs --fourthline-url")
	}
	if f.SupportedBanks != "" {
		text, err := os.ReadFile(f.SupportedBanks)
		if err != nil {
			return nil, fmt.Errorf("--supported-banks: %w", err)
		}
		if b.Banks, err = bank.Parse(text); err != nil {
			return nil, fmt.Errorf("--supported-banks %s: %w", f.SupportedBanks, err)
		}
	}
	return b, nil
}

func (f bankidentFlags) signer() (c ais.Config, err error) {
	c = ais.Config{
		URL: f.AisURL, Identity: f.AisIdentity, Jurisdiction: f.AisCountry, ConfirmURL: f.AisConfirmURL, ConfirmToken: f.AisConfirmToken,
	}
	if f.AisCert != "" {
		if c.Certificate, err = tls.LoadX509KeyPair(f.AisCert, f.AisKey); err != nil {
			return c, fmt.Errorf("--ais-cert and --ais-key: %w", err)
		}
	}
	for _, ca := range []struct {
		flag, file string
		to         **x509.CertPool
	}{{"--ais-tls-ca", f.AisTLSCA, &c.Roots}, {"--ais-ca", f.AisCA, &c.TrustedCAs}} {
		if ca.file == "" {
			continue
		}
		text, err := os.ReadFile(ca.file)
		if err != nil {
			return c, fmt.Errorf("%s: %w", ca.flag, err)
		}
		*ca.to = x509.NewCertPool()
		if !(*ca.to).AppendCertsFromPEM(text) {
			return c, fmt.Errorf("%s: there is no certificate in %s; it must be PEM", ca.flag, ca.file)
		}
	}
	return c, c.Check()
}

// firmClient calls a firm's API.
func firmClient() *http.Client {
	return &http.Client{CheckRedirect: noRedirect, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
	}}
}
