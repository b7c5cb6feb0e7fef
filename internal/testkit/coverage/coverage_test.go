package coverage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPage: the page has every row, each with tests that are there, and is what
// would be written of them.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), Page))
	if err != nil {
		t.Fatal(err)
	}
	proofs := Parse(string(text))
	for _, problem := range proofs.Missing() {
		t.Error(problem)
	}
	var fresh strings.Builder
	if err := proofs.Render(&fresh, func(test Test) (string, error) { return Find(root(t), test) }); err != nil {
		t.Fatal(err)
	}
	if fresh.String() != string(text) {
		t.Errorf("%s is not fresh (run make coverage)", Page)
	}
}

// TestTables counts the rows, which are all different.
func TestTables(t *testing.T) {
	var got []string
	for _, table := range Tables() {
		rows := slices.Sorted(slices.Values(table.Rows))
		if len(slices.Compact(rows)) != len(table.Rows) || table.Source == "" {
			t.Errorf("%s: a row stands twice, or there is no source", table.Name)
		}
		for _, row := range table.Rows {
			if strings.ContainsAny(row, "|:\n") || strings.TrimSpace(row) != row {
				t.Errorf("%s: the page cannot hold %q", table.Name, row)
			}
		}
		for row, why := range table.NotProduced {
			if !slices.Contains(table.Rows, row) || why == "" || strings.HasSuffix(why, ".") {
				t.Errorf("%s: %q is no row, or there is no reason", table.Name, row)
			}
		}
		got = append(got, fmt.Sprint(table.Name, " ", len(table.Rows)))
	}
	want := []string{
		"S2 test scenario prefixes 1", "S2 test scenarios 3", "S2 document types 24", "S2 status values 7", "S2 groups of failure codes 3",
		"S2 failure codes 76", "S2 ID documents with address 31", "S2 status transitions 3", "S2 happy path tutorial 4",
		"S4 test scenario prefixes 2", "S4 test scenarios 9", "S4 document types 22", "S4 status values 7", "S4 failure codes 59",
		"S4 ID documents with address 31", "S4 status transitions 3", "S4 happy path tutorial 5",
		"S3 path parameters 2", "S3 response fields 14", "S3 status values 16", "S3 methods 6", "S3 proof of address types 8", "S3 error fields 5",
		"S3 error codes 3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestRead: only a test that passed proves what it named.
func TestRead(t *testing.T) {
	const events = `{"Action":"attr","Package":"github.com/identikit/identikit/internal/a","Test":"TestA","Key":"covers","Value":"S4 status values: created"}
{"Action":"attr","Package":"github.com/identikit/identikit/internal/a","Test":"TestB","Key":"covers","Value":"S4 status values: pending"}
{"Action":"output","Package":"github.com/identikit/identikit/internal/a","Test":"TestA","Output":"x\n"}
{"Action":"pass","Package":"github.com/identikit/identikit/internal/a","Test":"TestA"}
{"Action":"fail","Package":"github.com/identikit/identikit/internal/a","Test":"TestB"}
`
	proofs, problems, err := Read(strings.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	created, pending := Row{"S4 status values", "created"}, Row{"S4 status values", "pending"}
	if len(proofs) != 1 || !slices.Equal(proofs[created], []Test{{"internal/a", "TestA"}}) {
		t.Errorf("%v", proofs)
	}
	if !slices.Contains(problems, "internal/a TestB failed") || !slices.Contains(problems, fmt.Sprintf("no test proves %q", pending)) ||
		slices.Contains(problems, fmt.Sprintf("no test proves %q", created)) {
		t.Errorf("%q", problems)
	}
	if _, _, err := Read(strings.NewReader("ok\n")); err == nil {
		t.Error("what go test did not write as JSON is taken for an event")
	}
}

// TestRoundTrip: what is written can be read, and a test that is not there cannot
// be written.
func TestRoundTrip(t *testing.T) {
	a, b := Row{"S2 status transitions", "created → pending → successful"}, Row{"S4 status values", "pending"}
	proofs := Proofs{a: {{"internal/a", "TestA"}, {"examples", "TestB"}}, b: {{"internal/a", "TestA"}}}
	var page strings.Builder
	if err := proofs.Render(&page, func(t Test) (string, error) { return t.Dir + "/x_test.go", nil }); err != nil {
		t.Fatal(err)
	}
	if got := Parse(page.String()); len(got) != 2 || len(got[a]) != 2 || !slices.Equal(got[b], proofs[b]) {
		t.Errorf("%v", got)
	}
	for _, absent := range []Test{{"internal/testkit/coverage", "TestNowhere"}, {"internal/nowhere", "TestPage"}, {"internal/testkit/coverage", "TestTables"}} {
		if file, err := Find(root(t), absent); err == nil {
			t.Errorf("%v is in %s", absent, file)
		}
	}
}

// TestUnknownRow: nobody proves a row that no guide has.
func TestUnknownRow(t *testing.T) {
	if Known(Row{"S4 status values", "expired"}) || Known(Row{"S4 nothing", "created"}) || !Known(Row{"S4 status values", "created"}) {
		t.Error("the rows that are known are others")
	}
}
