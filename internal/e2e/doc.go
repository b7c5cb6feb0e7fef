// Package e2e holds the end-to-end tests: a partner's whole journeys through a
// running sandbox, on both databases, by the client that partners use (package
// client). They know the client and the sandbox, and nothing of what is between.
// It has no product code.
package e2e
