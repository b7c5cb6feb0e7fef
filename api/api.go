// Package api holds the description of the partner API, which is written by
// hand and checked against the server by the tests, and the page that is made
// of it for people. It imports nothing of ours.
package api

import _ "embed" // for the two files below

//go:generate go run ./docgen

// OpenAPI is the description, as served at /openapi.yaml.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Docs is the page at /docs: one HTML file without a script or anything from outside.
//
//go:embed docs.html
var Docs []byte
