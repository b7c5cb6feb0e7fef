package main

import (
	"context"
	"errors"
)

// journeys is a server with the partner whose customers travel.
type journeys struct {
	*server
	worker *worker
	order  journeysOrder
}

// openJourneys starts both. The server is the sandbox on both databases, as for
// the deliveries, with the provider in it.
func (b *bench) openJourneys(ctx context.Context, i *installation) (j *journeys, err error) {
	i.flags = []string{"--same-evidence"}
	j = &journeys{}
	if j.server, err = i.run(ctx); err != nil {
		return nil, err
	}
	p, err := j.login(ctx)
	if err != nil {
		return nil, err
	}
	j.order = journeysOrder{
		API: j.address, Steering: j.steering, Token: p.token, Customers: b.Connections, Warmup: b.warmup(), Duration: 2 * b.Round,
	}
	j.worker, err = b.shop.worker("journeys")
	return j, err
}

func (j *journeys) run(ctx context.Context) (measurement, error) {
	return ask[measurement](ctx, j.worker, j.order)
}

func (j *journeys) close() error { return errors.Join(j.worker.stop(), j.stop()) }

// measureJourneys compares whole journeys with one-row commits.
func measureJourneys(ctx context.Context, b *bench, database string, r *databaseReport) (err error) {
	r.Journeys, err = b.compareJourneys(ctx, database, "journeys", func(*journeys) {})
	return err
}

// compareJourneys measures journeys of a kind beside one-row commits.
func (b *bench) compareJourneys(ctx context.Context, database, figure string, kind func(*journeys)) (*figureReport, error) {
	i, err := b.install(ctx, database, figure, false)
	if err != nil {
		return nil, err
	}
	j, err := b.openJourneys(ctx, i)
	if err != nil {
		return nil, err
	}
	kind(j)
	commits, err := b.baselineCommits(ctx, database, 0)
	if err != nil {
		return nil, err
	}
	f, err := b.compare(ctx, figure, targets[database][figure], commits.run, j.run)
	if err != nil {
		return nil, err
	}
	return f, errors.Join(commits.worker.stop(), j.close())
}
