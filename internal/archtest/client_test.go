package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClientCostsNothing makes a partner's module that uses the client, and lets
// the go command say what it needs: one line, and no sums of anybody's. It may
// not ask the network, so whatever the client's package or its tests import
// beside the standard library fails here.
func TestClientCostsNothing(t *testing.T) {
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	partner := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module bank.example/kyc\n\ngo 1.26.0\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + here + "\n",
		"main.go": "package main\n\nimport \"" + module + "/client\"\n\nfunc main() { _, _ = client.New(client.Config{}) }\n",
	} {
		if err := os.WriteFile(filepath.Join(partner, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := content(t, filepath.Join(partner, "go.mod"))
	for _, args := range [][]string{{"mod", "tidy"}, {"build", "-o", os.DevNull, "."}} {
		command := exec.Command("go", args...)
		command.Dir = partner
		command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if after := content(t, filepath.Join(partner, "go.mod")); after != before {
		t.Errorf("the client needs more than itself:\n%s", after)
	}
	if _, err := os.Stat(filepath.Join(partner, "go.sum")); !os.IsNotExist(err) {
		t.Errorf("the client needs sums of others: %s", content(t, filepath.Join(partner, "go.sum")))
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
