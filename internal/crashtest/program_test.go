package crashtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// programs are the two builds: the one that is shipped, and the one with points.
type programs struct{ dir, shipped, pointed string }

var built = sync.OnceValues(func() (p programs, err error) {
	if p.dir, err = os.MkdirTemp("", "identikit-crash-*"); err != nil {
		return p, err
	}
	p.shipped, p.pointed = filepath.Join(p.dir, "shipped"), filepath.Join(p.dir, "pointed")
	for path, tags := range map[string]string{p.shipped: "", p.pointed: "crashpoints"} {
		out, err := exec.Command("go", "build", "-tags", tags, "-o", path, "../../cmd/identikit").CombinedOutput()
		if err != nil {
			return p, fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	return p, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := built(); err == nil {
		_ = os.RemoveAll(p.dir) // a temporary folder
	}
	os.Exit(code)
}

// process is a running sandbox.
type process struct {
	sandbox.Ready
	SteeringURL string `json:"steering_url"`

	point string // at which it is to kill itself; empty: none
	trace string // the file that says what points were passed
	cmd   *exec.Cmd
	log   bytes.Buffer // standard error; read it when dead
	ready chan bool
	dead  chan struct{}
}

// launch starts the program on the data of the world. With a point it is the
// build with points, armed there.
func (w *world) launch(point string) *process {
	w.t.Helper()
	p := &process{point: point, ready: make(chan bool, 1), dead: make(chan struct{})}
	// The clock passes years; nobody is erased but by a scene.
	args := []string{"sandbox", "--addr", "127.0.0.1:0", "--data", w.data, "--erase-after", "876000h", "--json"}
	if w.database != "" {
		args = append(args, "--database", w.database)
	}
	program := w.programs.shipped
	if point != "" || w.tracing {
		program = w.programs.pointed
		w.launches++
		p.trace = filepath.Join(w.t.TempDir(), fmt.Sprintf("trace-%d", w.launches))
	}
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = p.environment()
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	go p.watch(out)
	w.t.Cleanup(p.kill)
	return p
}

func (p *process) environment() []string {
	return append(os.Environ(), "IDENTIKIT_CRASH_AT="+p.point, "IDENTIKIT_CRASH_TRACE="+p.trace, "IDENTIKIT_DATABASE=")
}

// watch reads the line that says that everything serves, and waits for the end.
func (p *process) watch(out io.Reader) {
	lines := bufio.NewReader(out)
	text, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, p)
	}
	p.ready <- err == nil
	_, _ = io.Copy(io.Discard, lines) // until it ends
	_ = p.cmd.Wait()                  // how it ended is asked for by who expects something
	close(p.dead)
}

// patience is how long a process may take to start, or to end when it must.
const patience = time.Minute

// serves waits until the process serves; false if it died first.
func (p *process) serves(t *testing.T) bool {
	t.Helper()
	select {
	case ok := <-p.ready:
		return ok
	case <-time.After(patience):
		t.Fatalf("the program is not ready after %s", patience)
		return false
	}
}

// start launches the program, which must come to serve.
func (w *world) start() *process {
	w.t.Helper()
	p := w.launch("")
	if !p.serves(w.t) {
		<-p.dead
		w.t.Fatalf("%s: the program does not start again (seed %d): %s", w.name, w.seed, p.log.String())
	}
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.dead
}

// killed tells whether the process died by SIGKILL.
func killed(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// killedItself tells whether a process, this one or a command with the same
// trace, died at the point that it was armed with.
func (p *process) killedItself() bool {
	text, err := os.ReadFile(p.trace)
	return err == nil && strings.Contains("\n"+string(text), "\nkilled at "+p.name()+"\n")
}

// errKilled says that a command died by SIGKILL.
var errKilled = errors.New("crashtest: the command was killed")

// command runs a subcommand of the same build on the same data, armed the same.
func (w *world) command(p *process, args ...string) ([]byte, error) {
	if w.database != "" {
		args = append(args, "--database", w.database)
	} else {
		args = append(args, "--data", w.data)
	}
	cmd := exec.Command(p.cmd.Path, args...)
	cmd.Env = append(p.environment(), "IDENTIKIT_MASTER_KEY_FILE="+sandbox.MasterKeyFile(w.data))
	out, err := cmd.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) && killed(ended.ProcessState) {
		return nil, errKilled
	}
	if err != nil && ended != nil {
		err = fmt.Errorf("%w: %s", err, ended.Stderr)
	}
	return out, err
}

// name is the point without how often it is passed before.
func (p *process) name() string {
	point, _, _ := strings.Cut(p.point, "#")
	return point
}
