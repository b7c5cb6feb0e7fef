package paper

import (
	"slices"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// TestSupported holds each method's list against the countries that there are.
func TestSupported(t *testing.T) {
	for m, want := range map[kyc.Method][]string{
		kyc.MethodIDnow:          {"Passport", "National ID Card", "Residence Permit"},
		kyc.MethodIDnowCustom:    {"Passport", "National ID Card", "Residence Permit"},
		kyc.MethodIDnowAutoident: {"Passport", "National ID Card", "Residence Permit", "Driving License"}, // S2, step 3
		kyc.MethodManual:         nil,
	} {
		var types []string
		for _, d := range Supported(m) {
			types = append(types, d.Type)
			if !slices.IsSorted(d.IssuingCountries) || len(slices.Compact(slices.Clone(d.IssuingCountries))) != len(d.IssuingCountries) {
				t.Errorf("%s: the countries of %s are not in order or not once each", m, d.Type)
			}
			for _, c := range d.IssuingCountries {
				if !kyc.KnownCountry(c) {
					t.Errorf("%s: %s: there is no country %q", m, d.Type, c)
				}
			}
		}
		if !slices.Equal(types, want) {
			t.Errorf("%s accepts %v, want %v", m, types, want)
		}
	}
	if data().Source == "" {
		t.Error("the list does not say where it is from")
	}
}

// TestThatShowAddress names the 31 rows of S4, Appendix I; a document of each is
// accepted by every method.
func TestThatShowAddress(t *testing.T) {
	want := []string{
		"BGR-AO-01005", "CHN-AO-04003", "HRV-BO-02001", "HRV-AO-02001", "CZE-BO-04001", "CZE-BO-04002", "FRA-BO-02002",
		"FRA-AO-03001-03003", "DEU-BO-01003", "DEU-BO-02001", "IND-AO-01001", "ITA-BO-04003", "ITA-BO-03004", "ITA-BO-03002",
		"ITA-BO-03001", "ITA-BO-03003", "MLT-BO-02001", "MLT-BO-03001", "MAR-AO-02001", "POL-BO-02001-02003", "SGP-BO-01001-A",
		"SGP-BO-01001", "SVK-BO-02001", "SVK-BO-05001", "SVK-BO-04001", "SVN-AO-02001-02003", "SVN-AO-02004", "SVN-BO-02001",
		"SVN-AO-01004", "ESP-BO-03001", "ESP-BO-05001",
	}
	var got []string
	for _, d := range ThatShowAddress() {
		got = append(got, d.Document)
		if kind := map[string]string{"AO": "Passport", "BO": "National ID Card"}[d.Document[4:6]]; d.Type != kind {
			t.Errorf("%s is a %s", d.Document, d.Type)
		}
		for _, m := range []kyc.Method{kyc.MethodIDnow, kyc.MethodIDnowAutoident} {
			accepted := Supported(m)
			n := slices.IndexFunc(accepted, func(a Accepted) bool { return a.Type == d.Type })
			if n < 0 || !slices.Contains(accepted[n].IssuingCountries, d.Country) {
				t.Errorf("%s shows an address, but %s does not accept a %s of %s", d.Document, m, d.Type, d.Country)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
