package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

// Query is a text that was run, with its arguments.
type Query struct {
	Text string
	Args []any
}

// Recorded runs fn as View does and returns the queries that it ran.
func Recorded(ctx context.Context, s kyc.Store, fn func(kyc.View) error) (ran []Query, err error) {
	r := &recorder{ran: &ran}
	switch s := s.(type) {
	case *liteStore:
		r.conn = &liteReader{ctx: ctx, pool: s.readers}
	case *pgStore:
		r.conn = pgReader{pgDirect{ctx, s.pool}, s.look}
	default:
		return nil, fmt.Errorf("a store of type %T", s)
	}
	return ran, fn(view{r})
}

// recorder writes down what goes by.
type recorder struct {
	conn
	ran *[]Query
}

func (r *recorder) query(text string, args ...any) (rows, error) {
	*r.ran = append(*r.ran, Query{text, args})
	return r.conn.query(text, args...)
}

func (r *recorder) look(each func(func(...any) error) error, text string, args ...any) error {
	*r.ran = append(*r.ran, Query{text, args})
	return r.conn.look(each, text, args...)
}

// PlanOnSQLite is what EXPLAIN QUERY PLAN says, a line for each step.
func PlanOnSQLite(ctx context.Context, s kyc.Store, q Query) (steps []string, err error) {
	c := &liteReader{ctx: ctx, pool: s.(*liteStore).readers}
	return many(c, func(scan func(...any) error) (detail string, err error) {
		var id, parent, unused int64
		return detail, scan(&id, &parent, &unused, &detail)
	}, "EXPLAIN QUERY PLAN "+q.Text, q.Args...)
}

// PlanOnPostgres is the plan in JSON, for these very arguments.
func PlanOnPostgres(ctx context.Context, s kyc.Store, q Query) (string, error) {
	lines, err := many(pgDirect{ctx, s.(*pgStore).pool}, readText, "EXPLAIN (FORMAT JSON) "+q.Text, q.Args...)
	return strings.Join(lines, "\n"), err
}

// Execute runs statements as they are.
func Execute(ctx context.Context, s kyc.Store, texts ...string) error {
	for _, text := range texts {
		if err := (pgDirect{ctx, s.(*pgStore).pool}).exec(text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// Columns are the tables and columns of PostgreSQL, as "table column type".
func Columns(ctx context.Context, s kyc.Store) ([]string, error) {
	return many(pgDirect{ctx, s.(*pgStore).pool}, readText, `SELECT table_name || ' ' || column_name || ' ' || data_type
		FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position`)
}

// Checks are the statements that drop every CHECK.
func Checks(ctx context.Context, s kyc.Store) ([]string, error) {
	return many(pgDirect{ctx, s.(*pgStore).pool}, readText, `SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname)
		FROM pg_constraint WHERE contype = 'c' AND connamespace = current_schema()::regnamespace AND conrelid <> 0`)
}
