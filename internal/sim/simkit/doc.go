// Package simkit is what the simulators of identification firms have in common: a folder of state files, limited request
// bodies, the page frame with its banner, and the only places where a simulator touches the real clock and chance.
//
// A simulator is a server of its own that shares no code with the adapter that calls it; this package therefore knows
// no firm's wire and nothing of identikit.
package simkit
