package sandbox_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"testing"
	"time"

	"github.com/identikit/identikit/internal/sim/fourthline"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// bankStates are where an identification by a bank can wait, in the order of the
// way of bank_id.
var bankStates = []string{"pending", "identification_data_required", "processed", "authorization_required", "confirmation_required"}

// banked makes a customer and an identification by bank_id that has come to the state.
func banked(l *testkit.Live, state string) (ident string) {
	l.T.Helper()
	person := "/v1/persons/" + l.Person("Anna")
	number := testkit.Object{"number": "+15550101", "token": "212212"}
	for _, step := range []string{"", "/authorize", "/confirm"} {
		l.Call(201, "POST", person+"/mobile_number"+step, number)
	}
	ident = person + "/identifications/" + l.Call(201, "POST", person+"/identifications", testkit.Object{
		"method": "bank_id", "iban": "DE77110101010100000093", "terms_and_conditions_signed_at": "2020-01-01T00:00:00Z",
	})["id"].(string)
	l.Call(200, "PATCH", ident+"/request", nil)
	for l.Status(ident) != state {
		stepOn(l, ident)
	}
	return ident
}

// stepOn does what brings the identification from where it waits to the next state.
func stepOn(l *testkit.Live, ident string) {
	l.T.Helper()
	result := "/sandbox/identifications/" + path.Base(ident) + "/result"
	switch st := l.Status(ident); st {
	case "pending":
		l.Call(200, "POST", result, testkit.Object{"result": "success"})
	case "identification_data_required":
		giveData(l, ident)
	case "processed":
		l.Advance("1s") // until the archive is handed over
		l.Call(200, "POST", result, testkit.Object{"result": "accepted"})
	case "authorization_required":
		l.Call(200, "PATCH", ident+"/authorize", nil)
	case "confirmation_required":
		l.Call(200, "PATCH", ident+"/confirm", testkit.Object{"token": "212212"})
	case "confirmed":
		l.Advance("5s")
	default:
		l.T.Fatalf("%s is %s", ident, st)
	}
}

// giveData uploads identity data with which all is well.
func giveData(l *testkit.Live, ident string) {
	l.T.Helper()
	archive, err := fourthline.Sample(nil)
	if err != nil {
		l.T.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "kyc.zip")
	if err == nil {
		_, err = part.Write(archive)
	}
	if err == nil {
		err = form.WriteField("document_type", "OTHER")
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		l.T.Fatal(err)
	}
	req, err := http.NewRequestWithContext(l.T.Context(), "POST", l.APIURL+ident+"/document_upload", &body)
	if err != nil {
		l.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+l.Token)
	req.Header.Set("Content-Type", form.FormDataContentType())
	if status, _, b := l.Send(req); status != 201 {
		l.T.Fatalf("%d %s", status, b)
	}
}

// mostFired is what may be done in 14 days: an identification by video is polled some 65
// times; one by a bank has a dozen things to do until it expires. The 5 seconds of rulings
// §5 are those of a machine that does nothing else, so the test tells and does not judge them.
const mostFired = 5000

// TestFourteenDaysOfBankident moves past the lifetime of a hundred open
// identifications, half of them by a bank and waiting for whatever one can wait for.
func TestFourteenDaysOfBankident(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		var idents []string
		for _, state := range bankStates { // the late ones last: they have no time to wait
			for range 10 {
				idents = append(idents, l.Identify("Anna"), banked(l, state))
			}
		}
		started := time.Now()
		fired := l.Advance("337h")
		took := time.Since(started)
		t.Logf("14 days and an hour with 100 open identifications, 50 of them by a bank: %d done in %s", fired, took)
		if fired > mostFired {
			t.Errorf("%d things were done", fired)
		}
		for _, ident := range idents {
			if s := l.Status(ident); s != "expired" {
				t.Errorf("%s is %s", ident, s)
			}
		}
	})
}

// TestRestartOfBankident stops and starts a sandbox whose customers wait at each
// step: links, firms and keys are the same, and everybody comes to the end.
func TestRestartOfBankident(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		idents, links := map[string]string{}, map[string]string{}
		for _, state := range bankStates {
			idents[state] = banked(l, state)
			links[state] = l.Call(200, "GET", idents[state], nil)["url"].(string)
		}
		old := l.Ready
		authority, err := os.ReadFile(old.Signer.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		l.Restart()
		if l.Ready.Bank != old.Bank || l.Ready.Signer != old.Signer || l.Ready.Checker != old.Checker {
			t.Errorf("the firms changed: %+v %+v %+v", l.Ready.Bank, l.Ready.Signer, l.Ready.Checker)
		}
		if again, err := os.ReadFile(l.Ready.Signer.CAFile); err != nil || !bytes.Equal(again, authority) {
			t.Errorf("the signer's authority is another one: %v", err)
		}
		for _, state := range bankStates {
			ident := idents[state]
			o := l.Call(200, "GET", ident, nil)
			if o["url"] != links[state] || o["status"] != state {
				t.Fatalf("%s is %s with the link %s; it was %s", ident, o["status"], o["url"], state)
			}
			resp, err := http.Get(links[state])
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body.Close(); resp.StatusCode != 200 {
				t.Errorf("the link of %s is answered %d", state, resp.StatusCode)
			}
			for l.Status(ident) != "successful" {
				stepOn(l, ident)
			}
		}
	})
}
