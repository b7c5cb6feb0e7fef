package idnow

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

const (
	callTimeout    = 15 * time.Second
	archiveTimeout = time.Minute
	maxJSON        = 256 << 10 // results have a few KiB; 16 of them may be read at once
	maxArchive     = 128 << 20
	maxWord        = 255  // characters of an id of the firm's
	maxToken       = 8192 // characters of a login token
	tries          = 3
)

// request is one call below /api/v1/<companyid>.
type request struct {
	method, path string
	body         []byte
	octets       bool             // the body is a file; otherwise JSON
	byKey        bool             // with the API key; otherwise with a login token
	anonymous    bool             // login itself
	into         provider.Scratch // takes the answer as it is; nil means that it is JSON
	timeout      time.Duration    // 0 means callTimeout
}

// call makes the request and decodes the answer into out, unless it goes into
// the request's scratch. It logs in when it must, and tries
// again what failed at once; every call of this API may be repeated.
func (a *account) call(ctx context.Context, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.timeout, callTimeout))
	defer cancel()
	var next outcome
	var err error
	for n := range tries {
		if next == later && !provider.TimeIsMoved(ctx) {
			if e := pause(ctx, 100*time.Millisecond<<n); e != nil {
				return slow(e)
			}
		}
		if next, err = a.attempt(ctx, r, out); next == settled {
			return err
		}
	}
	return err
}

// outcome says what to do after an attempt.
type outcome int

const (
	settled outcome = iota // it is answered, one way or the other
	atOnce                 // try again: the login token had lapsed
	later                  // try again in a moment: the firm stumbled
)

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt is one try.
func (a *account) attempt(ctx context.Context, r request, out any) (outcome, error) {
	header := http.Header{"Accept": {"application/json"}}
	var token string
	switch {
	case r.byKey:
		header.Set("X-API-KEY", a.APIKey)
	case !r.anonymous:
		var err error
		if token, err = a.login(ctx); err != nil {
			return settled, err
		}
		header.Set("X-API-LOGIN-TOKEN", token)
	}
	status, body, err := a.send(ctx, r, header)
	if err == nil {
		err = read(r.method, status, body, out)
	}
	switch {
	case status == http.StatusUnauthorized && token != "":
		a.forget(token)
		return atOnce, err
	case kyc.IsKind(err, kyc.BadGateway):
		return later, err
	}
	return settled, err
}

// login returns the token at hand, or a new one. Of many who find that it has
// lapsed, one logs in and the others take what it got.
func (a *account) login(ctx context.Context) (string, error) {
	if token := a.atHand(); token != "" {
		return token, nil
	}
	a.logins.Lock()
	defer a.logins.Unlock()
	if token := a.atHand(); token != "" {
		return token, nil
	}
	body, err := json.Marshal(map[string]string{"apiKey": a.APIKey})
	if err != nil {
		return "", err
	}
	var answer struct {
		AuthToken string `json:"authToken"`
	}
	if err := a.call(ctx, request{method: http.MethodPost, path: "/login", body: body, anonymous: true}, &answer); err != nil {
		return "", err
	}
	if answer.AuthToken == "" || kyc.CheckText(answer.AuthToken, maxToken) != "" { // it goes into a header
		return "", garbage(errors.New("the answer to /login holds no token"))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = answer.AuthToken
	return a.token, nil
}

func (a *account) atHand() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token
}

// forget drops a token that was refused, unless it was renewed meanwhile.
func (a *account) forget(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == token {
		a.token = ""
	}
}

func (a *account) send(ctx context.Context, r request, header http.Header) (status int, body []byte, err error) {
	address := a.GatewayURL + "/api/v1/" + url.PathEscape(a.CompanyID) + r.path
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, garbage(err)
	}
	req.Header = header
	switch {
	case r.octets:
		req.Header.Set("Content-Type", "application/octet-stream")
	case len(r.body) > 0:
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.HTTP.Do(req)
	if err != nil {
		return 0, nil, trouble(err)
	}
	defer resp.Body.Close()
	if r.into != nil && resp.StatusCode < 300 {
		return resp.StatusCode, nil, download(r.into, resp.Body)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxJSON+1))
	if err != nil {
		return 0, nil, trouble(err)
	}
	if len(body) > maxJSON {
		return 0, nil, tooLong(maxJSON)
	}
	return resp.StatusCode, body, nil
}

// download takes an archive; what an earlier try left is dropped.
func download(into provider.Scratch, body io.Reader) error {
	if err := into.Reset(); err != nil {
		return err
	}
	n, err := io.Copy(into, io.LimitReader(body, maxArchive+1))
	if err != nil {
		return trouble(err)
	}
	if n > maxArchive {
		return tooLong(maxArchive)
	}
	return nil
}

func tooLong(limit int) error {
	return garbage(fmt.Errorf("the answer is larger than %d bytes", limit))
}

// read decides what an answer is: a result, a refusal, or garbage.
func read(method string, status int, body []byte, out any) error {
	if status >= 200 && status < 300 {
		if out == nil {
			return nil // it is in the scratch
		}
		if err := refusal(method, status, body); err != nil {
			return err // a top-level `errors` is a failure whatever the status says
		}
		if err := json.Unmarshal(body, out); err != nil {
			return garbage(errors.New("the answer is not the JSON that was expected"))
		}
		return nil
	}
	if err := refusal(method, status, body); err != nil {
		return err
	}
	return garbage(fmt.Errorf("status %d without an error body", status))
}

// wireError is one error of the firm (providers.md §1.6).
type wireError struct {
	Cause          *string `json:"cause"`
	ErrorType      *string `json:"errorType"`
	ID             *string `json:"id"`
	Key            *string `json:"key"`
	Message        *string `json:"message"`
	TranslationKey *string `json:"translationKey"`
}

// refusal reads an error body; nil if it is none.
func refusal(method string, status int, body []byte) error {
	var answer struct {
		Errors []wireError `json:"errors"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Errors) == 0 {
		return nil
	}
	detail := "Request to IDnow failed: " + dump(answer.Errors)
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return kyc.Fail(kyc.BadGateway, "bad_gateway", "The identification provider has trouble. %s", detail)
	case status == http.StatusNotFound && method == http.MethodGet:
		return kyc.Fail(kyc.NotFound, "idnow_error", "%s", detail)
	}
	return kyc.Fail(kyc.Invalid, "idnow_error", "%s", detail)
}

// dump shows errors as S0 does: the inspection of a Ruby array of hashes.
func dump(all []wireError) string {
	items := make([]string, len(all))
	for i, e := range all {
		items[i] = fmt.Sprintf(`{"cause"=>%s, "errorType"=>%s, "id"=>%s, "key"=>%s, "message"=>%s, "translationKey"=>%s}`,
			inspect(e.Cause), inspect(e.ErrorType), inspect(e.ID), inspect(e.Key), inspect(e.Message), inspect(e.TranslationKey))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func inspect(s *string) string {
	if s == nil {
		return "nil"
	}
	return fmt.Sprintf("%q", *s)
}

// trouble says whether the firm is too slow or not to be reached.
func trouble(err error) error {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return slow(err)
	}
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err,
		Detail: "The identification provider cannot be reached. The request is tried again by itself; ask again to join it.",
	}
}

func slow(err error) error {
	return &kyc.Error{
		Kind: kyc.Timeout, Code: "gateway_timeout", Cause: err,
		Detail: "The identification provider did not answer in time. The request goes on by itself; ask again to join it.",
	}
}

func garbage(err error) error {
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err,
		Detail: "The identification provider gave an answer that cannot be understood. The request is tried again by itself; ask again to join it.",
	}
}
