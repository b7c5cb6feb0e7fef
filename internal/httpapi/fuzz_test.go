package httpapi_test

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/kyc"
)

// FuzzPageQuery: whatever is asked for, the page is one that a list can have.
func FuzzPageQuery(f *testing.F) {
	for _, q := range []string{"", "page[number]=2&page[size]=5", "page%5Bsize%5D=1000", "page[size]=0", "page[size]=1e3", "sort=-created_at", "sort=x&page[number]=", "%zz", "a;b", "page[number]=1000000000&page[size]=1000"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		p, number, size, err := httpapi.PageOf(query)
		if err != nil {
			if !kyc.IsKind(err, kyc.Invalid) {
				t.Errorf("%q: %v", query, err)
			}
			return
		}
		if number < 1 || size < 1 || size > 1000 || p.Limit != size || p.Offset != (number-1)*size {
			t.Errorf("%q: %+v %d %d", query, p, number, size)
		}
	})
}

// FuzzDisposition: a name is data. It comes back from the header as it was, and
// it cannot end it.
func FuzzDisposition(f *testing.F) {
	for _, name := range []string{"report.pdf", "Bericht für Ä.pdf", `a"b\c.pdf`, "a\r\nSet-Cookie: x=y", "a;b", "", "../../etc/passwd", "\x00\xff", "%41", "a'b", "日本", "🪪.png", "a=b,c&d+e@f:g$h"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := httpapi.Disposition(name)
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q: %q is not plain", name, header)
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" {
			t.Fatalf("%q: %q: %v", name, header, err)
		}
		for key := range params {
			if key != "filename" {
				t.Errorf("%q: %q has %q", name, header, key)
			}
		}
		if utf8.ValidString(name) && strings.Contains(header, "filename*") && params["filename"] != name {
			t.Errorf("%q came back as %q from %q", name, params["filename"], header)
		}
	})
}
