package e2e

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/identikit/identikit/client"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
)

// world is a sandbox and a partner who uses the client. Its methods are the
// client's, and whatever fails ends the test.
type world struct {
	*client.Client
	t    testing.TB
	live *testkit.Live
	ctx  context.Context
}

func start(t testing.TB, dbURL string, change ...func(*sandbox.Options)) *world {
	t.Helper()
	l := testkit.Start(t, dbURL, change...)
	judged.Lock()
	judged.Contract = l.Contract
	judged.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	return &world{Client: l.Client(), t: t, live: l, ctx: ctx}
}

// must takes what a call gave, which has to succeed: must(call())(t).
func must[T any](result T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

// refused holds the error of a call against the status and code that it must have.
func refused(t testing.TB, err error, status int, code string) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("want %d %s, got %v", status, code, err)
	}
	if e.Status != status || e.Code != code || !client.IsCode(err, code) || e.ID == "" || e.RequestID == "" || e.Title == "" || e.Detail == "" {
		t.Fatalf("want %d %s, got %+v", status, code, *e)
	}
	return e
}

// customer is a person with everything that a video identification needs.
func customer(firstName string) client.PersonData {
	signed := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	return client.PersonData{
		Salutation: "MS", FirstName: firstName, LastName: "Muster", BirthDate: "1972-12-24", BirthCity: "Köln", Nationality: "DE",
		Address:      client.Address{Line1: "Hauptstraße 1", PostalCode: "10115", City: "Berlin", Country: "DE", State: "BE"},
		MobileNumber: "+4915112345678", TermsConditionsSignedAt: signed, DataTermsSignedAt: signed,
	}
}

// person creates a person of a test scenario, by name.
func (w *world) person(firstName string) client.Person {
	w.t.Helper()
	return must(w.CreatePerson(w.ctx, client.PersonData{FirstName: firstName, LastName: "Muster"}))(w.t)
}

// identify creates a person, and creates and requests an identification.
func (w *world) identify(firstName string) client.Identification {
	w.t.Helper()
	p := w.person(firstName)
	i := must(w.CreateIdentification(w.ctx, p.ID, client.IdentificationData{Method: client.MethodIDnow}))(w.t)
	return must(w.RequestIdentification(w.ctx, p.ID, i.ID))(w.t)
}

func (w *world) again(i client.Identification, options ...client.QueryOption) client.Identification {
	w.t.Helper()
	return must(w.Identification(w.ctx, i.PersonID, i.ID, options...))(w.t)
}

func (w *world) advance(by time.Duration) client.Moved {
	w.t.Helper()
	return must(w.Sandbox().Advance(w.ctx, by))(w.t)
}

// receiver is a partner's server for webhooks, as the client's documentation
// says that one is made.
type receiver struct {
	url string
	t   testing.TB
	doc *openapi3.T

	mu      sync.Mutex
	secrets map[string]string
	events  []client.Event
	answer  func(client.Event) error
}

func receive(t testing.TB) *receiver {
	r := &receiver{t: t, doc: description(t), secrets: map[string]string{}}
	srv := httptest.NewServer(client.WebhookHandler{Secret: r.secret, Handle: r.handle})
	t.Cleanup(srv.Close)
	r.url = srv.URL + "/hooks"
	return r
}

func (r *receiver) secret(_ context.Context, subscription string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.secrets[subscription]
}

func (r *receiver) handle(_ context.Context, e client.Event) error {
	checkBody(r.t, r.doc, e)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if r.answer != nil {
		return r.answer(e)
	}
	return nil
}

// subscribe subscribes the receiver to the type of events.
func (r *receiver) subscribe(w *world, event client.EventType) client.Webhook {
	w.t.Helper()
	hook := must(w.CreateWebhook(w.ctx, event, r.url))(w.t)
	if hook.EventType != event || hook.URL != r.url || hook.ID == "" || hook.Secret == "" {
		w.t.Fatalf("%+v", hook)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets[hook.ID] = hook.Secret
	return hook
}

// all are the events that came so far.
func (r *receiver) all() []client.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// told are the statuses that IDENTIFICATION told of one identification.
func (r *receiver) told(t testing.TB, id string) (statuses []client.Status) {
	t.Helper()
	for _, e := range r.all() {
		if e.Type == client.EventIdentification && e.EntityID == id {
			statuses = append(statuses, must(e.Identification())(t).Status)
		}
	}
	return statuses
}
