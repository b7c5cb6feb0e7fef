package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// mostMemory is what the server's process may hold at any moment of an attack.
const mostMemory = 128 << 20

// TestHostileClients attacks the server of production, a process of its own for
// each attack, and looks at its memory and at how another client fares
// meanwhile. The last lines are the table of docs/performance.md.
//
// IDENTIKIT_HOSTILE=10s attacks for that long instead of a moment.
func TestHostileClients(t *testing.T) {
	table := []string{"| attack | peak memory | p50 / p99 before | p50 / p99 during |", "|---|---|---|---|"}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { table = append(table, attacked(t, a)) })
	}
	t.Logf("\n%s", strings.Join(table, "\n"))
}

// attack is what a hostile client or provider does.
type attack struct {
	name string
	// run attacks until it has done its worst, or until the end of ctx, which comes
	// some time after it has said that the attack is under way.
	run func(t *testing.T, ctx context.Context, v *victim) error
}

func attacked(t *testing.T, a attack) string {
	v := newVictim(t)
	moment, duration := 200*time.Millisecond, 500*time.Millisecond
	if text := os.Getenv("IDENTIKIT_HOSTILE"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
		moment = duration
	}
	quiet, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	before := v.watch(t, quiet)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v.underway = sync.OnceFunc(func() { time.AfterFunc(duration, cancel) })
	watching, over := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		failed <- a.run(t, ctx, v)
		over()
	}()
	during := v.watch(t, watching)
	if err := <-failed; err != nil {
		t.Error(err)
	}
	peak := v.peak(t)
	if peak > mostMemory {
		t.Errorf("the server held %d MiB, at most %d are allowed", peak>>20, mostMemory>>20)
	}
	if during.p99() > 10*time.Second {
		t.Errorf("another client waited %s", during.p99())
	}
	v.alive(t)
	memory := "not measured"
	if peak > 0 {
		memory = fmt.Sprintf("%d MiB", peak>>20)
	}
	return fmt.Sprintf("| %s | %s | %s / %s | %s / %s |", a.name, memory, before.p50(), before.p99(), during.p50(), during.p99())
}

// victim is a running `identikit serve` with a firm of the test's own.
type victim struct {
	*process
	firm     *firm
	client   *client // well-behaved
	secret   string  // of the path for pushes
	database string
	customer string // a person who can be identified
	underway func()
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	v := &victim{firm: newFirm(t), secret: strings.Repeat("s", 32)}
	v.database = testdb.Postgres(t)
	v.process = start(t, "serve", "--addr", "127.0.0.1:0", "--ops-addr", "127.0.0.1:0", "--database", v.database, "--documents", t.TempDir(),
		"--breaker-failures", "1000000", // on a slow machine what the attacks make fail would be all that there is
		"--master-key", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)), "--idnow-gateway-url", v.firm.URL, "--idnow-go-url", v.firm.URL,
		"--idnow-company-id", "bank", "--idnow-api-key", "key", "--idnow-push-secret", v.secret, "--log-level", "warn")
	var address []string
	v.await(func() bool {
		address = regexp.MustCompile(`serves on (\S+);`).FindStringSubmatch(v.err.String())
		return address != nil
	})
	v.APIURL = "http://" + address[1]
	var credentials sandbox.Credentials
	if err := json.Unmarshal([]byte(output(t, "partner", "create", "--name", "My Bank", "--database", v.database, "--json")), &credentials); err != nil {
		t.Fatal(err)
	}
	v.Partner = credentials
	customer, err := json.Marshal(testkit.Customer("Anna"))
	if err != nil {
		t.Fatal(err)
	}
	v.customer = string(customer)
	if v.client, err = newClient(v.process); err != nil {
		t.Fatal(err)
	}
	return v
}

// peak is the most memory that the server held so far, in bytes.
func (v *victim) peak(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Log("memory is measured on Linux only: /proc tells it")
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	line := regexp.MustCompile(`VmHWM:\s+\d+`).FindString(string(status))
	if _, err := fmt.Sscanf(line, "VmHWM: %d", &kib); err != nil {
		t.Fatalf("%v in %s", err, status)
	}
	return kib << 10
}

// alive makes sure that the server still does its work, and has not failed.
func (v *victim) alive(t *testing.T) {
	t.Helper()
	if err := v.client.call(http.StatusOK, "GET", "/v1/persons", "", nil); err != nil {
		t.Error(err)
	}
	if log := v.err.String(); strings.Contains(log, "panic") || strings.Contains(log, "code=generic_error") {
		t.Errorf("the server failed:\n%.2000s", log)
	}
}

// waits are how long a client waited for each of its answers.
type waits []time.Duration

func (w waits) at(share float64) time.Duration {
	if len(w) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(w))[int(float64(len(w)-1)*share)].Round(10 * time.Microsecond)
}

func (w waits) p50() time.Duration { return w.at(.5) }
func (w waits) p99() time.Duration { return w.at(.99) }

// watch is a well-behaved client at work until the end of ctx: it makes a person,
// reads it and lists.
func (v *victim) watch(t *testing.T, ctx context.Context) (all waits) {
	t.Helper()
	for ctx.Err() == nil {
		var o struct{ ID string }
		for _, c := range []struct {
			status       int
			method, body string
			path         func() string
		}{
			{201, "POST", `{"first_name":"Anna","last_name":"Muster"}`, func() string { return "/v1/persons" }},
			{200, "GET", "", func() string { return "/v1/persons/" + o.ID }},
			{200, "GET", "", func() string { return "/v1/persons?sort=-created_at" }},
		} {
			began := time.Now()
			var out any
			if c.method == "POST" {
				out = &o
			}
			if err := v.client.call(c.status, c.method, c.path(), c.body, out); err != nil {
				t.Errorf("another client: %v", err)
				return append(all, time.Since(began))
			}
			all = append(all, time.Since(began))
		}
	}
	return all
}

// crowd lets n clients do the same again and again until the end of ctx. An
// error of one of them ends the crowd, unless the end has come.
func (v *victim) crowd(ctx context.Context, n int, do func(ctx context.Context) error) error {
	var wg sync.WaitGroup
	failures := make(chan error, n)
	v.underway()
	for range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := do(ctx); err != nil && ctx.Err() == nil {
					failures <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

// firm is a provider that starts every session, calls each a success and has
// the archive that the test gives it.
type firm struct {
	URL     string
	mu      sync.Mutex
	archive []byte
	result  string // instead of a success
	fetched chan struct{}
}

func newFirm(t *testing.T) *firm {
	f := &firm{fetched: make(chan struct{}, 1000)}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.URL = srv.URL
	return f
}

// have gives the firm an archive.
func (f *firm) have(archive []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.archive = archive
}

// say gives the firm a result that is none.
func (f *firm) say(result string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.result = result
}

// ServeHTTP speaks as much of the gateway's protocol as the adapter uses.
func (f *firm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	f.mu.Lock()
	archive, result := f.archive, f.result
	f.mu.Unlock()
	tx := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch {
	case strings.HasSuffix(tx, ".zip"):
		_, _ = w.Write(archive) // the server may have heard enough
		f.fetched <- struct{}{}
	case r.Method == "GET" && strings.Contains(r.URL.Path, "/identifications/") && result != "":
		_, _ = io.WriteString(w, result)
	case r.Method == "GET" && strings.Contains(r.URL.Path, "/identifications/"):
		fmt.Fprintf(w, `{"identificationprocess":{"result":"SUCCESS","transactionnumber":%q,"identificationtime":"2026-02-25T13:51:20Z","href":"/x.zip"}}`, tx)
	default:
		_, _ = io.WriteString(w, `{"authToken":"t","id":"TST-ABCDE","estimatedWaitingTime":60}`)
	}
}

// identified makes n identifications that the firm has a result of.
func (v *victim) identified(n int) (paths []string, err error) {
	for range n {
		var o struct{ ID string }
		if err := v.client.call(201, "POST", "/v1/persons", v.customer, &o); err != nil {
			return nil, err
		}
		base := "/v1/persons/" + o.ID + "/identifications"
		if err := v.client.call(201, "POST", base, `{"method":"idnow"}`, &o); err != nil {
			return nil, err
		}
		if err := v.client.call(200, "PATCH", base+"/"+o.ID+"/request", "", nil); err != nil {
			return nil, err
		}
		if err := v.client.call(200, "POST", "/inbound/idnow/"+v.secret, `{"identificationprocess":{"transactionnumber":"`+o.ID+`"}}`, nil); err != nil {
			return nil, err
		}
		paths = append(paths, base+"/"+o.ID)
	}
	return paths, nil
}

// bomb is an archive whose files unpack to size zeroes each; a liar among
// bombs says that they are small.
func bomb(size int64, liar bool, names ...string) ([]byte, error) {
	var packed bytes.Buffer
	sum := crc32.NewIEEE()
	d, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.MultiWriter(d, sum), zeroes{}, size); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	said := uint64(size)
	if liar {
		said = 1000
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Deflate, CRC32: sum.Sum32(), CompressedSize64: uint64(packed.Len()), UncompressedSize64: said,
		})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(packed.Bytes()); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return b.Bytes(), err
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }
