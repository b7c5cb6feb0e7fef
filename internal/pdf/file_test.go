package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// TestText reads texts in the ways in which they are written.
func TestText(t *testing.T) {
	for raw, want := range map[string]string{
		`()`:                        "",
		`(Zo\353)`:                  "Zoë",
		`(a\(b\)\\c)`:               `a(b)\c`,
		`(a(b)c)`:                   "a(b)c",
		`(\n\r\t\b\f)`:              "\n\r\t\b\f",
		"(a\\\nb)":                  "ab",
		`(\12)`:                     "\n",
		`(\0012)`:                   "\x012",
		`(\x)`:                      "x",
		"<5A6F EB>":                 "Zoë",
		"<5>":                       "P",
		"<xy>":                      "",
		"<FEFF005A006F00EB>":        "Zoë",
		"<FEFFD83DDE00>":            "😀",
		"<FEFF00>":                  "",
		"(\xef\xbb\xbfZo\xc3\xab)":  "Zoë",
		"(\xef\xbb\xbf\xff)":        "\ufffd",
		"(\xfe\xff\x00Z\\000\\157)": "Zo",
	} {
		if got := (text{raw, -1}).String(); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
	for _, s := range []string{"", "Zoë Żółć", "😀", `(\`} {
		if got := hexText(s).String(); got != s {
			t.Errorf("%q: got %q", s, got)
		}
	}
}

// TestValue reads values and writes them again.
func TestValue(t *testing.T) {
	read := func(s string) (any, error) {
		return (&reader{[]byte(s), 0, true, &budget{values: 100}}).value(0)
	}
	for s, want := range map[string]string{
		"<</A[1 -2.5 true null/N 7 0 R]/B(x)>>": "<</A [1 -2.5 true null /N 7 0 R] /B (x) >>",
		"[1 0 2 0 R]":                           "[1 0 2 0 R]",
		"%comment\n /Name":                      "/Name",
		"<</A<</B<>>>>>":                        "<</A <</B <> >> >>",
		"12 0 obj":                              "12",
	} {
		v, err := read(s)
		if got := string(write(nil, v)); err != nil || got != want {
			t.Errorf("%s: got %s (%v), want %s", s, got, err, want)
		}
	}
	for _, s := range []string{"", "<<", "[", "(", "<", "<</A>>", "<<1 2>>", "<</A 1/A 2>>", "word", ")", "[" + strings.Repeat("1 ", 200), strings.Repeat("[", 70)} {
		if v, err := read(s); err == nil {
			t.Errorf("%q was read: %v", s, v)
		}
	}
}

// TestRevisions: what a later revision says counts; what it takes out is gone; a
// file for readers old and new has a second table that comes in between.
func TestRevisions(t *testing.T) {
	var b bytes.Buffer
	at := map[string]int{}
	put := func(key, s string) {
		at[key] = b.Len()
		b.WriteString(s)
	}
	put("", "%PDF-1.5\n")
	put("root", "1 0 obj\n<</Type/Catalog>>\nendobj\n")
	put("old", "2 0 obj\n(old)\nendobj\n")
	put("gone", "3 0 obj\n(gone)\nendobj\n")
	put("hidden before", "4 0 obj\n(before)\nendobj\n")
	put("first", fmt.Sprintf("xref\n0 5\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \ntrailer\n<</Size 5/Root 1 0 R>>\n",
		at["root"], at["old"], at["gone"], at["hidden before"]))
	put("new", "2 0 obj\n(new)\nendobj\n")
	put("hidden", "4 0 obj\n(hidden)\nendobj\n")
	row := []byte{1, byte(at["hidden"] >> 8), byte(at["hidden"])}
	put("hybrid", fmt.Sprintf("5 0 obj\n<</Type/XRef/W[1 2 0]/Index[4 1]/Size 6/Length 3>>\nstream\n%s\nendstream\nendobj\n", row))
	put("second", fmt.Sprintf("xref\n2 3\n%010d 00000 n \n0000000000 00001 f \n0000000000 00000 f \ntrailer\n<</Size 6/Root 1 0 R/Prev %d/XRefStm %d>>\nstartxref\n", at["new"], at["first"], at["hybrid"]))
	fmt.Fprintf(&b, "%d\n%%%%EOF\n", at["second"])
	f, err := parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{2: "(new)", 3: "null", 4: "(hidden)", 9: "null"} {
		v, err := f.object(n)
		if got := string(write(nil, v)); err != nil || got != want {
			t.Errorf("object %d: got %s (%v), want %s", n, got, err, want)
		}
	}
	if next, err := f.next(); err != nil || next != 6 || f.streams {
		t.Errorf("%d %v", next, err)
	}
	// a table that points at another object is not believed
	bad := bytes.Replace(b.Bytes(), []byte("2 0 obj\n(new)"), []byte("7 0 obj\n(new)"), 1)
	if f, err = parse(bad); err != nil {
		t.Fatal(err)
	}
	if v, err := f.object(2); err == nil {
		t.Errorf("%v", v)
	}
}

// TestPredictions undoes each of PNG's.
func TestPredictions(t *testing.T) {
	rows := []byte{
		0, 10, 20, 30,
		1, 1, 2, 3,
		2, 1, 1, 1,
		3, 2, 2, 2,
		4, 5, 5, 5,
	}
	want := []byte{10, 20, 30, 1, 3, 6, 2, 4, 7, 3, 5, 8, 8, 13, 18}
	got, err := predicted(rows, dict{"Predictor": number("15"), "Columns": number("3")})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
	for _, p := range []dict{{"Predictor": number("2")}, {"Predictor": number("12"), "Columns": number("0")}, {"Predictor": number("12"), "Columns": name("x")}} {
		if _, err := predicted(rows, p); err == nil {
			t.Errorf("%v", p)
		}
	}
}

// TestProfile looks at the colour space as a reader would.
func TestProfile(t *testing.T) {
	b := profile()
	if int(binary.BigEndian.Uint32(b)) != len(b) || string(b[36:40]) != "acsp" || string(b[12:24]) != "mntrRGB XYZ " || len(b) > 1200 {
		t.Fatalf("%d bytes: % x", len(b), b[:40])
	}
	count := int(binary.BigEndian.Uint32(b[128:]))
	for n := range count {
		e := b[132+12*n:]
		tag, from, size := string(e[:4]), int(binary.BigEndian.Uint32(e[4:])), int(binary.BigEndian.Uint32(e[8:]))
		if from%4 != 0 || from < 132+12*count || from+size > len(b) {
			t.Errorf("%s lies at %d, %d bytes", tag, from, size)
			continue
		}
		kind := map[byte]string{'d': "desc", 'c': "text", 'w': "XYZ "}[tag[0]]
		if kind == "" {
			kind = map[string]string{"XYZ": "XYZ ", "TRC": "curv"}[tag[1:]]
		}
		if string(b[from:from+4]) != kind {
			t.Errorf("%s is a %q, not a %q", tag, b[from:from+4], kind)
		}
	}
	c := curve()[12:]
	for n := 2; n < len(c); n += 2 {
		if binary.BigEndian.Uint16(c[n:]) < binary.BigEndian.Uint16(c[n-2:]) {
			t.Errorf("it gets darker at %d", n/2)
		}
	}
	// sRGB's middle grey of 8 bits is 21.6 % of the light
	if mid := float64(binary.BigEndian.Uint16(c[2*128:])) / 65535; mid < 0.215 || mid > 0.217 || binary.BigEndian.Uint16(c[len(c)-2:]) != 65535 {
		t.Errorf("the middle is %v", mid)
	}
}
