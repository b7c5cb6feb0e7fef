// Package idnow simulates a firm that identifies people by video call, on the wire of that firm's protocol, version 1, as
// its public API document (2016) and the clients of its time describe it. It shares no code with the adapter that calls it.
//
// A [Server] plays three roles, each a handler for a listener of its own: the company's API (Gateway), the customer's
// pages (Go) and the API that drives test robots (Robot). A fourth handler, Steering, is not the firm's: with it a tester
// chooses results and makes the simulator misbehave.
//
// Several companies may have accounts ([Config]): for video calls, or for automatic identification (AutoIdent), whose
// customers take pictures and talk to nobody. They share the listeners and see nothing of each other.
//
// # How it works
//
// Everything known about one identification is one session, kept whole in one file. A session is never changed in place:
// a copy is changed, saved and put in its place, so readers need no lock and nothing acknowledged is lost. What falls due
// later (the end of a robot's call, the review's result, a push, the customer's 30 minutes) stands in the session and
// in a heap ordered by time; RunDue does what is due, in order. No chance has a position: ident ids and delays are
// functions of the seed, the transaction number and the purpose.
//
// # Our own choices, where the protocol's documents are silent
//
//   - A push that is not answered 2xx within 10 seconds is sent again after 10 s, 30 s, 1 min, 5 min, 30 min and then every
//     hour, 24 times in all; the firm documents no retry.
//   - GET of an identification that has no result yet answers 404 OBJECT_NOT_FOUND. So does one that /start opened anew after
//     ABORTED or CANCELED, until the new attempt has a result.
//   - Lists hold only identifications that have a result; pending=true lists the preliminary ones.
//   - identificationtime is the time at which the result came to be, in UTC, with milliseconds; no two results of a session have the same one.
//   - ABORTED and CANCELED have no ZIP: they have no attachments.
//   - No two accounts have the same transaction number: /start with another's answers 403 SECURITY_VIOLATION.
//   - What an AutoIdent customer sends is looked at (package picture). A picture that cannot be used may be sent all the same:
//     then the review cancels, with the reason of S2's table. So it does when the document ran out. A test person's name
//     decides otherwise only for CANCELED and FRAUDIDENT.
//   - An AutoIdent customer who stops does so for the reason of S2 that fits the page; one who leaves it open for 30
//     minutes wants to identify later.
//   - A copy goes to the same company only; any other target is answered 403.
//   - A second /start replaces all data of the first. During the review it answers 200 and the running review goes on.
//   - What was still to come of an attempt (FRAUDOK's SUCCESS, say) is dropped when the customer or /start begins another.
//   - The robot API refuses identifications whose customer is no X-AUTOTEST robot: 412 PRECONDITION_FAILED.
//   - DELETE leaves nothing, not even the link; the transaction number may be used again.
//   - Electronic signing is an account's (Account.ESign), so that its robots are known at /start. Elsewhere documents are kept
//     and never signed: 412 PRECONDITION_FAILED. Only PDF files can be signed; what cannot is refused when it is uploaded. A
//     robot's documents may come until its call is over. The customer signs once, by a code of its own, whatever came; what
//     is signed comes with the result. The signature is real (package pades), its certificate nobody's.
package idnow
