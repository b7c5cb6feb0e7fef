//go:build profile

package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof" // on the default mux, which nothing else here serves
	"os"
)

// serveProfiles serves the profiles of a program that was built with the tag
// profile, on a loopback address. Released programs are built without it.
func serveProfiles() {
	address := os.Getenv("IDENTIKIT_PROFILE_ADDR")
	if address == "" {
		return
	}
	go func() {
		fmt.Fprintln(os.Stderr, "identikit: profiles:", http.ListenAndServe(address, nil))
	}()
}
