// Command autoident is the tutorial of the automatic identification: it creates a
// test person, identifies it, plays the customer on the page and shows what came of
// it. It runs against a sandbox:
//
//	go run ./cmd/identikit sandbox        in one terminal
//	go run ./examples/autoident           in another, in the same folder
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
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"

	"github.com/identikit/identikit/client"
)

func main() {
	readyFile := flag.String("ready-file", "identikit-data/ready.json", "the ready file of a running sandbox")
	scenario := flag.String("scenario", "HAPPYPATH", "how it ends: HAPPYPATH, CANCELED or FRAUDIDENT")
	manual := flag.Bool("manual", false, "you are the customer")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *readyFile, *scenario, *manual); err != nil {
		log.Fatal("autoident: ", err)
	}
}

func run(ctx context.Context, readyFile, scenario string, manual bool) error {
	c, err := connect(readyFile)
	if err != nil {
		return err
	}
	fmt.Println("1  Create a person")
	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "X-MANUALTEST-" + scenario, LastName: "Muster"})
	if err != nil {
		return err
	}
	fmt.Println("  ", person.ID)

	fmt.Println("2  Create an identification resource")
	ident, err := c.CreateIdentification(ctx, person.ID, client.IdentificationData{Method: client.MethodIDnowAutoIdent})
	if err != nil {
		return err
	}
	fmt.Println("  ", ident.ID)

	fmt.Println("3  Trigger the identification")
	ident, err = c.RequestIdentification(ctx, person.ID, ident.ID)
	if err != nil {
		return err
	}
	fmt.Println("  ", ident.Status, ident.URL)

	fmt.Println("4  Complete the identification flow")
	if manual {
		fmt.Println("   Open that page. Mobile number: any that begins with 0. Press Enter here when it says that you are done.")
		_, err = bufio.NewReader(os.Stdin).ReadString('\n')
	} else {
		err = customer{url: ident.URL}.walk(ctx)
	}
	if err != nil {
		return err
	}
	// The review takes a minute or two, which pass at once.
	if _, err := c.Sandbox().Advance(ctx, 5*time.Minute); err != nil {
		return err
	}
	idents, err := client.Collect(c.IdentificationsOf(ctx, person.ID))
	if err != nil {
		return err
	}
	fmt.Println("   it ended", idents[0].Status)
	ident, err = c.Identification(ctx, person.ID, ident.ID, client.WithDocuments)
	if err != nil {
		return err
	}
	for _, d := range ident.Documents {
		fmt.Printf("   %-12s %s, %d bytes\n", d.DocumentType, d.Name, d.Size)
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

// customer fills in the simulated provider's pages as a browser would.
type customer struct{ url string }

var (
	title = regexp.MustCompile(`<h1>([^<]*)</h1>`)
	token = regexp.MustCompile(`name="step" value="([^"]*)"`)
	until = regexp.MustCompile(`name="validuntil" value="([^"]*)"`)
)

// walk goes through all pages: the specimen stands for each picture.
func (c customer) walk(ctx context.Context) error {
	page, err := c.send(ctx, http.MethodGet, nil)
	if err != nil {
		return err
	}
	answers := []url.Values{
		{"mobile": {"+15550101"}, "terms": {"yes"}, "ready": {"yes"}, "pictures": {"yes"}, "action": {"done"}},
		{"document": {"IDCARD"}, "issuer": {"DE"}, "action": {"done"}},
		{"action": {"specimen"}},
		{"action": {"specimen"}},
		{"action": {"specimen"}},
		{
			"birthday": {"1984-01-26"}, "birthplace": {"Köln"}, "nationality": {"DE"}, "street": {"Hauptstraße 1"},
			"zipcode": {"10115"}, "city": {"Berlin"}, "country": {"DE"}, "action": {"done"},
		},
	}
	for _, answer := range answers {
		step := token.FindStringSubmatch(page)
		if step == nil {
			return errors.New("the page has no form:\n" + page)
		}
		answer.Set("step", step[1])
		if valid := until.FindStringSubmatch(page); valid != nil {
			answer.Set("validuntil", valid[1])
		}
		if page, err = c.send(ctx, http.MethodPost, answer); err != nil {
			return err
		}
	}
	if !strings.Contains(page, "All done") {
		return errors.New("the customer did not come through:\n" + page)
	}
	return nil
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
