package xs2a

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

const (
	callTimeout = 15 * time.Second
	maxJSON     = 256 << 10
	maxSnapshot = 4 << 20 // it may hold a year of turnovers
	maxAccounts = 200     // of one login
	maxWord     = 255     // characters of a text of the firm's
	maxFields   = 20      // of a refusal that are told
)

// request is one call of the API.
type request struct {
	method, path string
	body         []byte
	limit        int // bytes of the answer; 0 means maxJSON
}

// errGone is the cause of the error of something that was there and is no more.
var errGone = errors.New("it is gone")

// call makes the request and decodes the answer into out. Nothing is tried
// again here: a new payment would be another one, and who polls polls again.
func (a *account) call(ctx context.Context, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, a.APIURL+r.path, bytes.NewReader(r.body))
	if err != nil {
		return garbage(errors.New("the address is no URL"))
	}
	req.SetBasicAuth("api", a.APIKey)
	req.Header.Set("Accept", "application/json")
	if len(r.body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.HTTP.Do(req)
	if err != nil {
		return trouble(err)
	}
	defer resp.Body.Close()
	limit := cmp.Or(r.limit, maxJSON)
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return trouble(err)
	}
	if len(body) > limit {
		return garbage(fmt.Errorf("the answer is larger than %d bytes", limit))
	}
	return read(r.method, resp.StatusCode, body, out)
}

// read decides what an answer is: a result, a refusal, or garbage.
func read(method string, status int, body []byte, out any) error {
	if status >= 200 && status < 300 {
		if err := json.Unmarshal(body, out); err != nil {
			return garbage(errors.New("the answer is not the JSON that was expected"))
		}
		return nil
	}
	var answer struct {
		Code    json.RawMessage            `json:"code"` // "401", or the number
		Message string                     `json:"message"`
		Errors  map[string]json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Code) == 0 && answer.Message == "" {
		return garbage(fmt.Errorf("status %d without an error body", status))
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		// Nothing that the request could mend: the account is not set up as it should be.
		return &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Cause: fmt.Errorf("status %d: the API key is refused", status),
			Detail: "The open-banking provider does not accept this server's account. The request is tried again by itself; ask again to join it."}
	case status >= 500 || status == http.StatusTooManyRequests:
		return &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Cause: fmt.Errorf("status %d", status),
			Detail: "The open-banking provider has trouble. The request is tried again by itself; ask again to join it."}
	case status == http.StatusGone:
		return &kyc.Error{Kind: kyc.NotFound, Code: "xs2a_error", Detail: "The open-banking provider has it no more.", Cause: errGone}
	case status == http.StatusNotFound && method == http.MethodGet:
		return kyc.Fail(kyc.NotFound, "xs2a_error", "The open-banking provider has nothing of this.")
	}
	return kyc.Fail(kyc.Invalid, "xs2a_error", "The open-banking provider refused the request (status %d)%s.", status, fields(answer.Errors))
}

var fieldName = regexp.MustCompile(`^[a-z][a-z_.]{0,40}$`)

// fields lists which fields the firm complains about. What it says of them is not
// passed on: it may quote their values, which are a person's.
func fields(complaints map[string]json.RawMessage) string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(complaints)), func(name string) bool { return !fieldName.MatchString(name) })
	if len(names) == 0 {
		return ""
	}
	return ": not valid are " + strings.Join(names[:min(len(names), maxFields)], ", ")
}

// trouble says whether the firm is too slow or not to be reached.
func trouble(err error) error {
	var full *url.Error
	if errors.As(err, &full) {
		err = full.Err // without the address, which names the session
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return &kyc.Error{
			Kind: kyc.Timeout, Code: "gateway_timeout", Cause: err,
			Detail: "The open-banking provider did not answer in time. The request goes on by itself; ask again to join it.",
		}
	}
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err,
		Detail: "The open-banking provider cannot be reached. The request is tried again by itself; ask again to join it.",
	}
}

func garbage(err error) error {
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err,
		Detail: "The open-banking provider gave an answer that cannot be understood. The request is tried again by itself; ask again to join it.",
	}
}
