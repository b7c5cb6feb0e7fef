// Package fourthline simulates a firm that checks a customer's ID document and selfie from the archive that an app has
// made of them, the KYC ZIP. It shares no code with the adapter that calls it.
//
// A [Server] plays one role, the API that companies call (API). Another handler, Steering, is not the firm's: with it a
// tester chooses results and makes the simulator misbehave.
//
// # How it works
//
// An archive is looked at when it comes and is not kept: what stays of it is one small file with the ids, the times and
// the result to come, and nothing about a person. The check takes half a minute on the clock, or a day if it was asked
// for; then the result holds and a webhook is sent. RunDue does what is due, in order.
//
// # Our own choices, where the firm's documents are silent
//
//   - The calls: POST and GET /v1/verifications, with ?clientReference=, and GET /v1/verifications/{id}. A reference has one
//     verification; a second archive for it is answered 409 and changes nothing.
//   - Every archive is taken (201), whatever it holds; what is wrong with it is a result, as the firm's codes have it. Only one
//     that is too large is refused (413).
//   - Of the codes only 1000, 1004, 1005 and the ranges are the firm's; the others of package-level [Codes] are ours.
//   - A webhook is POST {PushURL}/{verification id} with {"verificationId","clientReference"}. One that is not answered 2xx within 10
//     seconds is sent again after 10 s, 30 s, 1 min, 5 min, 30 min and then every hour, 24 times in all.
//   - updatedAt is when the status came to be, in UTC, with milliseconds; no two statuses of a verification have the same one.
package fourthline
