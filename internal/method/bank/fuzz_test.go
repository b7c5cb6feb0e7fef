package bank

import "testing"

// FuzzParseBanks: whatever an operator's file holds, nothing panics, and what is taken supports no IBAN without a name for it.
func FuzzParseBanks(f *testing.F) {
	f.Add(supportedBanks, "DE89370400440532013000")
	f.Add([]byte(`{"banks":[{"country":"NL","code":"ABNA","name":"x"}]}`), "NL91ABNA0417164300")
	f.Fuzz(func(t *testing.T, text []byte, iban string) {
		b, err := Parse(text)
		if err != nil && len(b.byCode) > 0 {
			t.Error("an error, and banks all the same")
		}
		if b.Supports(iban, false) && !b.Supports(iban, true) || b.Supports(iban, true) && len(b.Names(true)) == 0 {
			t.Errorf("%q is supported, and is not", iban)
		}
	})
}
