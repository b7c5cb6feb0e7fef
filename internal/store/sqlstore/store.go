// Package sqlstore is the one store: kyc.Store on SQLite and on PostgreSQL with
// one SQL text. What differs between the two stands in dialect.go; how they run
// a transaction in sqlite.go (commits in groups) and postgres.go (pipelined).
//
// It knows rows and nouns, no rules: it imports package kyc and the drivers.
package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Options are what a store needs besides its address.
type Options struct {
	Clock kyc.Clock
	// NewID makes an identifier with the suffix; n counts from 1 per suffix and
	// is only kept when Sequenced.
	NewID func(suffix string, n int64) string
	// Sequenced keeps the position per suffix in the database: for a seeded sandbox.
	Sequenced bool
	// CommitDelay makes every commit of SQLite so much slower: for measurements,
	// on a disk that acknowledges from its cache.
	CommitDelay time.Duration
}

// Open opens the store at url: "postgres://…" or the path of an SQLite file,
// and brings its schema up to date.
func Open(ctx context.Context, url string, opts Options) (kyc.Store, error) {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url, opts)
	}
	if scheme, _, ok := strings.Cut(url, "://"); ok {
		return nil, fmt.Errorf("sqlstore: there is no database %q: use postgres://user:password@host:port/name", scheme)
	}
	return openSQLite(url, opts)
}

// tries is how often a transaction that lost a race is run again.
const tries = 8

// backoff waits before try n, unless ctx ends first.
func backoff(ctx context.Context, n int) error {
	t := time.NewTimer(time.Millisecond << min(n, 6))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// due calls the function that waits for work.
type due struct {
	fn atomic.Pointer[func(...kyc.JobKind)]
}

func (d *due) OnDue(fn func(...kyc.JobKind)) { d.fn.Store(&fn) }

func (d *due) call(kinds []kyc.JobKind) {
	if fn := d.fn.Load(); fn != nil && len(kinds) > 0 {
		(*fn)(kinds...)
	}
}

// conn is one conversation with a database. exec may keep a write back until
// the next query or the end.
type conn interface {
	exec(sql string, args ...any) error
	query(sql string, args ...any) (rows, error)
	// look runs a query that is quick and has few rows, and hands each to each. It
	// may share a round trip with others. After an error each may still be called.
	look(each func(scan func(dest ...any) error) error, sql string, args ...any) error
	forUpdate() string // what locks a row that is read to be changed
	forShare() string  // what keeps a row from being changed
	wrote() bool       // whether this transaction has written anything; where nobody asks, true
}

// rows is what both drivers' result sets have in common.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// scan reads one row into a noun.
type scan[T any] func(func(dest ...any) error) (T, error)

// many runs a query and reads all its rows.
func many[T any](c conn, read scan[T], sql string, args ...any) ([]T, error) {
	return collect(read, func(each func(func(...any) error) error) error { return lookAlone(c, each, sql, args...) })
}

// few is many for a query that is quick and has few rows.
func few[T any](c conn, read scan[T], sql string, args ...any) ([]T, error) {
	return collect(read, func(each func(func(...any) error) error) error { return c.look(each, sql, args...) })
}

func collect[T any](read scan[T], run func(each func(func(...any) error) error) error) ([]T, error) {
	var all []T
	err := run(func(scan func(...any) error) error {
		v, err := read(scan)
		if err != nil {
			return fmt.Errorf("sqlstore: scan: %w", err)
		}
		all = append(all, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// lookAlone runs a query and hands each row to each.
func lookAlone(c interface {
	query(sql string, args ...any) (rows, error)
}, each func(scan func(dest ...any) error) error, sql string, args ...any) error {
	rs, err := c.query(sql, args...)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		if err := each(rs.Scan); err != nil {
			return err
		}
	}
	return rs.Err()
}

// one reads the only row; false if there is none.
func one[T any](c conn, read scan[T], sql string, args ...any) (T, bool, error) {
	var found struct {
		row T
		ok  bool
	}
	err := c.look(func(scan func(...any) error) (err error) {
		if found.row, err = read(scan); err != nil {
			return fmt.Errorf("sqlstore: scan: %w", err)
		}
		found.ok = true
		return nil
	}, sql, args...)
	if err != nil {
		var zero T
		return zero, false, err
	}
	return found.row, found.ok, nil
}

// chunk is how many keys one query looks for. A query that looks for fewer is
// filled up with keys that nothing has, so that there is one text of it.
const chunk = 100

// inChunks looks for many keys, so many at a time.
func inChunks[T any](keys []string, look func(keys []any) ([]T, error)) (all []T, err error) {
	for part := range slices.Chunk(keys, chunk) {
		args := make([]any, chunk, chunk+1)
		for n := range args {
			args[n] = ""
		}
		copy(args, anys(part))
		some, err := look(args)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// count counts the rows of from, up to atMost. It may be slow, so it goes alone.
func count(c conn, atMost int, from string, args ...any) (int, error) {
	text := `SELECT COUNT(*) FROM ` + from
	if atMost < math.MaxInt32 { // a limit costs more than it saves if there is none
		text = `SELECT COUNT(*) FROM (SELECT 1 FROM ` + from + ` LIMIT ` + placeholders(len(args)+1, 1) + `) AS page`
		args = append(args, atMost)
	}
	all, err := many(c, readInt, text, args...)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return int(all[0]), nil
}

// must is one for things that have to be there; class and id name what is not.
func must[T any](c conn, class, id string, read scan[T], sql string, args ...any) (T, error) {
	v, ok, err := one(c, read, sql, args...)
	if err == nil && !ok {
		err = kyc.Missing(class, id)
	}
	return v, err
}

func readInt(scan func(...any) error) (n int64, err error)   { return n, scan(&n) }
func readText(scan func(...any) error) (s string, err error) { return s, scan(&s) }

// order is the ORDER BY of a page.
func order(p kyc.Page) string {
	if p.Newest {
		return " ORDER BY seq DESC"
	}
	return " ORDER BY seq"
}

// us turns a time into stored microseconds; the zero time into 0.
func us(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// at turns stored microseconds back into a time.
func at(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// placeholders makes "$from, $from+1, …" for n values.
func placeholders(from, n int) string {
	b := make([]byte, 0, 5*n)
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(append(b, '$'), int64(from+i), 10)
	}
	return string(b)
}
