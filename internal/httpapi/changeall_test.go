package httpapi_test

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// changeable is every field that the provider may change, with what a person has
// before. The state belongs to the old country and goes with it.
var changeable = map[string]string{
	"first_name": "X-AUTOTEST-CHANGEALL", "last_name": "Muster", "birth_name": "Gabler", "birth_date": "1972-12-24", "birth_city": "Köln",
	"nationality": "DE", "salutation": "MR", "title": "DR",
	"address.line_1": "Hauptstraße 1", "address.line_2": "Hinterhaus", "address.postal_code": "10115", "address.city": "Berlin",
	"address.country": "DE", "address.state": "BE",
}

// cleared are those of them that the provider does not know: they are emptied.
var cleared = []string{"address.line_2", "address.state"}

// TestChangeAllByField: every field that the provider may change gets its new
// value, and the history says what it was, what it is and where that comes from.
func TestChangeAllByField(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		for _, scenario := range []string{"CHANGEALL", "CHANGEALLREVIEW"} {
			body, before := object{"address": object{}}, map[string]string{}
			for field, value := range changeable {
				before[field] = strings.Replace(value, "CHANGEALL", scenario, 1)
				if member, ok := strings.CutPrefix(field, "address."); ok {
					body["address"].(object)[member] = value
				} else {
					body[field] = before[field]
				}
			}
			person := l.Call(201, "POST", "/v1/persons", body)["id"].(string)
			ident := create(l, person)
			l.Call(200, "PATCH", ident+"/request", nil)
			l.Advance("10m")
			after := l.Call(200, "GET", "/v1/persons/"+person, nil)
			told := changesOf(t, l, person, path.Base(ident))
			letters := ""
			for field, was := range before {
				is := after[field]
				if member, ok := strings.CutPrefix(field, "address."); ok {
					is = after["address"].(object)[member]
				}
				if empty := is == nil; is == was || empty != slices.Contains(cleared, field) {
					t.Errorf("%s: %s was %v and is %v", scenario, field, was, is)
				}
				if c, ok := told[field]; !ok || c.Old != was || c.New != is {
					t.Errorf("%s: the history says of %s: %+v; it was %v and is %v", scenario, field, c, was, is)
				}
				if text, ok := is.(string); ok {
					letters += text
				}
			}
			for r := 'À'; r <= 'ž'; r++ { // Latin-1 and Latin Extended-A, in capitals where there are any
				if r != '×' && r != '÷' && !strings.ContainsAny(letters, string(r)+strings.ToUpper(string(r))) {
					t.Errorf("%s: no field holds %c", scenario, r)
				}
			}
		}
	})
}

type fieldChange struct{ Old, New any }

// changesOf is what the history tells of the one change that an identification made.
func changesOf(t testing.TB, l *testkit.Live, person, identification string) map[string]fieldChange {
	t.Helper()
	var found []map[string]fieldChange
	for _, e := range historyOf(t, l, person) {
		if e.Event != "person_changed" {
			continue
		}
		var told struct {
			Identification, Result string
			Changes                map[string]fieldChange
		}
		if err := json.Unmarshal([]byte(e.Details), &told); err != nil {
			t.Fatal(err)
		}
		if e.Actor != "provider" || told.Identification != identification || told.Result != "SUCCESS_DATA_CHANGED" {
			t.Errorf("the change comes from %s, %q, %q", e.Actor, told.Identification, told.Result)
		}
		found = append(found, told.Changes)
	}
	if len(found) != 1 {
		t.Fatalf("the person was changed %d times", len(found))
	}
	return found[0]
}
