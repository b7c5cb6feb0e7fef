package main

import (
	"fmt"
	"runtime"
	"strings"
)

// figureNames are what can be measured.
var figureNames = []string{"read", "create", "create_slow_commit", "deliveries", "journeys"}

// report is the JSON report.
type report struct {
	Machine  machine         `json:"machine"`
	Seconds  float64         `json:"seconds"`
	SQLite   *databaseReport `json:"sqlite,omitempty"`
	Postgres *databaseReport `json:"postgres,omitempty"`
}

// machine says on what the report was made.
type machine struct {
	OS, Arch, Go string
	CPUs         int
}

// databaseReport is what was found on one database.
type databaseReport struct {
	Read             *figureReport `json:"read,omitempty"`
	Create           *figureReport `json:"create,omitempty"`
	CreateSlowCommit *figureReport `json:"create_slow_commit,omitempty"`
	Deliveries       *figureReport `json:"deliveries,omitempty"`
	Journeys         *figureReport `json:"journeys,omitempty"`
	Memory           float64       `json:"rss_mb,omitempty"`
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
	Rounds   []roundReport `json:"rounds"`
}

// roundReport is one round.
type roundReport struct {
	Rate     float64 `json:"rate"`
	Baseline float64 `json:"baseline"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
}

func newReport(*bench) *report {
	return &report{Machine: machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), CPUs: runtime.NumCPU()}}
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

func (r *report) table() string { return r.markdown() }

// markdown is the table for docs/performance.md.
func (r *report) markdown() string {
	var t strings.Builder
	for _, d := range []struct {
		name string
		r    *databaseReport
	}{{"SQLite", r.SQLite}, {"PostgreSQL", r.Postgres}} {
		if d.r == nil {
			continue
		}
		for n, f := range []*figureReport{d.r.Read, d.r.Create, d.r.CreateSlowCommit, d.r.Deliveries, d.r.Journeys} {
			if f != nil {
				fmt.Fprintf(&t, "%s %s %.0f %.0f %.3f (%.3f) p50 %.2f p99 %.2f\n", d.name, figureNames[n], f.Rate, f.Baseline, f.Ratio, f.Target, f.P50, f.P99)
			}
		}
		fmt.Fprintf(&t, "%s rss %.0f MB\n", d.name, d.r.Memory)
	}
	return t.String()
}
