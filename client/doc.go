// Package client speaks the partner API of identikit: persons, identifications,
// documents, webhooks. It needs nothing but the standard library.
//
//	c, err := client.New(client.Config{BaseURL: "http://127.0.0.1:8080", ClientID: id, ClientSecret: secret})
//	person, err := c.CreatePerson(ctx, client.PersonData{FirstName: "X-MANUALTEST-HAPPYPATH", LastName: "Muster"})
//	ident, err := c.CreateIdentification(ctx, person.ID, client.IdentificationData{Method: client.MethodIDnow})
//	ident, err = c.RequestIdentification(ctx, person.ID, ident.ID)
//	fmt.Println("send the customer to", ident.URL)
//
// That is for a sandbox, which knows such test persons; for a true customer the
// method says what else it needs to know. The result comes by webhook: see
// [WebhookHandler].
//
// # What it takes care of
//
// Access tokens are fetched when they are needed, shared by all goroutines and
// renewed before they end. Calls that may be repeated are, when the way to the
// server or the server itself is in trouble: what only reads, and what creates
// something, which carries an Idempotency-Key of its own so that a lost answer
// makes no second customer. What changes or deletes is repeated only when the
// server said that it has not begun. Redirects are not followed.
//
// # Values
//
// In what is sent, the zero value means: not said. A false or a 0 that is meant
// is a pointer: new(false). In what comes back, an empty text, a zero time and a
// nil pointer mean that the server said null. Words that the server may add to,
// like [Status], are texts with constants; do not rely on knowing all of them.
//
// # Errors
//
// What the server refuses is an [*Error], found with errors.As, or by its code:
//
//	if client.IsCode(err, client.CodeModelNotFound) { … }
//
// It tells each bad field at once. Everything else is trouble on the way: the
// network, a context that ended, an answer that is none.
//
// The package knows the wire of the API and nothing of the server behind it.
package client
