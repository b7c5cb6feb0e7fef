package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/api"
	"github.com/identikit/identikit/internal/httpapi"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
)

// TestMain asks at the end whether every documented operation was seen to
// succeed in each way that is described. It asks only after a whole run.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && wholeRun() {
		for _, missing := range unseen() {
			fmt.Fprintln(os.Stderr, "no test has seen", missing)
			code = 1
		}
	}
	os.Exit(code)
}

// judge is the one that all answers of this package's tests are held against.
var judge *testkit.Contract

func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.fuzz", "test.list"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// unseen lists the described successes that no answer has shown.
func unseen() (missing []string) {
	if judge == nil {
		return []string{"anything: TestRoutes did not run"}
	}
	seen := judge.Seen()
	for _, op := range judge.Operations() {
		for _, status := range judge.Successes(op) {
			if seen[testkit.Seen{Operation: op, Status: status}] == 0 {
				missing = append(missing, fmt.Sprintf("%s %s → %d", op.Method, op.Path, status))
			}
		}
	}
	return missing
}

// TestRoutes walks routes and description both ways.
func TestRoutes(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	judge = l.Contract
	described := l.Contract.Operations()
	var served []testkit.Operation
	for _, r := range httpapi.Routes {
		op := testkit.Operation{Method: r.Method, Path: r.Path}
		if slices.Contains(served, op) {
			t.Errorf("%v is there twice", op)
		}
		served = append(served, op)
		inward := strings.HasPrefix(r.Path, "/inbound/") // for providers, whose descriptions they have themselves
		if slices.Contains(described, op) == inward {
			t.Errorf("%v: described %v", op, !inward)
		}
	}
	for _, op := range described {
		if !slices.Contains(served, op) {
			t.Errorf("%v is described and not served", op)
		}
		path := strings.NewReplacer("{person_id}", "nobody", "{id}", "nothing").Replace(op.Path)
		status, _, body := send(t, l, op.Method, path, "", bearer(l)...)
		if status == 405 || (status == 404 && !strings.Contains(path, "no")) || bytes.Contains(body, []byte(`"not_found"`)) {
			t.Errorf("%v is not there: %d %s", op, status, body)
		}
		// without a token it is open, or it says that one is needed
		open := !strings.HasPrefix(path, "/v1/")
		if status, _, _ := send(t, l, op.Method, path, ""); !open && status != 401 {
			t.Errorf("%v without a token: %d", op, status)
		}
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	for path, c := range map[string]struct {
		kind string
		body []byte
	}{"/openapi.yaml": {"application/yaml; charset=utf-8", api.OpenAPI}, "/docs": {"text/html; charset=utf-8", api.Docs}} {
		status, h, body := send(t, l, "GET", path, "")
		if status != 200 || h.Get("Content-Type") != c.kind || !bytes.Equal(body, c.body) || len(body) < 1000 {
			t.Errorf("%s: %d %s, %d bytes", path, status, h.Get("Content-Type"), len(body))
		}
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// TestSandboxRoutes: they need no token, and the clock never goes back.
func TestSandboxRoutes(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.ClockStart = day(t, "2031-08-31T10:00:00Z") })
	clock := func() time.Time {
		_, _, body := send(t, l, "GET", "/sandbox/clock", "")
		var o object
		if err := json.Unmarshal(body, &o); err != nil {
			t.Fatal(err)
		}
		return day(t, o["now"].(string))
	}
	start := clock()
	for _, c := range []struct {
		body   string
		status int
	}{
		{`{"advance":"24h"}`, 200}, {`{"advance":"0s"}`, 200}, {`{"advance":"1h30m"}`, 200}, {`{"to":"2031-10-01T00:00:00+02:00"}`, 200},
		{`{"to":"2031-09-01T00:00:00Z"}`, 400}, {`{"advance":"-1s"}`, 400}, {`{"advance":"1 day"}`, 400}, {`{"advance":5}`, 400}, {`{}`, 400}, {``, 400},
		{`{"advance":"1h","to":"2031-12-01T00:00:00Z"}`, 400}, {`{"to":"tomorrow"}`, 400}, {`{"to":"9999-01-01T00:00:00Z"}`, 400},
		{`{"advance":"99999999h"}`, 400}, {`{`, 400}, {`[]`, 400},
	} {
		before := clock()
		status, _, body := send(t, l, "POST", "/sandbox/clock", c.body, "Content-Type", "application/json")
		after := clock()
		if status != c.status || after.Before(before) || (status != 200 && after.Sub(before) > time.Minute) {
			t.Errorf("%s: %d %s, from %v to %v", c.body, status, body, before, after)
		}
	}
	if clock().Sub(start) < 24*time.Hour {
		t.Error("the clock did not move")
	}
	l.Token = l.TokenOf(l.Partner.ClientID, l.Partner.ClientSecret)
	ident := path.Base(create(l, l.Person("Antonia")))
	for _, c := range []struct {
		id, body string
		status   int
	}{
		{"nothing", `{"result":"SUCCESS"}`, 404}, {ident, `{"result":"SUCCESS"}`, 412}, {ident, `{}`, 400}, {ident, `{"result":"GREAT"}`, 400},
		{ident, `{"result":"ABORTED","reason":"because"}`, 400}, {ident, `{"result":"ABORTED","reason":5}`, 400}, {ident, `{"result":5}`, 400},
	} {
		status, _, body := send(t, l, "POST", "/sandbox/identifications/"+c.id+"/result", c.body, "Content-Type", "application/json")
		if status != c.status {
			t.Errorf("%s %s: %d %s", c.id, c.body, status, body)
		} else {
			readRefusal(t, status, body)
		}
	}
}
