// Package crashtest kills the real program, again and again, and looks for what
// is lost: with kill -9 at random, and by itself at every commit point that
// package crash names. It has no product code.
//
// It drives the program through its API alone, and afterwards reads the
// database, the folder of documents and the simulated provider directly, with
// as little of the program's own code as it can: the nouns' tables and the keys.
package crashtest
