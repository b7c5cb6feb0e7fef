package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// targets are the least ratios.
var targets = map[string]map[string]float64{
	onSQLite:   {"read": 0.60, "create": 0.45, "create_slow_commit": 5, "deliveries": 0.15, "journeys": 0.005, "bankident": 0.002},
	onPostgres: {"read": 0.40, "create": 0.30, "deliveries": 0.10, "journeys": 0.003, "bankident": 0.001},
}

// limits are the most that a server may take: milliseconds at half of the
// highest rate, and megabytes at its fullest.
var limits = map[string]struct{ p99, memory float64 }{
	onSQLite: {p99: 10, memory: 80}, onPostgres: {p99: 15, memory: 60},
}

// warmup is the part of a round's length that runs before it uncounted.
func (b *bench) warmup() time.Duration { return b.Round / 5 }

// stand is a server under load, with what is stored in it.
type stand struct {
	*server
	bench   *bench
	partner *partner
	stock   *stock
	store   kyc.Store
	load    *worker
}

// openStand starts a server on a new installation and fills it.
func (b *bench) openStand(ctx context.Context, i *installation, identifications int) (*stand, error) {
	s := &stand{bench: b}
	var err error
	if s.server, err = i.run(ctx); err != nil {
		return nil, err
	}
	if s.partner, err = s.login(ctx); err != nil {
		return nil, err
	}
	if s.load, err = b.shop.worker("load"); err != nil {
		return nil, err
	}
	if s.store, err = i.store(ctx); err != nil {
		return nil, err
	}
	master, err := i.master()
	if err != nil {
		return nil, err
	}
	if s.stock, err = newStock(ctx, s.store, master, s.partner); err != nil {
		return nil, err
	}
	if err := s.stock.fill(ctx, s.store, identifications); err != nil {
		return nil, err
	}
	return s, s.stock.subscribe(ctx, s.store, master)
}

// close stops the server and its client.
func (s *stand) close() error {
	return errors.Join(s.load.stop(), s.store.Close(), s.server.stop())
}

// reads orders to read identifications at random.
func (s *stand) reads() loadOrder {
	return loadOrder{
		Address: s.address, Conns: s.bench.Connections, Warmup: s.bench.warmup(), Duration: s.bench.Round,
		Method: "GET", Token: s.partner.token, Paths: s.stock.paths.kept, Status: 200, Contains: "{id}",
	}
}

// creates orders new identifications of random persons.
func (s *stand) creates() loadOrder {
	paths := make([]string, len(s.stock.persons.kept))
	for n, p := range s.stock.persons.kept {
		paths[n] = identificationsPath(p)
	}
	return loadOrder{
		Address: s.address, Conns: s.bench.Connections, Warmup: s.bench.warmup(), Duration: s.bench.Round,
		Method: "POST", Token: s.partner.token, Paths: paths, Body: newIdentification, Status: 201, Contains: `"status":"created"`,
	}
}

// run makes a side of an order.
func (s *stand) side(o loadOrder) side {
	return func(ctx context.Context) (measurement, error) { return ask[measurement](ctx, s.load, o) }
}

// measureReadAndCreate measures both on one server, as one meets them.
func measureReadAndCreate(ctx context.Context, b *bench, database string, r *databaseReport) error {
	say("%s: filling in %d identifications …", database, b.Stored)
	i, err := b.install(ctx, database, "api", database == onPostgres)
	if err != nil {
		return err
	}
	s, err := b.openStand(ctx, i, b.Stored)
	if err != nil {
		return err
	}
	if b.wants("read") {
		if r.Read, err = s.measureRead(ctx, targets[database]["read"]); err != nil {
			return err
		}
	}
	if b.wants("create") {
		if r.Create, err = s.measureCreate(ctx, database, targets[database]["create"], 0); err != nil {
			return err
		}
	}
	if err := s.atHalfRate(ctx, r); err != nil {
		return err
	}
	_, highest, err := resident(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	r.Memory = &limitReport{Value: highest, Limit: limits[database].memory}
	r.Memory.judge()
	return s.close()
}

// measureRead compares reads with a bare handler that writes the same bytes.
func (s *stand) measureRead(ctx context.Context, target float64) (*figureReport, error) {
	a, err := s.partner.call(ctx, 200, "GET", s.stock.paths.kept[0], "", nil)
	if err != nil {
		return nil, err
	}
	bare, err := s.bench.shop.worker("baseline-http")
	if err != nil {
		return nil, err
	}
	order := bareOrder{Body: string(a.body), Header: map[string]string{}}
	for _, name := range []string{"Content-Type", "X-Request-Id"} {
		order.Header[name] = a.header.Get(name)
	}
	o := s.reads()
	if o.Address, err = ask[string](ctx, bare, order); err != nil {
		return nil, err
	}
	o.Contains = path.Base(s.stock.paths.kept[0])
	f, err := s.bench.compare(ctx, "read", target, s.side(o), s.side(s.reads()))
	if err != nil {
		return nil, err
	}
	return f, bare.stop()
}

// measureCreate compares new identifications with one-row commits.
func (s *stand) measureCreate(ctx context.Context, database string, target float64, delay time.Duration) (*figureReport, error) {
	commits, err := s.bench.baselineCommits(ctx, database, delay)
	if err != nil {
		return nil, err
	}
	name := "create"
	if delay > 0 {
		name += fmt.Sprintf(" with %v a commit", delay)
	}
	f, err := s.bench.compare(ctx, name, target, commits.run, s.side(s.creates()))
	if err != nil {
		return nil, err
	}
	return f, commits.worker.stop()
}

// commits is the baseline of one-row commits.
type commits struct {
	worker *worker
	order  commitsOrder
}

// baselineCommits makes the baseline with a database of its own.
func (b *bench) baselineCommits(ctx context.Context, database string, delay time.Duration) (c *commits, err error) {
	c = &commits{order: commitsOrder{Writers: b.Connections, Delay: delay, Warmup: b.warmup(), Duration: b.Round}}
	if database == onPostgres {
		c.order.Database, err = b.cluster.database(ctx)
	} else {
		c.order.Database = b.shop.path(fmt.Sprintf("commits-%v.db", time.Now().UnixNano()))
	}
	if err == nil {
		c.worker, err = b.shop.worker("baseline-commits")
	}
	return c, err
}

func (c *commits) run(ctx context.Context) (measurement, error) {
	return ask[measurement](ctx, c.worker, c.order)
}

// atHalfRate measures how long answers take at half of the highest rate, which
// says more to a user than how long they take when the machine is full.
func (s *stand) atHalfRate(ctx context.Context, r *databaseReport) error {
	for _, x := range []struct {
		name   string
		figure *figureReport
		order  loadOrder
	}{{"read", r.Read, s.reads()}, {"create", r.Create, s.creates()}} {
		if x.figure == nil {
			continue
		}
		x.order.Rate = x.figure.Rate / 2
		if s.bench.Quick {
			x.order.Duration *= 3
		}
		m, err := s.side(x.order)(ctx)
		if err != nil {
			return err
		}
		x.figure.P50, x.figure.P99, x.figure.HalfRate = m.P50ms, m.P99ms, m.rate()
		x.figure.P99Limit = limits[s.kind()].p99
		x.figure.P99Met = m.P99ms <= x.figure.P99Limit
		say("  %s at %.0f/s: p50 %.2f ms, p99 %.2f ms", x.name, m.rate(), m.P50ms, m.P99ms)
	}
	return nil
}

// commitDelay is what an honest disk adds to a commit.
const commitDelay = time.Millisecond

// measureSlowCommit measures what group commit is worth: SQLite only, since
// PostgreSQL groups by itself.
func measureSlowCommit(ctx context.Context, b *bench, database string, r *databaseReport) error {
	if database != onSQLite {
		return nil
	}
	i, err := b.install(ctx, database, "slow", false)
	if err != nil {
		return err
	}
	i.flags = []string{"--commit-delay", commitDelay.String()}
	s, err := b.openStand(ctx, i, perTx)
	if err != nil {
		return err
	}
	if r.CreateSlowCommit, err = s.measureCreate(ctx, database, targets[database]["create_slow_commit"], commitDelay); err != nil {
		return err
	}
	return s.close()
}
