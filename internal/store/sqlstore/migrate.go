package sqlstore

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. The caller holds a transaction that
// nobody else can be in: the write lock, or an advisory lock.
func migrate(c conn, d dialect) error {
	err := c.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY)`)
	if err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	done, err := many(c, readText, `SELECT name FROM schema_migrations`)
	if err != nil {
		return err
	}
	applied := map[string]bool{}
	for _, name := range done {
		applied[name] = true
	}
	for _, name := range names {
		if applied[name] {
			continue
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		for _, statement := range statements(string(text), d) {
			if err := c.exec(statement); err != nil {
				return fmt.Errorf("sqlstore: %s: %w", name, err)
			}
		}
		if err := c.exec(`INSERT INTO schema_migrations (name) VALUES ($1)`, name); err != nil {
			return err
		}
	}
	return nil
}

// statements fills in the tokens and cuts the text at its semicolons.
func statements(text string, d dialect) []string {
	states := make([]string, len(kyc.States))
	for i, s := range kyc.States {
		states[i] = "'" + string(s) + "'"
	}
	text = strings.NewReplacer(
		"{{seq}}", d.seq, "{{bytes}}", d.bytes, "{{states}}", strings.Join(states, ", "),
	).Replace(text)
	var all []string
	for _, s := range strings.Split(dropComments(text), ";") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func dropComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			b.WriteString(line)
		}
	}
	return b.String()
}
