// Package coverage says which test proves which row of the guides' tables, S2 for
// automatic and S4 for video identification, S3 for the signature. A test names the rows that it proves;
// docs/coverage.md is what all of them said, and every run holds it to that: a row
// that the page does not know of a test fails the test, and so does a row that the
// page promises and the test does not name. It knows the tables and no product.
package coverage

import (
	_ "embed" // the rows
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Page is where the page lies below the root of the module.
const Page = "docs/coverage.md"

// Attr is the attribute of a test that names a row: "table: row".
const Attr = "covers"

const module = "github.com/identikit/identikit"

// Table is a table of a guide, in its order.
type Table struct {
	Name   string   `json:"table"`  // the guide and what the table lists: "S4 status values"
	Source string   `json:"source"` // where it stands in the guide
	Rows   []string `json:"rows"`
	// NotProduced are the rows of which we make nothing on purpose, and why. They need
	// a test as well: one that proves it.
	NotProduced map[string]string `json:"not_produced"`
}

// Row is a row of a table.
type Row struct{ Table, Name string }

func (r Row) String() string { return r.Table + ": " + r.Name }

// Test is a test function of ours.
type Test struct {
	Dir  string // below the root of the module: "internal/e2e"
	Name string // "TestScenarios"
}

//go:embed rows.json
var rowsFile []byte

// Tables are all tables. They were copied from the guides, and from nothing of ours.
var Tables = sync.OnceValue(func() (t []Table) {
	if err := json.Unmarshal(rowsFile, &t); err != nil {
		panic("coverage: rows.json: " + err.Error()) // a test reads it
	}
	return t
})

// Known says whether there is such a row.
func Known(r Row) bool {
	n := slices.IndexFunc(Tables(), func(t Table) bool { return t.Name == r.Table })
	return n >= 0 && slices.Contains(Tables()[n].Rows, r.Name)
}

// recording is set by `make coverage`: the page is about to be made anew.
var recording = flag.Bool("coverage.record", false, "do not hold the tests against "+Page)

// Proof collects the rows that one test proves.
type Proof struct {
	t    *testing.T
	test Test

	mu    sync.Mutex
	named map[Row]bool
}

// Of begins the proof of a test function; it is called in that function itself. In
// the end, unless the test fails anyway, what it named is held against the page.
func Of(t *testing.T) *Proof {
	t.Helper()
	p := &Proof{t: t, test: Test{Name: t.Name()}, named: map[Row]bool{}}
	if pc, _, _, ok := runtime.Caller(1); ok {
		// github.com/identikit/identikit/internal/flow_test.TestAutoIdent
		in := strings.TrimPrefix(runtime.FuncForPC(pc).Name(), module+"/")
		dir, _, _ := strings.Cut(in[strings.LastIndex(in, "/")+1:], ".")
		p.test.Dir = strings.TrimSuffix(in[:strings.LastIndex(in, "/")+1]+dir, "_test")
	}
	t.Cleanup(p.end)
	return p
}

// Row names a row that the test has just proved.
func (p *Proof) Row(table, name string) {
	p.t.Helper()
	r := Row{table, name}
	if !Known(r) {
		p.t.Errorf("rows.json knows no row %q", r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.named[r] = true
}

func (p *Proof) end() {
	if p.t.Failed() {
		return
	}
	for r := range p.named {
		p.t.Attr(Attr, r.String())
	}
	if *recording {
		return
	}
	text, err := os.ReadFile(filepath.Join(root(p.t), Page))
	if err != nil {
		p.t.Errorf("%v (run make coverage)", err)
		return
	}
	promised := Parse(string(text))
	for r := range p.named {
		if !slices.Contains(promised[r], p.test) {
			p.t.Errorf("%s does not say that %s proves %q (run make coverage)", Page, p.test.Name, r)
		}
	}
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // a part of the test names a part of the rows
	}
	for r, tests := range promised {
		if slices.Contains(tests, p.test) && !p.named[r] {
			p.t.Errorf("%s says that %s proves %q, which it does not name (run make coverage)", Page, p.test.Name, r)
		}
	}
}

// root is the folder of the module, found from the folder of the test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}
