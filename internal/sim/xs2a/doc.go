// Package xs2a simulates an open-banking firm: a customer logs in to the bank in the firm's wizard, chooses an account and
// releases a transfer, and the firm tells whose account it is. It speaks the wire of that firm's API, version 1, as the
// models in its public clients describe it. It shares no code with the adapter that calls it.
//
// A [Server] plays two roles, each a handler for a listener of its own: the API (API, with the wizard's form protocol) and
// the customer's pages (Wizard). A third handler, Steering, is not the firm's: with it a tester ends sessions and makes the
// simulator misbehave.
//
// # How it works
//
// Everything known about one wizard session is one session, kept whole in one file. A session is never changed in place:
// a copy is changed, saved and put in its place, so nothing acknowledged is lost. The form protocol and the pages are two
// faces of one engine (wizard.go): both hand over values by the same names and show the same form. What falls due later
// (the end of an idle session, a push) stands in the session and in a heap ordered by time; RunDue does what is due. No
// chance has a position: transactions, keys and TANs are functions of the seed and of what they are for.
//
// # Our own choices, where the firm's documents are silent
//
//   - The simulated bank has an account with the pinned IBAN for anybody, whichever bank is chosen, its holder the pinned
//     one, and a second account. The PIN picks what happens (package variable pins); an IBAN that ends in 0004 is a joint account.
//   - last_error is the last error, as the firm's model says; one after which the customer may go on leaves current_step where
//     it is. A session that is over stands at FinishStep, with finished true only if it succeeded.
//   - A session ends 30 minutes after the customer's last input.
//   - The snapshot of a payment is read by its transaction. One that has expired answers 410, one that failed 404.
//   - An event is pushed when a session ends: transaction.created with the payment, or transaction.updated with the session.
//     Setting payment_status is transaction.updated too. A push that is not answered 2xx within 10 seconds is sent again after
//     10 s, 30 s, 1 min, 5 min, 30 min and then every hour, 24 times in all.
//   - The events of a transaction can be listed although it has no payment.
//   - Deleting a payment deletes its session.
package xs2a
