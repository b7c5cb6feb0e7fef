package report

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/pdf"
)

var update = flag.Bool("update", false, "write the golden texts again")

func bankident(language, method string) BankidentReport {
	return BankidentReport{
		Language: language, Method: method, Identification: "a7a57dadfcc83117b5c3b72f4113be25cidt", Date: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Title: "Dr.", FirstName: "Zoë Đurđica", LastName: "Żółć-Šťastná", BirthName: "Müller", BirthDate: "1990-02-28", BirthPlace: "Kraków", Nationality: "PL",
		Line1: "Große Präsidentenstraße 112a", Line2: "Hinterhaus, 4. Stock", PostalCode: "10178", City: "Berlin", Country: "DE", Phone: "+4915550101",
		IBAN: "DE11110101010100000020", Transfer: "9f8e7d6c5b4a39281706f5e4d3c2b1a0avi", StatusCode: "100",
	}
}

func renderBankident(t testing.TB, r BankidentReport) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Bankident(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// keep writes a file for the programs that look at it.
func keep(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run gives what a program prints.
func run(t testing.TB, dir, program string, args ...string) string {
	t.Helper()
	command := exec.Command(program, args...)
	command.Dir = dir
	var problem bytes.Buffer
	command.Stderr = &problem
	out, err := command.Output()
	if err != nil || problem.Len() > 0 && program != "openssl" {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, problem.String())
	}
	return string(out)
}

// text is what another reads in a PDF.
func text(t testing.TB, file []byte) string {
	t.Helper()
	return run(t, "", "pdftotext", "-layout", keep(t, "report.pdf", file), "-")
}

// plainLines leaves out how far things stand from each other.
func plainLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if words := strings.Fields(line); len(words) > 0 {
			b.WriteString(strings.Join(words, " ") + "\n")
		}
	}
	return b.String()
}

// TestBankident: the report says what it is given, in both languages, on one page.
func TestBankident(t *testing.T) {
	long := bankident("DE", "bank_id")
	for _, s := range []*string{&long.FirstName, &long.LastName, &long.BirthPlace, &long.Line1, &long.City, &long.Transfer, &long.StatusCode} {
		*s = strings.TrimSpace(strings.Repeat("Württembergische "+strings.Repeat("W", 90)+" ", 4))
	}
	hostile := bankident("EN", "bank")
	hostile.FirstName, hostile.LastName = ") Tj ET Q endstream endobj %%EOF", "a\u202eb\x00中 <</Type/Page>>"
	hostile.Line1, hostile.Title = " \t\n", "{nb}"
	for name, c := range map[string]struct {
		report BankidentReport
		pages  int
	}{
		"bankident_de":         {bankident("DE", "bank"), 1},
		"bankident_en":         {bankident("EN", "bank"), 1},
		"bankident_id_de":      {bankident("", "bank_id"), 1},
		"bankident_id_en":      {bankident("EN", "bank_id"), 1},
		"bankident_empty_de":   {BankidentReport{Method: "bank_id", Identification: "x", Date: time.Unix(1, 0)}, 1},
		"bankident_empty_en":   {BankidentReport{Method: "bank_id", Language: "EN", Identification: "x", Date: time.Unix(1, 0)}, 1},
		"bankident_long_de":    {long, 4},
		"bankident_hostile_en": {hostile, 1},
	} {
		t.Run(name, func(t *testing.T) {
			file := renderBankident(t, c.report)
			if !bytes.Equal(file, renderBankident(t, c.report)) {
				t.Error("made again it is another file")
			}
			if dir := os.Getenv("REPORT_DIR"); dir != "" { // to look at them
				if err := os.WriteFile(dir+"/"+name+".pdf", file, 0o600); err != nil {
					t.Error(err)
				}
			}
			got := text(t, file)
			if pages := strings.Count(got, "\f"); pages != c.pages {
				t.Errorf("%d pages, want %d", pages, c.pages)
			}
			got = plainLines(got)
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("it says (%v):\n%s", err, got)
			}
		})
	}
	for _, r := range []BankidentReport{{}, {Identification: "x"}, {Date: time.Unix(1, 0)}} {
		if err := Bankident(&bytes.Buffer{}, r); err == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
}

// TestArchive: the properties of PDF/A that can be seen without a checker of it.
func TestArchive(t *testing.T) {
	r := bankident("DE", "bank_id")
	file := renderBankident(t, r)
	prepared, err := Prepare(file, SignatureNote{Name: "Zoë Żółć-Šťastná", Reason: "Geldwäschegesetz", At: r.Date})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"bare": file, "prepared": prepared.PDF} {
		t.Run(name, func(t *testing.T) {
			path := keep(t, "report.pdf", b)
			if !bytes.HasPrefix(b, []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")) {
				t.Errorf("it begins with %q", b[:20])
			}
			for _, word := range []string{"/Group", "/Encrypt", "/EmbeddedFiles", "/JavaScript", "/AA", "/OpenAction", "/SMask", "/ca ", "/LZWDecode", "/NeedAppearances"} {
				if bytes.Contains(b, []byte(word)) {
					t.Errorf("it has %s", word)
				}
			}
			for _, word := range []string{"/OutputIntents [<<", "/S /GTS_PDFA1", "/Metadata ", "/Lang <", "/SigFlags ", "/AP <</N "} {
				if !bytes.Contains(b, []byte(word)) {
					t.Errorf("it has no %s", word)
				}
			}
			if ids := regexp.MustCompile(`/ID \[<[0-9A-F]{32}> <[0-9A-F]{32}>\]`).FindAll(b, -1); len(ids) == 0 {
				t.Error("it has no identifier")
			}
			fonts := strings.Split(strings.TrimSpace(run(t, "", "pdffonts", path)), "\n")[2:]
			for _, font := range fonts {
				if fields := strings.Fields(font); len(fields) < 8 || fields[4] != "yes" { // "emb"
					t.Errorf("a font that is not embedded: %s", font)
				}
			}
			if len(fonts) < 2 {
				t.Errorf("%d fonts", len(fonts))
			}
			said := run(t, "", "pdfinfo", "-meta", path)
			for _, want := range []string{
				"<pdfaid:part>2</pdfaid:part>", "<pdfaid:conformance>B</pdfaid:conformance>", "Identifikationsbericht BankIdent " + r.Identification,
				"<xmp:CreateDate>2026-03-01T12:30:00Z</xmp:CreateDate>", "<pdf:Producer>identikit</pdf:Producer>",
			} {
				if !strings.Contains(said, want) {
					t.Errorf("its properties lack %s:\n%s", want, said)
				}
			}
			if said := run(t, "", "pdfinfo", path); !strings.Contains(said, "Identifikationsbericht BankIdent "+r.Identification) || !strings.Contains(said, "AcroForm") {
				t.Errorf("pdfinfo: %s", said)
			}
		})
	}
}

// TestSignedReport goes the whole way of a report: prepared, signed by somebody
// with a certificate that is nobody's, completed, and looked at by others.
func TestSignedReport(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Zoe", "-days", "2", "-keyout", "key", "-out", "cert",
		"-addext", "keyUsage=digitalSignature,nonRepudiation", "-addext", "extendedKeyUsage=emailProtection")
	for language, look := range map[string]string{"DE": "Elektronisch unterschrieben von", "EN": "Signed electronically by"} {
		t.Run(language, func(t *testing.T) {
			r := bankident(language, "bank")
			file := renderBankident(t, r)
			note := SignatureNote{Language: language, Name: "Zoë Đurđica Żółć-Šťastná", Reason: "GwG", Location: "Berlin", At: r.Date.Add(time.Minute)}
			prepared, err := Prepare(file, note)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Prepare(file, note); err != nil || !bytes.Equal(again.PDF, prepared.PDF) || again.SHA512 != prepared.SHA512 {
				t.Errorf("prepared again it is another file: %v", err)
			}
			found, err := pdf.Examine(prepared.PDF)
			if err != nil || len(found) != 1 || found[0].Field != SignatureField {
				t.Fatalf("%v %v", found, err)
			}
			content := append(bytes.Clone(prepared.PDF[:found[0].Hole[0]]), prepared.PDF[found[0].Hole[1]:]...)
			if err := os.WriteFile(filepath.Join(dir, "content"), content, 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, dir, "openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha512", "-in", "content", "-signer", "cert", "-inkey", "key", "-outform", "DER", "-out", "cms")
			cms, err := os.ReadFile(filepath.Join(dir, "cms"))
			if err != nil {
				t.Fatal(err)
			}
			signed, err := pdf.Embed(prepared.PDF, cms)
			if err != nil {
				t.Fatal(err)
			}
			path := keep(t, "signed.pdf", signed)
			if said := run(t, "", "pdfsig", "-nocert", path); !strings.Contains(said, "Signature is Valid") || !strings.Contains(said, "  - Total document signed") {
				t.Error(said)
			}
			said := text(t, signed)
			for _, want := range []string{look, "Zoë Đurđica Żółć-Šťastná", "12:31:00 UTC", "GwG", "Berlin"} {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not seen:\n%s", want, said)
				}
			}
			if dir := os.Getenv("REPORT_DIR"); dir != "" {
				if err := os.WriteFile(dir+"/signed_"+language+".pdf", signed, 0o600); err != nil {
					t.Error(err)
				}
			}
			if len(signed) > 200_000 {
				t.Errorf("%d bytes", len(signed))
			}
		})
	}
}

// TestLook: whatever a name is, it stays within its field.
func TestLook(t *testing.T) {
	file := renderBankident(t, bankident("DE", "bank"))
	for name, want := range map[string]string{
		strings.Repeat("Maximiliane ", 40):   "…",
		strings.Repeat("W", 500):             "…",
		") Tj ET\u202e":                      "[U+202E]",
		"":                                   "Elektronisch unterschrieben von",
		"Karl-Theodor Maria Nikolaus Johann": "Karl-Theodor Maria Nikolaus Johann",
	} {
		prepared, err := Prepare(file, SignatureNote{Name: name, Reason: name, Location: name, At: time.Unix(1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if said := text(t, prepared.PDF); !strings.Contains(said, want) {
			t.Errorf("%.20q:\n%s", name, said)
		}
	}
}

func BenchmarkBankident(b *testing.B) {
	for b.Loop() {
		file := renderBankident(b, bankident("DE", "bank"))
		if _, err := Prepare(file, SignatureNote{Name: "Zoë", At: time.Unix(1, 0)}); err != nil {
			b.Fatal(err)
		}
	}
}
