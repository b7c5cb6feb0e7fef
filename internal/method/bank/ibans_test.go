package bank

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

func TestDefaultBanks(t *testing.T) {
	t.Parallel()
	for iban, want := range map[string]struct{ production, sandbox bool }{
		"DE89370400440532013000": {true, true},
		"DE02120300000000202051": {true, true},
		"DE62888888880012345678": {false, true}, // test bank
		"DE04888888880087654321": {false, true},
		"DE11010101010101010100": {false, true},
		"DE11111111111111111111": {false, true},
		"DE66999999990000000001": {false, false},
		"AT611904300234573201":   {false, false},
		"":                       {false, false},
		"DE89":                   {false, false},
		"DE89370400":             {false, false},
	} {
		if p, s := Default().Supports(iban, false), Default().Supports(iban, true); p != want.production || s != want.sandbox {
			t.Errorf("%s: production %v, sandbox %v", iban, p, s)
		}
	}
	production, sandbox := Default().Names(false), Default().Names(true)
	if len(production) < 30 || len(sandbox) <= len(production) || !slices.IsSorted(production) || !slices.Contains(production, "Commerzbank (Köln)") {
		t.Errorf("names: %q, in a sandbox %q", production, sandbox)
	}
	for _, name := range production {
		if strings.Contains(strings.ToLower(name), "test") || strings.Contains(name, "xample") {
			t.Errorf("production knows %s", name)
		}
	}
	if (Banks{}).Supports("DE89370400440532013000", true) {
		t.Error("no banks support one")
	}
}

func TestParseBanks(t *testing.T) {
	t.Parallel()
	b, err := Parse([]byte(`{"banks":[{"country":"NL","code":"ABNA","name":"ABN AMRO"},{"country":"AT","code":"19043","name":"Eine"},{"country":"DE","code":"12345678","name":"Nur hier","sandbox":true}]}`))
	if err != nil || !b.Supports("NL91ABNA0417164300", false) || !b.Supports("AT611904300234573201", false) || b.Supports("DE00123456780000000000", false) ||
		!b.Supports("DE00123456780000000000", true) || b.Supports("DE89370400440532013000", true) {
		t.Errorf("%+v, %v", b, err)
	}
	const good = `{"country":"DE","code":"37040044","name":"A"}`
	for text, want := range map[string]string{
		``:                                      "list of banks",
		`[]`:                                    "list of banks",
		`{}`:                                    "it has none",
		`{"banks":[]}`:                          "it has none",
		`{"banks":{}}`:                          "list of banks",
		`{"bank":[` + good + `]}`:               `unknown field "bank"`,
		`{"banks":[` + good + `]} {}`:           "something follows",
		`{"banks":[` + good + `,` + good + `]}`: `entry 2 ("DE" "37040044"): is there twice`,
		`{"banks":[` + good + `,{"country":"de","code":"37040044","name":"A"}]}`:               "entry 2 (\"de\" \"37040044\"): country",
		`{"banks":[{"country":"DE","code":"3704004","name":"A"}]}`:                             "entry 1 (\"DE\" \"3704004\"): code must be a Bankleitzahl",
		`{"banks":[{"country":"NL","code":"abna","name":"A"}]}`:                                "entry 1 (\"NL\" \"abna\"): code must be 2 to 12",
		`{"banks":[{"country":"NL","code":"ABNA"}]}`:                                           "name must be",
		`{"banks":[{"country":"NL","code":"ABNA","name":"A","bic":"ABNANL2A"}]}`:               "unknown field",
		`{"banks":[{"country":"NL","code":"ABNA","name":"` + strings.Repeat("A", 101) + `"}]}`: "name must be",
		`{"banks":[{"country":"NL","code":4,"name":"A"}]}`:                                     "list of banks",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestExamples holds the data file to the table in Example's comment, and each example to what a sandbox does with it.
func TestExamples(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"DE11010101010101010100": "success", "DE11110101010100000020": "success", "DE11111111111111111111": "success",
		"DE77110101010100000093": "success", "DE55110101010100000004": "joint_account",
	}
	if !maps.Equal(examples(), want) {
		t.Errorf("%v", examples())
	}
	wrong := 0
	for iban := range want {
		normal, ok := kyc.CheckIBAN(iban)
		if !ok {
			wrong++
		}
		if normal != iban || !Example(normal) || !Default().Supports(iban, true) || Default().Supports(iban, false) {
			t.Errorf("%s is no example of a sandbox's bank", iban)
		}
	}
	if wrong != 2 {
		t.Errorf("%d have wrong check digits", wrong)
	}
	for _, iban := range []string{"", "DE89370400440532013000", "DE54110101010100000022", "DE12110101010100000022"} {
		if Example(iban) {
			t.Errorf("%q is an example", iban)
		}
	}
}
