package crashtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// receiver is the partners' webhook receiver. It outlives every server.
type receiver struct {
	w   *world
	url string

	mu     sync.Mutex
	calls  []call
	tries  map[string]int // by notification
	deaf   map[string]bool
	reader *http.Client
}

// call is one notification as it came.
type call struct {
	path, id, subscription, event, entity, signature string
	body                                             []byte
	accepted                                         bool
	observed                                         string // what GET said of the identification at that moment; empty: not asked
}

// status is what an IDENTIFICATION tells.
func (c call) status() string {
	var body struct{ Status string }
	_ = json.Unmarshal(c.body, &body) // what cannot be read has no status
	return body.Status
}

// genuine checks the signature with no code of the sender's.
func (c call) genuine(secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(c.body)
	return hmac.Equal([]byte("sha256="+hex.EncodeToString(mac.Sum(nil))), []byte(c.signature))
}

func newReceiver(w *world) *receiver {
	r := &receiver{w: w, tries: map[string]int{}, deaf: map[string]bool{}, reader: &http.Client{Timeout: 10 * time.Second}}
	srv := httptest.NewServer(r)
	w.t.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

// refuse makes the receiver answer 500 at a path, or not any more.
func (r *receiver) refuse(path string, deaf bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf[path] = deaf
}

// received is what came so far, in order.
func (r *receiver) received() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.calls...)
}

// ServeHTTP implements http.Handler. Of some notifications it does not want the
// first one or two tries.
func (r *receiver) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender died
	}
	get := req.Header.Get
	c := call{
		path: req.URL.Path, id: get("Solaris-Webhook-Id"), subscription: get("Solaris-Webhook-Subscription-Id"),
		event: get("Solaris-Webhook-Event-Type"), entity: get("Solaris-Entity-Id"), signature: get("Solaris-Webhook-Signature"), body: body,
	}
	if c.event == "WEBHOOK-SUBSCRIPTION" {
		return
	}
	chance := fnv.New32a()
	chance.Write([]byte(c.id))
	if c.event == "IDENTIFICATION" && chance.Sum32()%4 == 0 && r.w.ours(c.path) {
		c.observed = r.observe(c)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries[c.id]++
	c.accepted = !r.deaf[c.path] && (chance.Sum32()%12 != 0 || r.tries[c.id] > 1+int(chance.Sum32()%2))
	r.calls = append(r.calls, c)
	if !c.accepted {
		rw.WriteHeader(http.StatusInternalServerError)
	}
}

// observe reads the identification that a notification is about, as a partner
// would do. A server that dies meanwhile is no answer.
func (r *receiver) observe(c call) string {
	var event struct {
		Person string `json:"person_id"`
	}
	api, _ := r.w.gate.look()
	r.w.mu.Lock()
	token := r.w.token
	r.w.mu.Unlock()
	if json.Unmarshal(c.body, &event) != nil || api == "" {
		return ""
	}
	req, err := http.NewRequest("GET", api+"/v1/persons/"+event.Person+"/identifications/"+c.entity, nil)
	if err != nil {
		return ""
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := r.reader.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var shown struct{ Status string }
	switch err := json.NewDecoder(resp.Body).Decode(&shown); {
	case err != nil || resp.StatusCode == http.StatusUnauthorized: // it died, or the token is too old
		return ""
	case resp.StatusCode != http.StatusOK:
		return "not there"
	}
	return shown.Status
}
