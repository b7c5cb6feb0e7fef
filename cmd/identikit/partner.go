package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
)

type partnerCmd struct {
	Create       partnerCreateCmd `cmd:"" help:"Make a partner and print its credentials, once."`
	List         partnerListCmd   `cmd:"" help:"List the partners."`
	RotateSecret partnerRotateCmd `cmd:"" help:"Give a partner a new client secret and print it, once."`
	SetSecret    partnerSecretCmd `cmd:"" help:"Set or clear a partner's identification secret, which every request must carry then."`
	Set          partnerSetCmd    `cmd:"" help:"Change a partner's methods, how its customers are greeted, where they go back to, and its own account at the provider."`
}

type partnerCreateCmd struct {
	Name       string   `help:"The partner's name." required:""`
	Methods    []string `help:"The methods it may use; all if none is named." placeholder:"METHOD"`
	Greeting   string   `help:"In whose name the agent greets; the partner's if empty."`
	SuccessURL string   `help:"Where customers go back to: https or an app's scheme; {identification} is replaced." placeholder:"URL"`
	FailureURL string   `help:"The same after a failure." placeholder:"URL"`
	JSON       bool     `name:"json" help:"Print for programs."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (partnerCreateCmd) Help() string {
	return `Example:
  identikit partner create --name "My Bank" --methods idnow --json`
}

// Run implements the subcommand.
func (c *partnerCreateCmd) Run(ctx context.Context) error {
	return withNewStore(ctx, c.dataFlags, true, func(store kyc.Store) error {
		in := flow.NewPartner{Name: c.Name, Methods: methodsOf(c.Methods), Greeting: c.Greeting, SuccessURL: c.SuccessURL, FailureURL: c.FailureURL}
		p, secret, err := flow.CreatePartner(ctx, store, in)
		if err != nil {
			return err
		}
		return printCredentials(c.JSON, p.ClientID, secret)
	})
}

// withStore opens the store for one command.
func withStore(ctx context.Context, f dataFlags, fn func(kyc.Store) error) error {
	return withNewStore(ctx, f, false, fn)
}

// withNewStore is withStore for a command that may begin a new installation.
func withNewStore(ctx context.Context, f dataFlags, mayBegin bool, fn func(kyc.Store) error) error {
	store, err := f.open(ctx, mayBegin)
	if err != nil {
		return err
	}
	err = fn(store)
	if e := store.Close(); err == nil {
		err = e
	}
	return err
}

func printCredentials(asJSON bool, clientID, secret string) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]string{"client_id": clientID, "client_secret": secret})
	}
	fmt.Printf("client_id      %s\nclient_secret  %s   (it cannot be shown again)\n", clientID, secret)
	return nil
}

type partnerListCmd struct {
	JSON bool `name:"json" help:"Print for programs."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (partnerListCmd) Help() string { return "Example:\n  identikit partner list --json" }

// Run implements the subcommand.
func (c *partnerListCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		var all []kyc.Partner
		err := store.View(ctx, func(v kyc.View) (err error) {
			all, err = v.Partners().List()
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range all {
			if c.JSON {
				err := json.NewEncoder(os.Stdout).Encode(map[string]any{
					"id": p.ID, "name": p.Name, "client_id": p.ClientID, "methods": p.Methods, "greeting": p.Greeting,
					"success_url": p.SuccessURL, "failure_url": p.FailureURL, "own_idnow_account": len(p.IDnowAccount) > 0, "created_at": kyc.FormatInstant(p.CreatedAt),
				})
				if err != nil {
					return err
				}
				continue
			}
			methods := "all methods"
			if len(p.Methods) > 0 {
				methods = fmt.Sprint(p.Methods)
			}
			fmt.Printf("%s  %s  %s\n", p.ClientID, p.Name, methods)
		}
		return nil
	})
}

type partnerRotateCmd struct {
	ClientID string `arg:"" help:"The partner's client id."`
	JSON     bool   `name:"json" help:"Print for programs."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (partnerRotateCmd) Help() string {
	return "Tokens that were issued with the old secret stay good until they expire.\n\nExample:\n  identikit partner rotate-secret 4c6f93d4c8d427927257e2ce734a5a10"
}

// Run implements the subcommand.
func (c *partnerRotateCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		secret, err := flow.RotateSecret(ctx, store, c.ClientID)
		if err != nil {
			return err
		}
		return printCredentials(c.JSON, c.ClientID, secret)
	})
}

type partnerSecretCmd struct {
	ClientID string `arg:"" help:"The partner's client id."`
	Secret   string `arg:"" optional:"" help:"The identification secret; without one it is cleared." env:"IDENTIKIT_IDENTIFICATION_SECRET"`
	JSON     bool   `name:"json" help:"Print for programs."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (partnerSecretCmd) Help() string {
	return "Example:\n  IDENTIKIT_IDENTIFICATION_SECRET=… identikit partner set-secret 4c6f93d4c8d427927257e2ce734a5a10"
}

// Run implements the subcommand.
func (c *partnerSecretCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		var hash []byte
		if c.Secret != "" {
			var err error
			if hash, err = flow.HashSecret(c.Secret); err != nil {
				return err
			}
		}
		err := flow.ChangePartner(ctx, store, c.ClientID, func(p *kyc.Partner) { p.IdentSecretHash = hash })
		return report(err, c.JSON, map[string]any{"client_id": c.ClientID, "secret_set": c.Secret != ""})
	})
}

type partnerSetCmd struct {
	ClientID   string   `arg:"" help:"The partner's client id."`
	Methods    []string `help:"The methods it may use from now on, in place of those so far; 'all' for all." placeholder:"METHOD"`
	Greeting   *string  `help:"In whose name the agent greets."`
	SuccessURL *string  `help:"Where customers go back to; {identification} is replaced." placeholder:"URL"`
	FailureURL *string  `help:"The same after a failure." placeholder:"URL"`
	ownAccountFlags
	JSON bool `name:"json" help:"Print for programs."`
	masterFlags
	dataFlags
}

// Help implements kong.HelpProvider.
func (partnerSetCmd) Help() string {
	return "Example:\n  identikit partner set 4c6f93d4c8d427927257e2ce734a5a10 --greeting \"My Bank\" --success-url \"mybank://kyc/{identification}\"" +
		"\n  identikit partner set 4c6f93d4c8d427927257e2ce734a5a10 --methods idnow,bank,bank_id" +
		"\n  IDENTIKIT_PARTNER_IDNOW_API_KEY=… identikit partner set 4c6f93d4c8d427927257e2ce734a5a10 --idnow-company-id mybank"
}

// Run implements the subcommand.
func (c *partnerSetCmd) Run(ctx context.Context) error {
	settings, err := c.ownAccountFlags.settings()
	if err != nil {
		return err
	}
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		if err := c.setAccount(ctx, store, settings); err != nil {
			return err
		}
		err := flow.ChangePartner(ctx, store, c.ClientID, func(p *kyc.Partner) {
			if len(c.Methods) > 0 {
				p.Methods = methodsOf(c.Methods)
			}
			for to, from := range map[*string]*string{&p.Greeting: c.Greeting, &p.SuccessURL: c.SuccessURL, &p.FailureURL: c.FailureURL} {
				if from != nil {
					*to = *from
				}
			}
		})
		return report(err, c.JSON, map[string]any{"client_id": c.ClientID, "changed": err == nil})
	})
}

// methodsOf reads names of methods; none, and the word all, are all methods.
func methodsOf(names []string) (methods []kyc.Method) {
	if slices.Equal(names, []string{"all"}) {
		return nil
	}
	for _, m := range names {
		methods = append(methods, kyc.Method(m))
	}
	return methods
}

// report prints that a change was made.
func report(err error, asJSON bool, facts map[string]any) error {
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(facts)
	}
	fmt.Println("done")
	return nil
}
