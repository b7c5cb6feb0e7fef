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
)

// TestBankident runs the script with a sandbox of its own. What it says for people
// stands apart from the JSON that it ends with.
func TestBankident(t *testing.T) {
	bin, tmp, kept := t.TempDir(), t.TempDir(), t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/identikit")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var said, answer bytes.Buffer
	script := exec.CommandContext(ctx, "sh", "bankident.sh", "--keep", kept)
	script.Env = append(os.Environ(), "IDENTIKIT="+filepath.Join(bin, "identikit"), "TMPDIR="+tmp)
	script.Stdout, script.Stderr = &answer, &said
	script.Cancel = func() error { return script.Process.Signal(os.Interrupt) }
	script.WaitDelay = 10 * time.Second
	if err := script.Run(); err != nil {
		t.Fatalf("bankident.sh: %v\n%s", err, &said)
	}
	var i struct {
		Status, Method, IBAN string
		FailureReason        *string `json:"failure_reason"`
		Documents            []struct {
			Type string `json:"document_type"`
			Size int64
		}
	}
	if err := json.Unmarshal(answer.Bytes(), &i); err != nil {
		t.Fatalf("%v: %s", err, &answer)
	}
	if i.Status != "successful" || i.Method != "bank" || i.IBAN != "DE77110101010100000093" || i.FailureReason != nil || len(i.Documents) != 2 {
		t.Fatalf("%s", &answer)
	}
	for n, file := range []string{"QES_DOCUMENT report.pdf", "SIGNED_QES_DOCUMENT signed_report.pdf"} {
		kind, name, _ := strings.Cut(file, " ")
		content, err := os.ReadFile(filepath.Join(kept, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(content, []byte("%PDF-")) || i.Documents[n].Type != kind || i.Documents[n].Size != int64(len(content)) {
			t.Errorf("%s: %d bytes of %+v", name, len(content), i.Documents[n])
		}
	}
	for _, want := range []string{
		"created\n", "pending\n", "login\n", "authorization_required\n", "/pass?lang=de\n", "confirmation_required\n", ": 212212\n", "confirmed\n", "successful\n",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &said)
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("bankident.sh left behind: %v", left)
	}
}

// TestBankidentTells: a step that fails ends the script with the answer of the server.
func TestBankidentTells(t *testing.T) {
	for name, args := range map[string][]string{
		"there is no ready file": {"--ready-file", filepath.Join(t.TempDir(), "ready.json")}, "I do not know --fast": {"--fast"}, "--keep needs a path": {"--keep"},
	} {
		var exit *exec.ExitError
		out, err := exec.Command("sh", append([]string{"bankident.sh"}, args...)...).CombinedOutput()
		if !errors.As(err, &exit) || !strings.Contains(string(out), name) {
			t.Errorf("%q: %v %s", args, err, out)
		}
	}
}

// TestReadme runs the lines that the README asks a newcomer to paste.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sh\n(fact\\(\\).*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no lines to paste")
	}
	ctx, _, data := running(t, "go-client")
	folder := t.TempDir()
	if err := os.Symlink(data, filepath.Join(folder, "identikit-data")); err != nil {
		t.Fatal(err)
	}
	paste := exec.CommandContext(ctx, "sh", "-c", string(block[1]))
	paste.Dir = folder
	out, err := paste.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"status":"successful"`) || !strings.Contains(string(out), `"KYC_REPORT"`) {
		t.Errorf("%v\n%s", err, out)
	}
}
