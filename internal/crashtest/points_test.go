package crashtest

import (
	"bytes"
	"errors"
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
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/testkit/testdb"
)

// birth is the scene that every installation begins with: its first start.
const birth = "birth"

// atlas says which scene passes which point how often.
type atlas struct {
	scenes map[string]map[string]int // point → scene → times
	birth  []string                  // the points of the first start, in order
}

// points are the points, sorted.
func (a atlas) points() []string { return slices.Sorted(maps.Keys(a.scenes)) }

// scenesOf lists the scenes that pass a point; long ones if there is no other.
func (a atlas) scenesOf(point string) []string {
	for _, long := range []bool{false, true} {
		var names []string
		for _, s := range scenes {
			if s.long == long && a.scenes[point][s.name] > 0 {
				names = append(names, s.name)
			}
		}
		if len(names) > 0 {
			return names
		}
	}
	return nil
}

var (
	explored sync.Once
	theAtlas atlas
)

// explore plays every scene once, undisturbed, and writes down what is passed.
func explore(t *testing.T) atlas {
	t.Helper()
	explored.Do(func() {
		w := newWorld(t, "exploration", testdb.SQLite(t), 1)
		w.tracing = true
		a := atlas{scenes: map[string]map[string]int{}}
		p := w.start()
		read := 0
		learn := func(scene string) {
			text, err := os.ReadFile(p.trace)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			for _, point := range lines[read:] {
				if a.scenes[point] == nil {
					a.scenes[point] = map[string]int{}
				}
				if a.scenes[point][scene]++; scene == birth && !slices.Contains(a.birth, point) {
					a.birth = append(a.birth, point)
				}
			}
			read = len(lines)
		}
		learn(birth)
		w.settle(p)
		for _, s := range scenes {
			if err := s.play(&stage{w.harness, p}); err != nil {
				t.Fatalf("the scene %q: %v\n%s", s.name, err, p.log.String())
			}
			learn(s.name)
		}
		w.finish(p)
		theAtlas = a
	})
	if theAtlas.scenes == nil {
		t.Fatal("the points are not explored")
	}
	return theAtlas
}

// TestEveryCommitIsAPoint: the scenes pass every place in the source where a
// transaction is made or the blob store is changed, so none is left out.
func TestEveryCommitIsAPoint(t *testing.T) {
	passed := explore(t).points()
	var want []string
	for _, site := range commitSites(t) {
		want = append(want, "before "+site, "after "+site)
	}
	for _, point := range want {
		if !slices.Contains(passed, point) {
			t.Errorf("no scene passes %q: add one in scene_test.go", point)
		}
	}
	for _, point := range passed {
		if !slices.Contains(want, point) {
			t.Errorf("%q is passed, and the source has no such place", point)
		}
	}
	t.Logf("%d points", len(want))
}

// TestShippedProgramHasNoPoints: what is built without the tag knows nothing of it.
func TestShippedProgramHasNoPoints(t *testing.T) {
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{p.shipped: false, p.pointed: true} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(text, []byte("IDENTIKIT_CRASH_")); got != want {
			t.Errorf("%s has the variables of package crash: %t, want %t", filepath.Base(file), got, want)
		}
	}
}

// commitSites are the places in the source, named as package crash names them.
func commitSites(t *testing.T) (sites []string) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(file), root+string(filepath.Separator)))
		// The store's own tests and the decorator pass a Tx on; they make none.
		if entry.IsDir() && slices.Contains([]string{"internal/crash", "internal/testkit", "internal/store", "bench"}, filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator)))) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		found, err := sitesOf(file, path.Base(dir))
		sites = append(sites, found...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sites) == 0 {
		t.Fatal("no transaction is found in the source")
	}
	return sites
}

// sitesOf finds the calls of Tx, and of Put and Delete of something named Blobs.
func sitesOf(file, pkg string) (sites []string, err error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !commits(method) {
				return true
			}
			sites = append(sites, pkg+"."+receiverOf(fn)+fn.Name.Name+":"+strconv.Itoa(set.Position(method.Sel.Pos()).Line))
			return true
		})
	}
	return sites, nil
}

func commits(method *ast.SelectorExpr) bool {
	if method.Sel.Name == "Tx" {
		return true
	}
	on, ok := method.X.(*ast.SelectorExpr)
	return ok && on.Sel.Name == "Blobs" && (method.Sel.Name == "Put" || method.Sel.Name == "Delete")
}

// receiverOf is "(*Service)." for a method of *Service.
func receiverOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	switch x := fn.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if name, ok := x.X.(*ast.Ident); ok {
			return "(*" + name.Name + ")."
		}
	case *ast.Ident:
		return x.Name + "."
	}
	return ""
}

// isDeath tells whether a scene ended because something died.
func isDeath(err error) bool { return errors.Is(err, errNoAnswer) || errors.Is(err, errKilled) }
