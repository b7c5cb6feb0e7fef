// Package testdb gives tests a database of their own: a fresh SQLite file or a
// fresh PostgreSQL schema each. A missing PostgreSQL fails the test, it does
// not skip it.
package testdb

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/identikit/identikit/internal/id"
)

// Each runs the test once on each database.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite returns the path of a database file that does not exist yet.
func SQLite(t testing.TB) string {
	return filepath.Join(t.TempDir(), "identikit.db")
}

// Postgres returns the URL of an empty schema that is dropped after the test.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("IDENTIKIT_TEST_POSTGRES")
	if server == "" {
		t.Fatal("IDENTIKIT_TEST_POSTGRES is not set: run the tests with `make test`, which starts a PostgreSQL")
	}
	schema := "t_" + id.Secret()
	execute(t, server, `CREATE SCHEMA `+schema)
	t.Cleanup(func() { execute(t, server, `DROP SCHEMA `+schema+` CASCADE`) })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("IDENTIKIT_TEST_POSTGRES: %v", err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func execute(t testing.TB, server, sql string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to the test PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
