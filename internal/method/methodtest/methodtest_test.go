package methodtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/identikit/identikit/internal/kyc"
)

// TestEvents reads the events off the source of package kyc, so that a new one
// gets its line in every matrix.
func TestEvents(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../kyc/machine.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []kyc.Event
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "Event" {
			return true
		}
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, kyc.Event(text))
		}
		return true
	})
	if diff := cmp.Diff(declared, Events); diff != "" {
		t.Errorf("-package kyc +Events\n%s", diff)
	}
}
