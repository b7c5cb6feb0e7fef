package kyc

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/pii"
)

// Person is somebody who is, or will be, a partner's customer.
type Person struct {
	ID         string
	PartnerID  string
	Attributes Attributes
	CreatedAt  time.Time
	Version    int64
}

// AboutPerson says whose data this is.
func (p Person) AboutPerson() string { return p.ID }

// IdentityKey is the same for persons with the same names, birth city and birth
// date, whatever the letter case and the white space (S4: identical persons).
func (p Person) IdentityKey() string {
	hash := sha256.New()
	for _, path := range []string{"first_name", "last_name", "birth_city", "birth_date"} {
		words := strings.Fields(strings.ToLower(p.Attributes.Text(path).Reveal()))
		fmt.Fprintf(hash, "%q\n", strings.Join(words, " "))
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// Attributes holds a person's fields by their dotted path ("address.city"), as
// PersonFields describes them. Values are string, bool, int64 or []string; an
// absent path is null. It does not print itself.
type Attributes map[string]any

// Text returns the text at the path, empty if there is none.
func (a Attributes) Text(path string) pii.String {
	s, _ := a[path].(string)
	return pii.String(s)
}

// Has tells whether the path has a value.
func (a Attributes) Has(path string) bool { return a[path] != nil }

// Set stores a value; nil and an empty text remove it.
func (a Attributes) Set(path string, value any) {
	if value == nil || value == "" {
		delete(a, path)
		return
	}
	a[path] = value
}

// Clone returns a copy that can be changed.
func (a Attributes) Clone() Attributes {
	b := make(Attributes, len(a))
	for k, v := range a {
		b[k] = v
	}
	return b
}

// DecodeAttributes reads the JSON that was written of a bare map (Reveal) and
// gives the values the types that Attributes promises. null stays nil.
func DecodeAttributes(text []byte) (Attributes, error) {
	var raw map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&raw); err != nil {
		return nil, err
	}
	for path, v := range raw {
		switch v := v.(type) {
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, fmt.Errorf("%s is no whole number", path)
			}
			raw[path] = n
		case []any:
			list := make([]string, len(v))
			for i, item := range v {
				list[i], _ = item.(string)
			}
			raw[path] = list
		}
	}
	return raw, nil
}

// Reveal returns the bare map, for storage and answers.
func (a Attributes) Reveal() map[string]any { return a }

// Format implements fmt.Formatter and hides everything.
func (a Attributes) Format(f fmt.State, _ rune) { fmt.Fprint(f, pii.Redacted) }

// LogValue implements slog.LogValuer and hides everything.
func (a Attributes) LogValue() slog.Value { return slog.StringValue(pii.Redacted) }

// MarshalJSON hides everything: what is sent is built by hand with Reveal.
func (a Attributes) MarshalJSON() ([]byte, error) { return []byte(`"` + pii.Redacted + `"`), nil }

// AddressMembers are the members of an address, in the order of the API.
var AddressMembers = []string{"line_1", "line_2", "postal_code", "city", "country", "state"}

// ScenarioPrefixes start the names of test-scenario persons (S2, S4).
var ScenarioPrefixes = []string{"X-MANUALTEST", "X-AUTOTEST"}

// Scenario tells whether the person is a test-scenario person by its names.
func (a Attributes) Scenario() bool {
	return scenarioName(a.Text("first_name").Reveal()) || scenarioName(a.Text("last_name").Reveal())
}

func scenarioName(name string) bool {
	return slices.ContainsFunc(ScenarioPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func isName(path string) bool { return path == "first_name" || path == "last_name" }
