// Package crash names every commit point of the program, so that a test can
// kill the process at each of them. A transaction and a change of the blob store
// has two: before it is committed, and after that, before its caller goes on.
// The name is that of the function that called, with the line, so a new
// transaction is a point without anybody writing it down.
//
// All of this exists under the build tag crashpoints. Without the tag Store and
// Blobs give back what they are given, and the program that is shipped has none
// of it. It knows the two ports that it stands in front of, and no verb.
package crash
