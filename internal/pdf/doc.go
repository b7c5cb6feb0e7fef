// Package pdf does with PDF files what signing them takes: it prepares a file for
// a signature (a byte range and room for a CMS), puts the CMS in, adds what is
// needed to check it years later (PAdES-B-LT, ETSI EN 319 142-1), and examines
// what it finds. Every step but Archive adds a revision at the end and leaves the
// bytes that came as they are; the same input gives the same bytes.
//
// It reads files of others, with classic and with compressed tables, within limits
// of memory and time. It draws nothing, knows no fonts and nothing of identikit,
// and its errors name nothing that stands in the file.
package pdf
