// Package register asks a register over HTTP whether a person has been identified
// before, by the bank of an account: the check behind Bankident, which is made at a
// credit agency (kyc-flows.md §6.1). It knows the one request that docs/operating.md describes, and nothing
// of identifications; it logs nothing and keeps nothing.
package register

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

// Client asks a gateway of the operator's, which asks the register.
type Client struct {
	URL   string // https
	Token string // sent as a bearer token; empty: none
	Agent string // how we introduce ourselves: User-Agent
	HTTP  *http.Client
}

const (
	timeout   = 10 * time.Second // a partner waits for the answer
	maxAnswer = 64 << 10         // bytes; it has some twenty
)

// Check tells what is wrong with the settings.
func (c Client) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && !loopback(u)) {
		return errors.New("--register-url must be an https URL, like https://register.example/matches; http is for this machine alone")
	}
	return nil
}

// loopback allows a gateway on this machine to be called without TLS.
func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip.IsLoopback())
}

// question is what the gateway is sent: null where nothing is known.
type question struct {
	FirstName *string            `json:"first_name"`
	LastName  *string            `json:"last_name"`
	BirthDate *string            `json:"birth_date"` // YYYY-MM-DD
	Address   map[string]*string `json:"address"`    // with kyc.AddressMembers, each of them
	IBAN      *string            `json:"iban"`
}

// Match tells whether the register knows the person as identified; with an IBAN,
// whether by the bank of this account. The errors are those of a provider.Adapter:
// kyc.BadGateway when the gateway is unreachable, says no to the question itself or
// answers anything else, kyc.Timeout when it is too slow.
func (c Client) Match(ctx context.Context, person kyc.Attributes, iban string) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := json.Marshal(ask(person, iban))
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return false, trouble(errors.New("its address is no URL"))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.Agent)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	direct := *c.HTTP
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // these data go nowhere else
	resp, err := direct.Do(req)
	if err != nil {
		return false, trouble(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return false, trouble(err)
	}
	return read(resp.StatusCode, answer)
}

func ask(person kyc.Attributes, iban string) question {
	text := func(path string) *string { return kyc.Optional(person.Text(path).Reveal()) }
	q := question{
		FirstName: text("first_name"), LastName: text("last_name"), BirthDate: text("birth_date"),
		Address: map[string]*string{}, IBAN: kyc.Optional(iban),
	}
	for _, member := range kyc.AddressMembers {
		q.Address[member] = text("address." + member)
	}
	return q
}

// read believes nothing but a plain yes or no.
func read(status int, body []byte) (found bool, err error) {
	var answer struct {
		Match *bool `json:"match"`
	}
	switch {
	case status != http.StatusOK:
		return false, trouble(fmt.Errorf("it answered %d", status))
	case len(body) > maxAnswer || json.Unmarshal(body, &answer) != nil || answer.Match == nil:
		return false, trouble(errors.New(`its answer is not {"match": true} or {"match": false}`))
	}
	return *answer.Match, nil
}

// trouble is the error of a question without an answer. It has no part of it.
func trouble(err error) error {
	var full *url.Error
	if errors.As(err, &full) {
		err = full.Err // without the URL, which may carry a secret
	}
	var slow net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &slow) && slow.Timeout()) {
		return &kyc.Error{
			Kind: kyc.Timeout, Code: "gateway_timeout", Cause: fmt.Errorf("register: %w", err),
			Detail: "The register of identified persons did not answer in time. Nothing was changed; ask again.",
		}
	}
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: fmt.Errorf("register: %w", err),
		Detail: "The register of identified persons cannot be asked at the moment. Nothing was changed; ask again.",
	}
}
