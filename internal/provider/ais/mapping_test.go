package ais

import (
	"errors"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/kyc"
)

// minors are all of providers.md §2.5.
var minors = []string{
	"http://ais.swisscom.ch/1.0/resultminor/AuthenticationFailed", "http://ais.swisscom.ch/1.0/resultminor/CantServeTimely",
	"http://ais.swisscom.ch/1.0/resultminor/InsufficientData", "http://ais.swisscom.ch/1.0/resultminor/ServiceInactive",
	"http://ais.swisscom.ch/1.0/resultminor/SignatureError", "http://ais.swisscom.ch/1.0/resultminor/TimestampError",
	"http://ais.swisscom.ch/1.0/resultminor/UnexpectedData", "http://ais.swisscom.ch/1.0/resultminor/UnknownCustomer",
	"http://ais.swisscom.ch/1.0/resultminor/UnknownServiceEntity", "http://ais.swisscom.ch/1.0/resultminor/UnsupportedDigestAlgorithm",
	"http://ais.swisscom.ch/1.0/resultminor/UnsupportedProfile",
	"http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/SerialNumberMismatch", "http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/service",
	"http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/status", "http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/timeout",
	"http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/cancel", "http://ais.swisscom.ch/1.1/resultminor:subsystem/StepUp/transport",
	"urn:oasis:names:tc:dss:1.0:resultminor:GeneralError",
}

// TestMeaningsAreWhole: every documented minor has a meaning, and every meaning a minor.
func TestMeaningsAreWhole(t *testing.T) {
	used := map[string]bool{}
	for _, minor := range minors {
		used[word(minor)] = true
		if _, known := meanings[word(minor)]; !known {
			t.Errorf("%s means nothing", minor)
		}
	}
	for word := range meanings {
		if !used[word] {
			t.Errorf("%s is no minor of the service", word)
		}
	}
	for _, unknown := range []string{"", "cancel", "StepUp/cancel", "http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/", "http://ais.swisscom.ch/1.0/resultminor/OfTomorrow"} {
		if m := (answer{minor: unknown}).meaning(); m != (meaning{}) {
			t.Errorf("%q means %+v", unknown, m)
		}
	}
}

// TestResultWords: what is kept of an answer are its words, and no free text.
func TestResultWords(t *testing.T) {
	for want, a := range map[string]answer{
		"SubsystemError/StepUp/cancel":             {major: majorSubsystem, minor: minors[15], message: "Anna Muster has cancelled"},
		"RequesterError/StepUp/service InvalidOtp": {major: majorRequester, minor: minors[12], message: "urn:swisscom:names:sas:1.0:status:InvalidOtp"},
		"ResponderError/GeneralError":              {major: majorResponder, minor: minors[17]},
		"RequesterError/":                          {major: majorRequester, minor: "Anna Muster"},
	} {
		if got := a.result(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	long := answer{major: majorRequester, minor: minors[6], message: strings.Repeat("x", 3000)}
	var e *kyc.Error
	if err := long.refusal(); !errors.As(err, &e) || e.Kind != kyc.Invalid || len(e.Detail) > 200 {
		t.Errorf("%v", err)
	}
}

// TestReadAnswer: the forms in which the service's JSON is seen.
func TestReadAnswer(t *testing.T) {
	const cancelled = `"ResultMajor":"` + majorSubsystem + `","ResultMinor":"http://ais.swisscom.ch/1.1/resultminor/subsystem/StepUp/cancel"`
	for name, c := range map[string]struct {
		body    string
		message string
	}{
		"message as object": {`{"SignResponse":{"Result":{` + cancelled + `,"ResultMessage":{"@xml.lang":"en","$":"said"}}}}`, "said"},
		"message as text":   {`{"SignResponse":{"Result":{` + cancelled + `,"ResultMessage":"said"}}}`, "said"},
		"message null":      {`{"SignResponse":{"Result":{` + cancelled + `,"ResultMessage":null}}}`, ""},
		"no message":        {`{"SignResponse":{"Result":{` + cancelled + `}}}`, ""},
		"all in lists":      {`{"SignResponse":[{"Result":[{` + cancelled + `,"ResultMessage":[{"$":["said"]}]}]}]}`, "said"},
	} {
		a, err := readAnswer([]byte(c.body))
		if err != nil || a.message != c.message {
			t.Errorf("%s: %q, %v", name, a.message, err)
			continue
		}
		if m := a.meaning(); m.event != kyc.AttemptOver {
			t.Errorf("%s: %s", name, m.event)
		}
	}
	for _, body := range []string{
		"", "null", "[]", "{}", `{"SignResponse":{}}`, `{"SignResponse":{"Result":{"ResultMajor":["a","b"]}}}`, `{"SignResponse":{"Result":{"ResultMajor":"of tomorrow"}}}`,
		`{"SignResponse":{"Result":{"ResultMajor":"` + majorSuccess + `","ResultMinor":1}}}`, `{"SignResponse":{"Result":{"ResultMajor":"` + majorSuccess + `","ResultMessage":{"$":1}}}}`,
		`{"SignResponse":{"Result":{"ResultMajor":"` + majorSuccess + `"}}} x`, strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), strings.Repeat("[", 100000),
		`{"SignResponse":{"Result":{"ResultMajor":"` + majorSuccess + `"},"x":[` + strings.Repeat("{},", maxNodes) + `{}]}}`, // much more than it seems
	} {
		if a, err := readAnswer([]byte(body)); !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%.60q: %+v, %v", body, a, err)
		}
	}
	root, err := readNode([]byte(`{"a":{"b":"eQ=="},"a":[{"b":"eg=="},{"b":["eA==","eQ=="]}],"c":null}`))
	if err != nil {
		t.Fatal(err)
	}
	if all, err := root.values("a", "b"); err != nil || len(all) != 4 || string(all[0])+string(all[3]) != "yy" || len(root.all("c")) != 0 {
		t.Errorf("%q, %v", all, err)
	}
}

// TestPendingAnswers: what a pending answer must say, and what it may not.
func TestPendingAnswers(t *testing.T) {
	answerOf := func(outputs string) answer {
		a, err := readAnswer([]byte(`{"SignResponse":{"@RequestID":"order-1","Result":{"ResultMajor":"` + majorPending + `"},"OptionalOutputs":{` + outputs + `}}}`))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	consent := func(url string) string {
		return `"async.ResponseID":"r-2","sc.StepUpAuthorisationInfo":{"sc.Result":{"sc.ConsentURL":"` + url + `"}}`
	}
	h := handle{Order: "order-1", Response: "r-1", Consent: "https://before.example"}
	for outputs, want := range map[string]string{
		`"async.ResponseID":"r-2"`: "https://before.example", consent("https://sas.example/sas/web/1/pass?lang=de"): "https://sas.example/sas/web/1/pass?lang=de",
		consent("http://127.0.0.1:8080/x"): "http://127.0.0.1:8080/x",
	} {
		got := h
		if err := got.take(answerOf(outputs)); err != nil || got.Consent != want || got.Response != "r-2" {
			t.Errorf("%s: %+v, %v", outputs, got, err)
		}
	}
	for _, outputs := range []string{
		"", `"async.ResponseID":""`, `"async.ResponseID":1`, `"async.ResponseID":["a","b"]`, `"async.ResponseID":"` + strings.Repeat("x", 300) + `"`, `"async.ResponseID":"a\u0000"`,
		consent("javascript:alert(1)"), consent("http://sas.example/"), consent("https://user@sas.example/"), consent("https://sas.example/" + strings.Repeat("x", 3000)), consent("//sas.example"),
		// what would end the header that it is told in
		consent("https://sas.example/>; rel=other, <https://evil.example/"), consent(`https://sas.example/\"`), consent("https://sas.example/a b"), consent("https://sas.example/ü"),
	} {
		got := h
		if err := got.take(answerOf(outputs)); !kyc.IsKind(err, kyc.BadGateway) {
			t.Errorf("%s: %+v, %v", outputs, got, err)
		}
	}
	other := handle{Order: "order-2", Response: "r-1"}
	if err := other.take(answerOf(consent("https://sas.example/"))); !kyc.IsKind(err, kyc.BadGateway) {
		t.Errorf("an answer about another request: %v", err)
	}
}
