package ais

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a simulator with its listeners, a phone and a clock.
type world struct {
	t                           *testing.T
	server                      *Server
	cfg                         Config
	api, consent, bridge, steer *httptest.Server
	client                      *http.Client // of the API, with the customer's certificate

	mu    sync.Mutex
	now   time.Time
	texts []string
	deaf  bool // no text message arrives
}

var testStart = time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, now: testStart}
	w.cfg = Config{
		Customer: "bank", BridgeToken: "token", Dir: t.TempDir(), Seed: []byte("seed"), Now: w.clock, Text: w.text, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&w.cfg)
	}
	w.open()
	return w
}

// open starts the simulator on the world's configuration; a second call is a restart.
func (w *world) open() {
	w.t.Helper()
	s, err := New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server = s
	w.api = httptest.NewUnstartedServer(s.API())
	w.api.TLS, w.api.Config.ErrorLog = s.ServerTLS(), slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	w.api.StartTLS()
	w.consent, w.bridge, w.steer = httptest.NewServer(s.Consent()), httptest.NewServer(s.Bridge()), httptest.NewServer(s.Steering())
	for _, listener := range []*httptest.Server{w.api, w.consent, w.bridge, w.steer} {
		w.t.Cleanup(listener.Close)
	}
	s.SetConsentURL(w.consent.URL)
	w.client = tlsClient(s)
	w.t.Cleanup(w.client.CloseIdleConnections)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) text(_ context.Context, _, _, text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf {
		return errors.New("no such phone")
	}
	w.texts = append(w.texts, text)
	return nil
}

// password is the one in the newest text message.
func (w *world) password() string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.texts) == 0 {
		w.t.Fatal("no text message came")
	}
	last := strings.Fields(w.texts[len(w.texts)-1])
	return last[len(last)-1]
}

// advance moves the clock as its owner does: from one due time to the next.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	end := w.clock().Add(d)
	set := func(t time.Time) { w.mu.Lock(); w.now = t; w.mu.Unlock() }
	for {
		at, ok := w.server.NextDue()
		if !ok || at.After(end) {
			break
		}
		if at.After(w.clock()) {
			set(at)
		}
		if w.server.RunDue(w.t.Context(), w.clock()) == 0 {
			w.t.Fatalf("something is due at %s and RunDue does nothing", at)
		}
	}
	set(end)
}

// content is what is signed as document n.
func content(n int) []byte { return []byte(strings.Repeat("document ", n+1)) }

// signBody is a good request for so many signatures; change may spoil it.
func signBody(id string, documents int, change func(sent, options object)) object {
	var hashes []object
	for n := range documents {
		sum := sha512.Sum512(content(n))
		hashes = append(hashes, object{
			"@ID": "doc-" + strings.Repeat("i", n+1), "dsig.DigestMethod": object{"@Algorithm": "http://www.w3.org/2001/04/xmlenc#sha512"},
			"dsig.DigestValue": base64.StdEncoding.EncodeToString(sum[:]),
		})
	}
	profiles := []string{onDemand, async, redirect}
	if documents > 1 {
		profiles = append(profiles, batch)
	}
	options := object{
		"AddTimestamp": object{"@Type": typeStamp}, "AdditionalProfile": profiles, "ClaimedIdentity": object{"Name": "bank:" + DefaultEntity},
		"SignatureType": typeCMS, "sc.AddRevocationInformation": object{"@Type": "PAdES"}, "sc.SignatureStandard": "PAdES",
		"sc.CertificateRequest": object{
			"sc.DistinguishedName":   "cn=Erika Müller\\, geb. Gabler, givenname=Erika, surname=Müller\\, geb. Gabler, c=DE, serialnumber=RAS1",
			"sc.StepUpAuthorisation": object{"sc.Phone": phone()},
		},
	}
	sent := object{"@Profile": profile11, "@RequestID": id, "InputDocuments": object{"DocumentHash": hashes}, "OptionalInputs": options}
	if change != nil {
		change(sent, options)
	}
	return object{"SignRequest": sent}
}

func phone() object {
	return object{"sc.Language": "de", "sc.MSISDN": "4915112345678", "sc.Message": "Vorgang 1234-5678 <b>:"}
}

// reply is an answer of the API.
type reply struct {
	SignResponse struct {
		RequestID string `json:"@RequestID"`
		Result    struct {
			ResultMajor, ResultMinor string
			ResultMessage            struct {
				Text string `json:"$"`
			}
		}
		OptionalOutputs struct {
			ResponseID string `json:"async.ResponseID"`
			StepUp     struct {
				Result struct {
					ConsentURL string `json:"sc.ConsentURL"`
					Serial     string `json:"sc.SerialNumber"`
				} `json:"sc.Result"`
			} `json:"sc.StepUpAuthorisationInfo"`
			Revocation struct {
				OCSPs map[string][]string `json:"sc.OCSPs"`
				CRLs  map[string]string   `json:"sc.CRLs"` // of one
			} `json:"sc.RevocationInformation"`
		}
		SignatureObject struct {
			Base64Signature signatureReply
			Other           struct {
				Objects struct {
					All []struct {
						Document        string `json:"@WhichDocument"`
						Base64Signature signatureReply
					} `json:"sc.ExtendedSignatureObject"`
				} `json:"sc.SignatureObjects"`
			}
		}
	}
}

type signatureReply struct {
	Type string `json:"@Type"`
	DER  []byte `json:"$"`
}

// word is the last word of major and minor.
func (r reply) word() string {
	result := r.SignResponse.Result
	last := func(s string) string { return s[strings.LastIndexAny(s, ":/")+1:] }
	return strings.TrimSuffix(last(result.ResultMajor)+" "+last(result.ResultMinor), " ")
}

func (w *world) sign(body any) reply { w.t.Helper(); return w.call("sign", body) }

func (w *world) poll(id string) reply {
	w.t.Helper()
	return w.call("pending", object{"async.PendingRequest": object{
		"@Profile": profile10, "OptionalInputs": object{"ClaimedIdentity": object{"Name": "bank:" + DefaultEntity}, "async.ResponseID": id},
	}})
}

// call posts to the API: a text as it is, anything else as JSON.
func (w *world) call(path string, body any) (r reply) {
	w.t.Helper()
	status, answer := w.post(w.client, w.api.URL+"/AIS-Server/rs/v1.0/"+path, body, "")
	if status != 200 {
		w.t.Fatalf("%s: %d %s", path, status, answer)
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		w.t.Fatalf("%s: %v: %s", path, err, answer)
	}
	return r
}

func (w *world) post(client *http.Client, address string, body any, token string) (int, []byte) {
	w.t.Helper()
	data, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		data = string(b)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), "POST", address, strings.NewReader(data))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	return w.do(client, req)
}

func (w *world) do(client *http.Client, req *http.Request) (int, []byte) {
	w.t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, resp.Body); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, b.Bytes()
}

// form posts a form to a page and follows to the page that it leads to.
func (w *world) form(address string, fields ...string) (int, string) {
	w.t.Helper()
	values := url.Values{}
	for n := 0; n < len(fields); n += 2 {
		values.Set(fields[n], fields[n+1])
	}
	resp, err := http.PostForm(address, values)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// begin begins a request that must be accepted.
func (w *world) begin(id string, documents int) (response, consent string) {
	w.t.Helper()
	r := w.sign(signBody(id, documents, nil))
	if r.word() != "Pending" || r.SignResponse.RequestID != id {
		w.t.Fatalf("%+v", r.SignResponse.Result)
	}
	return r.SignResponse.OptionalOutputs.ResponseID, r.SignResponse.OptionalOutputs.StepUp.Result.ConsentURL
}
