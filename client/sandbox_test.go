package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// sandbox is a running identikit, for the examples. It is the real program, in a
// process of its own: what imports this package must not come to depend on what
// the server is made of, not even for its tests.
type sandbox struct {
	APIURL  string `json:"api_url"`
	Partner struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	} `json:"partner"`

	stop func() error
}

// theSandbox starts one for all examples, when the first of them asks.
var theSandbox = sync.OnceValues(startSandbox)

// asked tells whether an example has asked.
var asked bool

func running() sandbox {
	asked = true
	s, err := theSandbox()
	if err != nil {
		panic(err) // an example has nobody else to tell
	}
	return s
}

func TestMain(m *testing.M) {
	code := m.Run()
	if asked {
		if s, err := theSandbox(); err == nil {
			if err := s.stop(); err != nil {
				fmt.Fprintln(os.Stderr, "stop the sandbox:", err)
				code = 1
			}
		}
	}
	os.Exit(code)
}

func startSandbox() (s sandbox, err error) {
	dir, err := os.MkdirTemp("", "identikit-client-*")
	if err != nil {
		return s, err
	}
	program := filepath.Join(dir, "identikit")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/identikit").CombinedOutput(); err != nil {
		return s, fmt.Errorf("go build: %w\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	run := exec.CommandContext(ctx, program, "sandbox", "--addr", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--json")
	run.Stderr = os.Stderr
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	run.WaitDelay = 20 * time.Second
	out, err := run.StdoutPipe()
	if err != nil {
		cancel()
		return s, err
	}
	s.stop = func() error {
		cancel()
		err := run.Wait()
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return errors.Join(err, os.RemoveAll(dir))
	}
	if err := run.Start(); err != nil {
		return s, err
	}
	if err := json.NewDecoder(out).Decode(&s); err != nil { // once it serves
		return s, errors.Join(fmt.Errorf("the sandbox did not start: %w", err), s.stop())
	}
	return s, nil
}
