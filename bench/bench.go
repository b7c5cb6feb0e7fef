package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// bench is one run.
type bench struct {
	options
	shop    *workshop
	binary  string
	cluster *cluster
}

// The databases.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
)

// measureAll measures all that the options ask for.
func measureAll(ctx context.Context, o options) (r *report, err error) {
	b := &bench{options: o, binary: o.Binary}
	if b.Round == 0 {
		b.Round = 3 * time.Second
		if o.Quick {
			b.Round = 100 * time.Millisecond
		}
	}
	if b.shop, err = openWorkshop(o.Dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if b.binary == "" {
		say("building the server …")
		if b.binary, err = build(ctx, b.shop, o.Profile != ""); err != nil {
			return nil, err
		}
	}
	if o.Profile != "" {
		return nil, profileAll(ctx, b)
	}
	r = newReport(b)

	for _, database := range []string{onSQLite, onPostgres} {
		if o.Database != "" && o.Database != database {
			continue
		}
		if err := b.openCluster(ctx, database); err != nil {
			return nil, err
		}
		if err := b.measure(ctx, database, r.of(database)); err != nil {
			if ctx.Err() == nil {
				b.shop.tellLogs()
			}
			return nil, fmt.Errorf("%s: %w", database, err)
		}
	}
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}

// close stops and removes all that was made for the run.
func (b *bench) close() (err error) {
	if b.cluster != nil {
		err = b.cluster.close()
	}
	return errors.Join(err, b.shop.close())
}

// openCluster starts PostgreSQL when it is needed.
func (b *bench) openCluster(ctx context.Context, database string) (err error) {
	if database != onPostgres {
		return nil
	}
	if b.Postgres != "" {
		b.cluster = useCluster(b.Postgres)
		return nil
	}
	say("starting PostgreSQL …")
	b.cluster, err = startCluster(ctx, b.shop)
	return err
}

func (b *bench) wants(figure string) bool { return len(b.Only) == 0 || slices.Contains(b.Only, figure) }

// install makes a new installation. serve is for production.
func (b *bench) install(ctx context.Context, database, name string, serve bool) (*installation, error) {
	i := &installation{shop: b.shop, binary: b.binary, data: b.shop.path(database + "-" + name), serve: serve}
	if database == onPostgres {
		var err error
		if i.database, err = b.cluster.database(ctx); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// figure is one measured thing; it writes what it finds into the report.
type figureFunc func(ctx context.Context, b *bench, database string, r *databaseReport) error

// measure measures all figures on one database.
func (b *bench) measure(ctx context.Context, database string, r *databaseReport) error {
	for _, f := range []struct {
		names []string
		long  bool // left out of a quick run that does not ask for it
		do    figureFunc
	}{
		{[]string{"read", "create"}, false, measureReadAndCreate},
		{[]string{"create_slow_commit"}, false, measureSlowCommit},
		{[]string{"deliveries"}, false, measureDeliveries},
		{[]string{"journeys"}, false, measureJourneys},
		{[]string{"bankident"}, false, measureBankident},
		{[]string{"start"}, true, measureStart},
		{[]string{"growth"}, true, measureGrowth},
	} {
		if !slices.ContainsFunc(f.names, b.wants) || f.long && b.Quick && len(b.Only) == 0 {
			continue
		}
		if err := f.do(ctx, b, database, r); err != nil {
			return fmt.Errorf("%v: %w", f.names, err)
		}
	}
	return nil
}

// side is one of the two that are compared: it runs a round.
type side func(ctx context.Context) (measurement, error)

// compare lets baseline and figure run in turn, so that what else the machine
// does meets both alike, and keeps the medians.
func (b *bench) compare(ctx context.Context, name string, target float64, baseline, figure side) (*figureReport, error) {
	f := &figureReport{Target: target}
	var rates, baselines, p50, p99 []float64
	for n := range b.Rounds {
		base, err := baseline(ctx)
		if err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
		got, err := figure(ctx)
		if err != nil {
			return nil, err
		}
		rates, baselines = append(rates, got.rate()), append(baselines, base.rate())
		p50, p99 = append(p50, got.P50ms), append(p99, got.P99ms)
		f.Rounds = append(f.Rounds, roundReport{Rate: got.rate(), Baseline: base.rate(), P50: got.P50ms, P99: got.P99ms})
		say("  %s %d/%d: %.0f/s beside %.0f/s (%.3f)", name, n+1, b.Rounds, got.rate(), base.rate(), got.rate()/base.rate())
	}
	f.Rate, f.Baseline, f.P50, f.P99 = median(rates), median(baselines), median(p50), median(p99)
	if f.Baseline > 0 {
		f.Ratio = f.Rate / f.Baseline
	}
	f.Met = f.Ratio >= target
	return f, nil
}
