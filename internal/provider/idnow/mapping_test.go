package idnow

import (
	"archive/zip"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// TestDump shows errors to the letter of S0.
func TestDump(t *testing.T) {
	cause, id := "BAD_REQUEST", "44893509"
	got := "Request to IDnow failed: " + dump([]wireError{{Cause: &cause, ID: &id}})
	want := `Request to IDnow failed: [{"cause"=>"BAD_REQUEST", "errorType"=>nil, "id"=>"44893509", "key"=>nil, "message"=>nil, "translationKey"=>nil}]`
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestEventsAreWhole: every documented result has a word of ours.
func TestEventsAreWhole(t *testing.T) {
	for _, result := range []string{
		"SUCCESS", "SUCCESS_DATA_CHANGED", "FRAUD_SUSPICION_CONFIRMED", "REVIEW_PENDING", "FRAUD_SUSPICION_PENDING",
		"CHECK_PENDING", "ABORTED", "CANCELED", "FAILED",
	} {
		if event(result) == kyc.NotUnderstood {
			t.Errorf("%s has no event", result)
		}
	}
	if event("SOMETHING_NEW") != kyc.NotUnderstood {
		t.Error("an unknown result was understood")
	}
}

// TestCreationAnnouncesProof: a proof of address that was announced travels in the custom fields.
func TestCreationAnnouncesProof(t *testing.T) {
	body := creation(provider.Order{ProofOfAddress: provider.Proof{Type: "GAS_BILL", IssuedOn: "2022-09-21"}})
	if body["custom1"] != "GAS_BILL" || body["custom2"] != "2022-09-21" {
		t.Errorf("%v", body)
	}
	if body := creation(provider.Order{}); len(body) != 0 {
		t.Errorf("nothing was given, and this is sent: %v", body)
	}
}

func TestReaders(t *testing.T) {
	for in, want := range map[string]string{
		"0151 12345678": "+4915112345678", "0049 151 12345678": "+4915112345678", "+49 151/12345678": "+4915112345678", "abc": "", "": "",
	} {
		if got := readPhone(in); got != want {
			t.Errorf("phone %q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"Dr.": "DR", "Prof. Dr.": "PROF_DR", "DR": "DR", "King": ""} {
		got, ok := readTitle(in)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("title %q: %q, %t", in, got, ok)
		}
	}
	if g, ok := readGender("female"); g != "MS" || !ok {
		t.Errorf("gender: %q", g)
	}
}

func TestReadResult(t *testing.T) {
	raw, err := os.ReadFile("testdata/changed.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := readResult("TX-1", raw)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]provider.Value{}
	for _, v := range f.Values {
		got[v.Path] = v
	}
	for path, want := range map[string]provider.Value{
		"first_name":          {Path: "first_name", Value: "ŽOFIA", Original: "Anna", Standing: provider.Changed},
		"last_name":           {Path: "last_name", Value: "MUSTER", Standing: provider.Confirmed},
		"address.line_1":      {Path: "address.line_1", Value: "NEUE GASSE 7 B", Original: "Hauptstraße 1", Standing: provider.Changed},
		"address.postal_code": {Path: "address.postal_code", Value: "20095", Standing: provider.New},
		"salutation":          {Path: "salutation", Value: "MS", Standing: provider.New},
	} {
		if got[path] != want {
			t.Errorf("%s: %+v, want %+v", path, struct{ V, O, S string }{got[path].Value, got[path].Original, string(got[path].Standing)}, want)
		}
	}
	for _, path := range []string{"birth_date", "nationality", "title", "birth_name"} { // not readable, unknown or blacked out
		if v, ok := got[path]; ok {
			t.Errorf("%s came through: %q", path, v.Value)
		}
	}
	if f.Event != kyc.Succeeded || f.Paper.Type != "IDCARD" || f.Paper.ValidUntil != "2030-03-26" || f.Phone != "+4915112345678" {
		t.Errorf("%v %q %q", f.Event, f.Paper.Type, f.Paper.ValidUntil)
	}
	if _, err := readResult("TX-2", raw); !kyc.IsKind(err, kyc.BadGateway) {
		t.Errorf("a result about another transaction: %v", err)
	}
}

func archiveOf(t testing.TB, names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte("content of " + name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpackBytes(whole []byte) ([]provider.File, error) {
	return unpack("TX-1", bytes.NewReader(whole), int64(len(whole)))
}

func TestUnpack(t *testing.T) {
	files, err := unpackBytes(archiveOf(t, "TX-1_idfrontside.png", "TX-1_userface.jpg", "TX-1_idbackside.JPG",
		"TX-1.mp3", "TX-1.pdf", "TX-1.xml", "TX-1.json", "TX-1.sig", "other.exe", "TX-1_videolog.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name+" "+f.Type)
		if strings.ContainsAny(f.Name, `/\`) {
			t.Errorf("a path came through: %q", f.Name)
		}
	}
	want := "audiolog.mp3 OTHER, idbackside.jpg ID_DOCUMENT, idfrontside.png ID_DOCUMENT, userface.jpg PICTURE, videolog.mp4 VIDEO"
	if strings.Join(got, ", ") != want {
		t.Errorf("%v\nwant %s", got, want)
	}
}
