package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// growthConns is how many clients ask while the growth is measured.
const growthConns = 8

// growthNames are the requests whose growth is measured.
var growthNames = []string{"read", "list_person", "list_partner", "create"}

// growthReport is how the times grow with what is stored.
type growthReport struct {
	Sizes []int         `json:"sizes"`
	Fill  []float64     `json:"fill_seconds"`
	Lines []*growthLine `json:"requests"`
	Conns int           `json:"connections"`
}

// growthLine is one request's growth.
type growthLine struct {
	Name   string      `json:"name"`
	Rate   float64     `json:"rate"` // half of the highest with the least stored; the same at every size
	P50    []float64   `json:"p50_ms"`
	P99    []float64   `json:"p99_ms"`
	Rounds [][]float64 `json:"p50_ms_rounds"`
	Ratio  float64     `json:"ratio"` // of the last P50 to the first
	Target float64     `json:"target"`
	Met    bool        `json:"met"`
}

// mostGrowth is how much longer an answer may take with the most stored.
const mostGrowth = 1.5

// measureGrowth asks the same of a database that grows a thousandfold.
func measureGrowth(ctx context.Context, b *bench, database string, r *databaseReport) error {
	i, err := b.install(ctx, database, "growth", database == onPostgres)
	if err != nil {
		return err
	}
	s, err := b.openStand(ctx, i, 0)
	if err != nil {
		return err
	}
	g := &growthReport{Conns: growthConns}
	for _, name := range growthNames {
		g.Lines = append(g.Lines, &growthLine{Name: name, Target: mostGrowth})
	}
	if err := s.stock.fill(ctx, s.store, 1); err != nil {
		return err
	}
	s.stock.holder, s.stock.held = s.stock.persons.kept[0], 1
	for _, size := range b.Sizes {
		from := time.Now()
		if err := s.stock.fill(ctx, s.store, size-s.stock.stored); err != nil {
			return err
		}
		took := time.Since(from).Seconds()
		g.Sizes, g.Fill = append(g.Sizes, size), append(g.Fill, took)
		say("%s: %d identifications, filled in within %.1f s", database, size, took)
		if err := s.growAll(ctx, g); err != nil {
			return fmt.Errorf("with %d stored: %w", size, err)
		}
	}
	for _, l := range g.Lines {
		if first := l.P50[0]; first > 0 {
			l.Ratio = l.P50[len(l.P50)-1] / first
		}
		l.Met = l.Ratio <= mostGrowth
	}
	r.Growth = g
	return s.close()
}

// growAll measures all requests at one size.
func (s *stand) growAll(ctx context.Context, g *growthReport) (err error) {
	if err := s.settle(ctx); err != nil {
		return err
	}
	if s.partner, err = s.login(ctx); err != nil { // a token is good for an hour
		return err
	}
	for n, o := range s.growthOrders() {
		if err := s.grow(ctx, g.Lines[n], o); err != nil {
			return fmt.Errorf("%s: %w", g.Lines[n].Name, err)
		}
	}
	return nil
}

// growthOrders are the requests in the order of growthNames.
func (s *stand) growthOrders() []loadOrder {
	list := s.reads()
	list.Contains = `"id":"`
	person, wide := list, list
	person.Paths, wide.Paths = []string{identificationsPath(s.stock.holder)}, []string{"/v1/identifications"}
	return []loadOrder{s.reads(), person, wide, s.creates()}
}

// grow measures one request at one size.
func (s *stand) grow(ctx context.Context, l *growthLine, o loadOrder) error {
	o.Conns = growthConns
	o.Duration /= 2
	if l.Rate == 0 {
		var rates []float64
		for range s.bench.Rounds {
			m, err := s.side(o)(ctx)
			if err != nil {
				return err
			}
			rates = append(rates, m.rate())
		}
		l.Rate = median(rates) / 2
	}
	o.Rate = l.Rate
	var p50, p99 []float64
	for range s.bench.Rounds {
		m, err := s.side(o)(ctx)
		if err != nil {
			return err
		}
		p50, p99 = append(p50, m.P50ms), append(p99, m.P99ms)
	}
	l.P50, l.P99, l.Rounds = append(l.P50, median(p50)), append(l.P99, median(p99)), append(l.Rounds, p50)
	say("  %s at %.0f/s: p50 %.2f ms, p99 %.2f ms", l.Name, l.Rate, median(p50), median(p99))
	return nil
}

// analyzeTime is how long PostgreSQL may take to look at what was filled in.
const analyzeTime = 3 * time.Minute

// settle waits until PostgreSQL has, of its own accord, counted what was filled
// in: a database that has grown over the years has been counted too. It does so
// once a minute; a table of a few hundred rows is not worth the waiting.
func (s *stand) settle(ctx context.Context) (err error) {
	if s.database == "" {
		return nil
	}
	db, err := s.sql()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	deadline := time.After(analyzeTime)
	for {
		var uncounted int
		err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_user_tables
			WHERE relname IN ('identifications', 'history', 'persons') AND n_live_tup >= 500
				AND n_mod_since_analyze > 50 + 0.1 * n_live_tup`).Scan(&uncounted)
		if err != nil || uncounted == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			say("  PostgreSQL has not analyzed its tables within %v; going on without", analyzeTime)
			return nil
		case <-time.After(time.Second):
		}
	}
}
