// Package pades signs PDF files as a trust service would: an incremental update
// with a detached CMS signature, subfilter ETSI.CAdES.detached (PAdES, ETSI EN
// 319 142), made with a certificate of an authority that is nobody's. What it
// signs is worth nothing outside a sandbox; that it is signed, any reader of PDF
// can check.
//
// It is for simulators alone and imports nothing of ours.
package pades
