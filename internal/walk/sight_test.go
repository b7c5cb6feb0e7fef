package walk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/testkit"
)

type object = testkit.Object

// walk is one partner's way through the world, and what we know of it.
type walk struct {
	*world
	t       *rapid.T
	partner kyc.Partner
	secret  string // the client's
	token   string
	tokenAt time.Time
	now     time.Time // the sandbox's clock when we last looked

	identSecret string // what `request` must carry, if the partner has one
	persons     []*person
	subs        []*subscription
	identified  int // how many identifications there are

	erased map[string]bool // persons that are, and their identifications

	faults bool // the provider has misbehaved in this walk
	drops  bool // pushes were lost in this walk
	wrongs []string
}

// person is a person of the walk's partner.
type person struct {
	id, name string
	idents   []*ident
	filled   map[string]string // what PATCH has filled in
	patches  int               // how many of them changed something

	entries      []kyc.Entry
	unsuccessful int
}

// ident is an identification: what we did to it, and how it was seen last.
type ident struct {
	id     string
	person *person

	asked       int       // calls of `request` that may have begun a session
	given       int       // of those, the ones that were told so
	scenario    string    // the first name that the provider was told
	preliminary bool      // how the provider was set when the session began
	disturbed   bool      // somebody else than the scenario had a hand in it
	intent      int       // entries there were when a request was left to go on by itself; 0: none was
	barriers    []barrier // results that a request has made void

	row      object // as the API shows it
	entries  []kyc.Entry
	findings []kyc.FindingRecord
	docs     []kyc.Document
	jobs     map[kyc.JobKind]kyc.Job
	session  *session
	bank     *banking // nil: by video

	story
}

// barrier says that before the n-th start of the session the provider had said
// so many things; those that left the session unfinished are void after it.
type barrier struct{ start, outcomes int }

// session is what the simulator's steering port shows.
type session struct {
	ID       string  `json:"id"`
	Link     string  `json:"link"`
	Result   *string `json:"result"`
	Pushes   int     `json:"pushes_waiting"`
	Outcomes []struct {
		At     time.Time `json:"at"`
		Result string    `json:"result"`
		Reason *string   `json:"reason"`
	} `json:"outcomes"`
}

// present is the result that holds; empty if there is none.
func (s *session) present() string {
	if s == nil {
		return ""
	}
	return text(s.Result)
}

// subscription is one of the partner's webhook subscriptions.
type subscription struct {
	id, event string
	createdAt time.Time
	deleted   bool // by the partner
	gone      int  // how many attempts there were when it was found gone; 0: it is there
	paused    bool
	resumed   bool // its schedule was broken once
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// begin makes a partner and what every walk needs to get somewhere.
func begin(t *rapid.T, w *world) *walk {
	wk := arrive(t, w)
	wk.createPerson(t)
	wk.identify(t)
	return wk
}

// arrive makes a partner with its subscriptions.
func arrive(t *rapid.T, w *world) *walk {
	wk := &walk{world: w, t: t, erased: map[string]bool{}}
	wk.drain()
	if rapid.IntRange(0, 9).Draw(t, "secret") == 9 {
		wk.identSecret = "open sesame"
	}
	var err error
	wk.partner, wk.secret, err = flow.CreatePartner(w.tb.Context(), w.store, flow.NewPartner{Name: "Walking Bank"})
	if err == nil && wk.identSecret != "" {
		err = flow.ChangePartner(w.tb.Context(), w.store, wk.partner.ClientID, func(p *kyc.Partner) { p.IdentSecretHash = sesame() })
	}
	if err != nil {
		t.Fatal(err)
	}
	wk.renew()
	wk.subscribe(kyc.EventIdentification)
	wk.subscribe(kyc.EventPersonChanged)
	return wk
}

// rapid writes down what it has drawn: as short as it can be told.

// GoString is for rapid's log.
func (i *ident) GoString() string { return i.id[:6] + " (" + i.person.name + ", " + i.status() + ")" }

// GoString is for rapid's log.
func (p *person) GoString() string { return p.id[:6] + " (" + p.name + ")" }

// GoString is for rapid's log.
func (s *subscription) GoString() string { return s.id[:6] + " (" + s.event + ")" }

// renew gets an access token: they age on the sandbox's clock.
func (w *walk) renew() {
	w.token, w.tokenAt = w.live.TokenOf(w.partner.ClientID, w.secret), w.now
}

// answer is what the API said.
type answer struct {
	status int
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// object is the answer as an object; what is none is empty.
func (a answer) object() (o object) {
	if json.Unmarshal(a.body, &o) != nil {
		return object{}
	}
	return o
}

func (a answer) code() string {
	code, _ := a.object()["code"].(string)
	return code
}

// ask calls the API as the partner and holds the answer against its
// description. It may be used from several goroutines.
func (w *walk) ask(method, path string, body any) (answer, error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	if body == nil {
		sent = nil
	}
	req, err := http.NewRequest(method, w.live.APIURL+path, bytes.NewReader(sent))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return a, err
	}
	return a, w.live.Contract.Check(req, resp.StatusCode, resp.Header, a.body)
}

// call is ask for the walk's own goroutine.
func (w *walk) call(method, path string, body any) answer {
	w.t.Helper()
	if w.now.Sub(w.tokenAt) > 30*time.Minute {
		w.renew()
	}
	a, err := w.ask(method, path, body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// must is call for an answer of this status.
func (w *walk) must(want int, method, path string, body any) answer {
	w.t.Helper()
	a := w.call(method, path, body)
	if a.status != want {
		w.t.Fatalf("%s %s %v: %s; want %d", method, path, body, a, want)
	}
	return a
}

// steer calls the simulator's steering port.
func (w *walk) steer(method, path string, body any) answer {
	w.t.Helper()
	a, err := w.trySteering(method, path, body)
	if err != nil || a.status > 299 {
		w.t.Fatalf("steering %s %s %v: %s %v", method, path, body, a, err)
	}
	return a
}

func (w *walk) trySteering(method, path string, body any) (a answer, err error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return a, err
	}
	if s, ok := body.(string); ok {
		sent = []byte(s)
	}
	req, err := http.NewRequest(method, w.live.SteeringURL+path, bytes.NewReader(sent))
	if err != nil {
		return a, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a.status = resp.StatusCode
	a.body, err = io.ReadAll(resp.Body)
	return a, err
}

// move moves the clock; everything that falls due on the way is done then.
func (w *walk) move(d time.Duration) {
	w.t.Helper()
	o := w.must(200, "POST", "/sandbox/clock", object{"advance": d.String()}).object()
	now, err := time.Parse(time.RFC3339, o["now"].(string))
	if err != nil || now.Before(w.now) {
		w.t.Fatalf("the clock went from %s to %v", w.now, o["now"])
	}
	w.now = now
}

// drain waits until nothing is due.
func (w *walk) drain() { w.move(0) }

func (i *ident) path() string { return "/v1/persons/" + i.person.id + "/identifications/" + i.id }

func (i *ident) status() string { return i.story.status }

// shown is a member of the identification as the API shows it, "" if it is null.
func (i *ident) shown(key string) string {
	s, _ := i.row[key].(string)
	return s
}

// all lists every identification of the walk.
func (w *walk) all() (list []*ident) {
	for _, p := range w.persons {
		list = append(list, p.idents...)
	}
	return list
}

// look reads everything that the rules are about.
func (w *walk) look() {
	w.t.Helper()
	w.drain()
	byID := map[string]*ident{}
	for _, i := range w.all() {
		byID[i.id] = i
		i.session = w.sessionOf(i)
		i.row = nil
	}
	var rows []object
	a := w.must(200, "GET", "/v1/identifications?page[size]=1000", nil)
	if err := json.Unmarshal(a.body, &rows); err != nil || len(rows) != w.identified {
		w.t.Fatalf("the partner has %d identifications, the list %d: %v", w.identified, len(rows), err)
	}
	for _, row := range rows {
		i := byID[row["id"].(string)]
		if i == nil || i.row != nil {
			w.t.Fatalf("the list has what nobody created, or twice: %v", row)
		}
		i.row = row
	}
	if err := w.store.View(w.tb.Context(), w.read); err != nil {
		w.t.Fatal(err)
	}
}

func (w *walk) sessionOf(i *ident) *session {
	w.t.Helper()
	if i.asked == 0 || i.bank != nil {
		return nil
	}
	a, err := w.trySteering("GET", "/sessions/"+i.id, nil)
	if err == nil && a.status == 404 {
		return nil
	}
	var s session
	if err == nil {
		err = json.Unmarshal(a.body, &s)
	}
	if err != nil {
		w.t.Fatalf("the session of %s: %v", i.id, err)
	}
	return &s
}

// read reads what the API does not show: history, evidence, work to come.
func (w *walk) read(v kyc.View) (err error) {
	for _, p := range w.persons {
		if p.entries, err = v.History().OfPerson(p.id); err != nil {
			return err
		}
		if p.unsuccessful, err = v.History().Unsuccessful(p.id); err != nil {
			return err
		}
		for _, i := range p.idents {
			if err := i.read(v); err != nil {
				return err
			}
		}
	}
	for _, s := range w.subs {
		if s.gone > 0 {
			continue
		}
		row, err := v.Subscriptions().Get(s.id)
		switch {
		case kyc.IsKind(err, kyc.NotFound):
			s.gone = 1 + len(w.log.of(s.id)) // so that none differs from not gone
		case err != nil:
			return err
		default:
			s.paused, s.createdAt = row.Paused, row.CreatedAt
		}
	}
	return nil
}

func (i *ident) read(v kyc.View) (err error) {
	i.entries = nil
	for _, e := range i.person.entries {
		if e.IdentificationID == i.id {
			i.entries = append(i.entries, e)
		}
	}
	if i.asked == 0 && i.bank == nil {
		return nil
	}
	if i.findings, err = v.Findings().OfIdentification(i.id); err != nil {
		return err
	}
	if i.docs, err = v.Documents().OfIdentification(i.id); err != nil {
		return err
	}
	i.jobs = map[kyc.JobKind]kyc.Job{}
	for _, kind := range jobKinds {
		j, ok, err := v.Jobs().Find(kind, i.id)
		if err != nil {
			return err
		}
		if ok {
			i.jobs[kind] = j
		}
	}
	return nil
}

func changedNothing(e kyc.Entry) bool {
	return e.Event == "request_refused" || strings.Contains(e.Details, `"changed_nothing":true`)
}
