package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const maxLines = 800

// worldly are the packages that may read the machine's clock, chance and
// environment; everybody else is given them, so that tests can repeat. The
// client runs in partners' programs: it ages tokens and waits between attempts.
var worldly = []string{
	"cmd/*", "client", "internal/clock", "internal/id", "internal/config", "internal/crash", "internal/sim/simkit",
}

// keyMakers need chance that nobody can repeat: keys are never seeded.
var keyMakers = []string{"internal/seal", "internal/sandbox", "internal/sim/ais", "internal/sim/pades"}

// source is one parsed file.
type source struct {
	dir, name string // the folder below the root, and the file in it
	text      []byte
	set       *token.FileSet
	tree      *ast.File
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) supportsTests() bool { return s.test() || supportsTests(s.dir) }

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", path.Join(s.dir, s.name), s.set.Position(n.Pos()).Line)
}

func TestSource(t *testing.T) {
	sources := read(t)
	for _, s := range sources {
		for _, problem := range s.problems() {
			t.Error(problem)
		}
	}
	for _, problem := range uncommented(sources) {
		t.Error(problem)
	}
}

// TestSourceRulesBite breaks the rules on purpose.
func TestSourceRulesBite(t *testing.T) {
	for _, c := range []struct {
		file, text string
		want       int
	}{
		{"internal/flow/a.go", `package flow; import "time"; var t = time.Now`, 1},
		{"internal/flow/a.go", `package flow; import clock "time"; var t = clock.Since(x)`, 1},
		{"internal/flow/a_test.go", `package flow; import "time"; var t = time.Now()`, 0},
		{"internal/clock/a.go", `package clock; import "time"; var t = time.Now()`, 0},
		{"internal/flow/a.go", `package flow; import "crypto/rand"; var r = rand.Reader`, 1},
		{"internal/seal/a.go", `package seal; import "crypto/rand"; var r = rand.Reader`, 0},
		{"internal/seal/a.go", `package seal; import "math/rand/v2"; var r = rand.Int()`, 1},
		{"internal/flow/a.go", `package flow; import "os"; var e, ok = os.LookupEnv("HOME")`, 1},
		{"internal/flow/a.go", `package flow; func init() {}`, 1},
		{"internal/flow/a.go", `package flow; type f int; func (f) init() {}`, 0},
		{"internal/flow/a.go", `package flow; import "testing"; var t testing.TB`, 1},
		{"internal/flow/a.go", `package flow; import "net/http/httptest"; var r = httptest.NewServer(nil)`, 1},
		{"internal/testkit/a.go", `package testkit; import "testing"; var t testing.TB`, 0},
		{"internal/flow/a_test.go", `package flow; import "time"; func f() { time.Sleep(1) }`, 1},
		{"internal/flow/a_test.go", `package flow; import ("time"; _ "testing/synctest"); func f() { time.Sleep(1) }`, 0},
		{"internal/flow/a_test.go", `package flow; import "testing"; func f(t *testing.T) { t.Skipf("no") }`, 1},
		{"internal/flow/a.go", "package flow\n" + strings.Repeat("\n", maxLines), 1},
	} {
		s, err := parse(c.file, []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.problems(); len(got) != c.want {
			t.Errorf("%s %q: got %q, want %d", c.file, c.text, got, c.want)
		}
	}
}

// read parses every Go file of the module.
func read(t *testing.T) []source {
	t.Helper()
	var sources []source
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && file != root && (name == "testdata" || name == "bin" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		short, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(short), text)
		sources = append(sources, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func parse(file string, text []byte) (source, error) {
	s := source{dir: path.Dir(file), name: path.Base(file), text: text, set: token.NewFileSet()}
	var err error
	s.tree, err = parser.ParseFile(s.set, file, text, parser.ParseComments)
	return s, err
}

// problems returns one line for each habit that the file breaks.
func (s source) problems() []string {
	var found []string
	if lines := bytes.Count(s.text, []byte("\n")); lines > maxLines {
		found = append(found, fmt.Sprintf("%s has %d lines, %d are allowed: split it", path.Join(s.dir, s.name), lines, maxLines))
	}
	imports := map[string]string{} // by the name in this file
	for _, spec := range s.tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = imported
		if why := s.refusesImport(imported); why != "" {
			found = append(found, s.at(spec)+" "+why)
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				found = append(found, s.at(n)+" has an init function: make it a call that somebody can see")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				if why := s.refusesUse(imports, x.Name, n.Sel.Name); why != "" {
					found = append(found, s.at(n)+" "+why)
				}
			}
		}
		return true
	})
	return found
}

func (s source) worldly() bool {
	return s.supportsTests() || slices.ContainsFunc(worldly, func(p string) bool { return matches(p, s.dir) })
}

func (s source) refusesImport(imported string) string {
	switch imported {
	case "crypto/rand":
		if !s.worldly() && !slices.Contains(keyMakers, s.dir) {
			return "reads chance: take it from package id"
		}
	case "math/rand", "math/rand/v2":
		if !s.worldly() {
			return "reads chance: take it from package id"
		}
	}
	if s.supportsTests() {
		return ""
	}
	if imported == "testing" || strings.HasPrefix(imported, "testing/") || strings.HasSuffix(imported, "test") {
		return "is product code and imports " + imported
	}
	return ""
}

func (s source) refusesUse(imports map[string]string, x, name string) string {
	switch use := imports[x] + "." + name; use {
	case "time.Now", "time.Since", "time.Until":
		if !s.worldly() {
			return "reads the machine's clock: take a kyc.Clock"
		}
	case "os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv":
		if !s.worldly() {
			return "reads the environment: package config does that"
		}
	case "time.Sleep":
		if s.supportsTests() && !slices.Contains(slices.Collect(maps.Values(imports)), "testing/synctest") {
			return "sleeps: wait for what is meant to happen, or use testing/synctest"
		}
	}
	if s.supportsTests() && imports[x] == "" && slices.Contains([]string{"t", "tb", "b", "f"}, x) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, name) {
		return "skips: a test that cannot run fails"
	}
	return ""
}

// uncommented lists the packages that do not say what they are.
func uncommented(sources []source) []string {
	has := map[string]bool{}
	for _, s := range sources {
		if s.test() {
			continue
		}
		want := "Package " + s.tree.Name.Name + " "
		if s.tree.Name.Name == "main" {
			want = "Command "
		}
		has[s.dir] = has[s.dir] || strings.HasPrefix(s.tree.Doc.Text(), want)
	}
	var missing []string
	for _, dir := range slices.Sorted(maps.Keys(has)) {
		if !has[dir] {
			missing = append(missing, dir+" has no package comment (\"Package … \" or \"Command … \")")
		}
	}
	return missing
}
