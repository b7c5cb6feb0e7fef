// Package ais simulates a firm that makes qualified electronic signatures, on the wire of the All-in Signing Service in
// JSON, as the public clients of that service show it. It shares no code with the adapter that calls it.
//
// A [Server] plays these roles, each a handler for a listener of its own: the service's API (API), behind mutual TLS;
// the page on which the customer consents by a one-time password (Consent); and a control endpoint that takes the
// password from somebody who asked for it elsewhere (Bridge). The real firm has no such endpoint: see ADR 0011. A fourth
// handler, Steering, is the tester's: it chooses outcomes and makes the simulator misbehave.
//
// # How it works
//
// Everything known about one request is kept whole in one file. A request is never changed in place: a copy is changed,
// saved and put in its place. What falls due later (the signature after the password, the end of an unused password)
// stands in the request; RunDue does it, and so does whoever asks first.
//
// The signatures are real: detached CMS signatures with a certificate made for each request, an RFC 3161 time stamp and
// revocation data, which any reader can check. The certificate authority behind them is nobody's, and its certificates do
// not claim to be qualified. Authorities are good from 1970 to 2099, whatever the clock says, since TLS reads the machine's.
//
// # Our own choices, where the service's documents are silent
//
//   - The signature is ready two seconds after the right password.
//   - A password is good for ten minutes and five tries; then the request ends with StepUp/timeout, or with StepUp/service
//     and the message InvalidOtp. The number +15550101 always gets 212212.
//   - The same @RequestID again begins anew: what was asked for before is forgotten.
//   - Each poll is answered with a new ResponseID; the ten newest are known, so that a lost answer loses nothing.
//   - A ResponseID that is not known is UnexpectedData, and so is a body that is no JSON.
//   - The right password again, after it was accepted, is accepted again.
package ais
