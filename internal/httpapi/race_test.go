package httpapi_test

import (
	"fmt"
	"path"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

const atOnce = 8

// allAtOnce runs the calls side by side and returns their answers.
func allAtOnce(call func(n int) (int, []byte)) (statuses map[int]int, bodies [atOnce]string) {
	var wg sync.WaitGroup
	var got [atOnce]int
	for n := range atOnce {
		wg.Go(func() {
			status, body := call(n)
			got[n], bodies[n] = status, string(body)
		})
	}
	wg.Wait()
	statuses = map[int]int{}
	for _, s := range got {
		statuses[s]++
	}
	return statuses, bodies
}

// TestPatchRace: of several who fill the same field one is first.
func TestPatchRace(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "PERSON_CHANGED")
		person := "/v1/persons/" + l.Person("Antonia")
		statuses, bodies := allAtOnce(func(n int) (int, []byte) {
			status, _, body := l.Do("PATCH", person, object{"email": fmt.Sprintf("%d@example.com", n), "job_title": fmt.Sprint(n)})
			return status, body
		})
		if statuses[200] != 1 || statuses[200]+statuses[403]+statuses[409] != atOnce {
			t.Errorf("%v %v", statuses, bodies)
		}
		o := l.Call(200, "GET", person, nil)
		if o["email"] != o["job_title"].(string)+"@example.com" {
			t.Errorf("mixed: %v %v", o["email"], o["job_title"])
		}
		l.Advance("1s")
		if n := len(receiver.Hooks()); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

// TestRequestRace: several requests at once are one.
func TestRequestRace(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		ident := create(l, l.Person("Antonia"))
		statuses, bodies := allAtOnce(func(int) (int, []byte) {
			status, _, body := l.Do("PATCH", ident+"/request", nil)
			return status, body
		})
		if statuses[200] != atOnce {
			t.Errorf("%v", statuses)
		}
		for _, body := range bodies {
			if body != bodies[0] {
				t.Errorf("%s\n%s", bodies[0], body)
			}
		}
		l.Advance("1s")
		same(t, "events", receiver.Statuses(path.Base(ident)), []string{"created", "pending"})
	})
}
