package sqlstore_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// The queries that read without an index, or put rows in order themselves, and
// why that is all right.
var (
	mayScan = map[string]string{
		"Partners.List":  "for operators; partners are few",
		"Messages.List":  "a sandbox's inbox: all messages in the order of their key, a page at a time",
		"Messages.Count": "the same, counted up to a limit",
	}
	maySort = map[string]string{
		"Jobs.NextDue":              "of each kind, or of each owner, one row",
		"Outbox.Attempts":           "of a page's notifications, 25 rows each",
		"Findings.OfIdentification": "of one identification, a few rows",
	}
)

// asked is a method of a view's parts, called with one choice of arguments.
type asked struct {
	name string
	call func(kyc.View) error
}

// everyQuestion finds all methods of all parts of kyc.View, and calls for each
// that differ in their filters: whatever is added there is asked too.
func everyQuestion(t *testing.T) (all []asked) {
	t.Helper()
	view := reflect.TypeFor[kyc.View]()
	for n := range view.NumMethod() {
		part := view.Method(n)
		reader := part.Type.Out(0)
		for m := range reader.NumMethod() {
			method := reader.Method(m)
			for _, args := range choices(t, method.Type, part.Name+"."+method.Name) {
				all = append(all, asked{part.Name + "." + method.Name, func(v kyc.View) error {
					in := reflect.ValueOf(v).MethodByName(part.Name).Call(nil)[0].MethodByName(method.Name)
					call := in.Call
					if method.Type.IsVariadic() {
						call = in.CallSlice
					}
					out := call(args)
					err, _ := out[len(out)-1].Interface().(error)
					if kyc.IsKind(err, kyc.NotFound) {
						return nil
					}
					return err
				}})
			}
		}
	}
	return all
}

// choices are the lists of arguments for a method.
func choices(t *testing.T, method reflect.Type, name string) [][]reflect.Value {
	lists := [][]reflect.Value{nil}
	for n := range method.NumIn() {
		var longer [][]reflect.Value
		for _, list := range lists {
			for _, v := range values(t, method.In(n), name) {
				longer = append(longer, append(slices.Clone(list), v))
			}
		}
		lists = longer
	}
	return lists
}

// values are the values of an argument: one of each kind that makes another query.
func values(t *testing.T, kind reflect.Type, name string) (all []reflect.Value) {
	t.Helper()
	switch kind {
	case reflect.TypeFor[kyc.Page]():
		for _, newest := range []bool{false, true} {
			all = append(all, reflect.ValueOf(kyc.Page{Offset: 1, Limit: 10, Newest: newest}))
		}
		return all
	case reflect.TypeFor[time.Time]():
		return []reflect.Value{reflect.ValueOf(time.UnixMicro(5000))}
	case reflect.TypeFor[kyc.Due]():
		q := kyc.Due{Kinds: []kyc.JobKind{kyc.Deliver, kyc.ReplayDelivery}, Wall: time.UnixMicro(5000)}
		busy := q
		busy.Except = []string{"17"}
		return []reflect.Value{reflect.ValueOf(q), reflect.ValueOf(busy)}
	case reflect.TypeFor[kyc.NotificationState]():
		return []reflect.Value{reflect.ValueOf(kyc.NotificationState("")), reflect.ValueOf(kyc.Refused)}
	}
	switch kind.Kind() {
	case reflect.String:
		return []reflect.Value{reflect.ValueOf("17").Convert(kind)}
	case reflect.Int, reflect.Int64:
		return []reflect.Value{reflect.ValueOf(10_001).Convert(kind)}
	case reflect.Bool:
		return []reflect.Value{reflect.ValueOf(false).Convert(kind), reflect.ValueOf(true).Convert(kind)}
	case reflect.Slice:
		if kind.Elem().Kind() == reflect.Uint8 {
			return []reflect.Value{reflect.ValueOf([]byte("17"))}
		}
		list := reflect.MakeSlice(kind, 0, 1)
		return []reflect.Value{reflect.Append(list, values(t, kind.Elem(), name)[0])}
	case reflect.Pointer:
		all = []reflect.Value{reflect.Zero(kind)}
		for _, v := range values(t, kind.Elem(), name) {
			p := reflect.New(kind.Elem())
			p.Elem().Set(v)
			all = append(all, p)
		}
		return all
	case reflect.Struct:
		return filters(t, kind, name)
	}
	t.Fatalf("%s takes a %s: teach this test a value of it", name, kind)
	return nil
}

// owner are the members of a filter that say whose things are listed: they are
// never all empty.
var owner = []string{"PartnerID", "SubscriptionID"}

// filters are the values of a filter: every member empty and not.
func filters(t *testing.T, kind reflect.Type, name string) []reflect.Value {
	all := []reflect.Value{reflect.New(kind).Elem()}
	for n := range kind.NumField() {
		var more []reflect.Value
		for _, v := range all {
			some := values(t, kind.Field(n).Type, name)
			if kind.Field(n).Type.Kind() == reflect.String && !slices.Contains(owner, kind.Field(n).Name) {
				some = append(some, reflect.Zero(kind.Field(n).Type))
			}
			for _, member := range some {
				next := reflect.New(kind).Elem()
				next.Set(v)
				next.Field(n).Set(member)
				more = append(more, next)
			}
		}
		all = more
	}
	return all
}

func openStore(t *testing.T, url string) kyc.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Clock: clock.Real{}, NewID: func(s string, _ int64) string { return id.Random(s) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// judged is a query and the method that runs it.
type judged struct {
	name string
	sqlstore.Query
}

// everyQuery asks every question of an empty store and gathers the different
// queries.
func everyQuery(t *testing.T, s kyc.Store) (all []judged) {
	t.Helper()
	questions := everyQuestion(t)
	seen := map[string]bool{}
	for _, a := range questions {
		ran, err := sqlstore.Recorded(t.Context(), s, a.call)
		if err != nil {
			t.Errorf("%s: %v", a.name, err)
		}
		if len(ran) == 0 {
			t.Errorf("%s asked nothing of the database", a.name)
		}
		for _, q := range ran {
			if !seen[q.Text] {
				seen[q.Text] = true
				all = append(all, judged{a.name, q})
			}
		}
	}
	if len(all) < 60 {
		t.Errorf("only %d different queries were seen", len(all))
	}
	t.Logf("%d questions, %d different queries", len(questions), len(all))
	return all
}

// TestPlansOnSQLite: no query walks through a table, or puts in order what an
// index has in order.
func TestPlansOnSQLite(t *testing.T) {
	s := openStore(t, testdb.SQLite(t))
	for _, q := range everyQuery(t, s) {
		plan, err := sqlstore.PlanOnSQLite(t.Context(), s, q.Query)
		if err != nil || len(plan) == 0 {
			t.Fatalf("%s: %v: %s", q.name, err, q.Text)
		}
		for _, problem := range problemsOfSQLite(q.name, plan) {
			t.Errorf("%s: %s\n%s\n%s", q.name, problem, q.Text, strings.Join(plan, "\n"))
		}
	}
}

// derived are what SQLite calls the results of queries within queries: they are
// as small as those are, which have steps of their own.
var derived = regexp.MustCompile(`^SCAN (\(subquery-\d+\)|c|k\d+|page|o|owners|CONSTANT ROW)( |$)`)

func problemsOfSQLite(name string, plan []string) (problems []string) {
	for _, step := range plan {
		switch {
		case strings.HasPrefix(step, "SCAN ") && !derived.MatchString(step) && mayScan[name] == "":
			problems = append(problems, "it walks through a whole table")
		case strings.HasPrefix(step, "USE TEMP B-TREE FOR ORDER BY") && maySort[name] == "":
			problems = append(problems, "it puts rows in order itself")
		}
	}
	return problems
}

// TestPlansOnPostgres is the same on tables that are full, where the planner
// chooses by what it costs; it also finds rows that are read and thrown away.
func TestPlansOnPostgres(t *testing.T) {
	s := openStore(t, testdb.Postgres(t)+"&pool_max_conns=1&enable_seqscan=off&enable_bitmapscan=off&random_page_cost=1.1") // one connection: all have the settings
	queries := everyQuery(t, s)
	fill(t, s)
	for _, q := range queries {
		plan := planOnPostgres(t, s, q.Query)
		for _, problem := range plan.problems(q.name) {
			t.Errorf("%s: %s\n%s\n%s", q.name, problem, q.Text, plan)
		}
	}
}

// rowsEach is how many rows each table gets; a hundredth are of one partner.
const rowsEach = 10_000

// fill gives every table rows, whatever its columns are called.
func fill(t *testing.T, s kyc.Store) {
	t.Helper()
	checks, err := sqlstore.Checks(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := sqlstore.Columns(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	names, exprs := map[string][]string{}, map[string][]string{}
	for _, c := range columns {
		words := strings.SplitN(c, " ", 3)
		table, column, kind := words[0], words[1], words[2]
		names[table] = append(names[table], column)
		exprs[table] = append(exprs[table], filling(table, column, kind))
	}
	texts := checks
	for table := range names {
		texts = append(texts, fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %d) AS g ON CONFLICT DO NOTHING`,
			table, strings.Join(names[table], ", "), strings.Join(exprs[table], ", "), rowsEach), "ANALYZE "+table)
	}
	if err := sqlstore.Execute(t.Context(), s, texts...); err != nil {
		t.Fatal(err)
	}
}

// filling is what a column of row g holds: few different values where many rows
// have the same, as the partner; else each its own.
func filling(table, column, kind string) string {
	value := "g"
	switch {
	case table == "settings" || table == "sequences" || table == "schema_migrations":
	case slices.Contains([]string{"state", "kind", "event_type", "status", "method", "document_type", "outcome"}, column):
		value = "(ARRAY['queued','delivered','rejected','exhausted','deliver','replay'])[1 + g % 6]"
	case slices.Contains([]string{"partner_id", "subscription_id", "owner"}, column):
		value = "g % 100"
	case slices.Contains([]string{"person_id", "identification_id", "notification_id", "entity_id", "lane"}, column):
		value = "g / 8"
	case strings.HasSuffix(column, "deleted_at"):
		value = "g % 2"
	}
	switch kind {
	case "bigint", "integer":
		if strings.HasPrefix(value, "(") {
			return "g % 6"
		}
		return value
	case "boolean":
		return "g % 2 = 0"
	case "bytea":
		return "convert_to((" + value + ")::text, 'UTF8')"
	}
	return "(" + value + ")::text"
}

// node is a step of PostgreSQL's plan.
type node struct {
	Type   string `json:"Node Type"`
	Table  string `json:"Relation Name"`
	Index  string `json:"Index Name"`
	Cond   string `json:"Index Cond"`
	Filter string
	Plans  []node
}

func planOnPostgres(t *testing.T, s kyc.Store, q sqlstore.Query) node {
	t.Helper()
	text, err := sqlstore.PlanOnPostgres(t.Context(), s, q)
	if err != nil {
		t.Fatalf("%v: %s", err, q.Text)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	return plans[0].Plan
}

// String shows a plan as a list of its steps.
func (n node) String() string {
	text := fmt.Sprintf("%s %s %s cond %s filter %s", n.Type, n.Table, n.Index, n.Cond, n.Filter)
	for _, below := range n.Plans {
		text += "\n    " + strings.ReplaceAll(below.String(), "\n", "\n    ")
	}
	return text
}

// wide are conditions that millions of rows may meet, as many as a partner or a
// subscription owns; what one person or one notification owns is little. A further condition that the index
// does not know would let rows be read in vain.
var wide = regexp.MustCompile(`^\(*[a-z0-9_.]*(partner_id|subscription_id) = [^()]*(::text)?\)*$`)

func (n node) problems(name string) (problems []string) {
	switch {
	case n.Type == "Seq Scan" && mayScan[name] == "":
		problems = append(problems, "it walks through the whole of "+n.Table)
	case strings.HasPrefix(n.Type, "Index") && n.Cond == "" && mayScan[name] == "" && maySort[name] == "":
		problems = append(problems, "it walks through the whole index "+n.Index)
	case strings.Contains(n.Type, "Sort") && maySort[name] == "" && mayScan[name] == "":
		problems = append(problems, "it puts rows in order itself")
	case n.Filter != "" && wide.MatchString(n.Cond):
		problems = append(problems, "it reads rows in vain: "+n.Filter)
	}
	for _, below := range n.Plans {
		problems = append(problems, below.problems(name)...)
	}
	return problems
}

// TestPlansBite breaks the rules on purpose.
func TestPlansBite(t *testing.T) {
	for step, want := range map[string]int{
		"SCAN persons": 1, "SCAN persons USING INDEX persons_by_partner": 1, "SCAN page": 0, "SCAN (subquery-1)": 0,
		"SEARCH persons USING INDEX persons_by_partner (partner_id=?)": 0, "USE TEMP B-TREE FOR ORDER BY": 1,
	} {
		if got := problemsOfSQLite("Persons.List", []string{step}); len(got) != want {
			t.Errorf("%s: %v", step, got)
		}
	}
	lite := openStore(t, testdb.SQLite(t))
	full := openStore(t, testdb.Postgres(t)+"&pool_max_conns=1&enable_seqscan=off&enable_bitmapscan=off&random_page_cost=1.1")
	fill(t, full)
	for text, want := range map[string]string{
		`SELECT id FROM documents WHERE name = '5'`:                                             "walks",
		`SELECT id FROM documents WHERE name = '5' ORDER BY seq LIMIT 10`:                       "walks",
		`SELECT id FROM identifications WHERE partner_id = '5' ORDER BY created_at LIMIT 10`:    "order",
		`SELECT id FROM identifications WHERE partner_id = '5' AND method = 'idnow' LIMIT 10`:   "in vain",
		`SELECT id FROM identifications WHERE partner_id = '5' ORDER BY seq LIMIT 10 OFFSET 20`: "",
	} {
		q := sqlstore.Query{Text: text}
		plan := planOnPostgres(t, full, q)
		if got := strings.Join(plan.problems(""), "; "); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("PostgreSQL, %s: %q, want %q\n%s", text, got, want, plan)
		}
		steps, err := sqlstore.PlanOnSQLite(t.Context(), lite, q)
		if err != nil {
			t.Fatal(err)
		}
		if want == "in vain" {
			want = "" // SQLite does not tell
		}
		if got := strings.Join(problemsOfSQLite("", steps), "; "); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("SQLite, %s: %q, want %q: %q", text, got, want, steps)
		}
	}
}
