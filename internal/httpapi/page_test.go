package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

var linkForm = regexp.MustCompile(`<([^>]+)>; rel="([a-z]+)"`)

// links reads the link header: the query of each relation.
func links(t testing.TB, l *testkit.Live, h http.Header) map[string]url.Values {
	t.Helper()
	all := map[string]url.Values{}
	for _, m := range linkForm.FindAllStringSubmatch(h.Get("link"), -1) {
		u, err := url.Parse(m[1])
		if err != nil || !strings.HasPrefix(m[1], l.APIURL+"/") {
			t.Errorf("link %q: %v", m[1], err)
			continue
		}
		all[m[2]] = u.Query()
	}
	return all
}

func TestPages(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, dbURL string) {
		l := testkit.Start(t, dbURL)
		var all []string
		for n := range 23 {
			all = append(all, l.Call(201, "POST", "/v1/persons", object{"first_name": fmt.Sprint("Anna ", n)})["id"].(string))
		}
		newest := slices.Clone(all)
		slices.Reverse(newest)
		for _, c := range []struct {
			query                   string
			want                    []string
			first, prev, next, last int // 0: not there
		}{
			{"", all[:10], 1, 0, 2, 3},
			{"page[number]=1", all[:10], 1, 0, 2, 3},
			{"page[number]=2", all[10:20], 1, 1, 3, 3},
			{"page[number]=3", all[20:], 1, 2, 0, 3},
			{"page[number]=4", nil, 1, 3, 0, 3},
			{"page[number]=1000000000&page[size]=1000", nil, 1, 1, 0, 1},
			{"page[size]=1&page[number]=23", all[22:], 1, 22, 0, 23},
			{"page[size]=1000", all, 1, 0, 0, 1},
			{"page[size]=23", all, 1, 0, 0, 1},
			{"page[size]=22", all[:22], 1, 0, 2, 2},
			{"page%5Bsize%5D=5&sort=-created_at", newest[:5], 1, 0, 2, 5},
			{"page[size]=5&page[number]=5&sort=-created_at", newest[20:], 1, 4, 0, 5},
			{"sort=", all[:10], 1, 0, 2, 3},
			{"colour=blue", all[:10], 1, 0, 2, 3},
		} {
			t.Run(c.query, func(t *testing.T) {
				l := with(t, l)
				same(t, "ids", idsOf(l.Array("/v1/persons?"+c.query)), c.want)
				_, h, _ := l.Do("GET", "/v1/persons?"+c.query, nil)
				asked, err := url.ParseQuery(c.query)
				if err != nil {
					t.Fatal(err)
				}
				size := asked.Get("page[size]")
				if size == "" {
					size = "10"
				}
				if h.Get("total") != "23" || h.Get("per_page") != size || h.Get("per-page") != size {
					t.Errorf("total %s, per_page %s, per-page %s", h.Get("total"), h.Get("per_page"), h.Get("per-page"))
				}
				got := links(t, l, h)
				for rel, number := range map[string]int{"first": c.first, "prev": c.prev, "next": c.next, "last": c.last} {
					q, there := got[rel]
					if there != (number > 0) || (there && q.Get("page[number]") != strconv.Itoa(number)) {
						t.Errorf("%s: %v, want page %d", rel, q, number)
					}
					q.Del("page[number]")
					asked.Del("page[number]")
					if there && q.Encode() != asked.Encode() {
						t.Errorf("%s loses what was asked: %v, %v", rel, q, asked)
					}
				}
			})
		}
		_, h, _ := l.Do("GET", "/v1/webhooks", nil)
		if got := links(t, l, h); h.Get("total") != "0" || len(got) != 2 || got["last"].Get("page[number]") != "1" {
			t.Errorf("an empty list: total %s, %v", h.Get("total"), got)
		}
	})
}

// TestPageFollowed walks a list by its links alone.
func TestPageFollowed(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	var want, got []string
	for range 7 {
		want = append(want, l.Call(201, "POST", "/v1/persons", nil)["id"].(string))
	}
	next := url.Values{"page[size]": {"3"}}
	for pages := 0; next != nil && pages < 10; pages++ {
		path := "/v1/persons?" + next.Encode()
		got = append(got, idsOf(l.Array(path))...)
		_, h, _ := l.Do("GET", path, nil)
		next = links(t, l, h)["next"]
	}
	same(t, "walked", got, want)
}

func TestPageRules(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	person := l.Person("Antonia")
	for _, path := range []string{"/v1/persons", "/v1/identifications", "/v1/webhooks", "/v1/persons/" + person + "/identifications", "/v1/persons/" + person + "/documents"} {
		for query, fields := range map[string][]string{
			"page[size]=0": {"page[size]"}, "page[size]=1001": {"page[size]"}, "page[size]=-1": {"page[size]"}, "page[size]=ten": {"page[size]"},
			"page[size]=": {"page[size]"}, "page[size]=1.5": {"page[size]"}, "page[size]=99999999999999999999": {"page[size]"}, "page[size]=%00": {"page[size]"},
			"page[number]=0": {"page[number]"}, "page[number]=x": {"page[number]"}, "page[number]=1000000001": {"page[number]"},
			"sort=name": {"sort"}, "sort=--created_at": {"sort"},
			"page[number]=0&page[size]=0&sort=x": {"page[number]", "page[size]", "sort"},
		} {
			same(t, path+"?"+query, refused(t, l, 400, "validation_error", "GET", path+"?"+query, nil).sources(), fields)
		}
	}
	refused(t, l, 404, "model_not_found", "GET", "/v1/persons/nobody/identifications?page[size]=0", nil) // existence first
	l.Call(200, "GET", "/v1/persons/"+person+"?page[size]=0", nil)                                       // no list, no page
}
