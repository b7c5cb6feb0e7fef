package archtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/identikit/identikit"
)

// rule says what the packages that match the pattern may import of ours. The
// first rule that matches counts; a package without a rule is an error, so that
// a new room gets its place in the plan when it is built.
type rule struct {
	packages string
	ours     []string // patterns; "…" is everything
	std      bool     // nothing but the standard library besides
	never    []string // packages of the standard library, and what lies below them
}

var rules = []rule{
	{packages: "cmd/*", ours: []string{"…"}},
	// The wiring. The server that everybody runs has no way to a simulator.
	{packages: "internal/server", ours: append([]string{
		"internal/httpapi", "internal/job", "internal/webhook", "internal/store/sqlstore", "internal/provider", "internal/provider/*",
		"internal/blob", "internal/blob/*", "internal/seal", "internal/clock", "internal/config",
	}, edge...)},
	{packages: "internal/sandbox", ours: []string{"…"}},
	{packages: "internal/sandbox/inbox", ours: []string{"internal/sim/simkit"}},
	{packages: "bench", ours: []string{"…"}},
	// What partners import: their build gets nothing of ours and nobody else's.
	{packages: "client", std: true},
	{packages: "examples"},
	{packages: "examples/*", ours: []string{"client"}, std: true},
	{packages: "api"},
	{packages: "api/docgen"},

	{packages: "internal/pii", std: true},
	{packages: "internal/clock", std: true},
	{packages: "internal/id", std: true},
	{packages: "internal/filetype", std: true, never: []string{"os", "database", "syscall"}},
	{packages: "internal/kyc", ours: []string{"internal/pii"}, std: true, never: []string{"net", "os", "database", "syscall"}},
	{packages: "internal/method", ours: []string{"internal/kyc"}, std: true, never: []string{"net", "os", "database", "syscall"}},
	{packages: "internal/method/diagram", ours: []string{"internal/method/*", "internal/kyc"}, std: true},   // a program: it writes a file
	{packages: "internal/method/reasondoc", ours: []string{"internal/method/*", "internal/kyc"}, std: true}, // another
	{packages: "internal/method/methodtest", ours: []string{"internal/method", "internal/kyc"}},
	{packages: "internal/method/*", ours: []string{"internal/method", "internal/kyc"}, std: true, never: []string{"net", "os", "database", "syscall"}},

	// Test support stands outside the house and may look at all of it.
	{packages: "internal/archtest"},
	{packages: "internal/testkit", ours: []string{"…"}},
	{packages: "internal/testkit/*", ours: []string{"…"}},
	{packages: "internal/walk", ours: []string{"…"}},
	{packages: "internal/e2e", ours: []string{"…"}},
	{packages: "internal/crashtest", ours: []string{"…"}},
	{packages: "internal/store/storetest", ours: []string{"…"}},
	{packages: "internal/blob/blobtest", ours: []string{"…"}},
	{packages: "internal/provider/providertest", ours: []string{"…"}},

	{packages: "internal/flow", ours: []string{
		"internal/kyc", "internal/method", "internal/method/*", "internal/provider", "internal/blob", "internal/seal", "internal/report", "internal/pdf", "internal/pii", "internal/id",
	}},
	{packages: "internal/httpapi", ours: append([]string{"internal/provider", "internal/filetype"}, edge...)}, // for its Receiver, and to read uploads
	{packages: "internal/webhook", ours: edge},
	{packages: "internal/listen", ours: []string{"internal/webhook", "internal/id"}}, // for its signature
	{packages: "internal/sms", ours: edge},
	{packages: "internal/register", ours: []string{"internal/kyc"}},
	{packages: "internal/hosted", ours: edge},
	{packages: "internal/console", ours: edge},
	{packages: "internal/provider", ours: []string{"internal/kyc", "internal/pii"}},
	{packages: "internal/provider/*", ours: []string{"internal/provider", "internal/kyc", "internal/pii"}},
	{packages: "internal/store/sqlstore", ours: []string{"internal/kyc", "internal/pii"}},
	{packages: "internal/job", ours: []string{"internal/kyc"}},
	{packages: "internal/blob", ours: []string{"internal/kyc"}},
	{packages: "internal/blob/*", ours: []string{"internal/blob", "internal/kyc"}},
	{packages: "internal/crash", ours: []string{"internal/kyc", "internal/blob"}},
	{packages: "internal/seal", ours: []string{"internal/kyc"}},
	{packages: "internal/report", ours: []string{"internal/pdf"}},
	{packages: "internal/pdf", std: true, never: []string{"net", "os", "database", "syscall"}},
	{packages: "internal/config", ours: []string{"internal/kyc", "internal/pii"}},

	// Simulators share no code with the adapters that they prove.
	{packages: "internal/sim/simkit"},
	{packages: "internal/sim/pades"}, // before the next, which would match it too
	{packages: "internal/sim/*", ours: []string{"internal/sim/simkit", "internal/sim/pades", "internal/sim/picture"}},
}

// edge is what the packages that face the outside may import: they call flow.
var edge = []string{"internal/flow", "internal/kyc", "internal/method", "internal/method/*", "internal/pii", "internal/id", "api"}

// support are the packages that only tests use.
var support = []string{
	"internal/archtest", "internal/crashtest", "internal/e2e", "internal/testkit", "internal/testkit/*", "internal/walk",
	"internal/method/methodtest", "internal/store/storetest", "internal/blob/blobtest", "internal/provider/providertest", "bench",
}

func supportsTests(pkg string) bool {
	return slices.ContainsFunc(support, func(p string) bool { return matches(p, pkg) })
}

// graph maps a package to the packages that it imports itself.
type graph map[string][]string

func TestImportRules(t *testing.T) {
	all := load(t)
	for _, problem := range all.check(rules) {
		t.Error(problem)
	}
	for _, pkg := range all.ours() {
		if supportsTests(pkg) {
			continue
		}
		if way := all.way(module+"/"+pkg, isTestPackage); way != nil {
			t.Errorf("product code reaches test code: %s", show(way))
		}
	}
}

// TestRulesBite breaks the rules on purpose.
func TestRulesBite(t *testing.T) {
	for name, broken := range map[string]graph{
		"a noun that reads files":           {module + "/internal/kyc": {"os/signal"}},
		"a noun with a driver":              {module + "/internal/kyc": {"github.com/jackc/pgx/v5"}},
		"a simulator that borrows our code": {module + "/internal/sim/idnow": {module + "/internal/provider/idnow"}},
		"a firm that knows another":         {module + "/internal/provider/idnow": {module + "/internal/provider/xs2a"}},
		"a handler that knows the store":    {module + "/internal/httpapi": {module + "/internal/store/sqlstore"}},
		"somebody imports cmd":              {module + "/internal/testkit": {module + "/cmd/identikit"}},
		"a package without a rule":          {module + "/internal/util": nil},
	} {
		if problems := broken.check(rules); len(problems) != 1 {
			t.Errorf("%s: want one problem, got %q", name, problems)
		}
	}
	indirect := graph{module + "/internal/flow": {"example.com/a"}, "example.com/a": {"example.com/b"}, "example.com/b": {"testing"}}
	if got, want := show(indirect.way(module+"/internal/flow", isTestPackage)), "internal/flow → example.com/a → example.com/b → testing"; got != want {
		t.Errorf("the way to test code: got %s, want %s", got, want)
	}
}

// load asks the go command for every package of ours and all below.
func load(t *testing.T) graph {
	t.Helper()
	// -e: what does not build is the business of go vet.
	command := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports", "./...")
	command.Dir = root
	var trouble bytes.Buffer
	command.Stderr = &trouble
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, trouble.String())
	}
	all := graph{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&pkg); err != nil {
			t.Fatalf("go list: %v", err)
		}
		all[pkg.ImportPath] = pkg.Imports
	}
	return all
}

// ours lists the packages of this module, without the module's name, sorted.
func (g graph) ours() []string {
	var names []string
	for pkg := range g {
		if name, ok := strings.CutPrefix(pkg, module+"/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// check returns one line for each import that the rules do not allow.
func (g graph) check(rules []rule) []string {
	var problems []string
	for _, pkg := range g.ours() {
		i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.packages, pkg) })
		if i < 0 {
			problems = append(problems, pkg+" has no import rule: give it one in internal/archtest")
			continue
		}
		for _, imported := range g[module+"/"+pkg] {
			if why := rules[i].refuses(imported); why != "" {
				problems = append(problems, fmt.Sprintf("%s: %s", show([]string{pkg, imported}), why))
			}
		}
	}
	return problems
}

// refuses says why a package under the rule may not import the other.
func (r rule) refuses(imported string) string {
	if name, ok := strings.CutPrefix(imported, module+"/"); ok {
		switch {
		case strings.HasPrefix(name, "cmd/"):
			return "nobody imports cmd"
		case slices.ContainsFunc(r.ours, func(p string) bool { return matches(p, name) }):
			return ""
		case len(r.ours) == 0:
			return r.packages + " imports nothing of ours"
		}
		return fmt.Sprintf("%s may import only %s of ours", r.packages, strings.Join(r.ours, ", "))
	}
	first, _, _ := strings.Cut(imported, "/")
	if strings.Contains(first, ".") { // only third parties have a dot in the first element
		if r.std {
			return r.packages + " imports the standard library only"
		}
		return ""
	}
	if slices.Contains(r.never, first) && imported != "net/url" { // which only takes text apart
		return fmt.Sprintf("%s imports nothing of %s", r.packages, strings.Join(r.never, ", "))
	}
	return ""
}

func matches(pattern, pkg string) bool {
	if pattern == "…" {
		return true
	}
	ok, err := path.Match(pattern, pkg)
	return ok && err == nil
}

// isTestPackage tells whether only tests should import the package.
func isTestPackage(pkg string) bool {
	if name, ok := strings.CutPrefix(pkg, module+"/"); ok {
		return supportsTests(name)
	}
	return pkg == "testing"
}

// way finds the shortest chain of imports to a package that is meant.
func (g graph) way(from string, meant func(string) bool) []string {
	came := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at != from && meant(at) {
			var way []string
			for p := at; p != ""; p = came[p] {
				way = append(way, p)
			}
			slices.Reverse(way)
			return way
		}
		for _, next := range g[at] {
			if _, seen := came[next]; !seen {
				came[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

func show(way []string) string {
	names := make([]string, len(way))
	for i, pkg := range way {
		names[i] = strings.TrimPrefix(pkg, module+"/")
	}
	return strings.Join(names, " → ")
}
