package idnow

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"image/jpeg"
	"io"
	"strings"
	"testing"
	"time"
)

func TestCheckDigit(t *testing.T) {
	// The worked examples of ICAO 9303, part 3, 4.9, and part 4's specimen.
	for s, want := range map[string]string{"520727": "3", "AB2134<<<": "5", "L898902C3": "6", "740812": "2", "120415": "9", "ZE184226B<<<<<": "1"} {
		if got := checkDigit(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

func TestMRZ(t *testing.T) {
	d := mrzData{
		Kind: "ID", Issuer: "DE", Nationality: "DE", Number: "L01X00T47", Birth: "1983-08-12", Expiry: "2031-08-01",
		Gender: "FEMALE", Surname: "Mustermann", Given: "Erika",
	}
	// The number is that of Germany's own specimen, whose check digit is 1.
	if got := d.td1(); got[0] != "IDD<<L01X00T471<<<<<<<<<<<<<<<" || got[1][:18] != "8308126F3108011D<<" || got[2] != "MUSTERMANN<<ERIKA<<<<<<<<<<<<<" {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	d.Surname, d.Given, d.Birth, d.Gender = "Strauß-Öztürk Ñandú", "Đorđe Łukasz 王", "", ""
	names := d.td1()[2]
	if names != "STRAUSS<OEZTUERK<NANDU<<DORDE<" {
		t.Errorf("names %s", names)
	}
	if second := d.td1()[1]; second[:8] != "<<<<<<0<" {
		t.Errorf("an unknown birth date and sex: %s", second)
	}
	d.Kind = "P"
	for i, line := range d.td3() {
		if len(line) != 44 {
			t.Errorf("passport line %d has %d characters", i, len(line))
		}
	}
}

// TestMRZSpecimens compares with the specimens of ICAO 9303, parts 4 and 5 (Utopia, document L898902C3 and D23145890),
// as far as the optional data that they carry and we do not allow.
func TestMRZSpecimens(t *testing.T) {
	d := mrzData{Kind: "P", Issuer: "??", Nationality: "??", Number: "L898902C3", Birth: "1974-08-12", Expiry: "2012-04-15", Gender: "FEMALE", Surname: "Eriksson", Given: "Anna Maria"}
	lines := d.td3()
	if lines[0] != "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<" || lines[1][:28] != "L898902C36UTO7408122F1204159" {
		t.Errorf("passport:\n%s", strings.Join(lines, "\n"))
	}
	d.Kind, d.Number = "I", "D23145890"
	lines = d.td1()
	want := []string{"I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("card line %d: %s, want %s", i, lines[i], want[i])
		}
	}
}

func TestEvidence(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-CHANGEALL"})
	w.advance(time.Hour)
	status, data := w.call("GET", "/identifications/tx-1.zip", nil)
	if status != 200 {
		t.Fatalf("%d %s", status, data)
	}
	files := unzip(t, data)
	_, r := w.get("tx-1")
	for name, file := range r.Attachments {
		if files[file] == nil {
			t.Errorf("attachment %s is not in the ZIP", name)
		}
	}
	if len(files) != 7 {
		t.Errorf("%d files, want 7", len(files))
	}
	for _, name := range []string{"tx-1_idfrontside.jpg", "tx-1_idbackside.jpg", "tx-1_userface.jpg"} {
		if _, err := jpeg.Decode(bytes.NewReader(files[name])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !bytes.HasPrefix(files["tx-1.pdf"], []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(files["tx-1.pdf"]), []byte("%%EOF")) {
		t.Error("the report is no PDF")
	}
	if wav := files["tx-1.wav"]; string(wav[:4]) != "RIFF" || len(wav) != 44+2*11025 {
		t.Errorf("audio of %d bytes", len(wav))
	}
	var back result
	if err := json.Unmarshal(files["tx-1.json"], &back); err != nil || back.Process != r.Process {
		t.Errorf("JSON: %v, %+v", err, back.Process)
	}
	var tree struct {
		Lastname struct {
			Status   string `xml:"status,attr"`
			Original string `xml:"original,attr"`
			Value    string `xml:",chardata"`
		} `xml:"identification>userdata>lastname"`
		City string `xml:"identification>userdata>address>city"`
	}
	if err := xml.Unmarshal(files["tx-1.xml"], &tree); err != nil || tree.Lastname.Status != "CHANGE" || tree.Lastname.Original != "Mustermann" || tree.City != r.User.Address.City.Value {
		t.Errorf("XML: %v, %+v", err, tree)
	}
	again, err := evidenceZIP(r)
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same result gives another ZIP (%v)", err)
	}
	for extension, magic := range map[string]string{"pdf": "%PDF", "mp3": "\xff\xf3", "wav": "RIFF"} {
		if status, data := w.call("GET", "/identifications/tx-1."+extension, nil); status != 200 || !strings.HasPrefix(string(data), magic) {
			t.Errorf("%s: %d", extension, status)
		}
	}
	for _, path := range []string{"/identifications/tx-1.exe", "/identifications/none.zip"} {
		if status, _ := w.call("GET", path, nil); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// TestSameEvidence gives everybody the first one's files, under names of their own.
func TestSameEvidence(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.SameEvidence = true })
	var all []map[string][]byte
	for _, tx := range []string{"tx-1", "tx-2"} {
		w.start(tx, map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
		w.advance(time.Hour)
		status, data := w.call("GET", "/identifications/"+tx+".zip", nil)
		if status != 200 {
			t.Fatalf("the ZIP of %s: %d", tx, status)
		}
		all = append(all, unzip(t, data))
	}
	for name, data := range all[0] {
		if other := "tx-2" + strings.TrimPrefix(name, "tx-1"); !bytes.Equal(all[1][other], data) {
			t.Errorf("%s is another one than %s", other, name)
		}
	}
	if len(all[0]) != 7 || len(all[1]) != 7 {
		t.Errorf("%d and %d files", len(all[0]), len(all[1]))
	}
}

func unzip(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	packed, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range packed.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestEvidenceOfAPassport(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", map[string]string{"lastname": strings.Repeat("Lang ", 80)})
	v := w.visit("tx-1")
	v.send(append(landingForm, "document", "PASSPORT", "issuer", "FR")...)
	v.send("action", "simulate", "ending", "case:HAPPYPATH")
	w.advance(time.Hour)
	_, r := w.get("tx-1")
	if r.Document.Type.Value != "PASSPORT" || r.Document.Country.Value != "FR" {
		t.Errorf("%+v", r.Document)
	}
	if c := cardOf(r); !strings.HasPrefix(c.td3()[0], "P<FRALANG<LANG") {
		t.Errorf("zone %v", c.td3())
	}
	if _, err := evidenceZIP(r); err != nil {
		t.Error(err)
	}
}

func TestPDFText(t *testing.T) {
	if got := pdfText("Łódź Ŝ ĳ Ä€ 王"); got != "Lódz S ij Ä€ ?" {
		t.Errorf("%q", got)
	}
}

func BenchmarkEvidence(b *testing.B) {
	s, err := New(Config{Account: Account{CompanyID: "c", APIKey: "k"}})
	if err != nil {
		b.Fatal(err)
	}
	r := s.report(&session{Tx: "tx", Data: erika(), CreatedAt: testStart}, ending{Result: success}, testStart)
	for b.Loop() {
		if _, err := evidenceZIP(r); err != nil {
			b.Fatal(err)
		}
	}
}
