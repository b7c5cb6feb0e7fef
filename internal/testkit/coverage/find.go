package coverage

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
)

// Find returns the file of a test below the root of the module. The test must be
// there, and it must call Of: else it proves nothing.
func Find(root string, t Test) (string, error) {
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(t.Dir), "*_test.go"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return "", err
		}
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == t.Name {
				if !callsOf(f) {
					return "", fmt.Errorf("%s in %s does not call coverage.Of", t.Name, t.Dir)
				}
				return path.Join(t.Dir, filepath.Base(file)), nil
			}
		}
	}
	return "", fmt.Errorf("there is no test %s in %s", t.Name, t.Dir)
}

func callsOf(f *ast.FuncDecl) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Of" {
			x, ok := s.X.(*ast.Ident)
			found = found || ok && x.Name == "coverage"
		}
		return !found
	})
	return found
}
