package idnow

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func record(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
	return rec
}

func TestSteeringSessions(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	if one := steer(t, w, "GET", "/sessions/tx-1", "", 200); one["page"] != "landing" || one["result"] != nil {
		t.Errorf("%v", one)
	}
	one := steer(t, w, "POST", "/sessions/tx-1/result", `{"result":"ABORTED","reason":"USER_NO_ID"}`, 200)
	if one["result"] != "ABORTED" || one["reason"] != "USER_NO_ID" || one["page"] != "ended" {
		t.Errorf("%v", one)
	}
	if all := steer(t, w, "GET", "/sessions", "", 200); len(all["sessions"].([]any)) != 1 {
		t.Errorf("%v", all)
	}
	outcomes := steer(t, w, "POST", "/sessions/tx-1/result", `{"result":"SUCCESS"}`, 200)["outcomes"].([]any)
	if len(outcomes) != 2 || outcomes[0].(map[string]any)["reason"] != "USER_NO_ID" || outcomes[1].(map[string]any)["result"] != "SUCCESS" {
		t.Errorf("%v", outcomes)
	}
	steer(t, w, "GET", "/sessions/none", "", 404)
	steer(t, w, "POST", "/sessions/none/result", `{"result":"SUCCESS"}`, 404)
	steer(t, w, "POST", "/sessions/tx-1/result", `{"result":"nonsense"}`, 400)
	steer(t, w, "POST", "/sessions/tx-1/result", `nonsense`, 400)
	steer(t, w, "POST", "/faults", `{"mode":"nonsense"}`, 400)
	steer(t, w, "POST", "/faults", `{"mode":"slow","delay":"long"}`, 400)
	steer(t, w, "POST", "/pushes", `{"drop":-1}`, 400)
	steer(t, w, "POST", "/pushes", strings.Repeat(" ", 1<<20+1), 413)
}

// TestForgedPush: anything can be sent as if it were a push.
func TestForgedPush(t *testing.T) {
	w := newWorld(t, nil)
	const forged = `{"identificationprocess":{"transactionnumber":"nobody","result":"SUCCESS"}}`
	if answer := steer(t, w, "POST", "/push", forged, 200); answer["status"] != 200.0 {
		t.Errorf("%v", answer)
	}
	if answer := steer(t, w, "POST", "/push", "nonsense", 200); answer["status"] != 400.0 {
		t.Errorf("%v", answer)
	}
	if got := w.company.take(); len(got) != 1 || got[0].raw != forged {
		t.Errorf("the company got %v", got)
	}
	steer(t, w, "POST", "/push", strings.Repeat(" ", 1<<20+1), 413)
	w.company.server.Close()
	steer(t, w, "POST", "/push", forged, 502)
	w.server.main.PushURL = ""
	steer(t, w, "POST", "/push", forged, 400)
}

func TestFaults(t *testing.T) {
	w := newWorld(t, nil)
	// On a connection that was used before, Go's client would send a call that was hung up on once more.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(ctx context.Context) (int, string, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", w.gateway.URL+"/api/v1/"+w.cfg.CompanyID, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-LOGIN-TOKEN", w.token)
		resp, err := client.Do(req)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
	w.call("GET", "", nil)
	for _, mode := range modeNames() {
		steer(t, w, "POST", "/faults", `{"mode":"`+mode+`","count":1,"delay":"1ms"}`, 200)
		status, body, err := get(t.Context())
		var good bool
		switch mode {
		case "down", "half":
			good = err != nil
		case "slow", "late":
			good = status == 200 && json.Valid([]byte(body))
		case "garbage":
			good = status == 200 && !json.Valid([]byte(body))
		case "html":
			good = status == 502 && strings.Contains(body, "<html>")
		case "wrong_types":
			good = status == 200 && strings.Contains(body, `"id":4711`)
		case "refuse":
			good = status == 400 && errorCause(t, []byte(body)) == "BAD_REQUEST"
		}
		if !good {
			t.Errorf("%s: %d %q %v", mode, status, body, err)
		}
		if status, body, err := get(t.Context()); status != 200 {
			t.Errorf("after %s: %d %s %v", mode, status, body, err)
		}
	}
	steer(t, w, "POST", "/faults", `{"mode":"slow","delay":"10m"}`, 200)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := get(ctx); err == nil {
		t.Error("a slow call was answered")
	}
	// A slow /start that is given up leaves nothing behind. Its handler ends too, or closing the listener would take 10 minutes.
	start := func(ctx context.Context, tx string) {
		req, err := http.NewRequestWithContext(ctx, "POST", w.gateway.URL+"/api/v1/"+w.cfg.CompanyID+"/identifications/"+tx+"/start", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-KEY", w.cfg.APIKey)
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			t.Errorf("the start of %s was answered", tx)
		}
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start(ctx, "given-up")
	if w.server.session("given-up") != nil {
		t.Error("a start that was given up was carried out")
	}
	// A late one is carried out, and only its answer is lost.
	steer(t, w, "POST", "/faults", `{"mode":"late","delay":"10m"}`, 200)
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-w.server.changed
		cancel()
	}()
	start(ctx, "lost")
	if w.server.session("lost") == nil {
		t.Error("a late start was not carried out")
	}
	steer(t, w, "DELETE", "/faults", "", 200)
	if status, _, err := get(t.Context()); status != 200 {
		t.Errorf("after clearing: %d %v", status, err)
	}
}

// TestFaultOfOnePath: the others are answered, and are not counted.
func TestFaultOfOnePath(t *testing.T) {
	w := newWorld(t, nil)
	w.start("tx-1", nil)
	steer(t, w, "POST", "/sessions/tx-1/result", `{"result":"SUCCESS"}`, 200)
	steer(t, w, "POST", "/faults", `{"mode":"refuse","count":1,"path":"tx-1.zip"}`, 200)
	for _, call := range []struct {
		path string
		want int
	}{{"/identifications/tx-1", 200}, {"", 200}, {"/identifications/tx-1.zip", 400}, {"/identifications/tx-1.zip", 200}} {
		if status, _ := w.call("GET", call.path, nil); status != call.want {
			t.Errorf("%s: %d, want %d", call.path, status, call.want)
		}
	}
}

func TestUnkind(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.Preliminary = true })
	steer(t, w, "POST", "/unkind", `{"on":true}`, 200)
	failures := 0
	for range 40 {
		if rec := record(w.server.Gateway(), "GET", "/api/v1/identikitsandbox", ""); rec.Code == 500 {
			failures++
		}
	}
	if failures != 2 {
		t.Errorf("%d of 40 calls failed, want 2", failures)
	}
	for _, tx := range []string{"a", "b", "c"} {
		w.start(tx, map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	}
	w.advance(24 * time.Hour)
	told := map[string]int{}
	for _, p := range w.company.take() {
		told[p.body.Process.Tx+" "+p.body.Process.Result]++
	}
	if len(told) != 6 {
		t.Errorf("told %v, want six results", told)
	}
}
