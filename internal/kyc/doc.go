// Package kyc is the language of identikit: the nouns (partner, person,
// identification, document, subscription, job), the state machine as data, the
// one error type that may be shown, and the ports to the database.
//
// It holds no I/O and knows no database, no wire, no provider and no clock but
// the one it is given. It imports the standard library and package pii.
package kyc
