package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/identikit/identikit/client"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	good := client.Config{BaseURL: "https://kyc.example", ClientID: "bank", ClientSecret: "s3cr3t"}
	for name, c := range map[string]struct {
		change func(*client.Config)
		says   string // in the error; empty: it is accepted
	}{
		"as it is":                {func(*client.Config) {}, ""},
		"a path":                  {func(c *client.Config) { c.BaseURL = "https://bank.example/kyc/" }, ""},
		"no URL":                  {func(c *client.Config) { c.BaseURL = "" }, "BaseURL"},
		"no host":                 {func(c *client.Config) { c.BaseURL = "https:///v1" }, "BaseURL"},
		"credentials":             {func(c *client.Config) { c.BaseURL = "https://bank:s3cr3t@kyc.example" }, "BaseURL"},
		"a query":                 {func(c *client.Config) { c.BaseURL = "https://kyc.example?x=s3cr3t" }, "BaseURL"},
		"another scheme":          {func(c *client.Config) { c.BaseURL = "ftp://kyc.example" }, "https"},
		"clear text":              {func(c *client.Config) { c.BaseURL = "http://kyc.example" }, "AllowHTTP"},
		"clear text, meant":       {func(c *client.Config) { c.BaseURL, c.AllowHTTP = "http://kyc.example", true }, ""},
		"this machine":            {func(c *client.Config) { c.BaseURL = "http://127.0.0.1:8080" }, ""},
		"this machine, by name":   {func(c *client.Config) { c.BaseURL = "http://localhost:8080" }, ""},
		"this machine, IPv6":      {func(c *client.Config) { c.BaseURL = "http://[::1]:8080" }, ""},
		"tokens in clear text":    {func(c *client.Config) { c.TokenURL = "http://auth.example/oauth2/token" }, "TokenURL"},
		"tokens elsewhere":        {func(c *client.Config) { c.TokenURL = "https://auth.example/oauth2/token" }, ""},
		"a name like the machine": {func(c *client.Config) { c.BaseURL = "http://localhost.example" }, "AllowHTTP"},
		"no id":                   {func(c *client.Config) { c.ClientID = "" }, "ClientID"},
		"no secret":               {func(c *client.Config) { c.ClientSecret = "" }, "ClientSecret"},
	} {
		cfg := good
		c.change(&cfg)
		_, err := client.New(cfg)
		if (c.says == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
}

// TestNothingPrintsSecrets: neither the configuration nor a client that has a token.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	s := serve(t, always(200, `{"id":"p"}`))
	c := s.client()
	if _, err := c.Person(background, "p"); err != nil {
		t.Fatal(err)
	}
	cfg := client.Config{BaseURL: "https://kyc.example", ClientID: "bank", ClientSecret: "s3cr3t/x"}
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "cfg", cfg, "pointer", &cfg, "client", c)
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+verb+verb, cfg, &cfg, c)
	}
	log.Write(text)
	for _, secret := range []string{"s3cr3t", fmt.Sprintf("%x", "s3cr3t"), "t1"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in %s", secret, log.String())
		}
	}
}

// TestRedirect: whoever is pointed elsewhere goes nowhere, with or without a token.
func TestRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, always(200, `{}`))
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, elsewhere.URL+"/v1/persons/p", status)
		})
		c := s.client(func(c *client.Config) { c.HTTPClient = &http.Client{} })
		if _, err := c.Person(background, "p"); asError(t, err).Status != status {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := len(elsewhere.calls()); n != 0 {
		t.Errorf("%d calls went elsewhere", n)
	}
}

// TestWhatIsSent holds requests against what the API describes.
func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	s := serve(t, always(200, `{}`))
	c := s.client(func(c *client.Config) { c.UserAgent = "bank/1.0" })
	signed := time.Date(2019, 1, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	sandbox := c.Sandbox()
	for _, call := range []struct {
		send func() error
		want string
	}{
		{func() error {
			_, err := c.CreatePerson(background, client.PersonData{FirstName: "Ä", BirthDate: "1990-02-28", Address: client.Address{City: "Berlin"}, FATCARelevant: new(false), TermsConditionsSignedAt: signed})
			return err
		}, `POST /v1/persons {"first_name":"Ä","address":{"city":"Berlin"},"birth_date":"1990-02-28","fatca_relevant":false,"terms_conditions_signed_at":"2019-01-01T12:00:00+01:00"}`},
		{func() error {
			_, _, err := c.PatchPerson(background, "p", client.PersonPatch{EmploymentStatus: "FREELANCER", Industry: client.Null, IndustryKey: "EDUCATION"})
			return err
		}, `PATCH /v1/persons/p {"employment_status":"FREELANCER","industry":null,"industry_key":"EDUCATION"}`},
		{func() error { _, err := c.RequestIdentification(background, "p", "i"); return err },
			`PATCH /v1/persons/p/identifications/i/request {}`},
		{func() error { _, err := c.Identification(background, "p", "i", client.WithDocuments); return err },
			`GET /v1/persons/p/identifications/i?include_documents=true `},
		{func() error { _, err := c.Person(background, "../webhooks?x#y"); return err },
			`GET /v1/persons/..%2Fwebhooks%3Fx%23y `},
		{func() error { return c.DeleteWebhook(background, "w") }, `DELETE /v1/webhooks/w `},
		{func() error { _, err := sandbox.Advance(background, 90*time.Minute); return err },
			`POST /sandbox/clock {"advance":"1h30m0s"}`},
		{func() error { _, err := sandbox.MoveTo(background, signed); return err },
			`POST /sandbox/clock {"to":"2019-01-01T12:00:00+01:00"}`},
	} {
		if err := call.send(); err != nil {
			t.Errorf("%s: %v", call.want, err)
			continue
		}
		r, body := s.seen[len(s.seen)-1], s.bodies[len(s.bodies)-1]
		if got := r.Method + " " + r.RequestURI + " " + body; got != call.want {
			t.Errorf("sent\n%s\nwant\n%s", got, call.want)
		}
		token := strings.HasPrefix(r.URL.Path, "/v1/")
		if (strings.HasPrefix(r.Header.Get("Authorization"), "Bearer t")) != token || r.UserAgent() != "bank/1.0" || (body != "") != (r.Header.Get("Content-Type") == "application/json") {
			t.Errorf("%s: headers %v", call.want, r.Header)
		}
	}
	for name, err := range map[string]error{
		"no person":         func() error { _, err := c.Person(background, ""); return err }(),
		"up the path":       c.DeleteWebhook(background, ".."),
		"nowhere":           func() error { _, err := c.DeleteDocument(background, "p", "."); return err }(),
		"no identification": func() error { _, err := c.Identification(background, "p", ""); return err }(),
		"no webhook":        c.DeleteWebhook(background, ""),
		"a list":            func() error { _, err := client.Collect(c.Documents(background, "")); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), "an id is ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStrangeAnswers: what is no answer of the API is an error and not a person.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"a page": "<html>welcome</html>", "nothing": "", "half": `{"id":"p`, "a list": `[]`} {
		if p, err := serve(t, always(200, body)).client().Person(background, "p"); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if _, _, err := serve(t, always(202, `nothing`)).client().PatchPerson(background, "p", client.PersonPatch{}); err == nil {
		t.Error("a change request that is none")
	}
	// What it does not know it ignores.
	p, err := serve(t, always(200, `{"id":"p","first_name":null,"new_field":{"x":[1]},"legitimation_valid_until":"2031-01-01"}`)).client().Person(background, "p")
	day, dayErr := p.LegitimationValidUntil.Time()
	if err != nil || dayErr != nil || p.ID != "p" || p.FirstName != "" || client.DateOf(day) != "2031-01-01" {
		t.Errorf("%+v %v %v", p, err, dayErr)
	}
}

// TestListWithoutLinks: servers that send no links are paged through all the same.
func TestListWithoutLinks(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request, nth int) {
		reply(w, 200, []string{`[{"id":"a"},{"id":"b"}]`, `[{"id":"c"}]`}[nth])
	})
	all, err := client.Collect(s.client().Persons(background, client.PageSize(2)))
	if err != nil || len(all) != 3 || s.calls()[1].FormValue("page[number]") != "2" {
		t.Errorf("%v %v", all, err)
	}
}

// TestChangeRequest: 202 is a change that waits for the person.
func TestChangeRequest(t *testing.T) {
	t.Parallel()
	c := serve(t, always(202, `{"id":"c1","status":"AUTHORIZATION_REQUIRED","updated_at":"2021-12-22T15:05:33.634+00:00","url":":env/v1/change_requests/c1/authorize"}`)).client()
	p, request, err := c.PatchPerson(background, "p", client.PersonPatch{Email: "a@example.com"})
	if err != nil || p.ID != "" || request == nil || request.ID != "c1" || request.Status != client.ChangeAuthorizationRequired || request.UpdatedAt.Year() != 2021 {
		t.Errorf("%+v %+v %v", p, request, err)
	}
}

// TestDownloadBreaksOff: half a passport is no passport.
func TestDownloadBreaksOff(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Length", "100")
		w.Header().Set("Content-Disposition", `attachment; filename="report.pdf"`)
		_, _ = w.Write([]byte("%PDF-"))
	})
	f, err := s.client().DownloadDocument(background, "p", "d")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if string(content) != "%PDF-" || !errors.Is(err, io.ErrUnexpectedEOF) || f.Name != "report.pdf" || f.Size != 100 {
		t.Errorf("%q, %v, %+v", content, err, f)
	}
}
