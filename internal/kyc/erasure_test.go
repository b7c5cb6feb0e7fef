package kyc_test

import (
	"testing"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

func TestAMLFollowUp(t *testing.T) {
	at := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	for status, want := range map[string]string{
		"":                      "2029-03-01",
		"NOT_SCORED":            "2029-03-01",
		"NORMAL_RISK":           "2029-03-01",
		"SCORING_NOT_REQUIRED":  "2031-03-01",
		"POTENTIAL_RISK":        "2025-03-01",
		"INFORMATION_REQUESTED": "2025-03-01",
		"INFORMATION_RECEIVED":  "2025-03-01",
		"RISK_ACCEPTED":         "2025-03-01",
		"RISK_REJECTED":         "2025-03-01",
		"CUSTOMER_UNRESPONSIVE": "2025-03-01",
		"SOMETHING_NEW":         "2029-03-01",
	} {
		if got := kyc.AMLFollowUp(at, kyc.Attributes{"risk_classification_status": status}); got != want {
			t.Errorf("%s: %s, want %s", status, got, want)
		}
	}
}

func TestPaperNoticeDay(t *testing.T) {
	for until, want := range map[string]string{"2026-03-02": "2026-01-01", "2024-04-29": "2024-02-29", "": "", "soon": "", "2026-02-30": ""} {
		got, ok := kyc.PaperNoticeDay(until)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %t, want %q", until, got, ok, want)
		}
	}
}

func TestKeepUntil(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for ended, want := range map[string]string{
		"2026-01-01T00:00:00+01:00": "2032-01-01T00:00:00+01:00",
		"2026-12-31T23:59:59+01:00": "2032-01-01T00:00:00+01:00",
		"2026-12-31T23:59:59Z":      "2033-01-01T00:00:00+01:00", // it is the new year in Berlin already
	} {
		at, err := time.Parse(time.RFC3339, ended)
		if err != nil {
			t.Fatal(err)
		}
		if got := kyc.KeepUntil(at.In(berlin)).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", ended, got, want)
		}
	}
}

// TestLawfulFieldsAreFields: nothing is kept under a name that no person has.
func TestLawfulFieldsAreFields(t *testing.T) {
	known := map[string]bool{}
	a := kyc.Attributes{"email": "x", "mobile_number": "x", "job_title": "x"}
	for _, f := range kyc.PersonFields {
		known[f.Path] = true
	}
	for _, path := range kyc.LawfulFields {
		if !known[path] {
			t.Errorf("%s is no field of a person", path)
		}
		a.Set(path, "kept")
	}
	if kept := a.Lawful(); len(kept) != len(kyc.LawfulFields) || kept.Has("email") {
		t.Errorf("%d of %d are kept", len(kept), len(kyc.LawfulFields))
	}
}

func TestLawfulDetails(t *testing.T) {
	for details, want := range map[string]string{
		``:           `{}`,
		`{}`:         `{}`,
		`null`:       `{}`,
		`no JSON`:    `{}`,
		`["x"]`:      `{}`,
		`{"name":1}`: `{}`,
		`{"values":{"first_name":"A","email":"e"},"as_sent":{"data_terms_signed_at":"t"}}`:    `{"as_sent":{"data_terms_signed_at":"t"},"values":{"first_name":"A"}}`,
		`{"changes":{"mobile_number":{"old":1,"new":2}}}`:                                     `{}`,
		`{"changes":{"birth_city":{"old":"a","new":"b"}}}`:                                    `{"changes":{"birth_city":{"old":"a","new":"b"}}}`,
		`{"identification":"icidt","result":"SUCCESS","changes":{"email":{"old":1,"new":2}}}`: `{"identification":"icidt","result":"SUCCESS"}`,
		`{"values":"x","result":"SUCCESS","reason":"r","changed_nothing":true,"number":"+4"}`: `{"changed_nothing":true,"reason":"r","result":"SUCCESS"}`,
		`{"as_sent":{"confirmed_at":"c","event_timestamp":"e"},"event_type":"APPROVED"}`:      `{"as_sent":{"confirmed_at":"c","event_timestamp":"e"},"event_type":"APPROVED"}`,
	} {
		if got := string(kyc.LawfulDetails(details)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", details, got, want)
		}
	}
}
