package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/identikit/identikit/internal/sandbox"
)

// partner is a client of the API for what is not measured.
type partner struct {
	address string
	token   string
}

// login gets an access token, which is good for an hour.
func login(ctx context.Context, address string, c sandbox.Credentials) (*partner, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(c.ClientID, c.ClientSecret)
	p := &partner{address: address}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	_, err = p.send(req, http.StatusOK, &answer)
	p.token = answer.AccessToken
	return p, err
}

// partner logs in at the server.
func (s *server) login(ctx context.Context) (*partner, error) {
	return login(ctx, s.address, s.partner)
}

// call sends JSON and reads the answer into out; it returns the headers and the body.
func (p *partner) call(ctx context.Context, want int, method, path, body string, out any) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+p.address+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	return p.send(req, want, out)
}

// answer is what came back.
type answer struct {
	header http.Header
	body   []byte
}

func (p *partner) send(req *http.Request, want int, out any) (answer, error) {
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	if resp.StatusCode != want {
		return answer{}, fmt.Errorf("%s %s: answered %d, want %d: %.300s", req.Method, req.URL.Path, resp.StatusCode, want, body)
	}
	a := answer{header: resp.Header, body: body}
	if out == nil {
		return a, nil
	}
	return a, json.NewDecoder(bytes.NewReader(body)).Decode(out)
}

// customer is the body of a person with all that an identification needs. The
// simulator's robots go by the first name.
func customer(firstName, lastName string) string {
	return `{"first_name":"` + firstName + `","last_name":"` + lastName + `","birth_date":"1972-12-24","birth_city":"Köln",` +
		`"nationality":"DE","address":{"line_1":"Hauptstraße 1","postal_code":"10115","city":"Berlin","country":"DE","state":"BE"},` +
		`"mobile_number":"+4915112345678","terms_conditions_signed_at":"2019-01-01T00:00:00Z",` +
		`"data_terms_signed_at":"2019-01-01T00:00:00Z","salutation":"MS"}`
}

// newIdentification is the body of the request that is measured.
const newIdentification = `{"method":"idnow"}`
