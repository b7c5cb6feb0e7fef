package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
)

// forPeople are the operations that the client has no method for: pages, and the
// path of old clients.
var forPeople = []testkit.Operation{
	{Method: "POST", Path: "/oauth/token"}, {Method: "GET", Path: "/openapi.yaml"}, {Method: "GET", Path: "/docs"},
	{Method: "GET", Path: "/sandbox/inbox"}, {Method: "GET", Path: "/sandbox/static/style.css"}, {Method: "GET", Path: "/sandbox/static/icon.svg"},
}

// judged is the contract that all answers of this package's tests were held
// against. A sandbox leaves it here when it starts.
var judged struct {
	sync.Mutex
	*testkit.Contract
}

// TestMain asks at the end of a whole run whether the client has called every
// operation of the API, and seen each of its successes.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && wholeRun() {
		for _, missing := range unseen() {
			fmt.Fprintln(os.Stderr, "the client has not seen", missing)
			code = 1
		}
	}
	os.Exit(code)
}

func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.fuzz", "test.list"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}

// unseen lists the described successes that no answer to the client was.
func unseen() (missing []string) {
	contract, err := testkit.LoadContract()
	if err != nil {
		return []string{err.Error()}
	}
	seen := judged.Seen()
	for _, op := range contract.Operations() {
		if slices.Contains(forPeople, op) {
			continue
		}
		for _, status := range contract.Successes(op) {
			if status == http.StatusNotModified { // the client keeps nothing that it could ask about
				continue
			}
			if seen[testkit.Seen{Operation: op, Status: status}] == 0 {
				missing = append(missing, op.Method+" "+op.Path+" → "+strconv.Itoa(status))
			}
		}
	}
	return missing
}
