package fourthline

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestMetadata: what is missing, or cannot be so, has a code; a test name chooses one.
func TestMetadata(t *testing.T) {
	for _, c := range []struct {
		path  string
		value any
		want  int
		long  bool
	}{
		{"provider", nil, 1000, false},
		{"person", nil, 1004, false},
		{"person.firstName", nil, 1005, false},
		{"person.lastName", " ", 1005, false},
		{"person.birthDate", "26.01.1984", 1006, false},
		{"person.birthDate", "1984-01-26T00:00:00.000Z", 1000, false},
		{"person.birthDate", "1984-02-30", 1006, false},
		{"person.nationalityCode", "German", 1007, false},
		{"address", nil, 1010, false},
		{"address.postalCode", "", 1010, false},
		{"contacts", nil, 1015, false},
		{"document.number", nil, 1020, false},
		{"document.type", "", 1020, false},
		{"document.expirationDate", nil, 1021, false},
		{"document.expirationDate", "2026-04-30", 1021, false},
		{"document.expirationDate", "2026-05-01", 1000, false},
		{"document.images", []any{}, 1030, false},
		{"selfie", nil, 1031, false},
		{"person", "Anna", 1002, false}, // of another type
		{"person.lastName", "X-AUTOTEST-HAPPYPATH", 1000, false},
		{"person.firstName", "X-AUTOTEST-LONGREVIEW", 1000, true},
		{"person.firstName", "x-autotest-code-2001", 2001, false},
		{"person.lastName", "X-AUTOTEST-CODE-4001", 4001, false},
		{"person.lastName", "X-AUTOTEST-CODE-1036", 1036, false},
		{"person.lastName", "X-AUTOTEST-CODE-ACCEPTED", 1005, false},
		{"person.lastName", "X-AUTOTEST-CODE-7", 1005, false},
		{"person.lastName", "X-AUTOTEST-", 1005, false},
	} {
		z := sample(t, set(c.path, c.value))
		if e, long := examine(bytes.NewReader(z), int64(len(z)), noon); e.Code != c.want || long != c.long {
			t.Errorf("%s = %v: %d, %v; want %d", c.path, c.value, e.Code, long, c.want)
		}
	}
}

// packed is a ZIP of files by name.
func packed(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f[0])
		if err == nil {
			_, err = w.Write([]byte(f[1]))
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

func TestArchive(t *testing.T) {
	notes := [2]string{"metadata.json", string(sampleMetadata)}
	picture := [2]string{"a.JPG", "x"}
	many := [][2]string{notes, picture}
	for n := range maxFiles {
		many = append(many, [2]string{fmt.Sprint(n, ".txt"), ""})
	}
	thousands := [][2]string{notes, picture}
	for n := range 5000 {
		thousands = append(thousands, [2]string{fmt.Sprintf("%05d-%s", n, strings.Repeat("x", 60)), ""})
	}
	for name, c := range map[string]struct {
		archive []byte
		want    int
	}{
		"two files":          {packed(t, notes, picture), 1000},
		"any name":           {packed(t, [2]string{"kyc/data.json", notes[1]}, [2]string{"kyc/", ""}, picture), 1000},
		"two notes":          {packed(t, notes, picture, [2]string{"other.json", "x"}), 1000},
		"two other notes":    {packed(t, [2]string{"a.json", notes[1]}, picture, [2]string{"b.json", notes[1]}), 1002},
		"no notes":           {packed(t, picture), 1002},
		"notes no JSON":      {packed(t, [2]string{"metadata.json", "{"}, picture), 1002},
		"notes too large":    {packed(t, [2]string{"metadata.json", notes[1] + strings.Repeat(" ", maxMetadata)}, picture), 1002},
		"no picture":         {packed(t, notes), 2001},
		"an empty picture":   {packed(t, notes, [2]string{"a.jpg", ""}), 2001},
		"no ZIP":             {[]byte("Hello"), 1001},
		"nothing":            {nil, 1001},
		"half":               {packed(t, notes, picture)[:100], 1001},
		"a way out":          {packed(t, notes, picture, [2]string{"../../etc/passwd", "x"}), 1001},
		"a path of the root": {packed(t, notes, picture, [2]string{"/etc/passwd", "x"}), 1001},
		"a way by Windows":   {packed(t, notes, picture, [2]string{`..\x`, "x"}), 1001},
		"too many files":     {packed(t, many...), 1001},
		"a huge directory":   {packed(t, thousands...), 1001},
	} {
		if e, _ := examine(bytes.NewReader(c.archive), int64(len(c.archive)), noon); e.Code != c.want {
			t.Errorf("%s: %d, want %d", name, e.Code, c.want)
		}
	}
}

// TestCodes: every code that the simulator gives of itself is one of the firm's ranges.
func TestCodes(t *testing.T) {
	for code, why := range Codes {
		if e, ok := endingOfCode(code); !ok || e.Code != code || why == "" {
			t.Errorf("%d: %+v, %v", code, e, ok)
		}
	}
}
