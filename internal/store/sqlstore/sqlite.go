package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// groupSize is how many transactions one commit may carry.
const groupSize = 64

// liteStore is SQLite: one writer that commits in groups, and readers of their
// own connections that see what was committed last (WAL).
type liteStore struct {
	due
	opts    Options
	readers *litePool
	writer  *liteConn
	mover   *mover

	calls  chan *call
	closed chan struct{}
	done   chan struct{}
	once   sync.Once
}

// call is one waiting transaction.
type call struct {
	fn     func(kyc.Tx) error
	added  []kyc.JobKind
	scrub  bool // something was erased
	err    error
	answer chan error
}

func openSQLite(path string, opts Options) (kyc.Store, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite's other files get the same mode
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	// The writer touches the ends of many indexes: 8 MiB of them stay in memory.
	// What is overwritten or deleted is overwritten with zeros: erased means erased.
	writer, err := openLite(path, "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON",
		"cache_size = -8192", "wal_autocheckpoint = 0", "secure_delete = ON")
	if err != nil {
		return nil, err
	}
	mover, err := openLite(path)
	if err != nil {
		return nil, errors.Join(err, writer.close())
	}
	s := &liteStore{
		opts: opts, writer: writer, readers: newLitePool(path), mover: newMover(mover),
		calls: make(chan *call, groupSize), closed: make(chan struct{}), done: make(chan struct{}),
	}
	if err := s.migrate(); err != nil {
		return nil, errors.Join(err, writer.close(), mover.close())
	}
	go s.mover.run()
	go s.write()
	return s, nil
}

func (s *liteStore) migrate() error {
	if err := s.writer.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := migrate(s.writer, sqliteDialect); err != nil {
		return err // closing the connection rolls back
	}
	if err := s.writer.exec("COMMIT"); err != nil {
		return err
	}
	return s.writer.forget()
}

func (s *liteStore) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		<-s.done
		err = errors.Join(s.mover.close(), s.writer.close(), s.readers.close())
	})
	return err
}

func (s *liteStore) View(ctx context.Context, fn func(kyc.View) error) error {
	return fn(view{&liteReader{ctx: ctx, pool: s.readers}})
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
		s.mover.after(s.writer)
	}
}

// commit runs the group in one transaction, each in a savepoint of its own, so
// that one that fails hurts nobody.
func (s *liteStore) commit(group []*call) {
	err := s.writer.exec("BEGIN IMMEDIATE")
	for n := 0; busy(err) && n < 3; n++ {
		err = s.writer.exec("BEGIN IMMEDIATE") // each waits for the busy timeout
	}
	if err == nil {
		for _, c := range group {
			if s.run(c, len(group) > 1); s.writer.conn.AutocommitEnabled() {
				break // SQLite has rolled back everything (the disk is full, say): nobody's work is there
			}
		}
		err = s.end(group)
	}
	if err == nil && slices.ContainsFunc(group, func(c *call) bool { return c.scrub && c.err == nil }) {
		s.mover.empty(s.writer)
	}
	var added []kyc.JobKind
	for _, c := range group {
		if err != nil {
			c.err = err
		}
		if c.err == nil {
			added = append(added, c.added...)
		}
		c.answer <- c.err
	}
	s.due.call(added)
}

// end commits, or rolls everything back if a group of one has failed.
func (s *liteStore) end(group []*call) error {
	if s.writer.conn.AutocommitEnabled() {
		for _, c := range group {
			if c.err != nil {
				return fmt.Errorf("sqlstore: the transaction was rolled back: %w", c.err)
			}
		}
		return errors.New("sqlstore: the transaction was rolled back")
	}
	if len(group) == 1 && group[0].err != nil {
		return s.writer.exec("ROLLBACK")
	}
	if s.opts.CommitDelay > 0 {
		<-time.After(s.opts.CommitDelay)
	}
	err := s.writer.exec("COMMIT")
	if err != nil {
		if e := s.writer.exec("ROLLBACK"); e != nil {
			err = fmt.Errorf("%w; rolling back: %w", err, e)
		}
	}
	return err
}

func (s *liteStore) run(c *call, grouped bool) {
	if grouped {
		if c.err = s.writer.exec("SAVEPOINT one"); c.err != nil {
			return
		}
	}
	t := &tx{view: view{s.writer}, opts: &s.opts, dialect: &sqliteDialect, now: s.opts.Clock.Now()}
	c.err = guarded(c.fn, t)
	c.added, c.scrub = t.added, t.scrub
	if !grouped {
		return
	}
	if c.err != nil {
		if err := s.writer.exec("ROLLBACK TO one"); err != nil {
			c.err = err
		}
	}
	if err := s.writer.exec("RELEASE one"); err != nil && c.err == nil {
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
