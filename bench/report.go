package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
)

// figureNames are what can be measured.
var figureNames = []string{"read", "create", "create_slow_commit", "deliveries", "journeys", "bankident", "start", "growth"}

// report is the JSON report.
type report struct {
	Machine  machine         `json:"machine"`
	Round    float64         `json:"round_seconds"`
	Seconds  float64         `json:"seconds"`
	SQLite   *databaseReport `json:"sqlite,omitempty"`
	Postgres *databaseReport `json:"postgres,omitempty"`
}

// machine says on what the report was made.
type machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

// databaseReport is what was found on one database.
type databaseReport struct {
	Read             *figureReport `json:"read,omitempty"`
	Create           *figureReport `json:"create,omitempty"`
	CreateSlowCommit *figureReport `json:"create_slow_commit,omitempty"`
	Deliveries       *figureReport `json:"deliveries,omitempty"`
	Journeys         *figureReport `json:"journeys,omitempty"`
	Bankident        *figureReport `json:"bankident,omitempty"`
	Memory           *limitReport  `json:"rss_mb,omitempty"`
	Start            *limitReport  `json:"start_ms,omitempty"`
	StoredStart      int           `json:"start_stored,omitempty"`
	Growth           *growthReport `json:"growth,omitempty"`
}

// figureReport is a rate beside its baseline; medians over the rounds.
type figureReport struct {
	Rate     float64       `json:"rate"`
	Baseline float64       `json:"baseline"`
	Ratio    float64       `json:"ratio"`
	Target   float64       `json:"target"`
	Met      bool          `json:"met"`
	P50      float64       `json:"p50_ms"`
	P99      float64       `json:"p99_ms"`
	HalfRate float64       `json:"latency_at_rate,omitempty"` // at which P50 and P99 were taken, if not at the highest
	P99Limit float64       `json:"p99_limit_ms,omitempty"`
	P99Met   bool          `json:"p99_met,omitempty"`
	Rounds   []roundReport `json:"rounds"`
}

// roundReport is one round.
type roundReport struct {
	Rate     float64 `json:"rate"`
	Baseline float64 `json:"baseline"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
}

// limitReport is a value that has an upper limit.
type limitReport struct {
	Value  float64   `json:"value"`
	Limit  float64   `json:"limit"`
	Met    bool      `json:"met"`
	Rounds []float64 `json:"rounds,omitempty"`
}

func (l *limitReport) judge() { l.Met = l.Value <= l.Limit }

func newReport(b *bench) *report {
	return &report{
		Machine: machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), CPUs: runtime.NumCPU()},
		Round:   b.Round.Seconds(),
	}
}

// of is the part of the report for a database.
func (r *report) of(database string) *databaseReport {
	part := &r.SQLite
	if database == onPostgres {
		part = &r.Postgres
	}
	if *part == nil {
		*part = &databaseReport{}
	}
	return *part
}

// parts are the databases that were measured, with their names for people.
func (r *report) parts() (names []string, parts []*databaseReport) {
	for n, part := range []*databaseReport{r.SQLite, r.Postgres} {
		if part != nil {
			names, parts = append(names, []string{"SQLite", "PostgreSQL"}[n]), append(parts, part)
		}
	}
	return names, parts
}

// line is a line of the table for one database.
type line struct{ figure, got, beside, ratio, target, verdict string }

// titles say what the figures are.
var titles = map[string]string{
	"read": "read an identification, per second", "create": "create an identification, per second",
	"create_slow_commit": "the same, 1 ms added to every commit", "deliveries": "notifications delivered, per second",
	"journeys": "whole journeys, per second", "bankident": "whole Bankident journeys, per second",
}

// lines are the table of one database.
func (d *databaseReport) lines() (all []line) {
	figures := []*figureReport{d.Read, d.Create, d.CreateSlowCommit, d.Deliveries, d.Journeys, d.Bankident}
	for n, f := range figures {
		if f == nil {
			continue
		}
		all = append(all, line{
			titles[figureNames[n]], number(f.Rate), number(f.Baseline), number(f.Ratio) + " ×", "≥ " + number(f.Target) + " ×", verdict(f.Met),
		})
	}
	for n, f := range figures {
		if f != nil && f.P99Limit > 0 {
			all = append(all, line{
				figureNames[n] + " at half of that rate: p99", number(f.P99) + " ms", "", "", "≤ " + number(f.P99Limit) + " ms", verdict(f.P99Met),
			})
		}
	}
	limit := func(title, unit string, l *limitReport) {
		if l != nil {
			all = append(all, line{title, number(l.Value) + unit, "", "", "≤ " + number(l.Limit) + unit, verdict(l.Met)})
		}
	}
	limit("resident memory at its highest under that load", " MB", d.Memory)
	limit("start to ready, "+number(float64(d.StoredStart))+" identifications stored", " ms", d.Start)
	if d.Growth != nil {
		for _, l := range d.Growth.Lines {
			last := len(l.P50) - 1
			all = append(all, line{
				fmt.Sprintf("growth of %s: p50 with %s stored, and %s", l.Name, short(d.Growth.Sizes[last]), short(d.Growth.Sizes[0])),
				number(l.P50[last]) + " ms", number(l.P50[0]) + " ms", number(l.Ratio) + " ×", "≤ " + number(l.Target) + " ×", verdict(l.Met),
			})
		}
	}
	return all
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

// number writes three digits that count, and thousands apart.
func number(v float64) string {
	switch {
	case v >= 1000:
		whole := strconv.FormatFloat(v, 'f', 0, 64)
		for n := len(whole) - 3; n > 0; n -= 3 {
			whole = whole[:n] + "," + whole[n:]
		}
		return whole
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// table is for people at a terminal.
func (r *report) table() string {
	var b strings.Builder
	names, parts := r.parts()
	for n, part := range parts {
		fmt.Fprintf(&b, "\n%s\n", names[n])
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, l := range part.lines() {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", l.figure, l.got, l.beside, l.ratio, l.target, l.verdict)
		}
		_ = t.Flush() // into memory
	}
	return b.String()
}

// markdown is the table for docs/performance.md.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d CPUs, %s/%s, %s; medians of rounds of %v s.\n", r.Machine.CPUs, r.Machine.OS, r.Machine.Arch, r.Machine.Go, r.Round)
	names, parts := r.parts()
	for n, part := range parts {
		fmt.Fprintf(&b, "\n| %s | identikit | baseline | ratio | target | |\n|---|---:|---:|---:|---:|---|\n", names[n])
		for _, l := range part.lines() {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", l.figure, l.got, l.beside, l.ratio, l.target, l.verdict)
		}
	}
	return b.String()
}

// The marks of a page between which the table stands.
const (
	tableBegins = "<!-- what follows was written by the bench -->\n"
	tableEnds   = "<!-- what precedes was written by the bench -->\n"
)

// writeTable puts the table into the page, or makes a file of it alone.
func writeTable(file, table string) error {
	page, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	before, rest, begins := strings.Cut(string(page), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if begins && ends {
		table = before + tableBegins + "\n" + table + "\n" + tableEnds + after
	}
	return os.WriteFile(file, []byte(table), 0o644)
}
