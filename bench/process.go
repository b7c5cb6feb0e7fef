package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// workshop is the folder of one run and the processes that were started in it.
// close ends and removes all of it.
type workshop struct {
	dir  string
	self string // the bench's own program

	mu    sync.Mutex
	procs []*process
}

// openWorkshop makes a folder below parent (empty: the machine's place for
// temporary files). It decides which disk is measured.
func openWorkshop(parent string) (*workshop, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, "identikit-bench-*")
	if err != nil {
		return nil, err
	}
	return &workshop{dir: dir, self: self}, nil
}

// close stops what still runs, the last first, and removes the folder.
func (s *workshop) close() error {
	s.mu.Lock()
	procs := s.procs
	s.mu.Unlock()
	var err error
	for n := len(procs) - 1; n >= 0; n-- {
		err = errors.Join(err, procs[n].stop())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// path names a file of the run.
func (s *workshop) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// process is a program that was started for the run. Its standard error goes to
// a file, as a server's log would.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	end  func() error // closes the input of a worker; nil for others
	// signal asks it to end.
	signal syscall.Signal
	done   chan struct{}
	err    error // of its end
}

// stopTime is how long a process may take to end well.
const stopTime = 30 * time.Second

// start runs a program in a process group of its own: an interrupt at the
// terminal reaches the bench, and the bench stops the rest in order.
func (s *workshop) start(name string, cmd *exec.Cmd) (*process, error) {
	s.mu.Lock()
	n := len(s.procs)
	s.mu.Unlock()
	p := &process{name: name, cmd: cmd, log: s.path(fmt.Sprintf("%s-%d.log", name, n)), signal: syscall.SIGTERM, done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	s.mu.Lock()
	s.procs = append(s.procs, p)
	s.mu.Unlock()
	return p, nil
}

// stop asks the process to end and waits for it.
func (p *process) stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if p.end != nil {
		_ = p.end() // it may have ended just now; so may it below
	}
	_ = p.cmd.Process.Signal(p.signal)
	select {
	case <-p.done:
	case <-time.After(stopTime):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s had to be killed", p.name)
	}
	return nil
}

// failed says how the process ended, with the end of its log.
func (p *process) failed() error {
	return fmt.Errorf("%s ended: %w\n%s", p.name, p.err, p.tail())
}

// tail is the end of the process's log.
func (p *process) tail() []byte {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-2000):]
}

// tellLogs shows the ends of all logs: what went wrong often stands there.
func (s *workshop) tellLogs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.procs {
		if text := p.tail(); len(text) > 0 {
			say("the log of %s ends:\n%s", p.name, text)
		}
	}
}

// await asks again and again until ok, the process ends or 60 s are over. A
// process of another program gives no event to wait for.
func (p *process) await(ctx context.Context, what string, every time.Duration, ok func() bool) error {
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.done:
			return p.failed()
		case <-deadline:
			return fmt.Errorf("%s: no %s within a minute", p.name, what)
		case <-tick.C:
		}
	}
	return nil
}

// worker is one of the bench's own further processes.
type worker struct {
	*process
	in  *json.Encoder
	out *json.Decoder
}

// worker starts the bench anew as one of its workers.
func (s *workshop) worker(name string) (*worker, error) {
	cmd := exec.Command(s.self, "worker", name)
	cmd.Env = append(os.Environ(), workerEnv+"="+name)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p, err := s.start(name, cmd)
	if err != nil {
		return nil, err
	}
	p.end = in.Close
	return &worker{process: p, in: json.NewEncoder(in), out: json.NewDecoder(out)}, nil
}

// workerEnv names the worker for a test binary, which has no command line of ours.
const workerEnv = "IDENTIKIT_BENCH_WORKER"

// ask sends an order and waits for its answer. An interrupt ends the worker,
// which ends the waiting.
func ask[A any](ctx context.Context, w *worker, order any) (A, error) {
	var r reply[A]
	stop := context.AfterFunc(ctx, func() { _ = w.cmd.Process.Kill() })
	defer stop()
	err := w.in.Encode(order)
	if err == nil {
		err = w.out.Decode(&r)
	}
	switch {
	case ctx.Err() != nil:
		return r.Answer, ctx.Err()
	case err != nil:
		<-w.done
		return r.Answer, fmt.Errorf("%w (%w)", w.failed(), err)
	case r.Error != "":
		return r.Answer, fmt.Errorf("%s: %s", w.name, r.Error)
	}
	return r.Answer, nil
}

// resident is the resident memory of a process in MB: now, and at its highest.
func resident(pid int) (now, highest float64, err error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range bytes.Lines(text) {
		name, value, _ := strings.Cut(string(line), ":")
		kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			now = kb * 1024 / 1e6
		case "VmHWM":
			highest = kb * 1024 / 1e6
		}
	}
	return now, highest, nil
}
