package kyc_test

import (
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

func TestCleanFileName(t *testing.T) {
	long := strings.Repeat("ä", 300)
	for name, want := range map[string]string{
		"passport.pdf": "passport.pdf", "Reisepass Müller.pdf": "Reisepass Müller.pdf", "日本.png": "日本.png",
		"": "document", ".": "document", "..": "document", " . ": "document", "/": "document", "a/": "document",
		"../../etc/passwd": "passwd", `C:\Users\anna\pass.pdf`: "pass.pdf", `a\b/c.pdf`: "c.pdf", ".htaccess": ".htaccess",
		"a\r\nSet-Cookie: x=y.pdf": "a  Set-Cookie: x=y.pdf", "a\x00b.pdf": "ab.pdf", "a\tb.pdf": "a b.pdf", "\x7fa": "a",
		"\u202egnp.exe": "gnp.exe", "a\u2066b\u2069.pdf": "ab.pdf", "a\u200bb\ufeff.pdf": "ab.pdf", "a\u2028b": "a b",
		"\xff\xfe.pdf": "_.pdf", "a.pdf. .": "a.pdf", "  a.pdf": "a.pdf", "\u00a0a.pdf\u3000": "a.pdf", `a"b;c=d.pdf`: `a"b;c=d.pdf`,
		long + ".pdf": strings.Repeat("ä", 251) + ".pdf", long: strings.Repeat("ä", 255), "a." + long: "a." + strings.Repeat("ä", 253),
	} {
		if got := kyc.CleanFileName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func TestCheckDocumentType(t *testing.T) {
	for _, list := range [][]string{kyc.UploadTypes, kyc.SystemTypes} {
		for n, s := range list {
			if problem := kyc.CheckDocumentType(s); (problem == "") != (n < len(kyc.UploadTypes) && &list[0] == &kyc.UploadTypes[0]) {
				t.Errorf("%s: %q", s, problem)
			}
		}
	}
	for s, part := range map[string]string{
		"id_document": "not included", "": "not included", " OTHER": "white space", "QES_DOCUMENT": "only the system", strings.Repeat("X", 300): "too long", "\x00": "control",
	} {
		if problem := kyc.CheckDocumentType(s); !strings.Contains(problem, part) {
			t.Errorf("%q: %q, want %q", s, problem, part)
		}
	}
}
