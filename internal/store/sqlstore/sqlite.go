package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"runtime/debug"
	"sync"

	"github.com/identikit/identikit/internal/kyc"
)

// groupSize is how many transactions one commit may carry.
const groupSize = 64

// liteStore is SQLite: one writer that commits in groups, and readers of their
// own connections that see what was committed last (WAL).
type liteStore struct {
	due
	opts    Options
	readers *sql.DB
	stmts   sync.Map // SQL text → *sql.Stmt of readers
	writer  *sql.DB
	conn    *liteConn

	calls  chan *call
	closed chan struct{}
	done   chan struct{}
	once   sync.Once
}

// call is one waiting transaction.
type call struct {
	fn      func(kyc.Tx) error
	addsDue bool
	err     error
	answer  chan error
}

func openSQLite(ctx context.Context, path string, opts Options) (kyc.Store, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite's other files get the same mode
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
	writer, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	writer.SetMaxOpenConns(1)
	c, err := writer.Conn(ctx)
	if err != nil {
		writer.Close()
		return nil, fmt.Errorf("sqlstore: open %s: %w", path, err)
	}
	s := &liteStore{
		opts: opts, writer: writer, conn: &liteConn{conn: c, stmts: map[string]*sql.Stmt{}},
		calls: make(chan *call, groupSize), closed: make(chan struct{}), done: make(chan struct{}),
	}
	if err := s.migrate(); err != nil {
		c.Close()
		writer.Close()
		return nil, err
	}
	s.readers, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		c.Close()
		writer.Close()
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	s.readers.SetMaxOpenConns(8)
	s.readers.SetMaxIdleConns(8)
	go s.write()
	return s, nil
}

func (s *liteStore) migrate() error {
	if err := s.conn.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := migrate(s.conn, sqliteDialect); err != nil {
		return err // closing the connection rolls back
	}
	return s.conn.exec("COMMIT")
}

func (s *liteStore) Close() error {
	s.once.Do(func() { close(s.closed) })
	<-s.done
	s.conn.conn.Close()
	err := s.writer.Close()
	if e := s.readers.Close(); err == nil {
		err = e
	}
	return err
}

func (s *liteStore) View(ctx context.Context, fn func(kyc.View) error) error {
	return fn(view{&liteReader{ctx: ctx, store: s}})
}

func (s *liteStore) Tx(ctx context.Context, fn func(kyc.Tx) error) error {
	var err error
	for try := range tries {
		if try > 0 {
			if e := backoff(ctx, try); e != nil {
				return e
			}
		}
		if err = s.once1(ctx, fn); !lostRace(err) {
			return err
		}
	}
	return conflict(err)
}

// once1 hands the transaction to the writer and waits for its commit. A caller
// that goes away does not stop it: it may be in the middle of a group.
func (s *liteStore) once1(ctx context.Context, fn func(kyc.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{fn: fn, answer: make(chan error, 1)}
	select {
	case s.calls <- c:
	case <-s.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-c.answer:
		return err
	case <-s.done:
		select {
		case err := <-c.answer:
			return err
		default:
			return errClosed
		}
	}
}

// write is the one writer: it takes what waits, runs it and commits once.
func (s *liteStore) write() {
	defer close(s.done)
	for {
		var group []*call
		select {
		case c := <-s.calls:
			group = append(group, c)
		case <-s.closed:
			return
		}
		for len(group) < groupSize && len(s.calls) > 0 {
			group = append(group, <-s.calls)
		}
		s.commit(group)
	}
}

// commit runs the group in one transaction, each in a savepoint of its own, so
// that one that fails hurts nobody.
func (s *liteStore) commit(group []*call) {
	err := s.conn.exec("BEGIN IMMEDIATE")
	for n := 0; busy(err) && n < 3; n++ {
		err = s.conn.exec("BEGIN IMMEDIATE") // each waits for the busy timeout
	}
	if err == nil {
		for _, c := range group {
			s.run(c, len(group) > 1)
		}
		err = s.end(group)
	}
	wake := false
	for _, c := range group {
		wake = wake || (err == nil && c.err == nil && c.addsDue)
		if err != nil {
			c.err = err
		}
		c.answer <- c.err
	}
	if wake {
		s.due.call()
	}
}

// end commits, or rolls everything back if a group of one has failed.
func (s *liteStore) end(group []*call) error {
	if len(group) == 1 && group[0].err != nil {
		return s.conn.exec("ROLLBACK")
	}
	err := s.conn.exec("COMMIT")
	if err != nil {
		if e := s.conn.exec("ROLLBACK"); e != nil {
			err = fmt.Errorf("%w; rolling back: %w", err, e)
		}
	}
	return err
}

func (s *liteStore) run(c *call, grouped bool) {
	if grouped {
		if c.err = s.conn.exec("SAVEPOINT one"); c.err != nil {
			return
		}
	}
	t := &tx{view: view{s.conn}, opts: &s.opts, dialect: &sqliteDialect, now: s.opts.Clock.Now()}
	c.err = guarded(c.fn, t)
	c.addsDue = t.addedWork
	if !grouped {
		return
	}
	if c.err != nil {
		if err := s.conn.exec("ROLLBACK TO one"); err != nil {
			c.err = err
		}
	}
	if err := s.conn.exec("RELEASE one"); err != nil && c.err == nil {
		c.err = err
	}
}

// guarded turns a panic of fn into an error, for the writer must go on.
func guarded(fn func(kyc.Tx) error, t kyc.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqlstore: transaction panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(t)
}

// liteConn is the writer's connection with its prepared statements. It ignores
// the callers' contexts: an interrupt would take the whole group with it.
type liteConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (c *liteConn) forUpdate() string { return sqliteDialect.forUpdate }

func (c *liteConn) stmt(text string) (*sql.Stmt, error) {
	if st, ok := c.stmts[text]; ok {
		return st, nil
	}
	st, err := c.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: prepare: %w", err)
	}
	c.stmts[text] = st
	return st, nil
}

func (c *liteConn) exec(text string, args ...any) error {
	st, err := c.stmt(text)
	if err != nil {
		return err
	}
	_, err = st.Exec(args...)
	return err
}

func (c *liteConn) query(text string, args ...any) (rows, error) {
	st, err := c.stmt(text)
	if err != nil {
		return nil, err
	}
	rs, err := st.Query(args...)
	if err != nil {
		return nil, err
	}
	return liteRows{rs}, nil
}

// liteReader reads on the readers' connections.
type liteReader struct {
	ctx   context.Context
	store *liteStore
}

func (r *liteReader) forUpdate() string         { return "" }
func (r *liteReader) exec(string, ...any) error { return errReadOnly }
func (r *liteReader) query(text string, args ...any) (rows, error) {
	st, ok := r.store.stmts.Load(text)
	if !ok {
		fresh, err := r.store.readers.Prepare(text)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: prepare: %w", err)
		}
		var loaded bool
		if st, loaded = r.store.stmts.LoadOrStore(text, fresh); loaded {
			fresh.Close()
		}
	}
	rs, err := st.(*sql.Stmt).QueryContext(r.ctx, args...)
	if err != nil {
		return nil, err
	}
	return liteRows{rs}, nil
}

// liteRows drops the error of Close, which Err tells as well.
type liteRows struct{ *sql.Rows }

func (r liteRows) Close() { _ = r.Rows.Close() }
