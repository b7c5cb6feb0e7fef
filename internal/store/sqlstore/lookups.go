package sqlstore

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// lookers is how many round trips with look-ups may be under way.
	lookers = 2
	// lookTogether is how many look-ups one round trip may carry.
	lookTogether = 32
	// lookTime bounds a round trip; a caller may give up sooner.
	lookTime = 10 * time.Second
)

// lookups sends the look-ups that wait at the same time in one round trip: what
// grouped commits are to SQLite. A single one goes out at once. Each sees what
// was committed when it was sent. It owns its pool.
type lookups struct {
	pool    *pgxpool.Pool
	waiting chan *lookup
	closed  chan struct{}
	done    sync.WaitGroup
	once    sync.Once
}

type lookup struct {
	text   string
	args   []any
	each   func(scan func(dest ...any) error) error
	answer chan error // has room: nobody waits for a caller that gave up
}

func newLookups(pool *pgxpool.Pool) *lookups {
	l := &lookups{pool: pool, waiting: make(chan *lookup), closed: make(chan struct{})}
	for range lookers {
		l.done.Go(l.loop)
	}
	return l
}

func (l *lookups) close() {
	l.once.Do(func() { close(l.closed) })
	l.done.Wait()
	l.pool.Close()
}

// do runs one look-up. When ctx ends before the answer is there, each may still
// be called by and by: what it has gathered must not be touched then.
func (l *lookups) do(ctx context.Context, each func(func(...any) error) error, text string, args []any) error {
	one := &lookup{text: text, args: args, each: each, answer: make(chan error, 1)}
	select {
	case l.waiting <- one:
	case <-l.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-one.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *lookups) loop() {
	for {
		var group []*lookup
		select {
		case one := <-l.waiting:
			group = append(group, one)
		case <-l.closed:
			return
		}
		for more := true; more && len(group) < lookTogether; {
			select {
			case one := <-l.waiting:
				group = append(group, one)
			default:
				more = false
			}
		}
		l.run(group)
	}
}

// run answers a group. If one fails, those behind it fail in the same round
// trip for no fault of theirs: they are run again, each on its own.
func (l *lookups) run(group []*lookup) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	answered, err := l.together(ctx, group)
	if err == nil {
		return
	}
	if answered == 0 && len(group) == 1 {
		group[0].answer <- err
		return
	}
	for _, one := range group[answered:] {
		one.answer <- l.alone(one)
	}
}

func (l *lookups) alone(one *lookup) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	return lookAlone(pgDirect{ctx, l.pool}, one.each, one.text, one.args...)
}

func (l *lookups) together(ctx context.Context, group []*lookup) (answered int, err error) {
	batch := &pgx.Batch{}
	for _, one := range group {
		batch.Queue(one.text, one.args...)
	}
	results := l.pool.SendBatch(ctx, batch)
	defer results.Close() // its error was told to the look-up that met it
	for _, one := range group {
		rs, err := results.Query()
		if err != nil {
			return answered, err
		}
		var mine error
		for mine == nil && rs.Next() {
			mine = one.each(rs.Scan)
		}
		rs.Close()
		if mine == nil {
			mine = rs.Err()
		}
		one.answer <- mine // not run again: it may have handed out rows
		answered++
	}
	return answered, nil
}
