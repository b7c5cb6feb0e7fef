package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/provider/idnow"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/testkit"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

// ownAccount gives a partner an account of its own, as the command line does.
func ownAccount(t testing.TB, l *testkit.Live, s idnow.Settings) {
	t.Helper()
	master, err := seal.MasterFromFile(sandbox.MasterKeyFile(l.Options.Data), false)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := flow.SetAccount(context.Background(), handle(t, l), master, l.Partner.ClientID, settings); err != nil {
		t.Fatal(err)
	}
}

// TestOwnAccount: idnow_custom is the video call on the partner's own account at
// the provider, and needs one.
func TestOwnAccount(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		l := testkit.Start(t, url)
		l = newPartner(t, l, flow.NewPartner{Name: "Second Bank"}) // the sandbox's own has an account already
		base := "/v1/persons/" + l.Person("Antonia") + "/identifications"
		refused(t, l, 403, "unauthorized_action", "POST", base, object{"method": "idnow_custom"})
		refused(t, l, 400, "invalid_model", "POST", base, object{"method": "idnow_custom", "language": "FR"})

		own := idnow.Settings{CompanyID: l.Custom.CompanyID, APIKey: l.Custom.APIKey}
		ownAccount(t, l, own)
		ident := base + "/" + l.Call(201, "POST", base, object{"method": "idnow_custom"})["id"].(string)
		o := l.Call(200, "PATCH", ident+"/request", nil)
		if link := o["url"].(string); !strings.HasPrefix(link, l.IDnow.GoURL+"/"+own.CompanyID+"/identifications/") {
			t.Errorf("the link does not lead to the partner's own account: %s", link)
		}
		if o["method"] != "idnow_custom" || o["status"] != "pending" {
			t.Errorf("%v", o)
		}
		end(l, ident, "SUCCESS", "")
		o = l.Call(200, "GET", ident+"?include_documents=true", nil)
		if o["status"] != "successful" || len(o["documents"].([]any)) < 3 {
			t.Errorf("%v", o)
		}
		if files := atRest(t, l, own.APIKey); len(files) > 0 {
			t.Errorf("the API key lies open in %v", files)
		}

		// another account from now on, which the provider does not know
		ownAccount(t, l, idnow.Settings{CompanyID: own.CompanyID, APIKey: "wrong"})
		ident = base + "/" + l.Call(201, "POST", base, object{"method": "idnow_custom"})["id"].(string)
		if status, _, body := l.Do("PATCH", ident+"/request", nil); status < 400 {
			t.Errorf("a wrong key: %d %s", status, body)
		}
		// a partner of its own is not helped by this one's account
		other := newPartner(t, l, flow.NewPartner{Name: "Third Bank"})
		refused(t, other, 403, "unauthorized_action", "POST", "/v1/persons/"+other.Person("Berta")+"/identifications", object{"method": "idnow_custom"})

		ownAccount(t, l, own)
		ident = base + "/" + l.Call(201, "POST", base, object{"method": "idnow_custom"})["id"].(string)
		if err := flow.SetAccount(context.Background(), handle(t, l), nil, l.Partner.ClientID, nil); err != nil {
			t.Fatal(err)
		}
		refused(t, l, 403, "unauthorized_action", "PATCH", ident+"/request", nil)
	})
}

// TestSandboxPartnerHasOwnAccount: in a sandbox the method works at once.
func TestSandboxPartnerHasOwnAccount(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	base := "/v1/persons/" + l.Person("X-AUTOTEST-HAPPYPATH") + "/identifications"
	ident := base + "/" + l.Call(201, "POST", base, object{"method": "idnow_custom"})["id"].(string)
	l.Call(200, "PATCH", ident+"/request", nil)
	l.Restart()
	l.Advance("5m")
	if s := l.Status(ident); s != "successful" {
		t.Error(s)
	}
}
