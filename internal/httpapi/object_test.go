package httpapi

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// Members are read by hand as the library reads them, whatever they hold.
func TestTextsOf(t *testing.T) {
	for _, want := range []map[string]string{
		nil, {}, {"city": "Köln", "line_1": "Weg 1", "country": "DE"}, {"line_1": "city", "line_2": ":", "state": ","},
		{"line_1": `"city":"Bonn"`, "city": `a\b"`}, {"city": "<Rhein & Ruhr>", "line_2": "{}[]: ,", "line_1": "\u2028\t"},
	} {
		stored, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		member, err := textsOf(string(stored))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, name := range kyc.AddressMembers {
			if v := member(name); v != "" {
				got[name] = v
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s is read as %v", stored, got)
		}
	}
}
