package httpapi_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/coverage"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestDocumentTypes: each type of the guides' Appendix I is one that a partner can
// give a document and find again, or one that only the system gives and that says so.
func TestDocumentTypes(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	systems := []string{"QES_DOCUMENT", "SIGNED_QES_DOCUMENT", "REGISTER_CHECK", "TRANSPARENCY_REGISTER_EXTRACT"}
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		documents := "/v1/persons/" + l.Person("Antonia") + "/documents"
		for _, table := range coverage.Tables() {
			if !strings.HasSuffix(table.Name, " document types") {
				continue
			}
			for _, kind := range table.Rows {
				status, _, body := post(t, l, "", documents, typed(kind), pdfFile(aPDF+" "+table.Name+" "+kind))
				if slices.Contains(systems, kind) {
					if status != 400 || !strings.Contains(string(body), "only the system gives") {
						t.Errorf("%s: %d %s", kind, status, body)
					}
				} else if status != 201 {
					t.Errorf("%s: %d %s", kind, status, body)
				} else if o := l.Call(200, "GET", path.Join(documents, objectOf(t, body)["id"].(string)), nil); o["document_type"] != kind {
					t.Errorf("%s: %v", kind, o)
				}
				proof.Row(table.Name, kind)
			}
		}
	})
}

// TestDocumentTypesOfIdentification: what a video identification and an automatic
// one leave have the types that Appendix I has for them.
func TestDocumentTypesOfIdentification(t *testing.T) {
	t.Parallel()
	proof := coverage.Of(t)
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		for _, c := range []struct {
			table, method string
			want          []string
		}{
			{"S4 document types", "idnow", []string{"ID_DOCUMENT", "KYC_REPORT", "OTHER", "PICTURE"}},
			{"S2 document types", "idnow_autoident", []string{"ID_DOCUMENT", "KYC_REPORT", "PICTURE"}},
		} {
			base := "/v1/persons/" + l.Person("X-AUTOTEST-HAPPYPATH") + "/identifications"
			ident := base + "/" + l.Call(201, "POST", base, object{"method": c.method})["id"].(string)
			l.Call(200, "PATCH", ident+"/request", nil)
			l.Advance("10m")
			var kinds []string
			for _, d := range l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any) {
				kinds = append(kinds, d.(object)["document_type"].(string))
			}
			slices.Sort(kinds)
			if kinds = slices.Compact(kinds); !slices.Equal(kinds, c.want) {
				t.Errorf("%s left %v, want %v", c.method, kinds, c.want)
			}
			for _, kind := range kinds {
				proof.Row(c.table, kind)
			}
		}
	})
}
