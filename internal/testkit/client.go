package testkit

import (
	"bytes"
	"io"
	"net/http"

	"github.com/identikit/identikit/client"
)

// Client is the client that partners use, for the sandbox's own partner. Every
// answer to it is held against the description of the API as well.
func (l *Live) Client() *client.Client {
	l.T.Helper()
	c, err := client.New(client.Config{
		BaseURL: l.APIURL, ClientID: l.Partner.ClientID, ClientSecret: l.Partner.ClientSecret,
		HTTPClient: &http.Client{Transport: judge{l}},
	})
	if err != nil {
		l.T.Fatal(err)
	}
	return c
}

// judge shows each answer to the contract before the client sees it.
type judge struct{ l *Live }

// RoundTrip implements http.RoundTripper.
func (j judge) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if err := j.l.Contract.Check(req, resp.StatusCode, resp.Header, body); err != nil {
		j.l.T.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
