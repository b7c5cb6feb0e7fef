// Package walk tests the whole server by random walks: a partner, a provider,
// a customer, a clock and a webhook receiver do what they can, in any order, and
// after every step each identification is held against rules that were written
// down from the documents, not taken from the product. It has tests only; no
// other package may know it.
package walk
