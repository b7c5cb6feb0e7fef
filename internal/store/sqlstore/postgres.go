package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/identikit/identikit/internal/kyc"
)

// poolSize is the number of connections that does best on few cores, unless the
// URL says another with pool_max_conns.
const poolSize = 16

// pgStore is PostgreSQL: read committed, and the writes of a transaction go out
// together with its COMMIT in one round trip.
type pgStore struct {
	due
	opts Options
	pool *pgxpool.Pool
	look *lookups
}

func openPostgres(ctx context.Context, url string, opts Options) (kyc.Store, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("sqlstore: the database URL is not valid: expected postgres://user:password@host:port/name")
	}
	if !strings.Contains(url, "pool_max_conns") {
		cfg.MaxConns = poolSize
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	s := &pgStore{opts: opts, pool: pool}
	if err := s.migrate(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("sqlstore: open the database: %w", err)
	}
	// Look-ups have connections of their own: they are quick, and must not queue
	// behind transactions that wait for the disk.
	cfg = cfg.Copy()
	cfg.MaxConns, cfg.MinConns = lookers, 0
	quick, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	s.look = newLookups(quick)
	return s, nil
}

// migrationLock keeps two starting servers from migrating at once.
const migrationLock = 7205759403792793600

func (s *pgStore) migrate(ctx context.Context) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
			return err
		}
		return migrate(pgDirect{ctx, t}, postgresDialect)
	})
}

func (s *pgStore) Close() error {
	s.look.close()
	s.pool.Close()
	return nil
}

func (s *pgStore) View(ctx context.Context, fn func(kyc.View) error) error {
	return fn(view{pgReader{pgDirect{ctx, s.pool}, s.look}})
}

func (s *pgStore) Tx(ctx context.Context, fn func(kyc.Tx) error) error {
	var err error
	for try := range tries {
		if try > 0 {
			if e := backoff(ctx, try); e != nil {
				return e
			}
		}
		var added []kyc.JobKind
		if added, err = s.once(ctx, fn); err == nil {
			s.due.call(added)
		}
		if !lostRace(err) {
			return err
		}
	}
	return conflict(err)
}

func (s *pgStore) once(ctx context.Context, fn func(kyc.Tx) error) (added []kyc.JobKind, err error) {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	defer c.Release()
	p := &pgPipe{ctx: ctx, conn: c.Conn(), batch: &pgx.Batch{}}
	t := &tx{view: view{p}, opts: &s.opts, dialect: &postgresDialect, now: s.opts.Clock.Now()}
	if err := guarded(fn, t); err != nil {
		return nil, p.rollback(err)
	}
	if err := p.commit(); err != nil {
		return nil, p.rollback(err)
	}
	return t.added, nil
}

// pgPipe is a transaction that saves round trips: writes wait in a batch, BEGIN
// goes out with the first of them and COMMIT with the last.
type pgPipe struct {
	ctx   context.Context
	conn  *pgx.Conn
	batch *pgx.Batch
	begun bool

	written bool
}

func (p *pgPipe) forUpdate() string { return postgresDialect.forUpdate }
func (p *pgPipe) forShare() string  { return postgresDialect.forShare }
func (p *pgPipe) wrote() bool       { return p.written }

func (p *pgPipe) begin() {
	if !p.begun {
		p.batch.Queue("BEGIN")
		p.begun = true
	}
}

func (p *pgPipe) exec(text string, args ...any) error {
	p.begin()
	p.written = true
	p.batch.Queue(text, args...)
	return nil
}

func (p *pgPipe) query(text string, args ...any) (rows, error) {
	p.begin()
	p.batch.Queue(text, args...)
	results := p.send()
	rs, err := results.last()
	if err != nil {
		return nil, err
	}
	return pgRows{rs, results}, nil
}

func (p *pgPipe) look(each func(func(...any) error) error, text string, args ...any) error {
	return lookAlone(p, each, text, args...)
}

func (p *pgPipe) commit() error {
	if !p.begun {
		return nil
	}
	p.batch.Queue("COMMIT")
	r := p.send()
	rs, err := r.last()
	if err != nil {
		return err
	}
	rs.Close()
	if tag := rs.CommandTag().String(); rs.Err() == nil && tag != "COMMIT" {
		return errors.Join(fmt.Errorf("sqlstore: the transaction ended with %s", tag), r.Close())
	}
	return errors.Join(rs.Err(), r.Close())
}

// rollback undoes what was begun and returns the reason.
func (p *pgPipe) rollback(reason error) error {
	if !p.begun || p.conn.IsClosed() {
		return reason
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), rollbackTime)
	defer cancel()
	if p.conn.PgConn().TxStatus() == 'I' {
		return reason
	}
	if _, err := p.conn.Exec(ctx, "ROLLBACK"); err != nil {
		return errors.Join(reason, p.conn.Close(ctx))
	}
	return reason
}

func (p *pgPipe) send() *pgResults {
	n := p.batch.Len()
	r := &pgResults{BatchResults: p.conn.SendBatch(p.ctx, p.batch), waiting: n}
	p.batch = &pgx.Batch{}
	return r
}

// pgResults walks the answers to a batch.
type pgResults struct {
	pgx.BatchResults
	waiting int
}

// last checks all answers but the last one and returns that.
func (r *pgResults) last() (pgx.Rows, error) {
	for ; r.waiting > 1; r.waiting-- {
		if _, err := r.Exec(); err != nil {
			return nil, errors.Join(err, ignoreSame(err, r.Close()))
		}
	}
	rs, err := r.Query()
	if err != nil {
		rs.Close()
		return nil, errors.Join(err, ignoreSame(err, r.Close()))
	}
	return rs, nil
}

// ignoreSame drops the second telling of the same trouble.
func ignoreSame(first, second error) error {
	if second != nil && first.Error() == second.Error() {
		return nil
	}
	return second
}

// pgRows closes the batch with its rows.
type pgRows struct {
	pgx.Rows
	results *pgResults
}

func (r pgRows) Close() {
	r.Rows.Close()
	_ = r.results.Close() // its error is that of Rows.Err
}

// pgDirect reads and writes at once: for migrations, and for what is not looked
// up together with others.
type pgDirect struct {
	ctx context.Context
	on  interface {
		Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	}
}

func (d pgDirect) forUpdate() string { return "" }
func (d pgDirect) forShare() string  { return "" }
func (d pgDirect) wrote() bool       { return true }

func (d pgDirect) exec(text string, args ...any) error {
	rs, err := d.on.Query(d.ctx, text, args...)
	if err != nil {
		return err
	}
	rs.Close()
	return rs.Err()
}

func (d pgDirect) query(text string, args ...any) (rows, error) {
	rs, err := d.on.Query(d.ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return rs, nil
}

func (d pgDirect) look(each func(func(...any) error) error, text string, args ...any) error {
	return lookAlone(d, each, text, args...)
}

// pgReader is a view: look-ups go out together with those of others.
type pgReader struct {
	pgDirect
	together *lookups
}

func (r pgReader) exec(string, ...any) error { return errReadOnly }

func (r pgReader) look(each func(func(...any) error) error, text string, args ...any) error {
	return r.together.do(r.ctx, each, text, args)
}
