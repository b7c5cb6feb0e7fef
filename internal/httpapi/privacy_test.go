package httpapi_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/testkit"
)

// logBook keeps everything that is logged, at every level.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
}

// TestNothingPersonalInTheLog drives a journey and what can go wrong in it, and
// then looks for what must not be in the log.
func TestNothingPersonalInTheLog(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	l := testkit.Start(t, "", func(o *sandbox.Options) { o.Log = log.logger(); o.Preliminary = true })
	receiver := testkit.NewReceiver(t)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Solaris-Webhook-Event-Type") == "IDENTIFICATION" {
			http.Error(w, "Hexenhaeuschen", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(broken.Close)
	hook := object{"event_type": "IDENTIFICATION", "url": broken.URL + "/hooks?key=Hakenschluessel"}
	secret := l.Call(201, "POST", "/v1/webhooks", hook)["secret"].(string)
	receiver.Subscribe(l, "PERSON_CHANGED")

	body := testkit.Customer("Rumpelstilzchen")
	put(put(put(put(body, "last_name", "Zwickelmeier"), "birth_name", "Quastenflosser"), "address.line_1", "Nirgendwogasse 99"), "address.city", "Hinterposemuckel")
	put(put(put(body, "mobile_number", "+4917655544433"), "email", "geheim@zwickelmeier.example"), "birth_date", "1967-07-23")
	person := l.Call(201, "POST", "/v1/persons", body)["id"].(string)
	base := "/v1/persons/" + person
	l.Call(200, "PATCH", base, object{"job_title": "Strohspinnerin"})
	refused(t, l, 403, "Unauthorized Change Request", "PATCH", base, object{"email": "anderswo@zwickelmeier.example"})
	verify(t, l, person, "+491711234321")
	asked := asked(t, l, person, object{"email": "anderswo@zwickelmeier.example"})
	l.Call(201, "POST", asked+"/authorize", object{"person_id": person})
	tan := code(t, l, "+491711234321")
	refused(t, l, 403, "invalid_tan", "POST", asked+"/confirm", object{"person_id": person, "tan": wrong(tan)})
	l.Call(202, "POST", asked+"/confirm", object{"person_id": person, "tan": tan, "device_data": "Web;Spieglein"})
	refused(t, l, 404, "model_not_found", "POST", base+"/mobile_number/authorize", object{"number": "+491711234322"})
	refused(t, l, 400, "deprecated_params", "PATCH", base, object{"first_name": "Rapunzelinde"})
	refused(t, l, 400, "invalid_model", "POST", "/v1/persons", object{"first_name": strings.Repeat("Lebkuchenhaus", 5), "salutation": "Frau Holle", "mobile_number": "0176 Goldmarie", "birth_date": "23.07.1967"})
	refused(t, l, 400, "invalid_json", "POST", "/v1/persons", `{"first_name":"Pechmarie`)
	refused(t, l, 404, "model_not_found", "GET", "/v1/persons/Froschkoenig", nil)
	refused(t, l, 400, "validation_error", "GET", "/v1/persons?sort=Dornroeschen", nil)
	refused(t, l, 400, "unsafe_webhook_url", "POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": "http://Knusperhaus.example/"})
	refused(t, l, 400, "invalid_webhook_url", "POST", "/v1/webhooks", object{"event_type": "IDENTIFICATION", "url": "https://127.0.0.1:1/Sterntaler"})
	tax := base + "/tax_identifications"
	taxID := l.Call(201, "POST", tax, object{"country": "DE", "number": "86095742719"})["id"].(string)
	l.Call(201, "POST", tax, object{"country": "US", "reason_no_tin": "OTHER", "reason_description": "Siebenmeilenstiefel"})
	refused(t, l, 400, "invalid_model", "POST", tax, object{"country": "AT", "number": "987698769"})
	l.Call(202, "PATCH", tax+"/"+taxID, object{"number": "47036892816"})
	for _, r := range []struct{ auth, path string }{{"Bearer Falschgeldtoken", "/v1/persons"}, {"Basic RmFsc2NoZ2VsZDpGYWxzY2hnZWxk", "/oauth2/token"}} {
		send(t, l, "POST", r.path, "grant_type=client_credentials", "Authorization", r.auth, "Content-Type", "application/x-www-form-urlencoded")
	}
	once(t, l, "Schluesselbund", "/v1/persons", `{}`)
	once(t, l, "Schluesselbund", "/v1/persons", `{"first_name":"Daumesdick"}`)

	change(t, l, withSecret(t, "Sesam-oeffne-dich"))
	ident := create(l, person)
	refused(t, l, 422, "invalid_secret", "PATCH", ident+"/request", object{"secret": "Simsalabim"})
	reference := l.Call(200, "PATCH", ident+"/request", object{"secret": "Sesam-oeffne-dich", "device_data": "Web;Spieglein"})["reference"].(string)
	end(l, ident, "SUCCESS_DATA_CHANGED", "")
	for _, scenario := range []string{"X-AUTOTEST-CHANGEALL", "X-AUTOTEST-NOSUCHCASE"} {
		other := create(l, l.Call(201, "POST", "/v1/persons", put(testkit.Customer(scenario), "last_name", "Zwickelmeier"))["id"].(string))
		l.Do("PATCH", other+"/request", object{"secret": "Sesam-oeffne-dich"})
	}
	l.Advance("26h")
	for _, d := range l.Array(base + "/documents") {
		l.Do("GET", base+"/documents/"+d["id"].(string)+"/file", nil)
	}
	if s := l.Status(ident); s != "successful" {
		t.Errorf("the journey ended %s", s)
	}

	text := log.String()
	if !strings.Contains(text, "code=invalid_secret") || !strings.Contains(text, "birth_date") {
		t.Errorf("the log says too little to be searched: %d bytes", len(text))
	}
	for _, word := range []string{
		"Rumpelstilzchen", "Zwickelmeier", "Quastenflosser", "Nirgendwogasse", "Hinterposemuckel", "17655544433", "geheim@", "1967-07-23", "Strohspinnerin",
		"anderswo@", "Rapunzelinde", "Lebkuchenhaus", "Frau Holle", "Goldmarie", "23.07.1967", "Pechmarie", "Froschkoenig", "Dornroeschen", "Knusperhaus", "Sterntaler",
		"86095742719", "Siebenmeilen", "987698769", "47036892816", "Falschgeld", "RmFsc2No", "Schluesselbund", "Daumesdick", "Sesam", "Simsalabim", "Spieglein", "Hakenschluessel", "Hexenhaeuschen",
		"1711234321", "1711234322", " is your code", " ist Ihr Code", reference, secret, l.Token, l.Partner.ClientSecret, l.IDnow.APIKey, "grant_type", "Bearer ",
	} {
		if at := strings.Index(strings.ToLower(text), strings.ToLower(word)); at >= 0 {
			line := text[strings.LastIndex(text[:at], "\n")+1:]
			t.Errorf("%q is in the log: %.400s", word, strings.SplitN(line, "\n", 2)[0])
		}
	}
}
