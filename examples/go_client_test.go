package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit/coverage"
)

// TestGoClient runs the example in Go beside a sandbox of its own.
func TestGoClient(t *testing.T) {
	ctx, bin, data := running(t, "go-client")
	ready, report := filepath.Join(data, "ready.json"), filepath.Join(data, "report.pdf")
	said := example(t, ctx, filepath.Join(bin, "go-client"), "--ready-file", ready, "--report", report)
	for _, want := range []string{"webhook: successful\nit ended successful", "KYC_REPORT", "the report is in " + report} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if got, want := strings.Join(regexp.MustCompile(`(?m)^webhook: .*$`).FindAllString(said, -1), ", "), "webhook: created, webhook: pending, webhook: successful"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if content, err := os.ReadFile(report); err != nil || !bytes.HasPrefix(content, []byte("%PDF-")) {
		t.Errorf("the report: %v %.20q", err, content)
	}
	if said := example(t, ctx, filepath.Join(bin, "go-client"), "--ready-file", ready, "--scenario", "ABORTIDENT"); !strings.Contains(said, "it ended aborted TECH_VIDEO") {
		t.Errorf("%s", said)
	}
}

// TestAutoIdent runs the tutorial of S2 step by step, with each of its test cases.
func TestAutoIdent(t *testing.T) {
	proof := coverage.Of(t)
	ctx, bin, data := running(t, "autoident")
	for scenario, want := range map[string][]string{
		"HAPPYPATH": {"1  Create a person\n", "2  Create an identification resource\n", "3  Trigger the identification\n", "4  Complete the identification flow\n",
			"pending http", "Take a picture of your face", "All done", "it ended successful", "ID_DOCUMENT  idfrontside.jpg", "KYC_REPORT"},
		"CANCELED": {"it ended failed"}, "FRAUDIDENT": {"it ended failed"},
	} {
		said := example(t, ctx, filepath.Join(bin, "autoident"), "--ready-file", filepath.Join(data, "ready.json"), "--scenario", scenario)
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: it does not say %q:\n%s", scenario, w, said)
			}
		}
		proof.Row("S2 test scenarios", scenario)
	}
	proof.Row("S2 test scenario prefixes", "X-MANUALTEST")
	for _, step := range []string{
		"1. Create a person", "2. Create an identification resource", "3. Trigger the identification", "4. Complete the identification flow",
	} {
		proof.Row("S2 happy path tutorial", step)
	}
}

// TestVideo runs the tutorial of S4 step by step.
func TestVideo(t *testing.T) {
	proof := coverage.Of(t)
	ctx, bin, data := running(t, "video")
	said := example(t, ctx, filepath.Join(bin, "video"), "--ready-file", filepath.Join(data, "ready.json"))
	for _, want := range []string{
		"1  Create a person\n", "2  Create an identification resource\n", " created\n3  Trigger the identification\n   pending http",
		"4  Complete the identification flow\n", "All done", "5  Retrieve the identification and its webhook\n   it ended successful\n",
		"   webhook: created\n   webhook: pending\n   webhook: successful\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	for _, step := range []string{
		"1. Create a person", "2. Create an identification resource", "3. Trigger the identification",
		"4. Complete the identification flow", "5. Retrieve the identification and its webhook",
	} {
		proof.Row("S4 happy path tutorial", step)
	}
	proof.Row("S4 test scenario prefixes", "X-MANUALTEST")
	proof.Row("S4 test scenarios", "HAPPYPATH")
}

// running builds an example and starts a sandbox for it; the folders are those of
// the programs and of the sandbox's data.
func running(t *testing.T, name string) (ctx context.Context, bin, data string) {
	t.Helper()
	bin, data = t.TempDir(), t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/identikit", "./examples/"+name)
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	sandbox := exec.CommandContext(ctx, filepath.Join(bin, "identikit"), "sandbox", "--addr", "127.0.0.1:0", "--data", data, "--json")
	sandbox.Cancel = func() error { return sandbox.Process.Signal(os.Interrupt) }
	sandbox.WaitDelay = 10 * time.Second
	out, err := sandbox.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := sandbox.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the sandbox: %v", err)
		}
	})
	if err := json.NewDecoder(out).Decode(&struct{}{}); err != nil { // once it serves
		t.Fatalf("the sandbox did not start: %v", err)
	}
	return ctx, bin, data
}

func example(t *testing.T, ctx context.Context, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}
