// Package examples_test keeps the examples true: what a partner would run, runs.
package examples_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestQuickstart runs the tutorial against a sandbox of its own, as a newcomer would.
func TestQuickstart(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/identikit", "./examples/webhook-receiver")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	tmp := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	script := exec.CommandContext(ctx, "bash", "quickstart.sh")
	script.Env = append(os.Environ(),
		"IDENTIKIT="+filepath.Join(bin, "identikit"), "RECEIVER="+filepath.Join(bin, "webhook-receiver"), "TMPDIR="+tmp)
	script.Cancel = func() error { return script.Process.Signal(os.Interrupt) }
	script.WaitDelay = 10 * time.Second
	out, err := script.CombinedOutput()
	if err != nil {
		t.Fatalf("quickstart.sh: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "every signature was good") {
		t.Errorf("quickstart.sh did not say that all is well:\n%s", out)
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("quickstart.sh left behind: %v", left)
	}
}
