package xs2a

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

// evidence is what is kept of the firm's answers.
type evidence struct {
	Session  json.RawMessage `json:"session"`
	Payment  json.RawMessage `json:"payment,omitempty"`
	Snapshot json.RawMessage `json:"snapshot,omitempty"` // of each statement the account alone
	Missing  string          `json:"missing,omitempty"`  // why there is no snapshot
	At       string          `json:"at,omitempty"`       // of the firm's event
}

// session is the firm's wizard session, as far as we read it.
type session struct {
	Transaction string `json:"transaction"`
	LastError   string `json:"last_error"`
	Finished    bool   `json:"finished"`
	Step        string `json:"current_step"`
	Testmode    flag   `json:"testmode"`
	CreatedAt   string `json:"created_at"`
	Parameters  struct {
		SenderIBAN string   `json:"sender_iban"`
		Metadata   metadata `json:"metadata"`
	} `json:"parameters"`
}

// metadata is what we gave a payment.
type metadata struct {
	Identification string `json:"identification"`
}

// foreign says that it names another identification.
func (m metadata) foreign(identification string) bool {
	return m.Identification != "" && m.Identification != identification
}

// payment is the firm's payment, as far as we read it.
type payment struct {
	ID           string   `json:"id"`
	Transaction  string   `json:"transaction"`
	SenderHolder string   `json:"sender_holder"`
	SenderIBAN   string   `json:"sender_iban"`
	SenderBIC    string   `json:"sender_bic"`
	SenderBank   string   `json:"sender_bank_name"`
	Metadata     metadata `json:"metadata"`
}

// statement is one account of the snapshot.
type statement struct {
	Account struct {
		Holder   string `json:"holder"`
		IBAN     string `json:"iban"`
		BIC      string `json:"bic"`
		BankName string `json:"bank_name"`
		Joint    flag   `json:"joint_account"`
	} `json:"account"`
}

// flag is yes or no, which the firm's models write as true, as 1 and as "1".
type flag bool

// UnmarshalJSON takes all of them.
func (f *flag) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", "1", `"1"`, `"true"`:
		*f = true
	case "false", "0", `"0"`, `"false"`, `""`, "null":
		*f = false
	default:
		return errors.New("neither yes nor no")
	}
	return nil
}

// over says that the session has come to an end, one way or the other.
func (s session) over() bool {
	return s.Finished || s.LastError != noError && (!endingOf(s.LastError).goesOn || s.Step == lastStep)
}

// readSession reads a session and checks that it is the one that was asked for.
func readSession(r provider.Ref, raw json.RawMessage) (s session, err error) {
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, garbage(errors.New("the session is not the JSON that was expected"))
	}
	switch {
	case s.Transaction == "" || r.Handle != "" && s.Transaction != r.Handle:
		return s, garbage(errors.New("the session is another one"))
	case s.LastError == "":
		return s, garbage(errors.New("the session has no last_error"))
	case s.Parameters.Metadata.foreign(r.Identification):
		return s, garbage(errors.New("the session is about another identification"))
	}
	return s, nil
}

// Read implements provider.Reader.
func (a *account) Read(identification string, raw []byte) (provider.Finding, error) {
	var e evidence
	if err := json.Unmarshal(raw, &e); err != nil {
		return provider.Finding{}, garbage(errors.New("the evidence is not JSON"))
	}
	s, err := readSession(provider.Ref{Identification: identification}, e.Session)
	if err != nil {
		return provider.Finding{}, err
	}
	if !s.over() {
		return provider.Finding{}, provider.ErrNoResult
	}
	if bool(s.Testmode) && !a.AcceptTest {
		return provider.Finding{}, garbage(errors.New("the session ran in test mode, which this account does not accept"))
	}
	f := provider.Finding{Raw: raw}
	if f.At, err = readTime(e.At, s.CreatedAt); err != nil {
		return provider.Finding{}, err
	}
	if s.Finished {
		err = readSuccess(&f, s, e, identification)
	} else {
		end := endingOf(s.LastError)
		f.Event, f.Reason, f.Result = end.event, end.reason, clip(s.LastError)
	}
	if err != nil {
		return provider.Finding{}, err
	}
	f.Fingerprint = fingerprint(s.Transaction, f.Result)
	return f, nil
}

// readSuccess reads whose account it is. The wizard lets nobody choose another
// account than the one that was named; that it did is checked all the same.
func readSuccess(f *provider.Finding, s session, e evidence, identification string) error {
	var p payment
	if err := json.Unmarshal(e.Payment, &p); err != nil || p.Transaction != s.Transaction || p.Metadata.foreign(identification) {
		return garbage(errors.New("the payment is not the one that was expected"))
	}
	if pinned := plain(s.Parameters.SenderIBAN); pinned == "" || p.SenderIBAN == "" {
		return garbage(errors.New("the session or its payment names no account"))
	} else if plain(p.SenderIBAN) != pinned {
		f.Event, f.Reason, f.Result = notHolder.event, notHolder.reason, anotherIBAN
		return nil
	}
	switch e.Missing {
	case "":
	case snapshotExpired:
		f.Event, f.Reason, f.Result = kyc.FailedForGood, kyc.ReasonSnapshotExpired, e.Missing
		return nil
	default:
		f.Event, f.Reason, f.Result = kyc.FailedForGood, kyc.ReasonSnapshotFailed, clip(e.Missing)
		return nil
	}
	var statements []statement
	if err := json.Unmarshal(e.Snapshot, &statements); err != nil {
		return garbage(errors.New("the account snapshot is not the JSON that was expected"))
	}
	for _, st := range statements {
		if a := st.Account; plain(a.IBAN) == plain(p.SenderIBAN) {
			f.Event, f.Result = kyc.BankConfirmed, succeeded
			f.Account = provider.Account{
				Holder: either(a.Holder, p.SenderHolder), IBAN: plain(a.IBAN), BIC: either(a.BIC, p.SenderBIC),
				BankName: either(a.BankName, p.SenderBank), Joint: bool(a.Joint), Transfer: either(p.ID, p.Transaction),
			}
			if f.Account.Holder == "" || kyc.CheckText(f.Account.IBAN, 34) != "" {
				return garbage(errors.New("the account snapshot names no holder, or no account"))
			}
			return nil
		}
	}
	f.Event, f.Reason, f.Result = kyc.FailedForGood, kyc.ReasonSnapshotFailed, snapshotFailed // of this account there is none
	return nil
}

// either is the first of the texts that can be stored, without blanks around it.
func either(texts ...string) string {
	for _, s := range texts {
		if s = strings.TrimSpace(s); s != "" && kyc.CheckText(s, maxWord) == "" {
			return s
		}
	}
	return ""
}

// plain is an IBAN without the spaces for people.
func plain(iban string) string { return strings.ToUpper(strings.ReplaceAll(iban, " ", "")) }

// readTime reads the firm's time of an event, or of the session if it logged none.
func readTime(texts ...string) (time.Time, error) {
	for _, s := range texts {
		if s == "" {
			continue
		}
		for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", time.DateTime} {
			if t, err := time.Parse(form, s); err == nil {
				return t.UTC(), nil
			}
		}
		break
	}
	return time.Time{}, garbage(errors.New("the event's created_at is no time"))
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
		return "unreadable"
	}
	return s
}
