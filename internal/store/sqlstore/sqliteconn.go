package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
)

// busyTime is how long a statement waits while another process has the lock.
const busyTime = 10 * time.Second

// liteConn is one connection with its prepared statements, for one goroutine at
// a time. It knows no caller's context: an interrupt of the writer would take a
// whole group with it.
type liteConn struct {
	conn  *sqlite.Conn
	stmts map[string]*sqlite.Stmt
}

// openLite opens the file with the pragmas set.
func openLite(path string, pragmas ...string) (*liteConn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open %s: %w", path, err)
	}
	conn.SetBusyTimeout(busyTime)
	c := &liteConn{conn: conn, stmts: map[string]*sqlite.Stmt{}}
	for _, pragma := range pragmas {
		if err := c.exec("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(fmt.Errorf("sqlstore: open %s: %w", path, err), c.close())
		}
	}
	return c, nil
}

func (c *liteConn) close() error { return c.conn.Close() }

// forget gives back the memory of statements that will hardly be said again.
func (c *liteConn) forget() (err error) {
	for _, st := range c.stmts {
		err = errors.Join(err, st.Finalize())
	}
	clear(c.stmts)
	return err
}

func (c *liteConn) forUpdate() string { return sqliteDialect.forUpdate }
func (c *liteConn) forShare() string  { return sqliteDialect.forShare }
func (c *liteConn) wrote() bool       { return true }

// forSQLite says a text in SQLite's way. "$1" is counted by its first appearance
// there and "?1" by its number, which is what we mean. And a bare parameter
// after LIMIT is looked into by the planner, which then makes a new plan for
// each execution; it does not look into a sum.
var forSQLite = strings.NewReplacer("LIMIT $", "LIMIT 0 + ?", "$", "?")

// stmt prepares a text once and binds its arguments.
func (c *liteConn) stmt(text string, args []any) (*sqlite.Stmt, error) {
	st, ok := c.stmts[text]
	if !ok {
		var err error
		if st, err = c.conn.Prepare(forSQLite.Replace(text)); err != nil {
			return nil, fmt.Errorf("sqlstore: %w", err)
		}
		c.stmts[text] = st
	}
	if st.BindParamCount() != len(args) {
		return nil, fmt.Errorf("sqlstore: %d arguments for %q", len(args), text)
	}
	for i, arg := range args {
		if err := bind(st, i+1, arg); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// bind knows the types that this package stores.
func bind(st *sqlite.Stmt, n int, arg any) error {
	switch v := arg.(type) {
	case nil:
		st.BindNull(n)
	case string:
		st.BindText(n, v)
	case int64:
		st.BindInt64(n, v)
	case int:
		st.BindInt64(n, int64(v))
	case bool:
		st.BindBool(n, v)
	case []byte:
		if v == nil {
			st.BindNull(n)
		} else {
			st.BindBytes(n, v)
		}
	default:
		return fmt.Errorf("sqlstore: argument %d is a %T", n, arg)
	}
	return nil
}

func (c *liteConn) exec(text string, args ...any) error {
	rs, err := c.query(text, args...)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
	}
	return rs.Err()
}

func (c *liteConn) query(text string, args ...any) (rows, error) {
	st, err := c.stmt(text, args)
	if err != nil {
		return nil, err
	}
	return &liteRows{st: st}, nil
}

func (c *liteConn) look(each func(func(...any) error) error, text string, args ...any) error {
	return lookAlone(c, each, text, args...)
}

// liteRows reads the rows of a statement.
type liteRows struct {
	st   *sqlite.Stmt
	err  error
	free func() // what follows Close; nil for nothing
}

func (r *liteRows) Next() bool {
	if r.err != nil {
		return false
	}
	var more bool
	more, r.err = r.st.Step()
	return more
}

func (r *liteRows) Err() error { return r.err }

// Close lets go of the statement; its error would be the one that Err tells.
func (r *liteRows) Close() {
	_ = r.st.Reset()
	if r.free != nil {
		r.free()
	}
}

// Scan implements rows for the types that this package reads.
func (r *liteRows) Scan(dest ...any) error {
	for i, d := range dest {
		switch d := d.(type) {
		case *string:
			*d = r.st.ColumnText(i)
		case *int64:
			*d = r.st.ColumnInt64(i)
		case *int:
			*d = r.st.ColumnInt(i)
		case *bool:
			*d = r.st.ColumnBool(i)
		case *[]byte:
			*d = nil
			if !r.st.ColumnIsNull(i) {
				*d = make([]byte, r.st.ColumnLen(i))
				r.st.ColumnBytes(i, *d)
			}
		case **int64:
			*d = nil
			if !r.st.ColumnIsNull(i) {
				n := r.st.ColumnInt64(i)
				*d = &n
			}
		default: // the nouns' own kinds of text
			v := reflect.ValueOf(d)
			if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.String {
				return fmt.Errorf("sqlstore: column %d into a %T", i+1, d)
			}
			v.Elem().SetString(r.st.ColumnText(i))
		}
	}
	return nil
}

// readers is how many connections read at once.
const readers = 4

// litePool lends connections for reading. The one that came back last goes out
// first, so that few are opened and their caches are warm.
type litePool struct {
	path  string
	slots chan struct{}
	gone  chan struct{} // closed with the pool

	mu   sync.Mutex
	idle []*liteConn
}

func newLitePool(path string) *litePool {
	return &litePool{path: path, slots: make(chan struct{}, readers), gone: make(chan struct{})}
}

func (p *litePool) take(ctx context.Context) (*liteConn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-p.gone:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := p.idleOrNew()
	if err != nil {
		<-p.slots
	}
	return c, err
}

func (p *litePool) idleOrNew() (*liteConn, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	return openLite(p.path, "query_only = ON")
}

func (p *litePool) give(c *liteConn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	<-p.slots
}

// close waits for the reads that are under way.
func (p *litePool) close() error {
	close(p.gone)
	for range readers {
		p.slots <- struct{}{}
	}
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// liteReader reads on the readers' connections, each query on its own.
type liteReader struct {
	ctx  context.Context
	pool *litePool
}

func (r *liteReader) forUpdate() string         { return "" }
func (r *liteReader) forShare() string          { return "" }
func (r *liteReader) wrote() bool               { return true }
func (r *liteReader) exec(string, ...any) error { return errReadOnly }

func (r *liteReader) query(text string, args ...any) (rows, error) {
	c, err := r.pool.take(r.ctx)
	if err != nil {
		return nil, err
	}
	c.conn.SetInterrupt(r.ctx.Done()) // it may be a long one: nobody reads on for a client that has gone
	st, err := c.stmt(text, args)
	if err != nil {
		c.conn.SetInterrupt(nil)
		r.pool.give(c)
		return nil, err
	}
	return &liteRows{st: st, free: func() {
		c.conn.SetInterrupt(nil)
		r.pool.give(c)
	}}, nil
}

func (r *liteReader) look(each func(func(...any) error) error, text string, args ...any) error {
	c, err := r.pool.take(r.ctx)
	if err != nil {
		return err
	}
	defer r.pool.give(c)
	return lookAlone(c, each, text, args...)
}
