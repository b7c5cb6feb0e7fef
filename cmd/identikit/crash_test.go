package main

import (
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// acked is what the server has answered for: it must be there after a crash.
type acked struct {
	mu        sync.Mutex
	persons   []string
	created   []string // paths of identifications
	requested []string
}

func (a *acked) add(list *[]string, path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*list = append(*list, path)
}

// work drives customers through the API until the server is gone.
func (a *acked) work(c *client, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		var o struct{ ID string }
		if c.call(201, "POST", "/v1/persons", `{"first_name":"X-AUTOTEST-HAPPYPATH","last_name":"Muster"}`, &o) != nil {
			return
		}
		person := "/v1/persons/" + o.ID
		a.add(&a.persons, person)
		if c.call(201, "POST", person+"/identifications", `{"method":"idnow"}`, &o) != nil {
			return
		}
		ident := person + "/identifications/" + o.ID
		a.add(&a.created, ident)
		if c.call(200, "PATCH", ident+"/request", "", nil) != nil {
			return
		}
		a.add(&a.requested, ident)
	}
}

// TestKill9 kills the server under load, again and again, and looks for every
// acknowledged write and every notification.
func TestKill9(t *testing.T) {
	const rounds = 4
	testdb.Each(t, func(t *testing.T, url string) {
		var args []string
		if strings.HasPrefix(url, "postgres") {
			args = []string{"--database", url}
		}
		data := t.TempDir()
		receiver := testkit.NewReceiver(t)
		var all acked
		p := startSandbox(t, data, args...)
		c, err := newClient(p)
		if err != nil {
			t.Fatal(err)
		}
		var hook struct{ ID, Secret string }
		if err := c.call(201, "POST", "/v1/webhooks", `{"event_type":"IDENTIFICATION","url":"`+receiver.URL+`"}`, &hook); err != nil {
			t.Fatal(err)
		}
		receiver.Know(hook.ID, hook.Secret)
		for range rounds {
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for range 4 {
				worker := *c
				wg.Go(func() { all.work(&worker, stop) })
			}
			<-time.After(time.Duration(60+rand.IntN(200)) * time.Millisecond)
			p.kill()
			close(stop)
			wg.Wait()
			p = startSandbox(t, data, args...)
			c.api = p.APIURL
		}
		all.check(t, c, p, receiver)
		t.Logf("%d kills: %d persons, %d identifications, %d requests acknowledged", rounds, len(all.persons), len(all.created), len(all.requested))
		p.stop()
	})
}

// check reads everything again, lets all of it come to its end, and compares
// with what the receiver was told.
func (a *acked) check(t *testing.T, c *client, p *process, receiver *testkit.Receiver) {
	t.Helper()
	if len(a.requested) == 0 {
		t.Fatal("nothing was acknowledged: this test tests nothing")
	}
	for _, person := range a.persons {
		if err := c.call(200, "GET", person, "", nil); err != nil {
			t.Errorf("lost: %v", err)
		}
	}
	if err := c.call(200, "POST", "/sandbox/clock", `{"advance":"50m"}`, nil); err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for _, h := range receiver.Hooks() {
		id := h.Header.Get("Solaris-Entity-Id")
		told[id] = append(told[id], h.Status())
	}
	expect := func(ident string, statuses ...string) {
		var o struct{ Status string }
		if err := c.call(200, "GET", ident, "", &o); err != nil {
			t.Errorf("lost: %v", err)
		}
		if last := statuses[len(statuses)-1]; o.Status != last && last != "created" {
			t.Errorf("%s is %s, want %s", ident, o.Status, last)
		}
		seen := distinct(told[path.Base(ident)])
		if got := strings.Join(seen, " "); !strings.HasPrefix(got, strings.Join(statuses, " ")) {
			t.Errorf("%s: the receiver was told %q, want %v", ident, got, statuses)
		}
	}
	for _, ident := range a.created {
		expect(ident, "created")
	}
	for _, ident := range a.requested {
		expect(ident, "created", "pending", "successful")
	}
}

// distinct drops repetitions: delivery is at least once.
func distinct(all []string) (seen []string) {
	for _, s := range all {
		known := false
		for _, x := range seen {
			known = known || x == s
		}
		if !known {
			seen = append(seen, s)
		}
	}
	return seen
}
