package crashtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/sandbox"
)

type object = map[string]any

// errNoAnswer says that the server died before its answer was whole.
var errNoAnswer = errors.New("crashtest: no answer")

// client is one partner who speaks to the server. A patient one waits for the
// next server when its own has died; the others give up.
type client struct {
	w       *world
	name    string
	patient bool
	partner sandbox.Credentials

	entered int    // the server that was entered last
	direct  string // the server to speak to, whether the gate is open or not
	http    *http.Client
	token   string
	serial  int // of the server that was spoken to last
	sent    int
}

// logins is how many tokens in a row may be too old: while a scene lets weeks
// pass, a token lives for some milliseconds.
const logins = 1000

// hang is how long an answer may take: longer than any deadline of the server.
const hang = 90 * time.Second

func (w *world) client(name string, patient bool) *client {
	return &client{
		w: w, name: name, patient: patient, partner: w.partner,
		http: &http.Client{Timeout: hang, Transport: &http.Transport{MaxIdleConnsPerHost: 4}},
	}
}

// answer is a whole answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) object() object {
	var o object
	_ = json.Unmarshal(a.body, &o) // what is no object has no members
	return o
}

func (a answer) text(name string) string {
	s, _ := a.object()[name].(string)
	return s
}

// request is what is to be sent.
type request struct {
	method, path string
	body         any       // sent as JSON, or as it is if it has a kind
	kind         string    // the Content-Type of bytes
	key          string    // the Idempotency-Key
	ids          *[]string // takes the id of each try, before it is sent
	open         bool      // needs no token
}

// ask sends the request until it is answered, or once if the client is not
// patient. Only what may be sent twice is asked.
func (c *client) ask(r request) (answer, error) {
	for {
		a, err := c.try(r)
		if !c.patient || !errors.Is(err, errNoAnswer) {
			return a, err
		}
	}
}

// try sends the request once, and once more with a new token if that is what it
// lacks. A patient client waits for a server first.
func (c *client) try(r request) (answer, error) {
	api, serial := c.w.gate.look()
	switch {
	case c.direct != "":
		api = c.direct
	case c.patient:
		api, serial = c.w.gate.enter(c.serial - 1)
		c.entered = serial
	}
	if serial != c.serial {
		c.http.CloseIdleConnections() // they end at a server that is gone
	}
	var last answer
	for range logins {
		if c.token == "" && !r.open {
			if err := c.login(api, serial); err != nil {
				return answer{}, err
			}
		}
		a, err := c.send(api, serial, r)
		if err != nil || a.status != http.StatusUnauthorized || r.open {
			return a, err
		}
		c.token, last = "", a // it has expired on the sandbox's clock
	}
	return answer{}, c.unexpected(r.method+" "+r.path+" with a new token", last)
}

func (c *client) send(api string, serial int, r request) (answer, error) {
	var body io.Reader
	kind := "application/json"
	if raw, ok := r.body.([]byte); ok && r.kind != "" {
		body, kind = bytes.NewReader(raw), r.kind
	} else if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return answer{}, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequest(r.method, api+r.path, body)
	if err != nil {
		return answer{}, err
	}
	c.sent++
	id := fmt.Sprintf("%s-%06d", c.name, c.sent)
	req.Header.Set("X-Request-Id", id)
	c.w.note(func() {
		c.w.issued[id] = true
		if r.ids != nil {
			*r.ids = append(*r.ids, id)
		}
	})
	for name, value := range map[string]string{"Content-Type": kind, "Idempotency-Key": r.key} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if !r.open {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return c.do(req, serial)
}

func (c *client) do(req *http.Request, serial int) (answer, error) {
	resp, err := c.http.Do(req)
	if err == nil {
		var text []byte
		text, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil {
			c.serial = serial
			return answer{resp.StatusCode, resp.Header, text}, nil
		}
	}
	var slow interface{ Timeout() bool }
	if errors.As(err, &slow) && slow.Timeout() {
		c.w.lose("%s %s: no answer within %s", req.Method, req.URL.Path, hang)
	}
	c.serial = serial + 1 // this one is dead
	return answer{}, errNoAnswer
}

// login gets a token: a write of its own, which must be good after a crash.
func (c *client) login(api string, serial int) error {
	req, err := http.NewRequest("POST", api+"/oauth2/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(c.partner.ClientID, c.partner.ClientSecret)
	a, err := c.do(req, serial)
	if err != nil {
		return err
	}
	if c.token = a.text("access_token"); a.status != http.StatusOK || c.token == "" {
		return c.unexpected("POST /oauth2/token", a)
	}
	c.w.acknowledge("token")
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.partner == c.w.partner {
		c.w.token, c.w.tokens = c.token, append(c.w.tokens, issued{c.token, c.w.clock})
	}
	return nil
}

// get reads.
func (c *client) get(path string) (answer, error) { return c.ask(request{method: "GET", path: path}) }

// unexpected reports an answer that no crash explains.
func (c *client) unexpected(what string, a answer) error {
	c.w.lose("%s: unexpected answer %d: %.300s", what, a.status, a.body)
	return fmt.Errorf("%s: %d", what, a.status)
}

// with is an object and some more members.
func with(o object, more object) object {
	both := maps.Clone(o)
	maps.Copy(both, more)
	return both
}
