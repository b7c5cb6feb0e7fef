package ais

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRefusals: what /sign does not take is answered with the code that the service documents.
func TestRefusals(t *testing.T) {
	w := newWorld(t, nil)
	step := func(change func(phone object)) func(sent, options object) {
		return func(_, options object) {
			p := phone()
			change(p)
			options["sc.CertificateRequest"].(object)["sc.StepUpAuthorisation"] = object{"sc.Phone": p}
		}
	}
	name := func(dn string) func(sent, options object) {
		return func(_, options object) { options["sc.CertificateRequest"].(object)["sc.DistinguishedName"] = dn }
	}
	hash := func(change func(one object)) func(sent, options object) {
		return func(sent, _ object) { change(sent["InputDocuments"].(object)["DocumentHash"].([]object)[0]) }
	}
	for want, changes := range map[string][]func(sent, options object){
		"UnsupportedProfile": {
			func(sent, _ object) { sent["@Profile"] = "http://ais.swisscom.ch/2.0" },
			func(_, options object) { options["AdditionalProfile"] = []string{onDemand, async} },
			func(_, options object) {
				options["AdditionalProfile"] = []string{onDemand, async, redirect, "urn:other"}
			},
		},
		"UnknownCustomer":      {func(_, options object) { options["ClaimedIdentity"] = object{"Name": "other:" + DefaultEntity} }},
		"UnknownServiceEntity": {func(_, options object) { options["ClaimedIdentity"] = object{"Name": "bank:Other"} }},
		"InsufficientData": {
			func(_, options object) { delete(options, "ClaimedIdentity") },
			func(sent, _ object) { delete(sent, "InputDocuments") },
			func(sent, _ object) { delete(sent, "@RequestID") },
			name(""), step(func(p object) { delete(p, "sc.MSISDN") }),
		},
		"UnsupportedDigestAlgorithm": {hash(func(one object) {
			one["dsig.DigestMethod"] = object{"@Algorithm": "http://www.w3.org/2000/09/xmldsig#sha1"}
		})},
		"UnexpectedData": {
			hash(func(one object) { one["dsig.DigestValue"] = "YQ==" }), hash(func(one object) { one["dsig.DigestValue"] = 1 }),
			func(_, options object) { options["SignatureType"] = typeStamp },
			func(_, options object) { options["sc.SignatureStandard"] = "XAdES" },
			name("cn=A"), name("c=DE"), name("cn=A, c=Germany"), name("color=red, cn=A, c=DE"), name("nothing"), name(`cn=A\, c=DE`), name(`cn=A, c=DE\`),
			step(func(p object) { p["sc.MSISDN"] = "+4915112345678" }), step(func(p object) { p["sc.Message"] = strings.Repeat("ü", 121) }),
			step(func(p object) { p["sc.Message"] = "" }), step(func(p object) { p["sc.Language"] = "es" }),
		},
	} {
		for n, change := range changes {
			if r := w.sign(signBody("req-1", 1, change)); r.word() != "RequesterError "+want || r.SignResponse.Result.ResultMessage.Text == "" {
				t.Errorf("%s %d: %s", want, n, r.word())
			}
		}
	}
	several := signBody("req-1", 2, func(_, options object) { options["AdditionalProfile"] = []string{onDemand, async, redirect} })
	for _, body := range []any{several, "", "{", "[]", "{}", `{"SignRequest":1}`, `{"SignRequest":{},"SignRequest":{}}`, strings.Repeat("[", 1000), `{"SignRequest":{}} x`} {
		if r := w.sign(body); !strings.HasPrefix(r.word(), "RequesterError Un") {
			t.Errorf("%.30v: %s", body, r.word())
		}
	}
	if w.server.request("req-1") != nil || len(w.texts) != 0 {
		t.Error("something refused was begun all the same")
	}
	if status, _ := w.post(w.client, w.api.URL+"/AIS-Server/rs/v1.0/sign", strings.Repeat(" ", 2<<20), ""); status != http.StatusRequestEntityTooLarge {
		t.Errorf("2 MiB: %d", status)
	}
}

// TestForms: the same request in the forms in which the service's clients send it.
func TestForms(t *testing.T) {
	w := newWorld(t, nil)
	whole, err := json.Marshal(signBody("req-1", 2, nil))
	if err != nil {
		t.Fatal(err)
	}
	one := func(sent, _ object) {
		sent["InputDocuments"] = object{"DocumentHash": sent["InputDocuments"].(object)["DocumentHash"].([]object)[0]}
	}
	list := string(whole)
	repeated := strings.Replace(strings.Replace(list, `"DocumentHash":[{`, `"DocumentHash":{`, 1), `},{"@ID":"doc-ii"`, `},"DocumentHash":{"@ID":"doc-ii"`, 1)
	repeated = strings.Replace(repeated, `}]},"OptionalInputs"`, `}},"OptionalInputs"`, 1)
	for name, c := range map[string]struct {
		body any
		want int
	}{
		"an object": {signBody("req-1", 1, one), 1}, "a list": {list, 2}, "a repeated key": {repeated, 2},
		"validation as a text": {signBody("req-1", 1, func(_, options object) { options["sc.AddRevocationInformation"] = "" }), 1},
		"small letters":        {signBody("req-1", 1, func(_, options object) { options["sc.SignatureStandard"] = "pades" }), 1},
	} {
		if r := w.sign(c.body); r.word() != "Pending" || len(w.server.request("req-1").Documents) != c.want || !w.server.request("req-1").Validation {
			t.Errorf("%s: %s %s", name, r.word(), r.SignResponse.Result.ResultMessage.Text)
		}
	}
	// the other digests
	for algorithm, value := range map[string]string{"http://www.w3.org/2001/04/xmlenc#sha256": strings.Repeat("A", 43) + "=", "http://www.w3.org/2001/04/xmldsig-more#sha384": strings.Repeat("A", 64)} {
		r := w.sign(signBody("req-2", 1, func(sent, _ object) {
			hash := sent["InputDocuments"].(object)["DocumentHash"].([]object)[0]
			hash["dsig.DigestMethod"], hash["dsig.DigestValue"] = object{"@Algorithm": algorithm}, value
		}))
		if err := w.server.SetResult(t.Context(), "req-2", success); err != nil {
			t.Fatal(err)
		}
		w.advance(time.Minute)
		if done := w.poll(r.SignResponse.OptionalOutputs.ResponseID); len(done.SignResponse.SignatureObject.Base64Signature.DER) == 0 {
			t.Errorf("%s: %s", algorithm, done.word())
		}
	}
}

// TestPolling: the id changes with each answer; ten are known, a foreign one is not.
func TestPolling(t *testing.T) {
	w := newWorld(t, nil)
	first, consent := w.begin("req-1", 1)
	id := first
	for range 10 {
		r := w.poll(id)
		if next := r.SignResponse.OptionalOutputs.ResponseID; r.word() != "Pending" || next == id || r.SignResponse.OptionalOutputs.StepUp.Result.ConsentURL != consent {
			t.Fatalf("%+v", r)
		}
		id = r.SignResponse.OptionalOutputs.ResponseID
	}
	for _, unknown := range []string{first, "", "x"} {
		if r := w.poll(unknown); r.word() != "RequesterError UnexpectedData" {
			t.Errorf("%q: %s", unknown, r.word())
		}
	}
	w.open() // a restart
	w.advance(passwordLifetime - time.Second)
	if r := w.poll(id); r.word() != "Pending" {
		t.Error(r.word())
	}
	w.advance(time.Second)
	if r := w.poll(id); r.word() != "SubsystemError timeout" {
		t.Error(r.word())
	}
	if at, ok := w.server.NextDue(); ok {
		t.Errorf("something is due at %s", at)
	}
}

// TestOtherSerialNumber: an earlier step-up of another number is not this one.
func TestOtherSerialNumber(t *testing.T) {
	w := newWorld(t, nil)
	w.begin("req-1", 1)
	same := w.server.request("req-1").Serial
	for serial, want := range map[string]string{same: "Pending", "SAS1": "SubsystemError SerialNumberMismatch"} {
		r := w.sign(signBody("req-2", 1, func(_, options object) {
			p := phone()
			p["sc.SerialNumber"] = serial
			options["sc.CertificateRequest"].(object)["sc.StepUpAuthorisation"] = object{"sc.Phone": p}
		}))
		if r.word() == "Pending" {
			r = w.poll(r.SignResponse.OptionalOutputs.ResponseID)
		}
		if r.word() != want {
			t.Errorf("%s: %s, want %s", serial, r.word(), want)
		}
	}
}

// TestText: the number of the tests gets its password, everybody else a new one; without a text message there is no step-up.
func TestText(t *testing.T) {
	w := newWorld(t, nil)
	seen := map[string]bool{}
	for range 20 {
		w.begin("req-1", 1)
		seen[w.password()] = true
	}
	if len(seen) < 15 || w.texts[0] != "Vorgang 1234-5678 <b>: "+strings.Fields(w.texts[0])[3] {
		t.Errorf("%d passwords, %q", len(seen), w.texts[0])
	}
	toTest := func(_, options object) {
		options["sc.CertificateRequest"].(object)["sc.StepUpAuthorisation"] = object{"sc.Phone": object{"sc.Language": "en", "sc.MSISDN": testNumber, "sc.Message": "x"}}
	}
	if w.sign(signBody("req-2", 1, toTest)); w.password() != "212212" {
		t.Errorf("the number of the tests gets %s", w.password())
	}
	w.deaf = true
	if r := w.sign(signBody("req-3", 1, nil)); r.word() != "SubsystemError transport" {
		t.Error(r.word())
	}
	if r := w.server.request("req-3"); r == nil || r.Outcome != "transport" {
		t.Errorf("%+v", r)
	}
}

// TestBridge: only who has the token may hand a password over.
func TestBridge(t *testing.T) {
	w := newWorld(t, nil)
	response, _ := w.begin("req-1", 1)
	good := object{"response_id": response, "password": w.password()}
	for name, c := range map[string]struct {
		token string
		body  any
		want  int
	}{
		"no token": {"", good, 401}, "another token": {"tokem", good, 401}, "no JSON": {"token", "{", 400}, "no password": {"token", object{"response_id": response}, 400},
		"another id": {"token", object{"response_id": "x", "password": "1"}, 404}, "a wrong password": {"token", object{"response_id": response, "password": "1"}, 403},
	} {
		if status, body := w.post(http.DefaultClient, w.bridge.URL+"/confirm", c.body, c.token); status != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := w.post(http.DefaultClient, w.bridge.URL+"/confirm", good, "token"); status != 204 {
		t.Errorf("%d %s", status, body)
	}
	w.cfg.BridgeToken = ""
	w.open()
	if status, _ := w.post(http.DefaultClient, w.bridge.URL+"/confirm", good, ""); status != 401 {
		t.Errorf("without any token configured: %d", status)
	}
}

// TestSteering: what a tester may ask for, and what not.
func TestSteering(t *testing.T) {
	w := newWorld(t, nil)
	steer := func(method, path, body string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, w.steer.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		status, answer := w.do(http.DefaultClient, req)
		return status, string(answer)
	}
	w.begin("req-1", 1)
	for _, c := range []struct {
		method, path, body string
		status             int
		holds              string
	}{
		{"GET", "/requests", "", 200, `"request_id":"req-1"`}, {"GET", "/requests/req-1", "", 200, `"outcome":null`}, {"GET", "/requests/other", "", 404, ""},
		{"POST", "/requests/req-1/result", `{"outcome":"teleported"}`, 400, "SerialNumberMismatch"}, {"POST", "/requests/other/result", `{"outcome":"cancel"}`, 404, ""},
		{"POST", "/requests/req-1/result", `{`, 400, ""}, {"POST", "/requests/req-1/result", `{"outcome":"cancel"}`, 200, `"outcome":"cancel"`},
		{"POST", "/requests/req-1/result", `{"outcome":"success"}`, 409, "ended already"}, {"POST", "/next", `{"outcome":"teleported"}`, 400, ""},
		{"POST", "/next", `{"refuse":true}`, 400, ""}, {"POST", "/next", `{"delay":"soon"}`, 400, ""}, {"POST", "/next", `{"flaw":"ugly"}`, 400, "other_digest"},
		{"POST", "/faults", `{"mode":"dance"}`, 400, "wrong_types"}, {"POST", "/faults", `{"mode":"down","count":-1}`, 400, ""}, {"GET", "/authority.pem", "", 200, "BEGIN CERTIFICATE"},
		{"POST", "/next", `{"outcome":"status","delay":"30s"}`, 200, ""},
	} {
		if status, answer := steer(c.method, c.path, c.body); status != c.status || !strings.Contains(answer, c.holds) || strings.Contains(answer, "Vorgang") {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, status, answer)
		}
	}
	response, _ := w.begin("req-2", 1)
	w.advance(29 * time.Second)
	if r := w.poll(response); r.word() != "Pending" {
		t.Error(r.word())
	}
	w.advance(time.Second)
	if r := w.poll(response); r.word() != "SubsystemError status" {
		t.Error(r.word())
	}
	steer("POST", "/faults", `{"mode":"refuse","count":2}`)
	for _, want := range []string{"RequesterError UnexpectedData", "RequesterError UnexpectedData", "SubsystemError status"} {
		if r := w.poll(response); r.word() != want {
			t.Errorf("%s, want %s", r.word(), want)
		}
	}
	if err := w.server.SetResult(t.Context(), "req-2", "nonsense"); err == nil || !strings.Contains(err.Error(), "success, timeout") && !strings.Contains(err.Error(), "cancel") {
		t.Errorf("%v", err)
	}
}
