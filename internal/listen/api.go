package listen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// API is a partner's way to an API.
type API struct {
	URL          string // its origin
	ClientID     string
	ClientSecret string
	Client       *http.Client // with a timeout of its own
}

// maxAnswer is how much of an answer of the API is read.
const maxAnswer = 4 << 20

// session is an API with an access token.
type session struct {
	API
	token string
}

func (a API) login(ctx context.Context) (session, error) {
	form := url.Values{"grant_type": {"client_credentials"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+"/oauth2/token", strings.NewReader(form))
	if err != nil {
		return session{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(a.ClientSecret))
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := a.send(req, &answer); err != nil {
		return session{}, fmt.Errorf("no access token: %w", err)
	}
	return session{a, answer.AccessToken}, nil
}

func (s session) subscribe(ctx context.Context, event, callback string) (subscription, error) {
	body, err := json.Marshal(map[string]string{"event_type": event, "url": callback})
	if err != nil {
		return subscription{}, err
	}
	var made struct{ ID, Secret string }
	err = s.call(ctx, http.MethodPost, "/v1/webhooks", body, &made)
	return subscription{made.ID, event, made.Secret}, err
}

// subscribed lists the newest subscriptions that lead to the URL.
func (s session) subscribed(ctx context.Context, callback string) (ids []string, err error) {
	var all []struct{ ID, URL string }
	err = s.call(ctx, http.MethodGet, "/v1/webhooks?sort=-created_at&page[size]=1000", nil, &all)
	for _, x := range all {
		if x.URL == callback {
			ids = append(ids, x.ID)
		}
	}
	return ids, err
}

// unsubscribe removes a subscription; it may be gone already.
func (s session) unsubscribe(ctx context.Context, id string) error {
	err := s.call(ctx, http.MethodDelete, "/v1/webhooks/"+url.PathEscape(id), nil, nil)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return nil
	}
	return err
}

func (s session) call(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	return s.send(req, out)
}

// refusal is an answer of the API that is no success.
type refusal struct {
	status int
	detail string
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("the API answered %d: %s", r.status, r.detail) }

func (a API) send(req *http.Request, out any) error {
	resp, err := a.Client.Do(req)
	if err != nil {
		return fmt.Errorf("the API does not answer; is it running? %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		r := &refusal{status: resp.StatusCode, detail: "(it says no more)"}
		var e struct{ Detail string }
		if json.Unmarshal(answer, &e) == nil && e.Detail != "" {
			r.detail = e.Detail
		}
		return r
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("this is no API of ours: %w", err)
	}
	return nil
}
