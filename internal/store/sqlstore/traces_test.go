package sqlstore

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

type stopped struct{}

func (stopped) Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// schema reads the columns of every table.
func schema(t *testing.T, url string) map[string][]string {
	t.Helper()
	store, err := Open(t.Context(), url, Options{Clock: stopped{}, NewID: func(suffix string, _ int64) string { return id.Random(suffix) }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	query := `SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
	if strings.HasPrefix(url, "postgres") {
		query = `SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()`
	}
	tables := map[string][]string{}
	err = store.View(t.Context(), func(v kyc.View) error {
		return lookAlone(v.(view).c, func(scan func(...any) error) error {
			var table, column string
			err := scan(&table, &column)
			tables[table] = append(tables[table], column)
			return err
		}, query)
	})
	if err != nil || len(tables) < 10 {
		t.Fatalf("%v, %d tables", err, len(tables))
	}
	return tables
}

// TestErasureKnowsEveryColumn: whoever adds a table or a column must say in
// traces.go what erasure does with it.
func TestErasureKnowsEveryColumn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		tables := schema(t, url)
		known := map[string]bool{}
		for _, x := range traces {
			columns, there := tables[x.table]
			if !there || known[x.table] {
				t.Errorf("traces.go: the table %s is not in the schema, or stands there twice", x.table)
			}
			known[x.table] = true
			if x.rows == "" || x.dropped || x.droppedLast {
				if x.rows == "" && slices.Contains(columns, "person_id") {
					t.Errorf("traces.go: %s has a person_id, and erasure passes it over", x.table)
				}
				continue
			}
			var said []string
			for _, assignment := range slices.Concat(x.blanked, x.sealed) {
				column, _, _ := strings.Cut(assignment, " = ")
				said = append(said, column)
			}
			said = append(said, x.harmless...)
			for _, column := range columns {
				if n := times(said, column); n != 1 {
					t.Errorf("traces.go names %s.%s %d times: decide what becomes of it when a person is erased", x.table, column, n)
				}
			}
			for _, column := range said {
				if !slices.Contains(columns, column) {
					t.Errorf("traces.go: %s has no column %s", x.table, column)
				}
			}
		}
		for table, columns := range tables {
			if !known[table] {
				t.Errorf("traces.go does not know the table %s: decide what becomes of its rows when a person is erased", table)
			}
			entity := slices.Contains(columns, "id") && slices.Contains(columns, "person_id") && table != "notifications"
			if entity && !strings.Contains(entities, "FROM "+table+" ") {
				t.Errorf("traces.go: %s has ids of things about persons, so it belongs into entities", table)
			}
		}
	})
}

func times(list []string, s string) (n int) {
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

var changesHistory = regexp.MustCompile(`(?is)(UPDATE\s+history|DELETE\s+FROM\s+history|REPLACE\s+INTO\s+history|TRUNCATE\s+(TABLE\s+)?history|DROP\s+TABLE\s+history)`)

// TestHistoryIsOnlyAppendedTo: nothing in the program changes or removes a line
// of the history but erasure, which blanks the details and nothing else.
func TestHistoryIsOnlyAppendedTo(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../../..", func(path string, entry os.DirEntry, err error) error {
		ext := filepath.Ext(path)
		if err != nil || entry.IsDir() || (ext != ".go" && ext != ".sql") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if found := changesHistory.Find(text); found != nil {
			t.Errorf("%s changes the history: %s", path, found)
		}
		return err
	})
	if err != nil || files < 100 {
		t.Fatalf("%v: %d files", err, files)
	}
	if !changesHistory.MatchString("UPDATE history SET details = ''") {
		t.Error("the search finds nothing")
	}
	for _, x := range traces {
		if x.table == "history" && (x.dropped || x.droppedLast || len(x.sealed) > 0 || !slices.Equal(x.blanked, []string{`details = '{}'`})) {
			t.Errorf("erasure does more to the history than blank its details: %+v", x)
		}
	}
}
