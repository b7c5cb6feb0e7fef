package httpapi_test

import (
	"mime"
	"path"
	"slices"
	"strconv"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		ident := l.Identify("X-AUTOTEST-HAPPYPATH")
		documents := path.Dir(path.Dir(ident)) + "/documents"
		if n := len(l.Array(documents)); n != 0 {
			t.Errorf("%d documents before the call", n)
		}
		l.Advance("10m")
		list := l.Array(documents)
		shown := l.Call(200, "GET", ident+"?include_documents=true", nil)["documents"].([]any)
		if len(list) == 0 || len(list) != len(shown) {
			t.Fatalf("%d documents, the identification shows %d", len(list), len(shown))
		}
		for n, d := range list {
			one := documents + "/" + d["id"].(string)
			if o := l.Call(200, "GET", one, nil); jsonOf(t, o) != jsonOf(t, d) {
				t.Errorf("%v is %v in the list", o, d)
			}
			_, h, file := l.Do("GET", one+"/file", nil)
			kind, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
			if err != nil || kind != "attachment" || params["filename"] != d["name"] || h.Get("Content-Type") != d["content_type"] ||
				h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" ||
				h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || float64(len(file)) != d["size"] {
				t.Errorf("%v: %v, %d bytes", d, h, len(file))
			}
			if status, h, _ := l.Do("HEAD", one+"/file", nil); status != 200 || h.Get("Content-Length") != strconv.Itoa(len(file)) {
				t.Errorf("HEAD: %d %v", status, h)
			}
			if jsonOf(t, without(without(d, "partner_accessible"), "deleted_at")) != jsonOf(t, shown[n]) {
				t.Errorf("%v is %v in the identification", d, shown[n])
			}
		}
		same(t, "a page", idsOf(l.Array(documents+"?page[size]=1&page[number]=2")), idsOf(list[1:2]))
		for _, p := range []string{documents + "/nothing", documents + "/nothing/file", "/v1/persons/nobody/documents"} {
			refused(t, l, 404, "model_not_found", "GET", p, nil)
		}
		if files := atRest(t, l, "%PDF-"); len(files) > 0 {
			t.Errorf("an unsealed PDF is in %v", files)
		}
	})
}

// TestDocumentFilters: newest first, and what the customer may see.
func TestDocumentFilters(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		ident := l.Identify("X-AUTOTEST-HAPPYPATH")
		l.Advance("5m")
		documents := path.Dir(path.Dir(ident)) + "/documents"
		ids := func(query string) (all []string) {
			for _, d := range l.Array(documents + query) {
				all = append(all, d["id"].(string))
			}
			return all
		}
		oldest, newest := ids(""), ids("?sort=-created_at")
		slices.Reverse(newest)
		if len(oldest) != 5 || !slices.Equal(oldest, newest) {
			t.Errorf("oldest first %v, newest first reversed %v", oldest, newest)
		}
		for query, want := range map[string]int{"?customer_accessible=true": 0, "?customer_accessible=false": 5, "?include_deleted=true": 5} {
			if n := len(ids(query)); n != want {
				t.Errorf("%s: %d, want %d", query, n, want)
			}
		}
		for _, query := range []string{"?customer_accessible=x", "?include_deleted=x", "?page[size]=%zz"} {
			l.Call(400, "GET", documents+query, nil)
		}
	})
}

// TestDocumentQuery: what is wrong with a query is told all at once.
func TestDocumentQuery(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	path := "/v1/persons/" + l.Person("Antonia") + "/documents"
	r := refused(t, l, 400, "validation_error", "GET", path+"?customer_accessible=maybe&include_deleted=x&sort=foo&page[size]=0", nil)
	same(t, "sources", r.sources(), []string{"customer_accessible", "include_deleted", "page[size]", "sort"})
}
