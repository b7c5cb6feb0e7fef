package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/sandbox"
)

// binary builds identikit once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "identikit-test-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "identikit")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a temporary folder
	}
	os.Exit(code)
}

// process is a running identikit.
type process struct {
	sandbox.Ready
	t    *testing.T
	cmd  *exec.Cmd
	out  *buffer
	err  *buffer
	done chan error
}

// buffer is what a process prints; it may be read while the process runs.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Bytes is a copy of what was printed so far.
func (b *buffer) Bytes() []byte { return []byte(b.String()) }

// command prepares the binary with arguments.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), path, args...)
}

// output runs the binary to its end and returns what it printed.
func output(t *testing.T, args ...string) string {
	t.Helper()
	cmd := command(t, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("identikit %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// startSandbox starts `identikit sandbox` on free ports and waits for its ready file.
func startSandbox(t *testing.T, data string, args ...string) *process {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	p := start(t, append([]string{"sandbox", "--addr", "127.0.0.1:0", "--data", data, "--ready-file", ready}, args...)...)
	p.await(func() bool {
		text, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(text, &p.Ready) == nil
	})
	info, err := os.Stat(ready)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the ready file: %v, %v", info, err)
	}
	return p
}

// start starts the binary; it is killed when the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: command(t, args...), out: &buffer{}, err: &buffer{}, done: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() { p.kill() })
	return p
}

// await polls until ok or the process ends.
func (p *process) await(ok func() bool) {
	p.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case err := <-p.done:
			p.done <- err
			p.t.Fatalf("identikit ended: %v\n%s%s", err, p.out, p.err)
		case <-deadline:
			p.t.Fatalf("identikit is not ready after 30 s\n%s", p.err)
		case <-tick.C:
		}
	}
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	err := <-p.done
	p.done <- err
}

// stop is SIGTERM; the process must end well.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.done:
		p.done <- err
		if err != nil {
			p.t.Errorf("identikit ended with %v\n%s", err, p.err)
		}
	case <-time.After(30 * time.Second):
		p.t.Error("identikit did not stop on SIGTERM")
	}
}

// client is a partner without a test at its back: errors are values, since a
// server that is killed under it is no failure.
type client struct {
	http  *http.Client
	api   string
	token string
}

func newClient(p *process) (*client, error) {
	c := &client{http: &http.Client{Timeout: 40 * time.Second}, api: p.APIURL}
	return c, c.login(p.Partner)
}

func (c *client) login(partner sandbox.Credentials) error {
	req, err := http.NewRequest("POST", c.api+"/oauth2/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(partner.ClientID, partner.ClientSecret)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = c.send(req, http.StatusOK, &answer)
	c.token = answer.AccessToken
	return err
}

func (c *client) send(req *http.Request, want int, out any) error {
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != want {
		return fmt.Errorf("%s %s: %d, want %d: %s", req.Method, req.URL.Path, resp.StatusCode, want, body)
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	return json.Unmarshal(body, out)
}

// call sends JSON.
func (c *client) call(want int, method, path, body string, out any) error {
	req, err := http.NewRequest(method, c.api+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.send(req, want, out)
}
