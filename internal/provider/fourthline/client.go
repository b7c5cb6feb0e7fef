package fourthline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider"
)

const (
	callTimeout   = 15 * time.Second
	uploadTimeout = 2 * time.Minute // archives have some 40 MB
	maxJSON       = 64 << 10        // a status has less than one KiB
	maxToken      = 8192            // characters of a bearer token
	maxTokenLife  = time.Hour       // the firm's own; one that claims more is renewed all the same
	tokenReserve  = time.Minute     // a token that is about to lapse is not used any more
	tries         = 3
)

// get asks the firm and decodes its answer into out. It tries again what failed
// at once: nothing is changed by asking.
func (a *account) get(ctx context.Context, path string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var err error
	for n := range tries {
		if n > 0 && !provider.TimeIsMoved(ctx) {
			if e := pause(ctx, 100*time.Millisecond<<n); e != nil {
				return slow(e)
			}
		}
		err = a.authorized(ctx, func(token string) (int, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+path, nil)
			if err != nil {
				return 0, garbage(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			return a.send(req, out)
		})
		if !kyc.IsKind(err, kyc.BadGateway) {
			return err
		}
	}
	return err
}

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

// authorized makes a call with the token at hand, and once more with a new one if
// that had lapsed before its time.
func (a *account) authorized(ctx context.Context, call func(token string) (status int, err error)) error {
	for again := true; ; again = false {
		token, err := a.login(ctx)
		if err != nil {
			return err
		}
		status, err := call(token)
		if status != http.StatusUnauthorized {
			return err
		}
		a.forget(token)
		if !again {
			return err
		}
	}
}

// upload sends the archive as it is read; it is never in memory as a whole.
func (a *account) upload(ctx context.Context, identification string, archive io.Reader, size int64) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	if size <= 0 {
		return "", kyc.Fail(kyc.Invalid, "fourthline_error", "The archive is empty. Send the ZIP file that the app has made.")
	}
	token, err := a.login(ctx)
	if err != nil {
		return "", err
	}
	body := &sending{from: archive}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+verifications+byReference(identification), body)
	if err != nil {
		return "", garbage(err)
	}
	req.ContentLength = size
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/zip")
	var answer struct {
		ID        string `json:"verificationId"`
		Reference string `json:"clientReference"`
	}
	status, err := a.send(req, &answer)
	switch broken := body.stop(); {
	case err == nil && validID(answer.ID) && answer.Reference == identification:
		return answer.ID, nil
	case err == nil:
		return "", garbage(errors.New("the answer to the upload is about another verification"))
	case broken != nil && !kyc.IsKind(err, kyc.Conflict):
		return "", fmt.Errorf("read the archive: %w", broken) // no fault of the firm's
	case status == http.StatusUnauthorized:
		a.forget(token)
		return "", garbage(errors.New("a new token was refused"))
	case status == http.StatusNotFound:
		return "", garbage(err)
	}
	return "", err
}

// sending is the archive on its way. The HTTP client may go on reading after the
// answer has come; stop ends that, since the archive is the caller's.
type sending struct {
	mu   sync.Mutex
	from io.Reader
	err  error // other than its end
	over bool
}

// Read implements io.Reader.
func (u *sending) Read(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		return 0, errors.New("the call is over")
	}
	n, err := u.from.Read(p)
	if err != nil && err != io.EOF {
		u.err = err
	}
	return n, err
}

// stop waits for a read under way and returns what went wrong in reading.
func (u *sending) stop() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.over = true
	return u.err
}

// login returns the token at hand, or a new one. Of many who find that it has
// lapsed, one fetches another and the others take that.
func (a *account) login(ctx context.Context) (string, error) {
	if token := a.atHand(); token != "" {
		return token, nil
	}
	a.logins.Lock()
	defer a.logins.Unlock()
	if token := a.atHand(); token != "" {
		return token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+"/v1/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", garbage(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(a.ClientSecret)) // RFC 6749, §2.3.1
	var answer struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Seconds int64  `json:"expires_in"`
	}
	begun := a.Wall.Now()
	switch status, err := a.send(req, &answer); {
	case kyc.IsKind(err, kyc.Invalid): // it is us whom the firm refuses, and nobody's data
		return "", refusesUs(fmt.Errorf("the login was refused with %d: %w", status, err))
	case err != nil:
		return "", err
	}
	if answer.Token == "" || kyc.CheckText(answer.Token, maxToken) != "" || !strings.EqualFold(answer.Type, "Bearer") { // it goes into a header
		return "", garbage(errors.New("the answer to the login holds no bearer token"))
	}
	life := min(time.Duration(max(0, min(answer.Seconds, int64(maxTokenLife/time.Second))))*time.Second, maxTokenLife)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token, a.until = answer.Token, begun.Add(life-tokenReserve)
	return a.token, nil
}

func (a *account) atHand() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.Wall.Now().Before(a.until) {
		return ""
	}
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

// send makes one call and decodes a good answer into out.
func (a *account) send(req *http.Request, out any) (status int, err error) {
	req.Header.Set("Accept", "application/json")
	resp, err := a.HTTP.Do(req)
	if err != nil {
		return 0, trouble(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON+1))
	if err != nil {
		return 0, trouble(err)
	}
	if len(body) > maxJSON {
		return 0, garbage(fmt.Errorf("the answer is larger than %d bytes", maxJSON))
	}
	return resp.StatusCode, read(resp.StatusCode, body, out)
}

// read decides what an answer is: a result, a refusal, or garbage.
func read(status int, body []byte, out any) error {
	if status >= 200 && status < 300 {
		if json.Unmarshal(body, out) != nil {
			return garbage(errors.New("the answer is not the JSON that was expected"))
		}
		return nil
	}
	var answer struct { // the API's own, or RFC 6749 §5.2
		Code        string `json:"code"`
		Message     string `json:"message"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Code+answer.Error == "" {
		return garbage(fmt.Errorf("status %d without an error body", status))
	}
	detail := "Request to Fourthline failed: " + clip(answer.Code+answer.Error)
	if said := answer.Message + answer.Description; said != "" {
		detail += ": " + clip(said)
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return refusesUs(errors.New(detail))
	case status >= 500 || status == http.StatusTooManyRequests:
		return kyc.Fail(kyc.BadGateway, "bad_gateway", "The identification provider has trouble. %s", detail)
	case status == http.StatusNotFound:
		return kyc.Fail(kyc.NotFound, "fourthline_error", "%s", detail)
	case status == http.StatusConflict:
		return kyc.Fail(kyc.Conflict, "fourthline_error", "%s", detail)
	}
	return kyc.Fail(kyc.Invalid, "fourthline_error", "%s", detail)
}

// refusesUs is the operator's trouble: the customer's identification goes on.
func refusesUs(err error) error {
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err,
		Detail: "The firm that checks ID documents does not accept this server's account. The request is tried again by itself; if it stays so, the operator must look at it.",
	}
}

// trouble says whether the firm is too slow or not to be reached.
func trouble(err error) error {
	var full *url.Error
	if errors.As(err, &full) {
		err = full.Err // without the address
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return slow(err)
	}
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err,
		Detail: "The firm that checks ID documents cannot be reached. The request is tried again by itself.",
	}
}

func slow(err error) error {
	return &kyc.Error{
		Kind: kyc.Timeout, Code: "gateway_timeout", Cause: err,
		Detail: "The firm that checks ID documents did not answer in time. The request goes on by itself.",
	}
}

func garbage(err error) error {
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err,
		Detail: "The firm that checks ID documents gave an answer that cannot be understood. The request is tried again by itself.",
	}
}
