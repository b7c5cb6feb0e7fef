package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/client"
)

// newClient is what every example begins with. The address and the credentials
// are in the sandbox's ready file.
func newClient() *client.Client {
	ready := running()
	c, err := client.New(client.Config{BaseURL: ready.APIURL, ClientID: ready.Partner.ClientID, ClientSecret: ready.Partner.ClientSecret})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// The whole of an identification, by a test name that needs no customer.
func Example() {
	ctx := context.Background()
	c := newClient()
	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "X-AUTOTEST-HAPPYPATH", LastName: "Muster"})
	if err != nil {
		log.Fatal(err)
	}
	ident, err := c.CreateIdentification(ctx, person.ID, client.IdentificationData{Method: client.MethodIDnow})
	if err != nil {
		log.Fatal(err)
	}
	if ident, err = c.RequestIdentification(ctx, person.ID, ident.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(ident.Status, ident.URL != "")

	// Review takes a minute or two; in the sandbox time can be moved.
	if _, err := c.Sandbox().Advance(ctx, 5*time.Minute); err != nil {
		log.Fatal(err)
	}
	if ident, err = c.Identification(ctx, person.ID, ident.ID, client.WithDocuments); err != nil {
		log.Fatal(err)
	}
	fmt.Println(ident.Status)
	for _, d := range ident.Documents {
		if d.DocumentType == client.DocumentKYCReport {
			fmt.Println(d.Name, d.ContentType)
		}
	}
	// Output:
	// pending true
	// successful
	// kyc_report.pdf application/pdf
}

// What is refused names every bad field at once.
func ExampleError() {
	_, err := newClient().CreatePerson(context.Background(), client.PersonData{
		Salutation: "MISTER", Address: client.Address{Country: "Germany"},
	})
	var refused *client.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Code)
		for _, e := range refused.Entries {
			fmt.Println("-", e.Field)
		}
	}
	// Output:
	// 400 invalid_model
	// - salutation
	// - address.country
}

func ExampleIsCode() {
	_, err := newClient().Person(context.Background(), "dc1a6812a14f6cc338cd084208535bcdcper")
	fmt.Println(client.IsCode(err, client.CodeModelNotFound))
	// Output: true
}

// Pages are fetched as they are needed; break ends the walk.
func ExampleClient_Documents() {
	ctx := context.Background()
	c := newClient()
	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "Antonia", LastName: "Muster"})
	if err != nil {
		log.Fatal(err)
	}
	documents := 0
	for document, err := range c.Documents(ctx, person.ID, client.NewestFirst, client.PageSize(50)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(document.Name)
		documents++
	}
	fmt.Println(documents, "documents")
	// Output: 0 documents
}

// The same key is the same deed: a program that was stopped in between may ask
// again and makes no second customer.
func ExampleIdempotencyKey() {
	ctx := context.Background()
	c := newClient()
	antonia := client.PersonData{FirstName: "Antonia", LastName: "Muster"}
	first, err := c.CreatePerson(ctx, antonia, client.IdempotencyKey("customer-4711"))
	if err != nil {
		log.Fatal(err)
	}
	again, err := c.CreatePerson(ctx, antonia, client.IdempotencyKey("customer-4711"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.ID == again.ID)
	// Output: true
}

func ExampleClient_PatchPerson() {
	ctx := context.Background()
	c := newClient()
	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "Antonia", LastName: "Muster"})
	if err != nil {
		log.Fatal(err)
	}
	person, change, err := c.PatchPerson(ctx, person.ID, client.PersonPatch{Email: "antonia@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	if change != nil {
		fmt.Println("the customer has to agree to", change.ID)
	}
	fmt.Println(person.Email)
	// Output: antonia@example.com
}

// Content is sent while it is read, and read while it comes.
func ExampleClient_UploadDocument() {
	ctx := context.Background()
	c := newClient()
	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "Antonia", LastName: "Muster"})
	if err != nil {
		log.Fatal(err)
	}
	letter := strings.NewReader("We confirm that Antonia Muster has electricity.\n")
	document, err := c.UploadDocument(ctx, person.ID, client.DocumentProofOfAddress, "letter.txt", letter)
	if err != nil {
		log.Fatal(err)
	}
	file, err := c.DownloadDocument(ctx, person.ID, document.ID)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(file.Name, ": ", string(text))
	// Output: letter.txt: We confirm that Antonia Muster has electricity.
}

// A receiver keeps the secret of each subscription, and takes each event once.
func ExampleWebhookHandler() {
	ctx := context.Background()
	c := newClient()
	var secrets sync.Map // by subscription; a real one keeps them in its database
	statuses := make(chan client.Status, 10)
	receiver := httptest.NewServer(client.WebhookHandler{
		Secret: func(_ context.Context, subscription string) string {
			secret, _ := secrets.Load(subscription)
			text, _ := secret.(string)
			return text
		},
		Handle: func(_ context.Context, e client.Event) error {
			event, err := e.Identification()
			if err != nil {
				return err
			}
			statuses <- event.Status
			return nil
		},
	})
	defer receiver.Close()
	hook, err := c.CreateWebhook(ctx, client.EventIdentification, receiver.URL)
	if err != nil {
		log.Fatal(err)
	}
	secrets.Store(hook.ID, hook.Secret)

	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "X-AUTOTEST-ABORTIDENT", LastName: "Muster"})
	if err != nil {
		log.Fatal(err)
	}
	ident, err := c.CreateIdentification(ctx, person.ID, client.IdentificationData{Method: client.MethodIDnow})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.RequestIdentification(ctx, person.ID, ident.ID); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Sandbox().Advance(ctx, 5*time.Minute); err != nil { // returns when the webhooks are out
		log.Fatal(err)
	}
	fmt.Println(<-statuses, <-statuses, <-statuses)
	if err := c.DeleteWebhook(ctx, hook.ID); err != nil {
		log.Fatal(err)
	}
	// Output: created pending aborted
}

func ExampleVerifyWebhook() {
	const secret = "f82c389fb187274227186b5a58781978"
	r := httptest.NewRequest("POST", "/hooks", strings.NewReader("{}"))
	r.Header.Set("Solaris-Webhook-Event-Type", "PERSON_CHANGED")
	r.Header.Set("Solaris-Webhook-Signature", "sha256=a54bec67017d55cb479cd1b23f80e3c5396fb4e67c4e062bcd9d9566235ce431")
	event, err := client.VerifyWebhook(r, secret)
	fmt.Println(event.Type, err)
	// Output: PERSON_CHANGED <nil>
}
