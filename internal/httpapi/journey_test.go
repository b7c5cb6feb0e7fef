package httpapi_test

import (
	"bytes"
	"path"
	"slices"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// TestMainJob is the product's main job: from the token to the signed webhook
// and the downloaded report.
func TestMainJob(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		receiver := testkit.NewReceiver(t)
		receiver.Subscribe(l, "IDENTIFICATION")
		ident := l.Identify("X-AUTOTEST-HAPPYPATH")
		l.Advance("5m")
		o := l.Call(200, "GET", ident+"?include_documents=true", nil)
		if o["status"] != "successful" || o["completed_at"] == nil || o["failure_reason"] != nil {
			t.Fatalf("%v", o)
		}
		if got, want := receiver.Statuses(path.Base(ident)), []string{"created", "pending", "successful"}; !slices.Equal(got, want) {
			t.Errorf("webhooks told %v, want %v", got, want)
		}
		types := map[string]int{}
		for _, d := range o["documents"].([]any) {
			doc := d.(testkit.Object)
			types[doc["document_type"].(string)]++
			status, header, body := l.Do("GET", path.Dir(path.Dir(ident))+"/documents/"+doc["id"].(string)+"/file", nil)
			if status != 200 || float64(len(body)) != doc["size"] || header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %d, %d bytes", doc["name"], status, len(body))
			}
			if doc["document_type"] == "KYC_REPORT" && !bytes.HasPrefix(body, []byte("%PDF-")) {
				t.Errorf("the report is no PDF: %.20q", body)
			}
		}
		if types["KYC_REPORT"] != 1 || types["ID_DOCUMENT"] != 2 || types["PICTURE"] != 1 || types["OTHER"] != 1 {
			t.Errorf("documents: %v", types)
		}
	})
}

// TestScenarios walks the scenario table of rulings §3, preliminary off and on.
func TestScenarios(t *testing.T) {
	cases := []struct {
		scenario    string
		off, on     []string
		reason      any
		longerThan5 bool
	}{
		{"HAPPYPATH", []string{"successful"}, []string{"pending_successful", "successful"}, nil, false},
		{"CHANGEALL", []string{"successful"}, []string{"pending_successful", "successful"}, nil, false},
		{"CHANGEALLREVIEW", []string{"successful"}, []string{"pending_successful", "successful"}, nil, false},
		{"ABORTIDENT", []string{"aborted"}, []string{"aborted"}, "TECH_VIDEO", false},
		{"FRAUDOK", []string{"canceled", "successful"}, []string{"pending_failed", "successful"}, nil, false},
		{"FRAUDREVIEW", []string{"successful", "canceled"}, []string{"pending_successful", "failed"}, "OTHER_MISCELLANEOUS_PERMANENT", false},
		{"CANCELED", []string{"canceled"}, []string{"pending_successful", "canceled"}, "TECH_PHOTO", false},
		{"CANCELLED", []string{"canceled"}, []string{"pending_successful", "canceled"}, "TECH_PHOTO", false},
		{"FRAUDIDENT", []string{"failed"}, []string{"pending_failed", "failed"}, nil, false},
		{"LONGREVIEW", []string{"successful"}, []string{"pending_successful", "successful"}, nil, true},
	}
	for _, preliminary := range []bool{false, true} {
		t.Run(map[bool]string{false: "off", true: "on"}[preliminary], func(t *testing.T) {
			t.Parallel()
			l := testkit.Start(t, "", func(o *sandbox.Options) { o.Preliminary = preliminary })
			receiver := testkit.NewReceiver(t)
			receiver.Subscribe(l, "IDENTIFICATION")
			for _, c := range cases {
				ident := l.Identify("X-AUTOTEST-" + c.scenario)
				l.Advance("10m")
				want := c.off
				if preliminary {
					want = c.on
				}
				if c.longerThan5 {
					if s := l.Status(ident); s == "successful" {
						t.Errorf("%s: %s after ten minutes", c.scenario, s)
					}
					l.Advance("24h")
				}
				got := receiver.Statuses(path.Base(ident))
				if !slices.Equal(got, append([]string{"created", "pending"}, want...)) {
					t.Errorf("%s: webhooks told %v, want created, pending and %v", c.scenario, got, want)
				}
				o := l.Call(200, "GET", ident, nil)
				last := want[len(want)-1]
				reason := c.reason
				if last != "aborted" && last != "canceled" {
					reason = nil
				}
				if o["status"] != last || o["failure_reason"] != reason {
					t.Errorf("%s: %v %v, want %s %v", c.scenario, o["status"], o["failure_reason"], last, reason)
				}
			}
		})
	}
}
