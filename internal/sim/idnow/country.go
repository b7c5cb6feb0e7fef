package idnow

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// country is a state whose documents the customer may show.
type country struct {
	Code string `json:"code"` // alpha-2
	MRZ  string `json:"mrz"`  // its code in a machine readable zone (ICAO 9303), mostly alpha-3; Germany is "D"
	DE   string `json:"de"`
	EN   string `json:"en"`
}

// Name is the country's name in a language of the pages.
func (c country) Name(lang string) string {
	if lang == "de" {
		return c.DE
	}
	return c.EN
}

//go:embed countries.json
var countryFile []byte

// countries is every issuing country on offer: those of the guide's list of documents with an address, and common others.
var countries = mustCountries(countryFile)

//go:embed accepted.json
var acceptedFile []byte

// acceptedIssuers is which countries' documents are accepted, by type of document: our choice, the firm's list is not public.
var acceptedIssuers = mustIssuers(acceptedFile)

func mustIssuers(data []byte) map[string][]string {
	var all map[string][]string
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("idnow simulator: accepted.json: %v", err))
	}
	return all
}

// accepted says whether a document can be used for identification.
func accepted(kind, issuer string) bool { return slices.Contains(acceptedIssuers[kind], issuer) }

// mustCountries reads a file that is part of the program, so a mistake in it is found by the first test.
func mustCountries(data []byte) []country {
	var all []country
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("idnow simulator: countries.json: %v", err))
	}
	return all
}

// countriesByName is every country in the alphabetical order of a language.
func countriesByName(lang string) []country {
	sorted := slices.Clone(countries)
	slices.SortFunc(sorted, func(a, b country) int {
		return strings.Compare(mrzText(a.Name(lang)), mrzText(b.Name(lang))) // Ö beside O
	})
	return sorted
}

func findCountry(code string) (country, bool) {
	i := slices.IndexFunc(countries, func(c country) bool { return c.Code == code })
	if i < 0 {
		return country{}, false
	}
	return countries[i], true
}

// mrzCountry is a country's code in a machine readable zone; a country we do not know becomes Utopia, which is ICAO's
// own for specimens.
func mrzCountry(code string) string {
	if c, ok := findCountry(code); ok {
		return c.MRZ
	}
	return "UTO"
}
