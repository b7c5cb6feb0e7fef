package fourthline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// codes are the firm's status codes (providers.md §4, partner-api.md §4.8), first
// and last of each range. Where the two disagree about 1000, the guides of the
// partner API hold: it is "data valid" once the firm is done.
var codes = []struct {
	first, last int
	event       kyc.Event
	reason      string
}{
	{100, 199, kyc.DataAccepted, ""}, // what a screening of the name found is no matter of the document
	{1000, 1000, kyc.DataAccepted, ""},
	{1001, 1999, kyc.FailedForGood, kyc.ReasonInvalidData},
	{2000, 3999, kyc.FailedForGood, kyc.ReasonInconsistentData},
	{4000, 5000, kyc.DataRejected, ""},
}

// The firm's status while it is not done, and the only one in which it accepts.
var notDone = map[string]bool{"new": true, "pending": true}

const done = "completed"

// event says what a status means. What contradicts itself is not understood: an
// acceptance must be one by its word and by its number.
func event(status string, code int) (ev kyc.Event, reason string) {
	for _, c := range codes {
		if c.first <= code && code <= c.last && (c.event != kyc.DataAccepted || status == done) {
			return c.event, c.reason
		}
	}
	return kyc.NotUnderstood, ""
}

// verification is the firm's answer about one, as far as we read it.
type verification struct {
	ID        string          `json:"verificationId"`
	Reference string          `json:"clientReference"`
	Status    string          `json:"status"`
	Code      json.RawMessage `json:"statusCode"` // a number; some of its documents show a text
	UpdatedAt string          `json:"updatedAt"`
}

// code reads the status code; 0 if there is none or it is no number of up to nine digits.
func (v verification) code() int {
	text := codeForm.FindSubmatch(v.Code)
	if text == nil {
		return 0
	}
	n, err := strconv.Atoi(string(text[1]))
	if err != nil {
		return 0
	}
	return n
}

var codeForm = regexp.MustCompile(`^"?([1-9][0-9]{0,8})"?$`)

// readStatus turns the firm's answer about a verification into a finding.
func readStatus(identification string, raw json.RawMessage) (provider.Finding, error) {
	var v verification
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&v); err != nil {
		return provider.Finding{}, garbage(errors.New("the verification is not the JSON that was expected"))
	}
	switch {
	case v.Reference != identification:
		return provider.Finding{}, garbage(errors.New("the verification is about another identification"))
	case v.Status == "":
		return provider.Finding{}, garbage(errors.New("the verification has no status"))
	case notDone[v.Status]:
		return provider.Finding{}, provider.ErrNoResult
	}
	at, ok := kyc.ParseInstant(v.UpdatedAt)
	if !ok {
		return provider.Finding{}, garbage(errors.New("the verification's updatedAt is no time"))
	}
	code := ""
	if n := v.code(); n > 0 {
		code = strconv.Itoa(n)
	}
	ev, reason := event(v.Status, v.code())
	return provider.Finding{
		Event: ev, Result: strings.TrimSpace(clip(v.Status) + " " + code), Reason: reason, StatusCode: code,
		At: at, Raw: raw, Fingerprint: fingerprint(v.Status, code, at.Format(time.RFC3339Nano)),
	}, nil
}

// clip keeps a word of the firm's within reason.
func clip(s string) string {
	if kyc.CheckText(s, 100) != "" {
		return "not_readable"
	}
	return s
}

// fingerprint tells results apart: the same one, however often it is fetched, has
// the same one.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:16])
}
