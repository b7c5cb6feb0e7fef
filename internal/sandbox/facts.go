package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	provideridnow "github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/seal"
)

// facts are what a sandbox makes up once and keeps: sealed in the database.
type facts struct {
	partner    Credentials
	apiKey     string
	pushSecret string
	simSeed    []byte
}

// keyOf is the API key of another account than the first. It is made from the
// first's, so that a folder from before has one too.
func (f facts) keyOf(companyID string) string {
	mac := hmac.New(sha256.New, []byte(f.apiKey))
	mac.Write([]byte(companyID))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

const factsSetting = "sandbox_facts"

// storedFacts is the form in which facts are sealed.
type storedFacts struct {
	ClientID, ClientSecret, APIKey, PushSecret string
	SimSeed                                    []byte
}

// Lives tells whether the database is a sandbox's.
func Lives(ctx context.Context, store kyc.Store) (yes bool, err error) {
	err = store.View(ctx, func(v kyc.View) error {
		_, yes, err = v.Settings().Get(factsSetting)
		return err
	})
	return yes, err
}

// facts reads what was kept, or makes it up: then the sandbox's partner too.
func (w *World) facts(ctx context.Context, master *seal.Master) (facts, error) {
	var text string
	var known bool
	err := w.store.View(ctx, func(v kyc.View) (err error) {
		text, known, err = v.Settings().Get(factsSetting)
		return err
	})
	if err != nil {
		return facts{}, err
	}
	if known {
		f, err := readFacts(master, text)
		if err != nil {
			return f, err
		}
		return f, w.ensurePartner(ctx, master, f)
	}
	s := storedFacts{
		ClientID: id.Secret(), ClientSecret: id.Token(), APIKey: id.Secret(), PushSecret: id.Token(), SimSeed: []byte(id.Token()),
	}
	if w.opts.Seed != nil {
		s.SimSeed = seedBytes(*w.opts.Seed)
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return facts{}, err
	}
	sealed, err := master.Seal(plain, factsSetting)
	if err != nil {
		return facts{}, err
	}
	text = base64.StdEncoding.EncodeToString(sealed)
	err = w.store.Tx(ctx, func(tx kyc.Tx) error { return tx.Settings().Put(factsSetting, text) })
	if err != nil {
		return facts{}, err
	}
	return w.facts(ctx, master)
}

// ensurePartner makes the sandbox's own partner if it is not there yet. It has an
// account of its own at the simulated provider.
func (w *World) ensurePartner(ctx context.Context, master *seal.Master, f facts) error {
	c := f.partner
	err := w.store.View(ctx, func(v kyc.View) error {
		_, err := v.Partners().ByClientID(c.ClientID)
		return err
	})
	if !kyc.IsKind(err, kyc.NotFound) {
		return err
	}
	settings, err := provideridnow.Settings{CompanyID: PartnersCompanyID, APIKey: f.keyOf(PartnersCompanyID)}.Encode()
	if err != nil {
		return err
	}
	account, err := flow.SealAccount(master, c.ClientID, settings)
	if err != nil {
		return err
	}
	_, _, err = flow.CreatePartner(ctx, w.store, flow.NewPartner{
		Name: "Sandbox Bank", ClientID: c.ClientID, Secret: c.ClientSecret, IDnowAccount: account,
	})
	return err
}

func readFacts(master *seal.Master, text string) (f facts, err error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return f, fmt.Errorf("the sandbox's stored secrets: %w", err)
	}
	plain, err := master.Open(sealed, factsSetting)
	if err != nil {
		return f, fmt.Errorf("this database belongs to another data folder: %w", err)
	}
	var s storedFacts
	if err := json.Unmarshal(plain, &s); err != nil {
		return f, fmt.Errorf("the sandbox's stored secrets: %w", err)
	}
	return facts{Credentials{s.ClientID, s.ClientSecret}, s.APIKey, s.PushSecret, s.SimSeed}, nil
}

func (w *World) portsFile() string { return filepath.Join(w.opts.Data, "ports.json") }

// lastPorts are the ports of the last run: links that customers got then stay
// good if they are still free. What cannot be read is as if it were not there.
func (w *World) lastPorts() map[string]int {
	ports := map[string]int{}
	if text, err := os.ReadFile(w.portsFile()); err == nil {
		_ = json.Unmarshal(text, &ports) // any free port will do
	}
	return ports
}

func (w *World) keepPorts(nets map[string]net.Listener) error {
	ports := map[string]int{}
	for name, l := range nets {
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			ports[name] = a.Port
		}
	}
	text, err := json.Marshal(ports)
	if err != nil {
		return err
	}
	return WriteFile(w.portsFile(), text)
}

// WriteFile writes a file of mode 0600 so that readers see all of it or nothing.
func WriteFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
