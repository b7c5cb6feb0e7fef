//go:build !profile

package main

// serveProfiles does nothing: the program was built without the tag profile.
func serveProfiles() {}
