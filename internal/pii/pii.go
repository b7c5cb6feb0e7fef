// Package pii holds the types for personal data. They refuse to print
// themselves: a log line, an error text or a stray %v shows "[personal data]".
// Reveal is the one way out, so that a reviewer can search for it.
//
// It knows nothing of identikit; it is a leaf that every other package may use.
package pii

import (
	"fmt"
	"log/slog"
)

// Redacted is what personal data shows instead of itself.
const Redacted = "[personal data]"

// String is a text about a person: a name, a street, a number.
type String string

// Reveal returns the text itself, for answers, documents and providers.
func (s String) Reveal() string { return string(s) }

// Empty tells whether there is any text at all.
func (s String) Empty() bool { return s == "" }

// String implements fmt.Stringer and hides the text.
func (s String) String() string { return Redacted }

// Format implements fmt.Formatter, so that no verb shows the text.
func (s String) Format(f fmt.State, _ rune) { fmt.Fprint(f, Redacted) }

// LogValue implements slog.LogValuer and hides the text.
func (s String) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalJSON hides the text: what may be sent is built by hand with Reveal.
func (s String) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }
