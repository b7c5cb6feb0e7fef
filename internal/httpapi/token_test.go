package httpapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/testkit"
)

func TestTokenForms(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	clientID, secret := l.Partner.ClientID, l.Partner.ClientSecret
	const form, json, grant = "application/x-www-form-urlencoded", "application/json", "grant_type=client_credentials"
	basic := func(user, pass string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pass))
	}
	good := basic(clientID, secret)
	inForm := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}}.Encode()
	inJSON := `{"grant_type":"client_credentials","client_id":"` + clientID + `","client_secret":"` + secret + `"}`
	const current, legacy = "/oauth2/token", "/oauth/token"
	for _, c := range []struct {
		name, path, auth, kind, body string
		status                       int
		code, oauth                  string
	}{
		{"Basic", current, good, form, grant + "&scope=partners", 200, "", ""},
		{"Basic without scope", current, good, form, grant, 200, "", ""},
		{"basic in lower case", current, strings.Replace(good, "Basic", "basic", 1), form, grant, 200, "", ""},
		{"Basic, escaped as RFC 6749 asks", current, basic(url.QueryEscape(clientID), "%"+hexOf(secret[0])+secret[1:]), form, grant, 200, "", ""},
		{"a form that does not say so", current, good, "", grant, 200, "", ""},
		{"charset", current, good, form + "; charset=utf-8", grant, 200, "", ""},
		{"credentials in the form", current, "", form, inForm, 200, "", ""},
		{"legacy Basic", legacy, good, form, grant, 200, "", ""},
		{"legacy form", legacy, "", form, inForm, 200, "", ""},
		{"legacy JSON", legacy, "", json, inJSON, 200, "", ""},
		{"legacy JSON that does not say so", legacy, "", "", inJSON, 200, "", ""},
		{"legacy Basic and query", legacy + "?" + grant, good, "", "", 200, "", ""},
		{"legacy Basic and query, a type and no body", legacy + "?" + grant, good, json, "", 200, "", ""},
		{"legacy Basic and JSON", legacy, good, json, `{"grant_type":"client_credentials"}`, 200, "", ""},

		{"wrong secret", current, basic(clientID, "wrong"), form, grant, 401, "invalid_client", "invalid_client"},
		{"no secret", current, basic(clientID, ""), form, grant, 401, "invalid_client", "invalid_client"},
		{"unknown client", current, basic("nobody", secret), form, grant, 401, "invalid_client", "invalid_client"},
		{"a client that no database can hold", current, basic("no\x00body\xff", secret), form, grant, 401, "invalid_client", "invalid_client"},
		{"no credentials", current, "", form, grant, 401, "invalid_client", "invalid_client"},
		{"no Basic at all", current, "Basic !!!", form, grant, 401, "invalid_client", "invalid_client"},
		{"legacy, wrong secret", legacy, "", json, strings.Replace(inJSON, secret, "wrong", 1), 401, "invalid_client", "invalid_client"},
		{"legacy, secret of another type", legacy, "", json, strings.Replace(inJSON, `"`+secret+`"`, "5", 1), 401, "invalid_client", "invalid_client"},
		{"legacy, credentials in the query", legacy + "?" + inForm, "", form, "", 401, "invalid_client", "invalid_client"},
		{"credentials in the query", current + "?" + inForm, "", form, "", 400, "validation_error", "invalid_request"},
		{"no grant", current, good, form, "", 400, "validation_error", "invalid_request"},
		{"another grant", current, good, form, "grant_type=password", 400, "unsupported_grant_type", "unsupported_grant_type"},
		{"another grant, legacy", legacy, "", json, `{"grant_type":"refresh_token"}`, 400, "unsupported_grant_type", "unsupported_grant_type"},
		{"a broken form", current, good, form, "grant_type=%zz", 400, "validation_error", "invalid_request"},
		{"broken JSON", legacy, good, json, `{"grant_type":`, 400, "invalid_json", "invalid_request"},
		{"JSON that is no object", legacy, good, json, `["client_credentials"]`, 400, "type_error", "invalid_request"},
		{"JSON at the new path", current, good, json, inJSON, 415, "unsupported_media_type", "invalid_request"},
		{"XML", legacy, good, "text/xml", "<grant/>", 415, "unsupported_media_type", "invalid_request"},
		{"too large", current, good, form, grant + "&x=" + strings.Repeat("x", 1<<20), 413, "payload_too_large", "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := with(t, l)
			headers := []string{"Authorization", c.auth, "Content-Type", c.kind}
			if c.auth == "" {
				headers = headers[2:]
			}
			if c.kind == "" {
				headers = headers[:len(headers)-2]
			}
			status, header, body := send(t, l, "POST", c.path, c.body, headers...)
			if status != c.status {
				t.Fatalf("%d, want %d: %s", status, c.status, body)
			}
			if status == 200 {
				checkToken(t, l, strings.HasPrefix(c.path, legacy), body)
				if header.Get("Cache-Control") != "no-store" {
					t.Error("a token may be kept by a cache")
				}
				return
			}
			r := readRefusal(t, status, body)
			if r.Code != c.code || r.Error != c.oauth || r.Description != r.Detail {
				t.Errorf("%s", body)
			}
			if (header.Get("WWW-Authenticate") != "") != (status == 401) {
				t.Errorf("WWW-Authenticate %q", header.Get("WWW-Authenticate"))
			}
		})
	}
}

func hexOf(b byte) string { return string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15]) }

func checkToken(t *testing.T, l *testkit.Live, legacy bool, body []byte) {
	t.Helper()
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatal(err)
	}
	kind, scope := any("bearer"), any("partners")
	if legacy {
		kind, scope = "Bearer", nil
	}
	if o["token_type"] != kind || o["scope"] != scope || o["expires_in"] != 3599.0 {
		t.Errorf("%s", body)
	}
	if status, _, b := send(t, l, "GET", "/v1/persons", "", "Authorization", "Bearer "+o["access_token"].(string)); status != 200 {
		t.Errorf("the token is refused: %s", b)
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	for _, c := range []struct {
		name, header string
		status       int
		code         string
	}{
		{"none", "", 401, "token_required"},
		{"good", "Bearer " + l.Token, 200, ""},
		{"lower case", "bearer " + l.Token, 200, ""},
		{"unknown", "Bearer " + strings.Repeat("0", 64), 401, "invalid_token"},
		{"cut", "Bearer " + l.Token[1:], 401, "invalid_token"},
		{"empty", "Bearer ", 401, "invalid_token"},
		{"bare", l.Token, 401, "invalid_token"},
		{"another scheme", "Basic " + l.Token, 401, "invalid_token"},
		{"two", "Bearer " + l.Token + " " + l.Token, 401, "invalid_token"},
		{"long", "Bearer " + strings.Repeat("x", 5000), 401, "invalid_token"},
		{"binary", "Bearer \xff\xfe", 401, "invalid_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := with(t, l)
			headers := []string{"Authorization", c.header}
			if c.header == "" {
				headers = nil
			}
			status, header, body := send(t, l, "GET", "/v1/persons", "", headers...)
			if status != c.status {
				t.Fatalf("%d: %s", status, body)
			}
			if status == 401 {
				if r := readRefusal(t, status, body); r.Code != c.code || r.Error != "" {
					t.Errorf("%s", body)
				}
				if !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
					t.Error("no WWW-Authenticate")
				}
			}
		})
	}
	if status, _, _ := send(t, l, "GET", "/v1/persons?access_token="+l.Token, ""); status != 401 {
		t.Error("a token in the URL is taken")
	}
}

// TestTokenAge: tokens live for an hour on the sandbox's clock, also over a restart.
func TestTokenAge(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	old := l.Token
	l.Advance("59m")
	http.DefaultClient.CloseIdleConnections() // the sandbox comes back on the same port
	l.Restart()
	l.Token = old
	l.Array("/v1/persons")
	l.Advance("2h")
	fresh := l.Token
	l.Token = old
	refused(t, l, 401, "invalid_token", "GET", "/v1/persons", nil)
	l.Token = fresh
	l.Array("/v1/persons")
}

// TestCredentialsAtRest looks for credentials where they must not be: on the disk.
func TestCredentialsAtRest(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	l.Person("Antonia")
	for what, text := range map[string]string{"token": l.Token, "client secret": l.Partner.ClientSecret} {
		// The ready file is made by the command, which does not run here.
		if files := atRest(t, l, text); len(files) > 0 {
			t.Errorf("the %s is in %v", what, files)
		}
	}
	if !slices.Contains(atRest(t, l, l.Partner.ClientID), "identikit.db-wal") && !slices.Contains(atRest(t, l, l.Partner.ClientID), "identikit.db") {
		t.Error("the client id is not found either: this test does not look where it should")
	}
}

// TestRotateSecret: the new secret counts at once, the old one no more; tokens stay.
func TestRotateSecret(t *testing.T) {
	t.Parallel()
	l := testkit.Start(t, "")
	fresh, err := flow.RotateSecret(context.Background(), handle(t, l), l.Partner.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {l.Partner.ClientID}, "client_secret": {l.Partner.ClientSecret}}.Encode()
	if status, _, body := send(t, l, "POST", "/oauth2/token", form, "Content-Type", "application/x-www-form-urlencoded"); status != 401 {
		t.Errorf("the old secret: %d %s", status, body)
	}
	l.Array("/v1/persons")
	l.Token = l.TokenOf(l.Partner.ClientID, fresh)
	l.Array("/v1/persons")
}
