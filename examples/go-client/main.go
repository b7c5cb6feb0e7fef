// Command go-client identifies a customer by video with package client, from the
// person to the downloaded report, and is told of each step by webhook. It runs
// against a sandbox:
//
//	go run ./cmd/identikit sandbox        in one terminal
//	go run ./examples/go-client           in another, in the same folder
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/identikit/identikit/client"
)

func main() {
	readyFile := flag.String("ready-file", "identikit-data/ready.json", "the ready file of a running sandbox")
	scenario := flag.String("scenario", "HAPPYPATH", "how it ends: HAPPYPATH, ABORTIDENT, FRAUDIDENT and so on")
	report := flag.String("report", "", "write the report on the identification to this file")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *readyFile, *scenario, *report); err != nil {
		log.Fatal("go-client: ", err)
	}
}

func run(ctx context.Context, readyFile, scenario, report string) error {
	c, err := connect(readyFile)
	if err != nil {
		return err
	}
	r := &receiver{secrets: map[string]string{}, seen: map[string]bool{}}
	stop, err := r.subscribe(ctx, c)
	if err != nil {
		return err
	}
	defer stop()

	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "X-AUTOTEST-" + scenario, LastName: "Muster"})
	if err != nil {
		return err
	}
	ident, err := c.CreateIdentification(ctx, person.ID, client.IdentificationData{Method: client.MethodIDnow})
	if err != nil {
		return err
	}
	ident, err = c.RequestIdentification(ctx, person.ID, ident.ID)
	var refused *client.Error
	if errors.As(err, &refused) && refused.Code == client.CodeIDnow {
		return fmt.Errorf("the provider knows no scenario %s: %s", scenario, refused.Detail)
	}
	if err != nil {
		return err
	}
	fmt.Println("a customer would now go to", ident.URL)

	// A day, for a slow review. It passes at once, and takes the webhooks along.
	if _, err := c.Sandbox().Advance(ctx, 25*time.Hour); err != nil {
		return err
	}
	ident, err = c.Identification(ctx, person.ID, ident.ID, client.WithDocuments)
	if err != nil {
		return err
	}
	fmt.Println("it ended", ident.Status, ident.FailureReason)
	for _, d := range ident.Documents {
		fmt.Printf("  %-12s %s, %d bytes\n", d.DocumentType, d.Name, d.Size)
		if d.DocumentType == client.DocumentKYCReport && report != "" {
			if err := save(ctx, c, person.ID, d.ID, report); err != nil {
				return err
			}
		}
	}
	return nil
}

// connect makes the client. A partner has these three from his own settings.
func connect(readyFile string) (*client.Client, error) {
	text, err := os.ReadFile(readyFile)
	if err != nil {
		return nil, fmt.Errorf("is a sandbox running in this folder? %w", err)
	}
	var ready struct {
		APIURL  string `json:"api_url"`
		Partner struct {
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
		} `json:"partner"`
	}
	if err := json.Unmarshal(text, &ready); err != nil {
		return nil, fmt.Errorf("%s: %w", readyFile, err)
	}
	return client.New(client.Config{BaseURL: ready.APIURL, ClientID: ready.Partner.ClientID, ClientSecret: ready.Partner.ClientSecret})
}

// receiver takes webhooks. A real one keeps both maps in its database.
type receiver struct {
	mu      sync.Mutex
	secrets map[string]string // by subscription
	seen    map[string]bool   // by Event.ID
}

// subscribe serves the receiver on this machine and subscribes it, until stop.
func (r *receiver) subscribe(ctx context.Context, c *client.Client) (stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: client.WebhookHandler{Secret: r.secret, Handle: r.handle}, ReadTimeout: 30 * time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	shut := func() {
		if err := errors.Join(srv.Close(), <-served); !errors.Is(err, http.ErrServerClosed) {
			log.Print("go-client: the receiver: ", err)
		}
	}
	hook, err := c.CreateWebhook(ctx, client.EventIdentification, "http://"+listener.Addr().String()+"/hooks")
	if err != nil {
		shut()
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets[hook.ID] = hook.Secret
	return func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // also after an interrupt
		defer cancel()
		if err := c.DeleteWebhook(last, hook.ID); err != nil {
			log.Print("go-client: ", err)
		}
		shut()
	}, nil
}

func (r *receiver) secret(_ context.Context, subscription string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.secrets[subscription]
}

func (r *receiver) handle(_ context.Context, e client.Event) error {
	event, err := e.Identification()
	if err != nil {
		return errors.Join(err, client.ErrReject) // it will be no better the next time
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.seen[e.ID] {
		r.seen[e.ID] = true
		fmt.Println("webhook:", event.Status)
	}
	return nil
}

// save downloads a document. It never lies there half.
func save(ctx context.Context, c *client.Client, personID, id, path string) error {
	f, err := c.DownloadDocument(ctx, personID, id)
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, f); err != nil {
		return errors.Join(err, out.Close(), os.Remove(out.Name()))
	}
	if err := out.Close(); err != nil {
		return err
	}
	fmt.Println("the report is in", path)
	return os.Rename(out.Name(), path)
}
