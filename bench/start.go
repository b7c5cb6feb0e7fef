package main

import (
	"context"
	"time"
)

// measureStart measures how long a server takes from its start until it is ready.
func measureStart(ctx context.Context, b *bench, database string, r *databaseReport) error {
	i, err := b.install(ctx, database, "start", database == onPostgres)
	if err != nil {
		return err
	}
	say("%s: filling in %d identifications …", database, b.StoredStart)
	s, err := b.openStand(ctx, i, b.StoredStart)
	if err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	var took []float64
	for range b.Rounds {
		s, err := i.run(ctx)
		if err != nil {
			return err
		}
		if err := s.stop(); err != nil {
			return err
		}
		took = append(took, ms(s.started))
	}
	r.Start = &limitReport{Value: median(took), Limit: ms(500 * time.Millisecond), Rounds: took}
	r.Start.judge()
	r.StoredStart = b.StoredStart
	say("  ready after %.0f ms", r.Start.Value)
	return nil
}
