package ais

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

const (
	callTimeout = 15 * time.Second
	idleTimeout = time.Minute
	maxJSON     = 4 << 20 // a batch of signatures with revocation lists
)

// post calls the service and reads its answer, which is given as it came, too.
// It does not try again: /sign sends a password each time, and who asks, asks again.
func (a *account) post(ctx context.Context, path string, body object) (answer, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	status, raw, err := send(ctx, a.service, a.URL+path, "", body)
	if err != nil {
		return answer{}, nil, err
	}
	if status != http.StatusOK { // a call that was processed is 200, whatever came of it
		return answer{}, nil, garbage(fmt.Errorf("status %d", status))
	}
	got, err := readAnswer(raw)
	return got, raw, err
}

// send posts a body as JSON and reads the answer, up to a limit.
func send(ctx context.Context, client *http.Client, address, token string, body any) (int, []byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return 0, nil, garbage(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, trouble(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON+1))
	if err != nil {
		return 0, nil, trouble(err)
	}
	if len(raw) > maxJSON {
		return 0, nil, garbage(fmt.Errorf("the answer is larger than %d bytes", maxJSON))
	}
	return resp.StatusCode, raw, nil
}

// trouble says whether the firm is too slow or not to be reached.
func trouble(err error) error {
	var full *url.Error
	if errors.As(err, &full) {
		err = full.Err // without the address, in which a bridge may have a secret
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return &kyc.Error{Kind: kyc.Timeout, Code: "gateway_timeout", Cause: err, Detail: "The signer did not answer in time. Try again in a moment."}
	}
	return &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err, Detail: "The signer cannot be reached. Try again in a moment."}
}

func garbage(err error) error {
	return &kyc.Error{Kind: kyc.BadGateway, Code: "bad_gateway", Cause: err, Detail: "The signer gave an answer that cannot be used. Try again in a moment."}
}

// operatorTrouble is an error of the service that is nobody's but the
// operator's or the firm's own.
func operatorTrouble(said string) error {
	return &kyc.Error{
		Kind: kyc.BadGateway, Code: "bad_gateway", Cause: errors.New("the signer answers " + said),
		Detail: "The signer has trouble, or does not know this installation. Try again later; if it stays so, the operator must look at it.",
	}
}
