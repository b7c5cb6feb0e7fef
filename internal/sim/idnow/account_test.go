package idnow

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// withTwo adds an account for automatic identification to a world.
func withTwo(cfg *Config) {
	cfg.More = []Account{{CompanyID: "auto", CompanyName: "Auto Bank", APIKey: "auto-key", Prefix: "TS2", Kind: AutoIdent, PushURL: cfg.PushURL}}
}

// as speaks for the second account.
func (w *world) as(company, key string) *world {
	other := *w
	other.cfg.CompanyID, other.cfg.APIKey, other.token = company, key, ""
	return &other
}

// TestAccountsAreApart: two companies on the same hosts see nothing of each other, over a restart too.
func TestAccountsAreApart(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { withTwo(cfg); cfg.Dir = t.TempDir() })
	auto := w.as("auto", "auto-key")
	w.start("tx-1", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"})
	if id := auto.start("tx-2", map[string]string{"firstname": "X-AUTOTEST-HAPPYPATH"}); !strings.HasPrefix(id, "TS2-") {
		t.Errorf("the ident id is %s", id)
	}
	w.advance(5 * time.Minute)
	if got := w.company.take(); len(got) != 2 || got[0].body.Process.CompanyID == got[1].body.Process.CompanyID {
		t.Errorf("pushed: %v", got)
	}
	if status, answer := auto.tryStart("tx-1", nil); status != 403 || errorCause(t, answer) != "SECURITY_VIOLATION" {
		t.Errorf("start of another's transaction: %d %s", status, answer)
	}
	for range 2 {
		for _, own := range []struct {
			w          *world
			tx, other  string
			definition string
		}{{w, "tx-1", "tx-2", "video"}, {auto, "tx-2", "tx-1", "auto"}} {
			own.w.token = ""
			if status, r := own.w.get(own.tx); status != 200 || r.Process.CompanyID != own.w.cfg.CompanyID ||
				!strings.Contains(r.Process.Href, "/"+own.w.cfg.CompanyID+"/") {
				t.Errorf("%s: %d %+v", own.tx, status, r.Process)
			}
			for _, call := range []struct{ method, path string }{
				{"GET", ""}, {"GET", ".zip"}, {"DELETE", ""}, {"GET", "/documents"}, {"POST", "/documents/x/data"}, {"POST", "/copy"},
			} {
				if status, answer := own.w.call(call.method, "/identifications/"+own.other+call.path, map[string]string{"target_companyid": own.w.cfg.CompanyID}); status != 404 {
					t.Errorf("%s sees %s%s of the other: %d %s", own.w.cfg.CompanyID, call.method, call.path, status, answer)
				}
			}
			if _, list := own.w.call("GET", "/identifications", nil); strings.Contains(string(list), own.other) || !strings.Contains(string(list), own.tx) {
				t.Errorf("the list of %s: %s", own.w.cfg.CompanyID, list)
			}
			if _, root := own.w.call("GET", "", nil); !strings.Contains(string(root), own.w.cfg.CompanyID) {
				t.Errorf("%s", root)
			}
			own.w.call("POST", "/documentdefinitions", map[string]string{"name": own.definition, "identifier": own.definition, "mimeType": "application/pdf"})
			if _, list := own.w.call("GET", "/documentdefinitions", nil); strings.Count(string(list), `"identifier"`) != 1 || !strings.Contains(string(list), own.definition) {
				t.Errorf("definitions of %s: %s", own.w.cfg.CompanyID, list)
			}
			resp, err := http.Get(w.goPages.URL + "/" + own.w.cfg.CompanyID + "/identifications/" + own.other)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 404 {
				t.Errorf("the page of another company's customer: %d", resp.StatusCode)
			}
		}
		w.open()
		again := w.as("auto", "auto-key")
		auto.server, auto.gateway = again.server, again.gateway
	}
}

// TestAccountsMustDiffer: what cannot work is refused at the start.
func TestAccountsMustDiffer(t *testing.T) {
	a := Account{CompanyID: "c", APIKey: "k"}
	for _, more := range [][]Account{{a}, {{CompanyID: "d"}}, {{APIKey: "k"}}} {
		if _, err := New(Config{Account: a, More: more}); err == nil {
			t.Errorf("%v were accepted", more)
		}
	}
}
