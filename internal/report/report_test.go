package report

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
)

func sample(language string) Report {
	at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	return Report{
		Language: language, Identification: "6dc54352d6793a892e0702850d07b831cidt",
		Method: "idnow", Provider: "IDnow (simulated)", Result: "successful",
		RequestedAt: at, IdentifiedAt: at.Add(10 * time.Minute), CompletedAt: at.Add(12 * time.Minute), CreatedAt: at.Add(13 * time.Minute),
		Person: []Check{
			{"first_name", "Zoë Đurđica", Changed, "Zoe"},
			{"last_name", "Żółć-Šťastná Ţăndărică", Changed, "Zolc"},
			{"birth_date", "1990-02-28", Confirmed, ""},
			{"birth_city", "Kraków", New, ""},
			{"nationality", "PL", Confirmed, ""},
			{"address.line_1", "Große Präsidentenstraße an der Württembergischen Allee 112a, Hinterhaus, 4. Stock links", Changed, "Grosse Praesidentenstr. 112"},
			{"address.postal_code", "10178", Confirmed, ""},
			{"address.city", "Berlin", Confirmed, ""},
			{"address.country", "DE", Confirmed, ""},
			{"mobile_number", "+4930123456", "", ""},
		},
		Document: []Fact{{"type", "Personalausweis"}, {"number", "L01X00T47"}, {"country", "DE"}, {"issuer", "Bezirksamt Mitte von Berlin"}, {"issued_on", "2020-02-01"}, {"valid_until", "2030-01-31"}},
		Evidence: []File{
			{"6dc54352d6793a892e0702850d07b831cidt_idfrontside.jpg", "ID_DOCUMENT", 182_334, strings.Repeat("0a1b2c3d", 8)},
			{"6dc54352d6793a892e0702850d07b831cidt_idbackside.jpg", "ID_DOCUMENT", 171_002, strings.Repeat("9f8e7d6c", 8)},
			{"6dc54352d6793a892e0702850d07b831cidt_userface.jpg", "PICTURE", 98_112, strings.Repeat("00ff11ee", 8)},
			{"6dc54352d6793a892e0702850d07b831cidt.mp3", "VIDEO", 1_482_334, strings.Repeat("deadbeef", 8)},
		},
	}
}

func render(t testing.TB, r Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := KYC(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var countOfPages = regexp.MustCompile(`/Type /Pages[^>]*/Count (\d+)`)

// pages makes sure that it is a PDF and returns how many pages it says it has.
func pages(t testing.TB, pdf []byte) int {
	t.Helper()
	if !bytes.HasPrefix(pdf, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(pdf), []byte("%%EOF")) {
		t.Fatalf("not a PDF: %.20q … %.20q", pdf, pdf[max(0, len(pdf)-20):])
	}
	found := countOfPages.FindSubmatch(pdf)
	if found == nil {
		t.Fatal("no tree of pages")
	}
	var n int
	if _, err := fmt.Sscan(string(found[1]), &n); err != nil {
		t.Fatal(err)
	}
	if objects := bytes.Count(pdf, []byte("<</Type /Page\n")); objects != n {
		t.Errorf("%d pages are counted, %d are there", n, objects)
	}
	return n
}

func TestKYC(t *testing.T) {
	long := sample("EN")
	for range 100 {
		long.Person = append(long.Person, Check{"birth_city", "Kraków", New, ""})
	}
	for name, c := range map[string]struct {
		report Report
		pages  int
	}{
		"English": {sample("EN"), 2},
		"German":  {sample("DE"), 2},
		"bare":    {Report{Identification: "x", CreatedAt: time.Unix(0, 0)}, 1},
		"long":    {long, 5},
	} {
		t.Run(name, func(t *testing.T) {
			pdf := render(t, c.report)
			if got := pages(t, pdf); got != c.pages {
				t.Errorf("%d pages, want %d", got, c.pages)
			}
			if len(pdf) > 200_000 {
				t.Errorf("%d bytes", len(pdf))
			}
			if dir := os.Getenv("REPORT_DIR"); dir != "" { // to look at them
				if err := os.WriteFile(dir+"/"+name+".pdf", pdf, 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSameInputSameBytes(t *testing.T) {
	want := render(t, sample("DE"))
	var all sync.WaitGroup
	for range 4 { // at once, since the fonts are shared
		all.Go(func() {
			var out bytes.Buffer
			if err := KYC(&out, sample("DE")); err != nil || !bytes.Equal(out.Bytes(), want) {
				t.Errorf("another report (%v)", err)
			}
		})
	}
	all.Wait()
	if bytes.Equal(render(t, sample("EN")), want) {
		t.Error("the language makes no difference")
	}
}

func TestNeeds(t *testing.T) {
	for _, r := range []Report{{}, {Identification: "x"}, {CreatedAt: time.Unix(1, 0)}} {
		if err := KYC(&bytes.Buffer{}, r); err == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Łukasz Ørsted": "Łukasz Ørsted",
		" a\tb\r\nc ":   "a b c",
		"a\u202eb":      "a[U+202E]b", // would turn the line round
		"中":             "[U+4E2D]",
		"a\x00b":        "a[U+0000]b",
		"😀":             "[U+1F600]",
		"\xff":          "[U+FFFD]",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := clean(strings.Repeat("a", 5000)); len(got) > longest+10 {
		t.Errorf("%d bytes are left", len(got))
	}
}

// TestEveryLetter holds the promise about the scripts: CHANGEALL sends them all.
func TestEveryLetter(t *testing.T) {
	for c := rune(0xa0); c <= 0x17f; c++ {
		if c != 0xad && !unicode.Is(printable, c) {
			t.Errorf("%q is not set", c)
		}
	}
}

func TestBothLanguagesSayEverything(t *testing.T) {
	for name := range inEnglish {
		if inGerman[name] == "" {
			t.Errorf("%q is missing in German", name)
		}
	}
	for name := range inGerman {
		if inEnglish[name] == "" {
			t.Errorf("%q is missing in English", name)
		}
	}
}

func BenchmarkKYC(b *testing.B) {
	for b.Loop() {
		render(b, sample("DE"))
	}
}
