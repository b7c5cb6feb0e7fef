package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	_ "modernc.org/sqlite" // the product's own driver

	"github.com/identikit/identikit/internal/id"
)

// bareOrder asks for a server that answers everything with the same bytes.
type bareOrder struct {
	Header map[string]string
	Body   string
}

// serveBaselineHTTP is a bare net/http handler: it reads one order, answers with
// its address and serves until the bench closes its input.
func serveBaselineHTTP(ctx context.Context, in io.Reader, out io.Writer) error {
	var o bareOrder
	orders := json.NewDecoder(in)
	if err := orders.Decode(&o); err != nil {
		return err
	}
	body := []byte(o.Body)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range o.Header {
			w.Header().Set(name, value)
		}
		_, _ = w.Write(body) // a client that has gone needs no answer
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in) // until the bench closes it
		_ = srv.Close()
	}()
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	if err := json.NewEncoder(out).Encode(reply[string]{Answer: l.Addr().String()}); err != nil {
		return err
	}
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// commitsOrder asks for one-row durable commits. The database is the same over
// all orders of a worker and grows, as the server's does.
type commitsOrder struct {
	Database string // postgres://… or a file of SQLite
	Writers  int
	Delay    time.Duration // before each COMMIT
	Warmup   time.Duration
	Duration time.Duration
}

// commitsPool is how many connections the writers share on PostgreSQL.
const commitsPool = 16

// rowBody is what a row carries beside its id and time.
var rowBody = strings.Repeat("0123456789abcdef", 25)

const (
	createRows = `CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, at BIGINT NOT NULL, body TEXT NOT NULL)`
	indexRows  = `CREATE INDEX IF NOT EXISTS rows_by_time ON rows (at)`
	insertRow  = `INSERT INTO rows (id, at, body) VALUES ($1, $2, $3)`
)

// deed is the one thing that a baseline does: it commits a row, say.
type deed func(ctx context.Context, id string, at int64) error

func serveBaselineCommits(ctx context.Context, in io.Reader, out io.Writer) error {
	var commit deed
	var closeAll func()
	defer func() {
		if closeAll != nil {
			closeAll()
		}
	}()
	return serveOrders(ctx, in, out, func(ctx context.Context, o commitsOrder) (measurement, error) {
		if commit == nil {
			var err error
			if commit, closeAll, err = openCommits(ctx, o); err != nil {
				return measurement{}, err
			}
		}
		if o.Warmup > 0 {
			if _, err := repeat(ctx, commit, o.Writers, o.Warmup); err != nil {
				return measurement{}, err
			}
		}
		return repeat(ctx, commit, o.Writers, o.Duration)
	})
}

func openCommits(ctx context.Context, o commitsOrder) (deed, func(), error) {
	if strings.HasPrefix(o.Database, "postgres") {
		return openPostgresCommits(ctx, o.Database)
	}
	return openSQLiteCommits(ctx, o.Database, o.Delay)
}

// openPostgresCommits: PostgreSQL groups the commits of several connections by
// itself, which is how it is used.
func openPostgresCommits(ctx context.Context, database string) (deed, func(), error) {
	cfg, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, nil, err
	}
	cfg.MaxConns = commitsPool
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	for _, text := range []string{createRows, indexRows} {
		if _, err := pool.Exec(ctx, text); err != nil {
			pool.Close()
			return nil, nil, err
		}
	}
	return func(ctx context.Context, id string, at int64) error {
		_, err := pool.Exec(ctx, insertRow, id, at, rowBody)
		return err
	}, pool.Close, nil
}

// openSQLiteCommits: all writers share one connection, each row is a
// transaction of its own and waits for the disk.
func openSQLiteCommits(ctx context.Context, path string, delay time.Duration) (deed, func(), error) {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	closeAll := func() { _ = db.Close() }
	for _, text := range []string{createRows, indexRows} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			closeAll()
			return nil, nil, err
		}
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	insert, err := conn.PrepareContext(ctx, insertRow)
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	var mu sync.Mutex
	return func(ctx context.Context, id string, at int64) error {
		mu.Lock()
		defer mu.Unlock()
		if delay == 0 { // outside a transaction a statement commits itself, once
			_, err := insert.ExecContext(ctx, id, at, rowBody)
			return err
		}
		if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, id, at, rowBody); err != nil {
			return err
		}
		<-time.After(delay)
		_, err := conn.ExecContext(ctx, "COMMIT")
		return err
	}, closeAll, nil
}

// repeat lets the writers do the one thing again and again for a time.
func repeat(ctx context.Context, one deed, writers int, d time.Duration) (measurement, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var done atomic.Int64
	took := make([][]time.Duration, writers)
	prefix := id.Secret()
	started := time.Now()
	for n := range writers {
		wg.Go(func() {
			for now := started; now.Sub(started) < d && ctx.Err() == nil; {
				row := done.Add(1)
				if err := one(ctx, prefix+strconv.FormatInt(row, 10), now.UnixMicro()); err != nil {
					cancel(err)
					return
				}
				before := now
				now = time.Now()
				took[n] = append(took[n], now.Sub(before))
			}
		})
	}
	wg.Wait()
	return measured(ctx, took, time.Since(started))
}
