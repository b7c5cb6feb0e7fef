package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/bank"
	providerais "github.com/identikit/identikit/internal/provider/ais"
	providerfourthline "github.com/identikit/identikit/internal/provider/fourthline"
	providerxs2a "github.com/identikit/identikit/internal/provider/xs2a"
	"github.com/identikit/identikit/internal/server"
	"github.com/identikit/identikit/internal/sim/ais"
	"github.com/identikit/identikit/internal/sim/fourthline"
	"github.com/identikit/identikit/internal/sim/xs2a"
)

// Bank is the account at the simulated firm for bank logins.
type Bank struct {
	APIURL    string `json:"api_url"`
	WizardURL string `json:"wizard_url"`
	APIKey    string `json:"api_key"`
}

// Signer is the account at the simulated firm for electronic signatures.
type Signer struct {
	APIURL     string `json:"api_url"`
	ConsentURL string `json:"consent_url"`
	Identity   string `json:"identity"`
	CAFile     string `json:"ca_file"` // the authority behind the signatures, PEM
}

// Checker is the account at the simulated firm that checks identity data.
type Checker struct {
	APIURL       string `json:"api_url"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// signerIdentity is the sandbox's account at the signer.
const signerCustomer = "identikitsandbox"

// buildBankident makes the simulated firms of the methods bank and bank_id, and
// the accounts at them.
func (w *World) buildBankident(f facts, roots *x509.CertPool, origin func(string) string) (*server.Bankident, error) {
	dir := func(name string) string { return filepath.Join(w.opts.Data, "simulators", name) }
	pushSecret, bridgeToken := f.keyOf("push of the bank's firms"), f.keyOf("bridge to the signer")
	authority := filepath.Join(w.opts.Data, "signer-ca.pem")
	w.Ready.Bank = Bank{APIURL: origin("xs2a"), WizardURL: origin("wizard"), APIKey: f.keyOf("xs2a")}
	w.Ready.Signer = Signer{
		APIURL:     "https://" + strings.TrimPrefix(strings.TrimPrefix(origin("ais"), "https://"), "http://") + "/AIS-Server/rs/v1.0",
		ConsentURL: origin("consent"), Identity: signerCustomer + ":" + ais.DefaultEntity, CAFile: authority,
	}
	w.Ready.Checker = Checker{APIURL: origin("fourthline"), ClientID: f.keyOf("fourthline"), ClientSecret: f.keyOf("fourthline's secret")}
	var err error
	w.bank, err = xs2a.New(xs2a.Config{
		APIKey: w.Ready.Bank.APIKey, APIURL: w.Ready.Bank.APIURL, WizardURL: w.Ready.Bank.WizardURL,
		PushURL: w.Ready.APIURL + server.BankPushPath(pushSecret), Dir: dir("xs2a"), Seed: f.simSeed, Now: w.clock.Now,
		KnownIBAN: bank.Example, Client: httpClient(roots), Brand: func(id string) string { return w.brand(id).Name }, Logger: w.opts.Log,
	})
	if err != nil {
		return nil, err
	}
	w.sims = append(w.sims, w.bank)
	w.signer, err = ais.New(ais.Config{
		Customer: signerCustomer, ConsentURL: w.Ready.Signer.ConsentURL, BridgeToken: bridgeToken, Text: w.text,
		Dir: dir("ais"), Seed: f.simSeed, Now: w.clock.Now, Logger: w.opts.Log,
	})
	if err != nil {
		return nil, err
	}
	w.sims = append(w.sims, w.signer)
	if err := WriteFile(authority, w.signer.TrustedPEM()); err != nil {
		return nil, err
	}
	w.checker, err = fourthline.New(fourthline.Config{
		ClientID: w.Ready.Checker.ClientID, ClientSecret: w.Ready.Checker.ClientSecret,
		PushURL: w.Ready.APIURL + server.DataPushPath(pushSecret), Dir: dir("fourthline"), Seed: f.simSeed, Now: w.clock.Now,
		Client: httpClient(roots), Logger: w.opts.Log,
	})
	if err != nil {
		return nil, err
	}
	w.sims = append(w.sims, w.checker)
	client := httpClient(roots)
	return &server.Bankident{
		Bank: providerxs2a.Config{
			APIURL: w.Ready.Bank.APIURL, APIKey: w.Ready.Bank.APIKey, WizardURL: w.Ready.Bank.WizardURL, InterfaceID: "da05", AcceptTest: true,
			Recipient: providerxs2a.Recipient{Holder: "Sandbox Bank", IBAN: "DE36110101019999999990", BIC: "SOBKDEB2XXX"}, HTTP: client,
		},
		Signer: providerais.Config{
			URL: w.Ready.Signer.APIURL, Identity: w.Ready.Signer.Identity, Jurisdiction: "DE", TrustedCAs: w.signer.TrustedCAs(),
			ConfirmURL: w.Ready.Signer.ConsentURL + "/confirm", ConfirmToken: bridgeToken, HTTP: w.signerClient(roots),
		},
		DataChecker: providerfourthline.Config{
			URL: w.Ready.Checker.APIURL, ClientID: w.Ready.Checker.ClientID, ClientSecret: w.Ready.Checker.ClientSecret, HTTP: client,
		},
		Register: register{}, Banks: bank.Default(), PushSecret: pushSecret,
	}, nil
}

// signerClient logs in to the signer with a certificate, and trusts the signer's
// own authority beside the sandbox's.
func (w *World) signerClient(roots *x509.CertPool) *http.Client {
	trusted := w.signer.TLSRoots()
	if roots != nil {
		trusted = roots.Clone()
		trusted.AppendCertsFromPEM(w.signer.TLSRootPEM()) // a certificate of the simulator's own
	}
	c := httpClient(trusted)
	c.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{w.signer.ClientCertificate()}
	return c
}

// steering is that of all firms: the video provider's at the root, where it always was.
func (w *World) steering() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", w.sim.Steering())
	for name, handler := range map[string]http.Handler{"/xs2a": w.bank.Steering(), "/ais": w.signer.Steering(), "/fourthline": w.checker.Steering()} {
		mux.Handle(name+"/", http.StripPrefix(name, handler))
	}
	return mux
}

// text is a message of the signer to a phone: it arrives in the inbox.
func (w *World) text(ctx context.Context, requestID, _, text string) error {
	return w.server.Flow.ReceiveText(ctx, requestID, text)
}

// Unmatched is the first name of whom the sandbox's register does not know.
const Unmatched = "X-BANKTEST-NOMATCH"

// register is the sandbox's: it knows everybody but one by name.
type register struct{}

// Match implements flow.Register.
func (register) Match(_ context.Context, person kyc.Attributes, _ string) (bool, error) {
	return person.Text("first_name").Reveal() != Unmatched && person.Text("last_name").Reveal() != Unmatched, nil
}

// chooseBankResult ends what a Bankident identification is waiting for; false if
// it is none.
func (w *World) chooseBankResult(ctx context.Context, identification, result string) (bool, error) {
	var i kyc.Identification
	var n kyc.Signing
	err := w.store.View(ctx, func(v kyc.View) (err error) {
		if i, err = v.Identifications().Get(identification); err != nil {
			return err
		}
		n, _, err = v.Signings().Open(identification)
		return err
	})
	if err != nil || !i.Method.Bankident() {
		return false, err
	}
	switch i.State {
	case kyc.Pending:
		err = w.bank.SetResult(ctx, identification, result)
	case kyc.Processed:
		if err := w.handedOver(ctx, identification); err != nil {
			return true, err
		}
		err = w.checker.SetResult(ctx, identification, result)
	case kyc.ConfirmationRequired, kyc.Confirmed:
		err = w.signer.SetResult(ctx, n.ID, result)
	default:
		return true, nothingToChoose(i.State)
	}
	switch {
	case errors.Is(err, xs2a.ErrNoSession), errors.Is(err, xs2a.ErrEnded), errors.Is(err, fourthline.ErrNoSession):
		return true, kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
			"The simulated firm has no session of this identification, or it has ended: read the identification again.")
	case err != nil:
		return true, kyc.InvalidFields([]kyc.FieldError{{Field: "result", Message: "is not one for an identification in this status: " + err.Error()}})
	case i.State == kyc.Pending || i.State == kyc.Processed:
		return true, w.settled(ctx, identification)
	}
	return true, w.server.Flow.CollectNow(ctx, identification)
}

// handedOver waits until the identity data are with the firm that checks them:
// their upload was answered before.
func (w *World) handedOver(ctx context.Context, identification string) error {
	there, err := w.done(ctx, kyc.SubmitData, identification)
	if err == nil && !there {
		err = kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status",
			"The firm does not have the identity data yet: it could not be reached. They are handed over again by themselves; move the clock, or clear its faults.")
	}
	return err
}

// nothingToChoose says what a Bankident identification waits for in a status in
// which no firm has anything to say.
func nothingToChoose(st kyc.State) error {
	waits := map[kyc.State]string{
		kyc.Created:               "Request it first.",
		kyc.IdentificationDataReq: "It waits for the identity data: upload them (document_upload).",
		kyc.AuthorizationRequired: "Authorize it first.",
	}[st]
	if waits == "" {
		waits = "It has ended."
	}
	return kyc.Fail(kyc.PreconditionFailed, "invalid_identification_status", "The identification is '%s'; no simulated firm is at work on it. %s", st, waits)
}
