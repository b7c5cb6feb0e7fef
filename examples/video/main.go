// Command video is the tutorial of the video identification: it creates a test
// person, identifies it, plays the customer on the page, and shows the result and
// the webhooks. It runs against a sandbox:
//
//	go run ./cmd/identikit sandbox        in one terminal
//	go run ./examples/video               in another, in the same folder
//
// With -manual you are the customer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/identikit/identikit/client"
)

func main() {
	readyFile := flag.String("ready-file", "identikit-data/ready.json", "the ready file of a running sandbox")
	manual := flag.Bool("manual", false, "you are the customer")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *readyFile, *manual); err != nil {
		log.Fatal("video: ", err)
	}
}

func run(ctx context.Context, readyFile string, manual bool) error {
	c, err := connect(readyFile)
	if err != nil {
		return err
	}
	told := make(chan client.Status, 10)
	stop, err := receive(ctx, c, told)
	if err != nil {
		return err
	}
	defer stop()

	fmt.Println("1  Create a person")
	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "X-MANUALTEST-HAPPYPATH", LastName: "Muster"})
	if err != nil {
		return err
	}
	fmt.Println("  ", person.ID)

	fmt.Println("2  Create an identification resource")
	ident, err := c.CreateIdentification(ctx, person.ID, client.IdentificationData{Method: client.MethodIDnow})
	if err != nil {
		return err
	}
	fmt.Println("  ", ident.ID, ident.Status)

	fmt.Println("3  Trigger the identification")
	ident, err = c.RequestIdentification(ctx, person.ID, ident.ID)
	if err != nil {
		return err
	}
	fmt.Println("  ", ident.Status, ident.URL)

	fmt.Println("4  Complete the identification flow")
	if manual {
		fmt.Println("   Open that page. Mobile number: any that begins with 0. Code: 123456. Press Enter here when it says that you are done.")
		_, err = bufio.NewReader(os.Stdin).ReadString('\n')
	} else {
		err = customer{url: ident.URL}.walk(ctx)
	}
	if err != nil {
		return err
	}

	fmt.Println("5  Retrieve the identification and its webhook")
	// The call and its review take a few minutes, which pass at once.
	if _, err := c.Sandbox().Advance(ctx, 5*time.Minute); err != nil {
		return err
	}
	idents, err := client.Collect(c.IdentificationsOf(ctx, person.ID))
	if err != nil {
		return err
	}
	fmt.Println("   it ended", idents[0].Status)
	for status := client.Status(""); status != idents[0].Status; {
		select {
		case status = <-told:
			fmt.Println("   webhook:", status)
		case <-time.After(30 * time.Second):
			return errors.New("no webhook told of it")
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

// receive takes the webhooks of identifications on this machine, until stop. The
// example go-client shows what else a receiver does.
func receive(ctx context.Context, c *client.Client, told chan<- client.Status) (stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var secret atomic.Value // of the subscription; the callout that verifies the address comes before it
	srv := &http.Server{ReadTimeout: 30 * time.Second, Handler: client.WebhookHandler{
		Secret: func(context.Context, string) string { s, _ := secret.Load().(string); return s },
		Handle: func(_ context.Context, e client.Event) error {
			event, err := e.Identification()
			if err != nil {
				return errors.Join(err, client.ErrReject) // it will be no better the next time
			}
			told <- event.Status
			return nil
		},
	}}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	shut := func() {
		if err := errors.Join(srv.Close(), <-served); !errors.Is(err, http.ErrServerClosed) {
			log.Print("video: the receiver: ", err)
		}
	}
	hook, err := c.CreateWebhook(ctx, client.EventIdentification, "http://"+listener.Addr().String()+"/hooks")
	if err != nil {
		shut()
		return nil, err
	}
	secret.Store(hook.Secret)
	return func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // also after an interrupt
		defer cancel()
		if err := c.DeleteWebhook(last, hook.ID); err != nil {
			log.Print("video: ", err)
		}
		shut()
	}, nil
}

// customer fills in the simulated provider's pages as a browser would.
type customer struct{ url string }

var (
	title = regexp.MustCompile(`<h1>([^<]*)</h1>`)
	token = regexp.MustCompile(`name="step" value="([^"]*)"`)
)

// walk goes through the call until it is over. What is asked for depends on what
// the person lacks, so every page gets all that this customer would ever say, and
// takes what it has fields for.
func (c customer) walk(ctx context.Context) error {
	page, err := c.send(ctx, http.MethodGet, nil)
	for range 20 {
		if err != nil || strings.Contains(page, "All done") {
			return err
		}
		step := token.FindStringSubmatch(page)
		if step == nil {
			return errors.New("the page has no form:\n" + page)
		}
		page, err = c.send(ctx, http.MethodPost, url.Values{
			"step": {step[1]}, "action": {"done"}, "terms": {"yes"}, "ready": {"yes"}, "recording": {"yes"}, "language": {"en"},
			"document": {"IDCARD"}, "issuer": {"DE"}, "mobile": {"+15550101"}, "birthday": {"1984-01-26"}, "birthplace": {"Köln"},
			"nationality": {"DE"}, "street": {"Hauptstraße 1"}, "zipcode": {"10115"}, "city": {"Berlin"}, "country": {"DE"},
			"answer": {"a current account"}, "code": {"123456"},
		})
	}
	return errors.New("the call does not end:\n" + page)
}

// send opens the page, or posts a form, and says which page came.
func (c customer) send(ctx context.Context, method string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+"?lang=en", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	page := string(body)
	if heading := title.FindStringSubmatch(page); heading != nil {
		fmt.Println("  ", heading[1])
	}
	return page, nil
}
