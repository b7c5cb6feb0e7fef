package idnow

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// result is the firm's result object, as far as we read it (providers.md §1.7).
type result struct {
	Process struct {
		Result            string `json:"result"`
		Reason            string `json:"reason"`
		TransactionNumber string `json:"transactionnumber"`
		ID                string `json:"id"`
		Time              string `json:"identificationtime"`
		Href              string `json:"href"`
	} `json:"identificationprocess"`
	Contact struct {
		MobilePhone string `json:"mobilephone"`
	} `json:"contactdata"`
	User     map[string]json.RawMessage `json:"userdata"`
	Document map[string]cell            `json:"identificationdocument"`
	ESigning struct {
		Result string `json:"result"`
	} `json:"esigning"`
}

// cell is one field with its standing. Some values are no texts; those we pass over.
type cell struct {
	Value    word   `json:"value"`
	Status   string `json:"status"`
	Original word   `json:"original"`
}

// word is a value as far as it is a text that can be stored and printed.
type word string

// UnmarshalJSON takes any JSON and builds nothing of what is no text.
func (w *word) UnmarshalJSON(raw []byte) error {
	*w = ""
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*w = word(s)
	}
	return nil
}

// text is the word without blanks around it, or nothing if no column could hold it.
func (w word) text() string {
	s := strings.TrimSpace(string(w))
	if kyc.CheckText(s, 1000) != "" {
		return ""
	}
	return s
}

func (c cell) text() string { return c.Value.text() }

func (c cell) original() string { return c.Original.text() }

// readResult turns the firm's answer about an identification into a finding.
func readResult(identification string, raw json.RawMessage) (provider.Finding, error) {
	var r result
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&r); err != nil {
		return provider.Finding{}, garbage(errors.New("the result is not the JSON that was expected"))
	}
	if r.Process.TransactionNumber != identification {
		return provider.Finding{}, garbage(errors.New("the result is about another transaction"))
	}
	if r.Process.Result == "" {
		return provider.Finding{}, provider.ErrNoResult
	}
	at, err := time.Parse(time.RFC3339, r.Process.Time)
	if err != nil {
		return provider.Finding{}, garbage(errors.New("the result's identificationtime is no time"))
	}
	f := provider.Finding{
		Event: event(r.Process.Result), Result: clip(r.Process.Result), Reason: clip(r.Process.Reason),
		At: at.UTC(), Raw: raw, HasArchive: r.Process.Href != "", Signed: r.ESigning.Result == "SUCCESS", Phone: readPhone(r.Contact.MobilePhone),
		Fingerprint: fingerprint(r.Process.Result, r.Process.Reason, r.Process.Time),
		Paper: provider.Paper{
			Type: r.Document["type"].text(), Country: r.Document["country"].text(), Number: r.Document["number"].text(),
			Issuer: r.Document["issuedby"].text(), IssuedOn: date(r.Document["dateissued"]), ValidUntil: date(r.Document["validuntil"]),
		},
	}
	f.Values, err = values(r.User)
	return f, err
}

// fingerprint tells results apart: the same one, however often it is fetched,
// has the same one.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:16])
}

// clip keeps a word of the firm's within reason.
func clip(s string) string {
	if kyc.CheckText(s, 100) != "" {
		return "NOT_READABLE"
	}
	return s
}

func date(c cell) string {
	s, _ := readDate(c.text())
	return s
}

// values reads the cells of userdata and its address.
func values(user map[string]json.RawMessage) ([]provider.Value, error) {
	flat := map[string]cell{}
	for name, raw := range user {
		if name == "address" {
			continue
		}
		var c cell
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, garbage(fmt.Errorf("userdata.%s has the wrong form", clip(name)))
		}
		flat[name] = c
	}
	if raw, ok := user["address"]; ok {
		var address map[string]cell
		if err := json.Unmarshal(raw, &address); err != nil {
			return nil, garbage(errors.New("userdata.address has the wrong form"))
		}
		for name, c := range address {
			flat[name] = c
		}
		flat["street"] = street(address["street"], address["streetnumber"])
	}
	var all []provider.Value
	for _, f := range append(received(), struct{ path, wire string }{"salutation", "gender"}) {
		if v, ok := value(f.path, flat[f.wire]); ok {
			all = append(all, v)
		}
	}
	return all, nil
}

// received are the fields of userdata: what we send, less what is no cell.
func received() (fields []struct{ path, wire string }) {
	for _, f := range sent {
		if f.wire != "email" && f.wire != "mobilephone" {
			fields = append(fields, f)
		}
	}
	return fields
}

// street joins street and number into one line; a change of either is a change.
func street(name, number cell) cell {
	joined := name
	joined.Value = word(name.text() + " " + number.text())
	joined.Original = word(name.original() + " " + number.original())
	if standings[name.Status] == provider.Confirmed && standings[number.Status] == provider.Changed {
		joined.Status = number.Status
	}
	return joined
}

func value(path string, c cell) (provider.Value, bool) {
	standing, ok := standings[c.Status]
	text := c.text()
	if !ok || text == "" {
		return provider.Value{}, false
	}
	if read, special := readers[path]; special {
		if text, ok = read(text); !ok {
			return provider.Value{}, false
		}
	}
	return provider.Value{Path: path, Value: text, Original: c.original(), Standing: standing}, true
}
