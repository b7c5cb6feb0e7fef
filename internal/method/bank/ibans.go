package bank

import (
	"bytes"
	_ "embed" // the lists
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync"

	"github.com/identikit/identikit/internal/kyc"
)

//go:embed supported_banks.json
var supportedBanks []byte

//go:embed example_ibans.json
var exampleIBANs []byte

// Banks are the banks whose customers can log in. The zero Banks are none.
type Banks struct{ byCode map[string]entry } // by country and bank code: "DE37040044"

// entry is one bank of the data file.
type entry struct {
	Country string `json:"country"`
	Code    string `json:"code"` // as it stands in the IBAN, right after the check digits; Germany's Bankleitzahl
	Name    string `json:"name"`
	Sandbox bool   `json:"sandbox"` // only a sandbox knows it
}

// The bank codes of all countries begin where the check digits end, but in a few,
// which have a check letter first; that then belongs to the code.
const shortestCode, longestCode = 2, 12

var (
	bankCode       = regexp.MustCompile(fmt.Sprintf(`^[0-9A-Z]{%d,%d}$`, shortestCode, longestCode))
	germanBankCode = regexp.MustCompile(`^[0-9]{8}$`)
)

// Parse reads a list of banks: {"source": "…", "banks": [{"country": "DE", "code":
// "37040044", "name": "…"}, …]}. An error names the entry, counted from 1.
func Parse(text []byte) (Banks, error) {
	var file struct {
		Source string  `json:"source"`
		Banks  []entry `json:"banks"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return Banks{}, fmt.Errorf("list of banks: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Banks{}, errors.New("list of banks: something follows after the object")
	}
	if len(file.Banks) == 0 {
		return Banks{}, errors.New("list of banks: it has none; it must be a JSON object whose member banks is a list of them")
	}
	b := Banks{byCode: make(map[string]entry, len(file.Banks))}
	for n, e := range file.Banks {
		key := e.Country + e.Code
		problem := e.check()
		if _, twice := b.byCode[key]; twice && problem == "" {
			problem = "is there twice"
		}
		if problem != "" {
			return Banks{}, fmt.Errorf("list of banks: entry %d (%q %q): %s", n+1, e.Country, e.Code, problem)
		}
		b.byCode[key] = e
	}
	return b, nil
}

// check says what is wrong with an entry; empty if nothing is.
func (e entry) check() string {
	switch {
	case !kyc.KnownCountry(e.Country):
		return "country must be a code like DE"
	case e.Country == "DE" && !germanBankCode.MatchString(e.Code):
		return "code must be a Bankleitzahl of eight digits"
	case !bankCode.MatchString(e.Code):
		return fmt.Sprintf("code must be %d to %d digits and capital letters, as they follow the check digits of an IBAN", shortestCode, longestCode)
	case e.Name == "" || kyc.CheckText(e.Name, 100) != "":
		return "name must be a text of 1 to 100 characters"
	}
	return ""
}

// Default is the list that comes along: a starter, see its source.
func Default() Banks { return defaultBanks() }

var defaultBanks = sync.OnceValue(func() Banks {
	b, err := Parse(supportedBanks)
	if err != nil {
		panic("bank: supported_banks.json: " + err.Error()) // a test reads it
	}
	return b
})

// Supports tells whether customers of the IBAN's bank can log in; the IBAN is in
// the normal form of kyc.CheckIBAN. Test banks are for sandboxes alone.
func (b Banks) Supports(iban string, sandbox bool) bool {
	for n := 4 + shortestCode; n <= min(len(iban), 4+longestCode); n++ {
		if e, ok := b.byCode[iban[:2]+iban[4:n]]; ok && (sandbox || !e.Sandbox) {
			return true
		}
	}
	return false
}

// Names are the names of the banks, sorted, each once.
func (b Banks) Names(sandbox bool) []string {
	var names []string
	for _, e := range b.byCode {
		if sandbox || !e.Sandbox {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Example tells whether the IBAN, in the normal form of kyc.CheckIBAN, is one of the
// source documents' examples. A sandbox takes them although the check digits of some
// are wrong. Their endings, in example_ibans.json:
//
//	DE11010101010101010100  success        wrong check digits
//	DE11110101010100000020  success
//	DE11111111111111111111  success        wrong check digits
//	DE77110101010100000093  success        …0093 of the SDKs' fixtures
//	DE55110101010100000004  joint_account  …0004 of the SDKs' fixtures
//
// …0022 of these fixtures stands for an IBAN that is refused, so it is no example.
func Example(iban string) bool {
	_, ok := examples()[iban]
	return ok
}

var examples = sync.OnceValue(func() map[string]string {
	var file struct {
		IBANs []struct{ IBAN, Ending string } `json:"ibans"`
	}
	if err := json.Unmarshal(exampleIBANs, &file); err != nil {
		panic("bank: example_ibans.json: " + err.Error()) // a test reads it
	}
	endings := map[string]string{}
	for _, e := range file.IBANs {
		endings[e.IBAN] = e.Ending
	}
	return endings
})
