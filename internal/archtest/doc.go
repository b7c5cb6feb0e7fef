// Package archtest holds the tests that keep the house in shape: who may import
// whom, where the machine's clock, chance and environment may be read, and the
// habits that no linter knows. It has no product code.
package archtest
