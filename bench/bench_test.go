package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's program be the bench's workers too.
func TestMain(m *testing.M) {
	if name := os.Getenv(workerEnv); name != "" {
		if err := run(context.Background(), []string{"worker", name}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestWholeBench runs everything once, with rounds too short to say anything.
func TestWholeBench(t *testing.T) {
	server := os.Getenv("IDENTIKIT_TEST_POSTGRES")
	if server == "" {
		t.Fatal("IDENTIKIT_TEST_POSTGRES is not set: run the tests with `make test`, which starts a PostgreSQL")
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	page := "# A page\n" + tableBegins + "old table\n" + tableEnds + "\nThe end.\n"
	if err := os.WriteFile(file("table.md"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{
		"--postgres", server, "--dir", dir, "--out", file("report.json"), "--markdown", file("table.md"), "--plot", file("growth.svg"),
		"--rounds", "1", "--round", "40ms", "--stored", "200", "--stored-start", "200", "--sizes", "30,60,90", "--connections", "4",
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file("report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ SQLite, Postgres map[string]json.RawMessage }
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	checkFigures(t, "sqlite", got.SQLite, "read", "create", "create_slow_commit", "deliveries", "journeys", "bankident")
	checkFigures(t, "postgres", got.Postgres, "read", "create", "deliveries", "journeys", "bankident")
	table, err := os.ReadFile(file("table.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| SQLite |", "| PostgreSQL |", "| whole journeys, per second |", "growth of list_partner"} {
		if !bytes.Contains(table, []byte(want)) {
			t.Errorf("the table has no %q:\n%s", want, table)
		}
	}
	if !bytes.HasPrefix(table, []byte("# A page\n")) || !bytes.HasSuffix(table, []byte("\nThe end.\n")) || bytes.Contains(table, []byte("old table")) {
		t.Errorf("the page around the table:\n%s", table)
	}
	if left, err := filepath.Glob(file("identikit-bench-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	wellFormed(t, file("growth.svg"))
}

// checkFigures looks at the keys that others read.
func checkFigures(t *testing.T, database string, part map[string]json.RawMessage, names ...string) {
	t.Helper()
	for _, name := range names {
		var f struct {
			Rate, Baseline, Ratio float64
			P50                   float64 `json:"p50_ms"`
			P99                   float64 `json:"p99_ms"`
		}
		if err := json.Unmarshal(part[name], &f); err != nil {
			t.Errorf("%s %s: %v", database, name, err)
		}
		if f.Rate <= 0 || f.Baseline <= 0 || math.Abs(f.Ratio-f.Rate/f.Baseline) > 1e-9 || f.P50 <= 0 || f.P99 < f.P50 {
			t.Errorf("%s %s: %+v", database, name, f)
		}
	}
	for _, name := range []string{"rss_mb", "start_ms"} {
		var l struct{ Value float64 }
		if err := json.Unmarshal(part[name], &l); err != nil || l.Value <= 0 {
			t.Errorf("%s %s: %+v %v", database, name, l, err)
		}
	}
}

func wellFormed(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

// TestLoadRefuses any answer but the one that is expected.
func TestLoadRefuses(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprint(w, `{"id":"good"}`)
	}))
	defer srv.Close()
	order := loadOrder{
		Address: strings.TrimPrefix(srv.URL, "http://"), Conns: 2, Duration: 50 * time.Millisecond,
		Method: "GET", Paths: []string{"/good"}, Status: 200, Contains: "{id}",
	}
	m, err := load(t.Context(), order)
	if err != nil || m.Count == 0 || m.P50ms <= 0 {
		t.Fatalf("%+v %v", m, err)
	}
	order.Rate = 200
	if m, err := load(t.Context(), order); err != nil || m.Count != 10 {
		t.Errorf("at a fixed rate: %+v %v, want 10 requests", m, err)
	}
	order.Paths = []string{"/bad"}
	if _, err := load(t.Context(), order); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("another status: %v", err)
	}
	order.Paths = []string{"/other"}
	if _, err := load(t.Context(), order); err == nil || !strings.Contains(err.Error(), `no "other"`) {
		t.Errorf("another body: %v", err)
	}
}

// TestReceiverCounts each genuine notification once.
func TestReceiverCounts(t *testing.T) {
	r := &receiver{hooks: map[string]*hook{}}
	post := func(id, signature string) int {
		req := httptest.NewRequest("POST", "/hook", strings.NewReader("body"))
		req.Header.Set("Solaris-Webhook-Id", id)
		req.Header.Set("Solaris-Webhook-Signature", signature)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w.Code
	}
	if code := post("callout", ""); code != 200 {
		t.Errorf("a callout before the secret is known: %d", code)
	}
	if _, err := r.order(t.Context(), receiverOrder{Hook: "/hook", Secret: "secret"}); err != nil {
		t.Fatal(err)
	}
	good := sign([]byte("secret"), []byte("body"))
	for _, c := range []struct {
		id, signature string
		want          int
	}{{"a", good, 200}, {"b", good, 200}, {"a", good, 200}, {"c", sign([]byte("other"), []byte("body")), 401}} {
		if code := post(c.id, c.signature); code != c.want {
			t.Errorf("%s: %d, want %d", c.id, code, c.want)
		}
	}
	got, err := r.order(t.Context(), receiverOrder{Hook: "/hook", Await: 2})
	if err != nil || got.Distinct != 2 || got.Repeated != 1 || got.Forged != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestPercentiles(t *testing.T) {
	var took []time.Duration
	for n := 100; n > 0; n-- {
		took = append(took, time.Duration(n)*time.Millisecond)
	}
	m := measure(took, 2*time.Second)
	if m.P50ms != 50 || m.P99ms != 99 || m.MaxMs != 100 || m.rate() != 50 {
		t.Errorf("%+v", m)
	}
	if one := measure([]time.Duration{time.Millisecond}, time.Second); one.P50ms != 1 || one.P99ms != 1 {
		t.Errorf("of one: %+v", one)
	}
	if none := measure(nil, 0); none.rate() != 0 || none.P99ms != 0 {
		t.Errorf("of none: %+v", none)
	}
	for want, values := range map[float64][]float64{0: nil, 3: {9, 1, 3}, 2.5: {4, 1, 2, 3}} {
		before := slices.Clone(values)
		if got := median(values); got != want || !slices.Equal(before, values) {
			t.Errorf("median of %v: %v", values, got)
		}
	}
}

func TestSampleKeepsAllAlike(t *testing.T) {
	var s sample
	for n := range 3 * sampleSize {
		s.add(fmt.Sprint(n))
	}
	late := 0
	for _, kept := range s.kept {
		var n int
		if _, err := fmt.Sscan(kept, &n); err != nil {
			t.Fatal(err)
		}
		if n >= 2*sampleSize {
			late++
		}
	}
	// A third, give or take ten times the standard deviation.
	if len(s.kept) != sampleSize || late < sampleSize/3-700 || late > sampleSize/3+700 {
		t.Errorf("%d kept, %d of the last third", len(s.kept), late)
	}
}

func TestPlotScales(t *testing.T) {
	x := scale(3, 6, 100, 400)
	for v, want := range map[float64]float64{3: 100, 4: 200, 6: 400} {
		if got := x(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("scale(%v) = %v, want %v", v, got, want)
		}
	}
	if got := scale(3, 3, 100, 400)(3); got != 250 {
		t.Errorf("a single value: %v", got)
	}
	for _, c := range []struct {
		lowest, highest float64
		want            []float64
	}{
		{0.3, 0.9, []float64{0.2, 0.5, 1}}, {1, 1, []float64{1, 2}}, {3, 40, []float64{2, 5, 10, 20, 50}}, {0, 0.001, []float64{0.001, 0.002}},
	} {
		got := decades(c.lowest, c.highest)
		same := func(a, b float64) int {
			if math.Abs(a-b) < 1e-9 {
				return 0
			}
			return 1
		}
		if slices.CompareFunc(got, c.want, same) != 0 {
			t.Errorf("decades(%v, %v) = %v, want %v", c.lowest, c.highest, got, c.want)
		}
	}
	labels := []float64{100, 100, 103, 200}
	spread(labels, 16)
	sorted := slices.Sorted(slices.Values(labels))
	for n := range len(sorted) - 1 {
		if sorted[n+1]-sorted[n] < 15.9 {
			t.Errorf("labels cover each other: %v", labels)
		}
	}
	for n, want := range map[int]string{50: "50", 1000: "1k", 100_000: "100k", 1_000_000: "1M"} {
		if got := short(n); got != want {
			t.Errorf("short(%d) = %s", n, got)
		}
	}
}

// FuzzReadAnswer: nothing that a server sends makes the client fail in another
// way than by an error, and what the standard library reads, it reads alike.
func FuzzReadAnswer(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x=y\r\n yo\r\n0\r\nTrailer: x\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\nno length",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		status, body, err := readAnswer(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil {
			return
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil {
			return // stricter than we need to be
		}
		defer resp.Body.Close()
		want, err := io.ReadAll(resp.Body)
		if err != nil {
			return
		}
		if status != resp.StatusCode || (resp.ContentLength >= 0 || slices.Equal(resp.TransferEncoding, []string{"chunked"})) && !bytes.Equal(body, want) {
			t.Errorf("read %d %q, the standard library %d %q", status, body, resp.StatusCode, want)
		}
	})
}
